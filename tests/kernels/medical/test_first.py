from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_events import draw_events

from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.first import find_first_occurrences

ENGINES: list[Any] = ["numba", "python"]


def first_by_hand(offset: Any, day: Any, code: Any, most: int | None = None) -> list[list[tuple[int, int]]]:
    found = []
    for begin, end in pairwise(offset):
        first: dict[int, int] = {}
        for at in range(begin, end):
            first[int(code[at])] = min(first.get(int(code[at]), UNDATED), int(day[at]))
        found.append(sorted((day, code) for code, day in first.items())[:most])
    return found


def as_lists(first: Any) -> list[list[tuple[int, int]]]:
    rows = list(zip(first.first_day.tolist(), first.first_code.tolist(), strict=True))
    return [rows[a:b] for a, b in pairwise(first.first_offset)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_codes=st.integers(1, 12), most=st.none() | st.integers(1, 5))
def test_first_days_are_those_that_a_search_finds(seed: int, n_codes: int, most: int | None) -> None:
    events = draw_events(seed, 7, 6.0, n_codes)
    for engine in ENGINES:
        first = find_first_occurrences(*events, n_codes, most=most, engine=engine)
        assert as_lists(first) == first_by_hand(*events, most)
        assert [column.dtype for column in first] == [np.int64, np.int32, np.uint32]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_makes_a_code_dated_and_codes_without_one_stand_last(engine: Any) -> None:
    first = find_first_occurrences([0, 4], [7, UNDATED, UNDATED, UNDATED], [2, 2, 3, 1], 4, engine=engine)
    assert as_lists(first) == [[(7, 2), (UNDATED, 1), (UNDATED, 3)]]


@pytest.mark.parametrize("engine", ENGINES)
def test_bound_keeps_the_first_codes_whatever_the_order_of_kinds_within_a_day(engine: Any) -> None:
    first = find_first_occurrences([0, 3, 5], [1, 1, 1, 2, 3], [5, 4, 0, 4, 4], 6, most=2, engine=engine)
    assert as_lists(first) == [[(1, 0), (1, 4)], [(2, 4)]]


def test_no_persons_and_no_events_give_none() -> None:
    assert find_first_occurrences([0], [], [], 3).first_offset.tolist() == [0]
    assert as_lists(find_first_occurrences([0, 0, 0], [], [], 3)) == [[], []]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 2], [1, 2], [0, 3], 3), r"code must be below n_codes \(3\), got 3 at event 1"),
        (([0, 2], [2, 1], [0, 1], 3), "day must rise within a person, got 1 after 2 at event 1"),
        (([0, 1], [2, 3], [0, 1], 3), r"offset must rise from 0 to the number of rows \(2\)"),
        (([0, 3, 2], [2, 3], [0, 1], 3), r"offset must rise from 0 to the number of rows \(2\)"),
        (([0, 2], [2], [0, 1], 3), r"day and code must hold one number per event, got shapes \(1,\) and \(2,\)"),
        (([0, 2], [2, 3], [0, 1], 0), "n_codes must be a whole number of at least 1, got 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(engine: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        find_first_occurrences(*arguments, engine=engine)
