"""Rain of each member, and the case that its water is simulated from."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.workflows.hydro.warning.steps import (
    ForecastRain,
    RadarRain,
    WarnedCase,
    find_motion,
    flood_members,
    forecast_members,
)


def test_where_it_is_dry_nothing_moves() -> None:
    assert not find_motion(RadarRain.from_arrays({"radar": np.zeros((3, 8, 8))}))["motion"].any()


def test_rain_of_a_member_is_what_was_known_and_then_its_forecast() -> None:
    """0.1 mm from before, the same for both members, and 0.2 or 0.4 mm ahead, on 1200 m2."""
    ahead = np.array([[[[12.0]]], [[[24.0]]]], np.float32)
    none = np.zeros(0, int)
    arrays = {
        "height": np.zeros((3, 4)), "manning": np.full((3, 4), 0.03), "valid": np.ones((3, 4), bool),
        "held": np.zeros((3, 4), bool), "sea_depth": np.zeros((3, 4)), "sea_s": np.zeros(1),
        "sea_level_m": np.full(1, -1e4), "inflow_row": none, "inflow_column": none, "inflow_s": np.zeros(1),
        "inflow_m3_s": np.zeros((1, 0)), "rain_start_s": np.array([0.0, 60.0]), "rain_factor": np.ones(2),
        "rain_before": np.full((1, 1, 1), 6.0, np.float32), "forecast_rain": ahead,
    }  # fmt: skip
    case = WarnedCase.from_arrays(
        arrays, grid={"west": 0.0, "south": 0.0, "cell_m": 10.0, "n_y": 3, "n_x": 4},
        rain_grid={"west": 0.0, "south": 0.0, "cell_m": 40.0, "n_y": 1, "n_x": 1}, rain_end_s=np.inf,
        output_s=[120.0], map_s=[120.0], point_s=[], scheme="inertia", courant=0.45, theta=0.8, window_steps=8,
        precision="float64", threshold_m=1e-4, infiltration_mm_h=0.0, drainage_mm_h=0.0,
    )  # fmt: skip
    assert case.rain.shape == (2, 2, 1, 1) and case.rain[:, :, 0, 0].tolist() == [[6.0, 12.0], [6.0, 24.0]]
    parts = flood_members(case)
    while True:
        try:
            next(parts)
        except StopIteration as end:
            found = end.value
            break
    assert found["rain_m3"] == pytest.approx([0.36, 0.6]) and found["stored_m3"] == pytest.approx([0.36, 0.6])


def test_rain_that_would_come_from_out_of_sight_is_no_forecast() -> None:
    radar = np.ones((3, 8, 8), np.float32)
    motion = np.zeros((2, 8, 8))
    motion[1] = 2.0  # cells a step, towards the east
    asked = {"rows": (0, 8), "columns": (0, 8), "n_steps": 8, "seed": 1, "cell_m": 1000.0, "step_s": 300}
    arrays = {"radar": radar, "motion": motion, "number": np.array([0]), "rain_weight": np.full((8, 8), 1 / 64)}
    arrays["rain_after"] = np.zeros((0, 8, 8), np.float32)
    found = forecast_members(ForecastRain.from_arrays(arrays, **asked, unseen_limit=0.9))
    assert 0.5 < found["unseen"][0] < 0.9
    with pytest.raises(
        InputError,
        match=r"at most 0\.5 of the rain to come may arrive from where the frames do not see.*most 15 min",
    ):
        forecast_members(ForecastRain.from_arrays(arrays, **asked, unseen_limit=0.5))
