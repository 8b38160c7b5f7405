"""A withheld cell counts as computable unless a second value of it is found."""

from __future__ import annotations

import numpy as np
from tables_with_totals import find_told, list_equations, make_attack

from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.protection import find_computable
from citytide.hpc.release.suppression.search import Effort


def test_computable_cells_are_those_of_which_trying_finds_one_value() -> None:
    random = np.random.default_rng(9)
    n_told = 0
    for _ in range(30):
        _, attack = make_attack(random.integers(0, 6, (3, 3)))
        withheld = random.random(attack.values.size) < 0.5
        computable = find_computable(attack, withheld, np.zeros(withheld.size, bool))
        told = find_told(attack.values, withheld, list_equations((3, 3)), Policy(min_cell=60))
        assert np.flatnonzero(computable).tolist() == told
        n_told += len(told)
    assert n_told > 20


def test_what_no_effort_is_left_for_counts_as_computable() -> None:
    _, attack = make_attack(np.full((3, 3), 20))
    withheld = np.zeros((4, 4), bool)
    withheld[:3, :3] = True
    flat = withheld.ravel()
    assert find_computable(attack, flat, np.zeros(16, bool), Effort(0)).sum() == 9
    assert not find_computable(attack, flat, np.zeros(16, bool), Effort()).any()
