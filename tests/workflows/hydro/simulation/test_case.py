"""A case is read from the arrays of a block by their names, and from the parameters of the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inputs.ground_arrays import pack_grid
from citytide.workflows.hydro.simulation.case import FloodCase

GRID = Grid(0.0, 0.0, 10.0, 2, 3)
PARAMETERS: dict[str, Any] = {
    "grid": pack_grid(GRID), "rain_grid": None, "rain_end_s": np.inf, "output_s": [60.0, 120.0], "scheme": "inertia",
    "courant": 0.45, "theta": 0.8, "window_steps": 8, "precision": "float32", "threshold_m": 0.1,
    "infiltration_mm_h": 0.0, "drainage_mm_h": 0.0,
}  # fmt: skip


def make_arrays(**more: Any) -> dict[str, Any]:
    flat, none = np.zeros(GRID.shape), np.zeros(0, int)
    return {
        "height": flat, "manning": flat + 0.03, "valid": flat == 0.0, "held": flat > 0.0, "sea_depth": flat,
        "rain": np.full((1, 1, 1), 36.0, np.float32), "rain_start_s": np.zeros(1), "rain_factor": np.array([1, 2]),
        "rain_zone": flat.astype(np.uint8), "sea_s": np.zeros(1), "sea_level_m": np.full(1, -1e4),
        "inflow_row": none, "inflow_column": none, "inflow_s": np.zeros(1), "inflow_m3_s": np.zeros((1, 0)), **more,
    }  # fmt: skip


def test_rain_keeps_its_name_its_unit_and_its_numbers() -> None:
    arrays = make_arrays()
    case = FloodCase.from_arrays(arrays, **PARAMETERS)
    assert case.rain is arrays["rain"] and case.rain_factor.dtype == np.float64 and case.n_members == 2
    assert case.map_s == case.output_s == (60.0, 120.0) and case.point_s == ()
    assert case.soils is None and case.roads is None and case.point_cell is None


def test_soils_and_roads_are_read_where_there_are_some() -> None:
    soils = {"soil_zone": np.zeros(GRID.shape, np.uint8), "soil_conductivity": np.ones(1), "soil_suction": np.ones(1)}
    roads = {
        "link_cell_offset": np.array([0, 2, 2]),
        "link_cell_column": np.array([0, 5]),
        "link_level": np.array([0, 0]),
    }
    arrays = make_arrays(**soils, soil_deficit=np.ones(1), **roads)
    case = FloodCase.from_arrays(arrays, **{**PARAMETERS, "rain_grid": pack_grid(GRID), "map_s": [120.0]})
    assert case.soils is not None and case.rain_zone is None and case.rain_grid == GRID and case.map_s == (120.0,)
    assert case.roads is not None and case.roads.on_ground.tolist() == [True, False]


def test_parameter_that_is_unknown_is_refused() -> None:
    with pytest.raises(TypeError, match="rain_mm_h"):
        FloodCase.from_arrays(make_arrays(), **PARAMETERS, rain_mm_h=3.0)
