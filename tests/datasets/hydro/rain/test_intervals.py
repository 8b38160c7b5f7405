"""Sums since a start fall once; what overlaps otherwise does not fall twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.intervals import settle_intervals


def rates(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)


@given(st.lists(st.floats(0.0, 50.0, width=32), min_size=2, max_size=6), st.randoms())
def test_what_fell_is_kept_in_any_order(fell: list[float], random: object) -> None:
    """Amounts of steps of five minutes come back from their sums."""
    total = np.cumsum(np.array(fell, np.float64))
    end = 300 * np.arange(1, len(fell) + 1)
    order = np.random.default_rng(len(fell)).permutation(len(fell))
    rate = rates(*(total / (end / 3600.0)))[order]
    start, found, notes = settle_intervals(np.zeros_like(end), end[order], rate)
    assert (end[order] - start == 300).all() and len(notes) == 1
    np.testing.assert_allclose(found[:, 0, 0] / 12.0, np.array(fell)[order], atol=1e-4)


def test_sums_that_begin_anew_each_hour_are_told_apart() -> None:
    start, end = np.array([0, 0, 3600, 3600]), np.array([1800, 3600, 5400, 7200])
    settled, found, _ = settle_intervals(start, end, rates(2.0, 3.0, 4.0, 4.0))
    assert settled.tolist() == [0, 1800, 3600, 5400] and found[:, 1, 1].tolist() == [2.0, 4.0, 4.0, 4.0]


def test_frames_one_after_another_stay_as_they_are() -> None:
    rate = rates(1.0, 2.0, np.nan)
    start, found, notes = settle_intervals(np.array([0, 300, 900]), np.array([300, 600, 1200]), rate)
    assert found is rate and notes == () and start.tolist() == [0, 300, 900]  # the missing frame is found later


def test_unknown_cells_stay_unknown_where_they_are() -> None:
    rate = rates(12.0, 12.0, 12.0)
    rate[1, 0, 0] = np.nan
    found = settle_intervals(np.zeros(3, np.int64), np.array([300, 600, 900]), rate)[1]
    assert np.isnan(found[1:, 0, 0]).all() and found[:, 1, 0].tolist() == [12.0, 12.0, 12.0]


@pytest.mark.parametrize(
    ("start", "end", "rate", "complaint"),
    [
        ([0, 0], [300, 600], [120.0, 30.0], r"since 1970-01-01 00:00.* falls from 10 mm at .*00:05.* to 5 mm .*row 0"),
        ([0, 300, 600], [600, 900, 1200], [1.0] * 3, r"overlap: .*00:10:00.* is 600 s long, .* 300 s apart"),
        ([0, 360, 720], [300, 660, 1020], [1.0] * 3, r"leave gaps: .* is 300 s long, and frames follow 360 s apart"),
        ([0, 300], [300, 900], [1.0] * 2, r"leave gaps"),
        ([300], [300], [1.0], r"must end after it starts"),
    ],
)
def test_other_intervals_are_refused(start: list[int], end: list[int], rate: list[float], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        settle_intervals(np.array(start), np.array(end), rates(*rate), file="a.nc")
