"""Dominated sums, as ACRO 1.0.2 finds them."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.dominance import find_dominated_sums

# Sum, largest and second largest of 12 amounts each; NKCheck and PPercentCheck of acro 1.0.2, crosstab(aggfunc="sum").
ANSWERS = [
    (624203, 517289, 104841, True, True),
    (11387, 5543, 2186, False, False),
    (229835, 220619, 8135, True, True),
    (14079, 13525, 121, True, True),
    (1429, 411, 372, False, False),
    (46140, 34816, 7197, True, False),
    (2303, 1253, 293, False, False),
    (1885588, 1010470, 760100, True, False),
    (198029, 169101, 19711, True, True),
    (9693, 7922, 656, False, False),
    (44063, 34397, 5911, True, False),
    (3331, 1672, 1091, False, False),
    (17705, 14046, 3020, True, True),
]
# Corner cells of ACRO's test_tables_syntheticdata.py, get_unsafe_dominance_2d: only those with the amount 10,000 fail.
SYNTHETIC = [(10446, 10000, 10, True, True), (450, 10, 10, False, False), (55, 10, 9, False, False)]


@pytest.mark.parametrize(("total", "largest", "second", "by_nk", "by_p"), ANSWERS + SYNTHETIC)
def test_each_rule_agrees_with_acro(total: int, largest: int, second: int, by_nk: bool, by_p: bool) -> None:
    cell = [np.array([value]) for value in (total, largest, second)]
    assert find_dominated_sums(*cell, Policy(p_percent=0)).tolist() == [by_nk]
    assert find_dominated_sums(*cell, Policy(nk_k=1.01)).tolist() == [by_p]


def test_sum_of_nothing_is_not_dominated() -> None:
    assert not find_dominated_sums(np.zeros(1), np.zeros(1), np.zeros(1), Policy()).any()


def test_one_person_alone_dominates_for_nk_of_one() -> None:
    cell = np.array([100.0]), np.array([91.0]), np.array([1.0])
    assert find_dominated_sums(*cell, Policy(nk_n=1, p_percent=0)).all()


def test_more_than_two_shares_are_refused() -> None:
    with pytest.raises(RunError, match=r"nk_n must be 1 or 2, because a table keeps .* got 3: set nk_n=2"):
        find_dominated_sums(np.ones(1), np.ones(1), np.zeros(1), Policy(nk_n=3))


def test_negative_shares_are_refused() -> None:
    with pytest.raises(RunError, match=r"must be >= 0 and the largest first.*column of their own"):
        find_dominated_sums(np.ones(1), np.ones(1), -np.ones(1), Policy())


def test_shares_above_the_sum_are_refused() -> None:
    with pytest.raises(RunError, match=r"at least its two largest shares together, but in 1 rows it is less"):
        find_dominated_sums(np.ones(1), np.ones(1), np.ones(1), Policy())
