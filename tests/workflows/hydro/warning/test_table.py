"""Warnings out of depths: counted by hand, and what must hold for any ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from citytide.workflows.hydro.warning.table import QUANTILES, derive_warnings, find_onsets

TIME = np.array([0.0, 60.0, 120.0, 180.0])
depths = arrays(np.float64, (5, 4, 3), elements=st.floats(0.0, 2.0, width=32))


def test_onset_lies_on_the_line_between_two_times() -> None:
    rising = [0.0, 0.0, 0.4, 0.4]
    assert find_onsets(rising, TIME, 0.1) == 75.0
    assert find_onsets(rising, TIME, 0.4) == 120.0
    assert np.isnan(find_onsets(rising, TIME, 0.41))


def test_ten_members_give_the_quantiles_of_their_order() -> None:
    depth = np.zeros((10, 4, 1))
    depth[:, 1:, 0] = np.linspace(0.1, 1.0, 10)[:, None]  # from the first time on, ten depths
    found = derive_warnings(depth, TIME, [[0.55]])
    assert found.probability.tolist() == [0.5]
    assert found.peak_m[0].tolist() == pytest.approx([0.1, 0.5, 0.9])
    # of the five that reach it, the deepest do so first: 0.55 / 1.0 of a minute; the 0.6 m one last
    assert found.onset_s[0].tolist() == pytest.approx([33.0, 60 * 0.55 / 0.8, 60 * 0.55 / 0.6])


def test_point_without_threshold_has_no_row_and_none_reached_has_no_onset() -> None:
    found = derive_warnings(np.zeros((2, 4, 2)), TIME, [[], [0.2, 0.3]])
    assert found.point.tolist() == [1, 1] and found.probability.tolist() == [0.0, 0.0]
    assert np.isnan(found.onset_s).all() and (found.peak_m == 0.0).all()
    assert derive_warnings(np.zeros((2, 4, 1)), TIME, [[]]).onset_s.shape == (0, 3)


def test_rank_puts_the_likely_then_the_deep_then_the_early_first() -> None:
    depth = np.zeros((2, 4, 3))
    depth[:, 3, 0] = 0.6  # both members, late
    depth[:, 1, 1] = 0.6  # both members, early
    depth[0, 1, 2] = 0.9  # one member
    found = derive_warnings(depth, TIME, [[0.5], [0.3, 0.5], [0.5]])
    order = [(int(found.point[row]), float(found.threshold_m[row])) for row in found.rank()]
    assert order == [(1, 0.5), (0, 0.5), (1, 0.3), (2, 0.5)]


@given(depths, st.floats(0.05, 1.5), st.floats(0.05, 1.5))
def test_what_must_hold_for_any_ensemble(depth: np.ndarray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = derive_warnings(depth, TIME, [[low, high]] * 3)
    assert (found.probability[::2] >= found.probability[1::2]).all()
    reached = ~np.isnan(found.onset_s[:, 0])
    assert np.array_equal(reached, found.probability > 0.0)
    assert ((found.onset_s[reached] >= TIME[0]) & (found.onset_s[reached] <= TIME[-1])).all()
    assert (np.diff(found.onset_s[reached], axis=1) >= 0.0).all() and (np.diff(found.peak_m, axis=1) >= 0.0).all()
    expected = (depth.max(axis=1) >= low).mean(axis=0)
    np.testing.assert_array_equal(found.probability[::2], expected)


@given(depths, st.permutations(range(5)))
def test_order_of_members_leaves_no_trace(depth: np.ndarray, order: list[int]) -> None:
    mine, theirs = (derive_warnings(values, TIME, [[0.2]] * 3) for values in (depth, depth[order]))
    np.testing.assert_array_equal(mine.onset_s, theirs.onset_s)
    np.testing.assert_array_equal(mine.peak_m, theirs.peak_m)
    assert len(QUANTILES) == mine.peak_m.shape[1]
