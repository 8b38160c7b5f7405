"""Frames that cannot tell what comes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.field import RainField
from citytide.kernels.space.grid import Grid
from citytide.workflows.hydro.warning.rain import split_rain

GRID = Grid(0.0, 0.0, 1000.0, 4, 4)


def test_frame_without_a_value_is_named_with_the_time_that_would_do() -> None:
    rate = np.ones((6, 4, 4), np.float32)
    rate[4] = np.nan
    rain = RainField("local", GRID, 300 * np.arange(1, 7), 300, rate)
    asked = {"issued_at": "1970-01-01 00:30", "spin_up_s": 600.0, "lead_s": 300.0}
    with pytest.raises(
        InputError, match=r"ends at 1970-01-01 00:25:00.* holds no value.*issued_at=1970-01-01 00:20:00"
    ):
        split_rain(rain, GRID, **asked)
    assert split_rain(rain, GRID, **{**asked, "issued_at": "1970-01-01 00:20"}).issued_s == 1200
    rate[2] = np.nan
    with pytest.raises(InputError, match="give 3 frames in a row that hold values"):
        split_rain(rain, GRID, **asked)


def test_rain_that_is_not_seen_over_the_ground_is_no_dry_weather() -> None:
    rate = np.ones((6, 4, 4), np.float32)
    rate[:, 1:3, 1:3] = np.nan  # all of the ground
    ground = Grid(1000.0, 1000.0, 10.0, 200, 200)
    asked = {"issued_at": None, "spin_up_s": 600.0, "lead_s": 300.0}
    rain = RainField("local", GRID, 300 * np.arange(1, 7), 300, rate, sources=(Path("radar/a.h5"),))
    with pytest.raises(
        InputError,
        match=r"radar/a\.h5: 100 % of the rain over the ground is not known in the frame that ends at .*00:30:00",
    ):
        split_rain(rain, ground, **asked)
    rate[-1] = 1.0
    with pytest.raises(InputError, match=r"50 % .* in the 2 frames before the warning, and rain_unseen_limit is 0.4"):
        split_rain(rain, ground, **asked, unseen_limit=0.4)
    known = split_rain(rain, ground, **asked)
    assert known.unseen == known.missing == 0.5 and not known.before[0].any() and known.before[1].all()


def test_what_came_out_of_sight_verifies_nothing() -> None:
    rate = np.ones((6, 4, 4), np.float32)
    rate[4:] = np.nan
    rain = RainField("local", GRID, 300 * np.arange(1, 7), 300, rate)
    found = split_rain(rain, GRID, issued_at="1970-01-01 00:20", spin_up_s=600.0, lead_s=600.0)
    assert not len(found.after) and found.unseen == 0.0
