from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import (  # type: ignore[import-not-found]
    ALL_STRATA,
    FIRST,
    LAST,
    PERSONS,
    Person,
    check,
    empty,
)

from citytide.kernels.medical.accumulators.days_covered import DaysCovered
from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata


@settings(deadline=None, max_examples=80)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.booleans())
def test_covered_days_are_those_of_a_count_day_by_day(persons: list[Person], strata: Strata, from_first: bool) -> None:
    codes, begin, end = (0, 3), FIRST + 10, LAST - 10
    it = DaysCovered(codes, begin, end, from_first, strata)
    expected = empty(it)
    for person in persons:
        expected["unobserved"] += not person.is_observed
        taken = [event for event in person.events if event[1] in codes and event[0] != UNDATED]
        window = [day for day in person.days() if begin <= day <= end]
        if from_first:
            starts = [event[0] for event in taken if event[0] in window]
            window = [day for day in window if starts and day >= min(starts)]
            taken = [event for event in taken if starts and event[0] >= min(starts)]
        place = person.stratum(strata, window[0]) if window else None
        if place is None:
            continue
        covered = sum(any(day <= at < day + n_days for day, _, _, n_days, _ in taken) for at in window)
        expected["persons"][100 * covered // len(window), place] += 1
        expected["covered_days"][place] += covered
        expected["window_days"][place] += len(window)
    check(it, persons, expected)


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_days_that_two_exposures_cover_count_once(engine: Any) -> None:
    events = make_events([[(0, 0, 0, 4), (2, 1, 0, 4), (9, 0, 0, 30)]], observed_from=[0], observed_to=[99])
    found = scan_events(events, {"it": DaysCovered((0, 1), 0, 9)}, 2, engine=engine)["it"]
    assert found["covered_days"].tolist() == [7] and found["window_days"].tolist() == [10]
    assert found["persons"][70].tolist() == [1]


def test_an_exposure_from_before_the_window_covers_its_beginning() -> None:
    events = make_events([[(-5, 0, 0, 8)]], observed_from=[0], observed_to=[99])
    assert scan_events(events, {"it": DaysCovered((0,), 0, 9)}, 1)["it"]["covered_days"].tolist() == [3]


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"to_day must not be before from_day, got 3 and 4"):
        DaysCovered((0,), 4, 3)


def test_a_code_that_is_not_in_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"codes must be places in the vocabulary of 2 codes, got 7"):
        scan_events(make_events([[]]), {"it": DaysCovered((0, 7), 0, 9)}, 2)
