"""A block of a flood on a simulated device is the block of the host, within a rounding or two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.device_arrays import fetch, place
from citytide.kernels.hydro.infiltration import INFILTRATION, compute_infiltration
from citytide.kernels.hydro.soils import SOILS
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.inputs.ground_arrays import pack_grid
from citytide.workflows.hydro.simulation.case import FloodCase
from citytide.workflows.hydro.simulation.simulate import simulate_flood
from citytide.workflows.hydro.warning.steps import WarnedCase, flood_members

pytestmark = pytest.mark.cuda

GRID = Grid(0.0, 0.0, 10.0, 6, 7)
BOUNDS = {"float32": 2e-5, "float64": 1e-11}
PARAMETERS: dict[str, Any] = {
    "grid": pack_grid(GRID), "rain_grid": None, "rain_end_s": 12.0, "output_s": [0.0, 6.0, 14.0], "theta": 0.8,
    "scheme": "inertia", "courant": 0.45, "window_steps": 8, "threshold_m": 0.01, "infiltration_mm_h": 20.0,
    "drainage_mm_h": 5.0, "point_s": [3.0, 14.0], "map_s": [14.0],
}  # fmt: skip


def make_arrays() -> dict[str, Any]:
    """Uneven ground with a hole and a sea that rises; rain in two zones, an inflow, links and points."""
    random = np.random.default_rng(8)
    valid = np.ones(GRID.shape, bool)
    valid[5, 0] = False
    held = np.zeros(GRID.shape, bool)
    held[:, 6] = True
    height = random.random(GRID.shape) * 0.5
    height[:, 6] = -0.5
    return {
        "height": height, "manning": np.full(GRID.shape, 0.03), "valid": valid, "held": held,
        "sea_depth": np.where(held, 0.4, 0.0), "rain": np.array([[[90.0], [20.0]], [[0.0], [150.0]]], np.float32),
        "rain_start_s": np.array([0.0, 8.0]), "rain_factor": np.array([1.0, 2.5]),
        "rain_zone": (random.random(GRID.shape) > 0.5).astype(np.uint8), "sea_s": np.array([0.0, 60.0]),
        "sea_level_m": np.array([-0.1, 0.3]), "inflow_row": np.array([2]), "inflow_column": np.array([1]),
        "inflow_s": np.array([0.0, 30.0]), "inflow_m3_s": np.array([[0.2], [1.5]]),
        "link_cell_offset": np.array([0, 3, 3, 5]), "link_cell_column": np.array([14, 15, 16, 3, 13]),
        "link_level": np.array([0, 0, 1], np.int8), "point_cell": np.array([15, 40, 6]),
    }  # fmt: skip


def add_soil(arrays: dict[str, Any]) -> dict[str, Any]:
    soil, zone = SOILS["sandy-loam"], np.zeros(GRID.shape, np.uint8)
    zone[:2] = 1
    return arrays | {
        "soil_zone": zone, "soil_conductivity": np.array([soil.conductivity_m_s, 0.0]),
        "soil_suction": np.array([soil.suction_m, 0.0]), "soil_deficit": np.array([soil.find_deficit(0.3), 0.0]),
    }  # fmt: skip


def run(parts: Any) -> dict[str, Any]:
    """Parts by their name and place, then maps and volumes."""
    found: dict[str, Any] = {}
    while True:
        try:
            name, at, values = next(parts)
        except StopIteration as end:
            return found | end.value
        assert isinstance(values, np.ndarray)
        found[f"{name} {at}"] = values


def assert_alike(there: dict[str, Any], here: dict[str, Any], bound: float) -> None:
    assert there.keys() == here.keys()
    for name, expected in here.items():
        assert there[name].dtype == expected.dtype and there[name].shape == expected.shape, name
        np.testing.assert_allclose(there[name], expected, rtol=bound, atol=bound, err_msg=name)


def infiltrate_on_the_host(sunk: Any, *, time_step_s: float, **soil: Any) -> Any:
    return place(compute_infiltration(fetch(sunk), time_step_s=time_step_s, **{k: fetch(v) for k, v in soil.items()}))


@pytest.mark.parametrize(
    ("scheme", "precision"), [("inertia", "float32"), ("inertia", "float64"), ("shallow-water", "float64")]
)
def test_inundation_on_the_device_is_that_of_the_host(scheme: str, precision: str) -> None:
    arrays, asked = make_arrays(), {**PARAMETERS, "scheme": scheme, "precision": precision}
    here = run(simulate_flood(FloodCase.from_arrays(arrays, **asked)))
    there = run(simulate_flood(FloodCase.from_arrays(arrays, **asked, device="gpu")))
    assert_alike(there, here, BOUNDS[precision])
    assert {"depth 0", "point_depth 1", "link_depth 0", "link_hazard 2", "deepest", "rain_m3"} <= here.keys()
    assert here["edge_m3"].all() and here["lost_m3"].all() and here["inflow_m3"].all() and here["rain_m3"].all()
    assert here["link_depth 2"][0, 0, 0] > 0.01 and not here["link_depth 2"][:, 0, 1:].any()
    assert np.isfinite(here["arrival"]).any() and (here["rain_m3"][1] > 2.0 * here["rain_m3"][0]).all()


def test_soil_on_the_device_takes_what_it_takes_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    if "cuda" not in INFILTRATION.engines:
        monkeypatch.setattr(
            "citytide.workflows.hydro.simulation.soil_column.compute_infiltration", infiltrate_on_the_host
        )
    arrays, asked = add_soil(make_arrays()), {**PARAMETERS, "precision": "float64", "output_s": [5.0, 10.0]}
    asked |= {"point_s": [10.0], "map_s": [10.0]}
    here = run(simulate_flood(FloodCase.from_arrays(arrays, **asked)))
    there = run(simulate_flood(FloodCase.from_arrays(arrays, **asked, device="gpu")))
    assert_alike(there, here, BOUNDS["float64"])
    dry = run(simulate_flood(FloodCase.from_arrays(make_arrays(), **asked)))
    assert (here["lost_m3"] != dry["lost_m3"]).all()


def test_members_of_a_warning_have_their_own_rain_on_the_device() -> None:
    arrays, random = make_arrays(), np.random.default_rng(9)
    arrays |= {
        "rain_before": np.full((1, 2, 2), 60.0), "forecast_rain": random.random((3, 1, 2, 2)).astype("f4") * 200.0,
        "rain_factor": np.ones(3),
    }  # fmt: skip
    asked = {**PARAMETERS, "precision": "float32", "rain_grid": pack_grid(Grid(0.0, 0.0, 40.0, 2, 2))}
    here = run(flood_members(WarnedCase.from_arrays(arrays, **asked)))
    there = run(flood_members(WarnedCase.from_arrays(arrays, **asked, device="gpu")))
    assert_alike(there, here, BOUNDS["float32"])
    assert len(set(here["rain_m3"].tolist())) == 3
