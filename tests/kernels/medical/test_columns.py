from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.medical.accumulators.event_counts import EventCount
from citytide.kernels.medical.columns import OF_EVENTS, OF_PERSONS, check_columns, take_whole
from citytide.kernels.medical.comparison import compare_pairs
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.expected import expect_pairs
from citytide.kernels.medical.first import find_first_occurrences
from citytide.kernels.medical.pairs import count_pairs
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.cuts import place_person_events
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.segments import merge_segments
from citytide.kernels.medical.strata import count_strata

EVENTS = make_events([[(1, 0), (5, 1)], [], [(3, 0)]])
WHOLE = st.integers(-(2**40), 2**40)


@given(numbers=st.lists(WHOLE | st.floats(allow_nan=True), max_size=6))
def test_numbers_are_taken_as_they_are_or_refused(numbers: list[Any]) -> None:
    if all(number == number and 0 <= number < 2**32 and number == int(number) for number in numbers):
        assert take_whole("code", numbers, "uint32").tolist() == numbers
    else:
        with pytest.raises(ValueError, match=r"code must be a list of whole numbers from 0 to 4294967295, .* at \d"):
            take_whole("code", numbers, "uint32")


@pytest.mark.parametrize(
    ("numbers", "got"),
    [
        ([[1]], r"got shape \(1, 1\)"),
        (np.ma.array([1, 2], mask=[False, True]), "got none at 1: it is masked"),
        (["E11"], "got <U3: convert it first"),
        (np.array(["2020-01-01"], "M8[ns]"), r"got datetime64\[ns\]: convert it first"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(numbers: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"day must be a list of whole numbers from -2147483648 to 2147483647, {got}"):
        take_whole("day", numbers, "int32")


def test_an_array_of_the_type_is_not_copied() -> None:
    assert np.shares_memory(take_whole("code", EVENTS.code, "uint32"), EVENTS.code)


@pytest.mark.parametrize(
    "count",
    [
        lambda code: find_first_occurrences([0, 1], [1], code, 3),
        lambda code: count_pairs([0, 1], [1], code, 3),
        lambda code: count_strata([0, 1], code, [0], 1, 3),
    ],
)
def test_a_code_of_64_bits_does_not_become_another_code(count: Any) -> None:
    with pytest.raises(ValueError, match=r"code must be a list of whole numbers from 0 .*, got 4294967297 at 0"):
        count(np.array([2**32 + 1]))


@pytest.mark.parametrize("take", [check_columns, place_person_events, lambda events: scan_events(events, {}, 2),
                                  lambda events: merge_segments([EVENTS, events])])  # fmt: skip
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        *[({name: getattr(EVENTS, name)[:1]}, f"{name}.* must hold one row for each of 3 ")
          for name in (*OF_EVENTS, *OF_PERSONS) if name != "day"],
        ({"day": EVENTS.day[:1]}, r"offset.* must rise from 0 to the number of rows \(1\)"),
        ({"code": np.array([0, -1, 0])}, "code.* must be an array of uint32, got int64: convert it"),
        ({"sex": [0, 1, 2]}, "sex.* must be an array of uint8, got list: convert it"),
        ({"value": np.zeros(3)}, "value.* must be an array of float32, got float64: convert it"),
        ({"pseudonym": EVENTS.pseudonym[:, 0]}, r"pseudonym.* must be of shape \(person, 2\), got \(3,\)"),
        ({"day": np.array([5, 1, 3], "i4")}, "day.* must rise within a person, got 1 after 5 at event 1: sort"),
    ],
)  # fmt: skip
def test_events_whose_columns_do_not_fit_are_refused_by_every_kernel(take: Any, columns: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        take(replace(EVENTS, **columns))


def test_events_of_nobody_are_counted_in_a_vocabulary_without_codes() -> None:
    assert scan_events(make_events([]), {}, 0) == {}
    with pytest.raises(ValueError, match="n_codes must be a whole number of at least 0, got -1"):
        scan_events(make_events([]), {}, -1)


def test_days_may_fall_from_one_person_to_the_next() -> None:
    check_columns(EVENTS)
    check_columns(make_events([[], [(9, 0)], [], [(1, 0)], []]))
    check_columns(make_events([]))


@pytest.mark.parametrize(
    ("start", "group", "message"),
    [
        ([0, 5, 9], [0], r"start of groups must rise from 0 to the number of rows \(1\)"),
        ([0, 1, 2], [0, 10**6], r"group must be from 0 and below n_groups \(2\), got 1000000"),
    ],
)
def test_groups_that_would_be_counted_beside_the_table_are_refused(start: Any, group: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CodeGroups(np.array(start), np.array(group, "i4"), 2)


@pytest.mark.parametrize(
    ("persons", "having", "message"),
    [
        ([5.0], [[np.nan]], r"having must be from 0 to the stratum's persons \(5.0\), got nan at \[0, 0\]"),
        ([5], np.ma.array([[1, 2]], mask=[[0, 1]]), "must be exact counts, got masked ones: omit codes"),
    ],
)
def test_expected_counts_of_counts_that_are_not_known_are_refused(persons: Any, having: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expect_pairs(persons, having)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (
            lambda: compare_pairs([np.nan], [0], [0], [10], [10], 100),
            "counts must be finite, but they are not",
        ),
        (lambda: compare_pairs([1], [0], [0], [10], [10], 100, [-5]), "expected must be >= 0, got -5.0 at pair 0"),
        (lambda: compare_pairs([1], [0], [0], [10], [10], 100, [np.nan]), "expected must be >= 0, got nan at pair 0"),
        (lambda: scan_events(EVENTS, {"it": EventCount(kinds=(-1,))}, 2), "kinds must be from 0 to 255, got -1"),
        (lambda: count_strata([0], [], [], -1, 2), "n_strata must be >= 0, got -1"),
        (lambda: find_first_occurrences([0, 1], [1], [1], 3, most=0), "most must be at least 1, got 0"),
        (
            lambda: find_first_occurrences([0, 1.5, 2], [1, 5], [0, 1], 3),
            "offset must rise from 0 to the number of rows",
        ),
    ],
)
def test_numbers_that_no_count_can_have_are_refused(count: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        count()
