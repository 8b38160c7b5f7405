"""Whole people: nobody is lost, nobody is halved, and nobody's share is off by a whole person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.space.apportionment import apportion
from citytide.kernels.space.crosswalk import Crosswalk


@st.composite
def weights(draw: st.DrawFn) -> Crosswalk:
    n_columns = draw(st.integers(1, 9))
    rows = draw(st.lists(st.sets(st.integers(0, n_columns - 1), min_size=1), min_size=1, max_size=6))
    shares = [draw(st.lists(st.floats(0.01, 1.0), min_size=len(row), max_size=len(row))) for row in rows]
    offset = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    column = np.array([column for row in rows for column in sorted(row)])
    weight = np.concatenate([np.array(share) / sum(share) for share in shares])
    return Crosswalk(offset, column, weight, n_columns)


@given(weights(), st.data())
def test_people_are_conserved_exactly(crosswalk: Crosswalk, data: st.DataObject) -> None:
    people = np.array(data.draw(st.lists(st.integers(0, 20_000_000), min_size=len(crosswalk), max_size=len(crosswalk))))
    placed = apportion(people, crosswalk)
    assert placed.dtype == np.int64 and placed.sum() == people.sum() and (placed >= 0).all()


@given(weights(), st.integers(0, 20_000_000))
def test_each_row_gets_its_share_within_one_person(crosswalk: Crosswalk, people: int) -> None:
    for row in range(len(crosswalk)):
        alone = np.zeros(len(crosswalk), np.int64)
        alone[row] = people
        entries = slice(*crosswalk.offset[row : row + 2])
        placed = apportion(alone, crosswalk)[crosswalk.column[entries]]
        assert placed.sum() == people
        assert abs(placed - people * crosswalk.weight[entries]).max() < 1.0 + 1e-6


def test_a_row_covered_in_part_lives_on_that_part() -> None:
    half = Crosswalk(np.array([0, 2]), np.array([0, 2]), np.array([0.25, 0.25]), 3)
    assert apportion([101], half).tolist() == [51, 0, 50]


@pytest.mark.parametrize(
    ("people", "complaint"),
    [([1.5], "whole number"), ([-1], "row 0 with -1 people is negative"), ([1, 2], "each of 1 rows")],
)
def test_what_is_no_count_is_refused(people: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        apportion(people, Crosswalk(np.array([0, 1]), np.array([0]), np.array([1.0]), 1))


def test_people_without_a_place_are_refused() -> None:
    with pytest.raises(ValueError, match="row 0 with 5 people has no column to live on"):
        apportion([5], Crosswalk(np.array([0, 0]), np.zeros(0, np.int64), np.zeros(0), 1))


def test_more_people_than_remainders_are_exact_for_are_refused() -> None:
    halves = Crosswalk(np.array([0, 2]), np.array([0, 1]), np.full(2, 0.5), 2)
    assert int(apportion([10**10], halves).sum()) == 10**10
    with pytest.raises(ValueError, match="more than"):
        apportion([2**50 - 1], halves)
