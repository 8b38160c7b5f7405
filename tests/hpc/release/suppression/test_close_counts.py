"""Counts that an earlier release makes tell of few persons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import CountedTable, Policy

SEX = CountedTable(("sex",), ("persons",), measure="persons")
SEX_AGE = CountedTable(("sex", "age"), ("persons",), measure="persons")


def add_persons(cohort: np.ndarray, n_persons: int) -> np.ndarray:
    larger = cohort.copy()
    larger[0, :n_persons] += 1
    larger[1, :n_persons] += 7
    return larger


def test_cell_that_grew_by_few_persons_is_refused(log: Any, cohort: np.ndarray) -> None:
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX)
    with pytest.raises(RunError, match=r"equal or differ by at least 10 persons, but 1 differ by fewer from release 1"):
        log.release({"sex": ["f", "m"], "persons": [53, 80]}, add_persons(cohort, 23), SEX)
    assert len(log.kept) == 1


def test_cell_that_grew_by_few_persons_is_withheld_if_the_policy_says_so(log: Any, cohort: np.ndarray) -> None:
    policy = Policy(on_difference="withhold")
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX, policy)
    shown = log.release({"sex": ["f", "m"], "persons": [53, 80]}, add_persons(cohort, 23), SEX, policy)
    assert shown.columns["persons"].mask.tolist() == [True, False]
    assert (
        "1 of 2 cells are withheld because they differ from an earlier release by fewer than 10 persons" in shown.notes
    )


def test_more_records_of_the_same_persons_are_compared_too(log: Any, cohort: np.ndarray) -> None:
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX)
    with pytest.raises(RunError, match="but 1 differ by fewer"):
        log.release({"sex": ["f", "m"], "persons": [50, 61]}, cohort, SEX)


def test_total_over_a_label_is_compared_with_the_cell_that_was_released(log: Any, cohort: np.ndarray) -> None:
    """Women were 50; now women by age are 25 and 28: three more."""
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX)
    finer = {"sex": ["f", "f", "m", "m"], "age": ["0-17", "18-"] * 2, "persons": [25, 28, 40, 40]}
    with pytest.raises(RunError, match="but 1 differ by fewer"):
        log.release(finer, add_persons(cohort, 23), SEX_AGE)


def test_cell_is_compared_with_the_total_over_a_label_that_was_released(log: Any, cohort: np.ndarray) -> None:
    finer = {"sex": ["f", "f", "m", "m"], "age": ["0-17", "18-"] * 2, "persons": [25, 28, 40, 40]}
    log.release(finer, cohort, SEX_AGE)
    with pytest.raises(RunError, match="but 1 differ by fewer"):
        log.release({"sex": ["f", "m"], "persons": [58, 100]}, add_persons(cohort, 25), SEX)


def test_cohorts_of_other_persons_are_not_compared_by_cell(log: Any, cohort: np.ndarray) -> None:
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX)
    other = cohort.copy()
    other[0, :15] += 1
    other[0, 20:35] -= 1
    assert log.release({"sex": ["f", "m"], "persons": [51, 61]}, other, SEX).line == 2


def test_equal_cells_and_unlike_labels_pass(log: Any, cohort: np.ndarray) -> None:
    log.release({"sex": ["f", "m"], "persons": [50, 60]}, cohort, SEX)
    assert log.release({"sex": ["f", "other"], "persons": [50, 63]}, cohort, SEX).line == 2


YEARS = CountedTable(
    ("sex",), ("persons",), follows={"years": ("persons",)}, amounts=("years",), measure="persons"
)  # fmt: skip


def test_sum_that_changed_while_its_count_did_not_is_refused(log: Any, cohort: np.ndarray) -> None:
    """One day more, on which three persons are at risk and none falls ill."""
    log.release({"sex": ["f", "m"], "persons": [50, 60], "years": [9.0, 8.0]}, cohort, YEARS)
    later = {"sex": ["f", "m"], "persons": [50, 80], "years": [9.0 + 3 / 365.25, 12.0]}
    with pytest.raises(RunError) as refused:
        log.release(later, cohort, YEARS)
    assert str(refused.value) == (
        "sums over the persons of two releases must be equal where their counts are, but 1 are not those of release 1 "
        "(run run-1, step count), and the difference may be of fewer than 10 persons: ask for the same days, ages and "
        'records, or set on_difference="withhold" in the policy'
    )
    assert len(log.kept) == 1
    gentle = log.release(later, cohort, YEARS, Policy(on_difference="withhold"))
    assert gentle.columns["years"].tolist() == [None, 12.0]


def test_the_same_sums_are_released_again(log: Any, cohort: np.ndarray) -> None:
    exact = {"sex": ["f", "m"], "persons": [50, 60], "years": [9.0, 8.0]}
    log.release(exact, cohort, YEARS)
    assert log.release(exact, cohort, YEARS).columns["years"].tolist() == [9.0, 8.0]
