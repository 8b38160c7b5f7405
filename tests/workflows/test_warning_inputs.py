"""Frames that cannot tell what comes."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.rain import RainField
from citytide.kernels.space.grid import Grid
from citytide.workflows.warning_inputs import split_rain

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
