from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rdata
from hypothesis import given, settings
from hypothesis import strategies as st
from person_events import draw_events

from citytide.kernels.medical import pairs
from citytide.kernels.medical.comparison import compare_pairs
from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.first import find_first_occurrences
from citytide.kernels.medical.pairs import PairCounts, count_pairs

ENGINES: list[Any] = ["numba", "python"]


def count_by_hand(offset: Any, day: Any, code: Any, n_codes: int) -> PairCounts:
    first, tie, undated = np.zeros((3, n_codes, n_codes), int)
    for begin, end in pairwise(offset):
        for one in range(begin, end):
            for other in range(begin, end):
                a, b = int(code[one]), int(code[other])
                first[a, b] += a != b and day[one] < day[other] < UNDATED
                tie[a, b] += a < b and day[one] == day[other] < UNDATED
                undated[a, b] += a < b and UNDATED in (day[one], day[other])
    return PairCounts(first, tie, undated, np.bincount(code, minlength=n_codes))


def assert_equal(found: PairCounts, expected: PairCounts) -> None:
    for name, mine, other in zip(PairCounts._fields, found, expected, strict=True):
        assert mine.dtype == np.int64
        np.testing.assert_array_equal(mine, other, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_codes=st.integers(1, 12), undated=st.sampled_from([0.0, 0.3, 1.0]))
def test_counts_are_those_of_a_walk_over_all_pairs(seed: int, n_codes: int, undated: float) -> None:
    first = find_first_occurrences(*draw_events(seed, 8, 6.0, n_codes, undated=undated), n_codes)
    for engine in ENGINES:
        assert_equal(count_pairs(*first, n_codes, engine=engine), count_by_hand(*first, n_codes))


def test_every_person_with_both_is_counted_once() -> None:
    first = find_first_occurrences(*draw_events(5, 300, 8.0, 20), 20)
    has = np.zeros((300, 20), int)
    has[np.repeat(np.arange(300), np.diff(first.first_offset)), first.first_code] = 1
    np.testing.assert_array_equal(count_pairs(*first, 20).both, has.T @ has)


@pytest.mark.parametrize("n_blocks", [1, 7, 64])
@pytest.mark.parametrize("tree", ["left", "right", "halves"])
def test_blocks_add_up_to_the_same_integers_in_any_tree(n_blocks: int, tree: str) -> None:
    first = find_first_occurrences(*draw_events(3, 400, 7.0, 15), 15)
    bound = np.linspace(0, 400, n_blocks + 1).astype(int)
    parts = []
    for begin, end in pairwise(bound):
        cut = slice(first.first_offset[begin], first.first_offset[end])
        offset = first.first_offset[begin : end + 1] - first.first_offset[begin]
        parts.append(count_pairs(offset, first.first_day[cut], first.first_code[cut], 15))
    while len(parts) > 1:
        at = {"left": 0, "right": len(parts) - 2, "halves": len(parts) // 2 - 1}[tree]
        parts[at : at + 2] = [PairCounts(*(a + b for a, b in zip(*parts[at : at + 2], strict=True)))]
    assert_equal(parts[0], count_pairs(*first, 15))


def test_more_persons_than_one_table_takes_are_counted_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_first_occurrences(*draw_events(4, 50, 6.0, 9), 9)
    whole = count_pairs(*first, 9)
    monkeypatch.setattr(pairs, "MOST_PERSONS", 7)
    assert_equal(count_pairs(*first, 9), whole)


def test_no_persons_give_zeros() -> None:
    assert not any(table.any() for table in count_pairs([0], [], [], 4))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 2], [1, 2], [0, 3], 3), r"code must be below n_codes \(3\), got 3"),
        (([0, 2], [2, 1], [0, 1], 3), r"each once, sorted by \(day, code\) at 1"),
        (([0, 2], [2, 2], [1, 0], 3), r"each once, sorted by \(day, code\) at 1"),
        (([0, 2], [2, 4], [1, 1], 3), r"code must be a person's first occurrences, each once, sorted by \(day, code\)"),
        (([0, 2], [2, UNDATED], [1, 1], 3), "code must be a person's first occurrences, each once"),
        (([0, 3], [2, 4], [0, 1], 3), r"offset must rise from 0 to the number of rows \(2\)"),
        (([0, 2], [2], [0, 1], 3), r"day and code must hold one number per code, got shapes \(1,\) and \(2,\)"),
        (([0, 2], [2, 3], [0, 1], 0), "n_codes must be a whole number of at least 1, got 0"),
    ],
)
def test_what_is_not_a_list_of_first_occurrences_is_refused(engine: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        count_pairs(*arguments, engine=engine)


def test_nafld_pairs_are_the_published_ones(data: Path) -> None:
    """nafld3 of R's package survival. Six of its persons, with nafld and no day, are missing in nafld1: the published
    counts are of all rows, and N is that of nafld1."""
    tables = rdata.read_rda(data / "medical" / "nafld.rda")
    n, event = len(tables["nafld1"]), tables["nafld3"]
    disease, code = np.unique(event["event"].astype(str), return_inverse=True)
    person, row = np.unique(event["id"], return_inverse=True)
    day = event["days"].to_numpy(np.int64, na_value=UNDATED)
    order = np.lexsort((day, row))
    offset = np.searchsorted(row[order], np.arange(len(person) + 1))
    first = find_first_occurrences(offset, day[order], code[order], len(disease))
    found = count_pairs(*first, len(disease))
    assert (n, int((day == UNDATED).sum()), len(first.first_code)) == (17_549, 18, 32_583)
    assert dict(zip(disease.tolist(), found.persons.tolist(), strict=True)) == {
        "dyslipidemia": 10462, "htn": 7097, "nafld": 3869, "diabetes": 3452, "ang/isc": 1902, "stroke": 1697,
        "heart failure": 1465, "afib": 1442, "MI": 1033, "cardiac arrest": 164,
    }  # fmt: skip
    a, b = (disease.tolist().index(name) for name in ("diabetes", "htn"))
    assert (found.both[a, b], found.first[a, b], found.first[b, a], found.tie[a, b]) == (2780, 1443, 1242, 95)
    numbers = compare_pairs([2780], [1443], [1242], found.persons[[a]], found.persons[[b]], n)
    assert numbers.rr[0] == pytest.approx(1.9913682458, rel=1e-9)
    assert numbers.phi[0] == pytest.approx(0.4042450864, rel=1e-9)
