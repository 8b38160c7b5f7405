"""Frames of rain: their order, gaps, signs and places, each with its own error or its own note."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.field import HARDEST_MM_H, RainField, cap_rain, order_frames, refuse_no_overlap
from citytide.kernels.space.grid import Grid

GRID = Grid(0.0, 0.0, 1000.0, 2, 3)


def rain(times: list[int], rates: list[float] | None = None) -> RainField:
    levels = np.arange(len(times), dtype=float) if rates is None else np.array(rates)
    rate = np.broadcast_to(levels[:, None, None], (len(times), 2, 3)).astype(np.float32)
    return RainField("local", GRID, np.array(times, dtype=np.int64), 0, rate)


@given(st.permutations(range(6)))
def test_frames_are_put_in_order(order: list[int]) -> None:
    found = order_frames(rain([300 * at for at in order], [float(at) for at in order]), fill=None)
    assert found.time.tolist() == [0, 300, 600, 900, 1200, 1500] and found.step_s == 300
    assert found.rate[:, 0, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert bool(found.notes) == (list(order) != sorted(order))


def test_missing_frames_are_an_error_that_names_them() -> None:
    with pytest.raises(InputError, match=r"2 of 5 frames are missing: .*00:10:00\+00:00, .*00:15:00.*fill=linear"):
        order_frames(rain([0, 300, 1200]), fill=None)


def test_missing_frames_are_filled_only_when_asked() -> None:
    found = order_frames(rain([0, 300, 1200], [0.0, 3.0, 9.0]), fill="linear")
    np.testing.assert_allclose(found.rate[:, 1, 2], [0.0, 3.0, 5.0, 7.0, 9.0], rtol=1e-6)
    assert "2 of 5 frames were missing and filled" in found.notes[-1]


def test_known_frame_beside_a_gap_stays_as_it_is() -> None:
    broken = rain([0, 300, 900], [1.0, 2.0, 4.0])
    broken.rate.setflags(write=True)
    rate = broken.rate.copy()
    rate[2, 0, 0] = np.nan
    found = order_frames(RainField("local", GRID, broken.time, 0, rate), fill="linear")
    assert found.rate[1, 0, 0] == 2.0 and np.isnan(found.rate[2, 0, 0]) and found.rate[2, 1, 1] == 3.0


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0, 300, 300], "each frame must end at its own time, but two end at 1970-01-01 00:05:00"),
        (
            [0, 300, 700],
            r"evenly spaced: 1970-01-01 00:05:00\+00:00 is followed by one 400 s later, others are 300 s",
        ),
        (
            [0, 300, 600, 810, 1200, 1500],
            r"1970-01-01 00:10:00\+00:00 is followed by one 210 s later, others are 300 s",
        ),
        ([0], "there must be at least two frames, got one"),
    ],
)
def test_times_that_are_no_series_are_refused(times: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        order_frames(rain(times), fill="linear")


def test_places_apart_are_refused_and_ones_that_touch_are_not() -> None:
    ground = Grid(2900.0, 1900.0, 10.0, 50, 50)
    refuse_no_overlap(GRID, ground)
    with pytest.raises(InputError, match=r"do not overlap.*place_rain_at=X,Y"):
        refuse_no_overlap(GRID, Grid(3000.0, 0.0, 10.0, 9, 9))


def test_few_cells_that_are_no_rain_are_capped_and_counted() -> None:
    rate = np.full((2, 50, 60), 120.0, np.float32)
    rate[0, 3, 4], rate[1, 7, 7], rate[1, 0] = 5000.0, np.float32(1e30), np.nan
    field = RainField("local", Grid(0.0, 0.0, 1000.0, 50, 60), np.array([0, 300]), 0, rate)
    found = cap_rain(field)
    assert found.rate[0, 3, 4] == found.rate[1, 7, 7] == 75.0 and np.isnan(found.rate[1, 0]).all()
    assert np.nanmax(found.rate) == 120.0  # which rain can be
    assert "2 of 5,940 cells of rain lay above 2000 mm/h, up to 1e+30 mm/h: they were set to 75" in found.notes[-1]
    lower = cap_rain(field, 100.0)
    assert np.nanmax(lower.rate) == 100.0 and "5,940 of 5,940 cells of rain lay above 100 mm/h" in lower.notes[-1]


def test_many_cells_that_are_no_rain_ask_for_the_unit() -> None:
    rate = np.ones((1, 10, 100), np.float32)
    rate[0, 0, :1] = 2001.0
    field = RainField("local", Grid(0.0, 0.0, 1000.0, 10, 100), np.array([0]), 0, rate)
    assert cap_rain(field).rate[0, 0, 0] == 75.0
    rate[0, 0, 1] = 2001.0
    with pytest.raises(InputError, match=r"\(2 of 1,000 cells lie above it\); check the unit"):
        cap_rain(field)
    for cap in (0.0, HARDEST_MM_H + 1.0, float("nan")):
        with pytest.raises(InputError, match=r"rain_cap_mm_h must be above 0 and at most 2000, got"):
            cap_rain(field, cap)
