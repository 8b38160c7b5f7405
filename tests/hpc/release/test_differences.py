"""Releases whose persons differ by few are refused, and all others pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.differences import count_differing_persons, is_nested
from citytide.hpc.release.policy import CountedTable, Policy

N_BUCKETS = 4096
TOTAL = CountedTable(("group",), ("persons",), measure="persons")


class Persons:
    """Persons with a bucket, a hash and a sex each, from which cohorts are drawn."""

    def __init__(self, n_persons: int, random: np.random.Generator) -> None:
        self.bucket = random.integers(0, N_BUCKETS, n_persons)
        self.hash = random.integers(0, 2**64, n_persons, dtype=np.uint64)
        self.sex = random.integers(0, 2, n_persons)

    def describe(self, chosen: np.ndarray) -> np.ndarray:
        cohort = np.zeros((2, N_BUCKETS), np.uint64)
        np.add.at(cohort[0], self.bucket[chosen], np.uint64(1))
        np.add.at(cohort[1], self.bucket[chosen], self.hash[chosen])
        return cohort


def draw_pair(random: np.random.Generator, n_differing: int, *, nested: bool) -> tuple[Persons, np.ndarray, np.ndarray]:
    """Two cohorts of 500 to 20,000 persons that differ by so many."""
    n_first = int(random.integers(500, 20_000))
    persons = Persons(n_first + n_differing, random)
    first = np.arange(n_first)
    leaving = 0 if nested else int(random.integers(1, max(2, n_differing)))
    second = np.arange(leaving, n_first + n_differing - leaving)
    return persons, first, second


@pytest.mark.parametrize("nested", [True, False])
def test_500_planted_pairs_that_differ_by_few_persons_are_all_refused(log: Any, nested: bool) -> None:
    random = np.random.default_rng(21 + nested)
    for _ in range(500):
        persons, first, second = draw_pair(random, int(random.integers(1, 10)), nested=nested)
        log.kept.clear()
        log.release({"group": ["all"], "persons": [first.size]}, persons.describe(first), TOTAL)
        with pytest.raises(RunError, match=r"must be the same or differ by at least 10, but those of this one differ"):
            log.release({"group": ["all"], "persons": [second.size]}, persons.describe(second), TOTAL)
        assert len(log.kept) == 1


@pytest.mark.parametrize("nested", [True, False])
def test_500_planted_pairs_that_differ_by_the_minimum_or_more_all_pass(log: Any, nested: bool) -> None:
    """Two tables in three are of one cell, the others of two sexes."""
    random = np.random.default_rng(41 + nested)
    for number in range(500):
        n_differing = int(random.integers(10, 200))
        persons, first, second = draw_pair(random, n_differing, nested=nested)
        sexes = number % 3 == 2
        if sexes:  # everybody who comes or goes is of one sex
            persons.sex[first.size :] = 0
            persons.sex[: first.size - np.intersect1d(first, second).size] = 0
        log.kept.clear()
        for chosen in (first, second):
            counts = np.bincount(persons.sex[chosen], minlength=2) if sexes else np.array([chosen.size])
            groups = ["f", "m"] if sexes else ["all"]
            shown = log.release({"group": groups, "persons": counts}, persons.describe(chosen), TOTAL)
            assert shown.columns["persons"].compressed().tolist() == counts.tolist()


def test_message_names_the_earlier_release_and_the_way_out(log: Any, cohort: np.ndarray) -> None:
    log.release({"group": ["all"], "persons": [900]}, cohort, TOTAL)
    other = cohort.copy()
    other[0, 3] += 1
    with pytest.raises(RunError) as refused:
        log.release({"group": ["all"], "persons": [901]}, other, TOTAL)
    assert str(refused.value) == (
        "the persons of two releases must be the same or differ by at least 10, but those of this one differ from "
        "those of release 1 (run run-1, step count) by fewer than 10 persons: ask for the same cohort, or for one that "
        "differs by at least 10 persons"
    )


def test_request_may_withhold_everything_in_place_of_a_refusal(log: Any, cohort: np.ndarray) -> None:
    log.release({"group": ["all"], "persons": [900]}, cohort, TOTAL)
    other, third, gentle = cohort.copy(), cohort.copy(), Policy(on_difference="withhold")
    other[0, 3] += 1
    third[0, 3] += 11
    shown = log.release({"group": ["all"], "persons": [901]}, other, TOTAL, gentle, close_cohorts="withhold")
    assert shown.columns["persons"].tolist() == [None] and shown.columns["persons"].data.tolist() == [0]
    assert shown.notes == (
        "all 1 cells are withheld: its persons differ from those of release 1 (run run-1, step count) by fewer than 10",
    )
    # the third differs by 10 from what was withheld, and by 11 from what was shown
    for persons, table in ((cohort, 900), (third, 911)):
        again = log.release({"group": ["all"], "persons": [table]}, persons, TOTAL, gentle, close_cohorts="withhold")
        assert again.columns["persons"].tolist() == [table]


def test_other_measure_is_not_compared(log: Any, cohort: np.ndarray) -> None:
    log.release({"group": ["all"], "persons": [900]}, cohort, TOTAL)
    other = cohort.copy()
    other[0, 3] += 1
    visits = CountedTable(("group",), ("persons",), measure="visits")
    assert log.release({"group": ["all"], "persons": [901]}, other, visits).line == 2


def test_swap_within_a_bucket_counts_two_persons() -> None:
    first, second = np.array([[4], [100]], np.uint64), np.array([[4], [101]], np.uint64)
    assert count_differing_persons(first, second) == 2 and count_differing_persons(first, first) == 0


def test_nested_means_no_bucket_has_fewer() -> None:
    few, more, mixed = (np.array([counts, [0, 0]], np.uint64) for counts in ([1, 2], [1, 3], [0, 3]))
    assert is_nested(few, more) and is_nested(more, few) and not is_nested(few, mixed)


def test_cohorts_of_other_buckets_are_refused() -> None:
    with pytest.raises(RunError, match=r"same buckets to be compared, but one has 4 and an earlier release 8"):
        count_differing_persons(np.zeros((2, 4), np.uint64), np.zeros((2, 8), np.uint64))


def test_chance_to_count_a_swap_too_low_is_that_of_three_persons_in_one_bucket() -> None:
    """With 64 buckets, where it can be seen: 3 of 10 persons in one bucket, and not all of them come or all leave."""
    random, n_pairs, n_low = np.random.default_rng(3), 4000, 0
    for _ in range(n_pairs):
        bucket, half = random.integers(0, 64, 10), random.integers(0, 2**64, 10, dtype=np.uint64)
        both = np.zeros((2, 2, 64), np.uint64)
        for side, of in enumerate((slice(0, 5), slice(5, 10))):
            np.add.at(both[side, 0], bucket[of], np.uint64(1))
            np.add.at(both[side, 1], bucket[of], half[of])
        n_low += count_differing_persons(both[0], both[1]) < 10
    assert 0 < n_low <= n_pairs * 120 / 64**2 * 1.2  # 120 ways to choose three of ten
