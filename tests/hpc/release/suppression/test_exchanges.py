"""Cells of hypercubes have a second value, and large tables end in bounded work with the same cells every time."""

from __future__ import annotations

import numpy as np
import pytest
from tables_with_totals import find_told, list_equations, make_attack

from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.exchanges import prove_by_hypercubes, withhold_hypercubes


@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 1)])
def test_no_cell_that_hypercubes_prove_can_be_computed(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(6)
    n_proven = 0
    for _ in range(20):
        cubes, attack = make_attack(random.integers(0, 6, shape))
        withheld = random.random(attack.values.size) < 0.7
        proven = np.zeros(withheld.size, bool)
        prove_by_hypercubes(cubes, attack, withheld, proven)
        told = find_told(attack.values, withheld, list_equations(shape), Policy(min_cell=60))
        assert not proven[told].any()
        n_proven += int(proven.sum())
    assert n_proven > 20


def test_least_costly_hypercube_is_withheld_and_no_known_cell() -> None:
    cubes, attack = make_attack(np.array([[3, 20, 50], [30, 40, 60], [70, 80, 90]]))
    cell, none = np.flatnonzero(attack.values == 3), np.zeros(attack.values.size, bool)
    withheld, proven = attack.values == 3, none.copy()
    assert withhold_hypercubes(cubes, attack, withheld, none, proven, cell)
    assert sorted(attack.values[withheld].tolist()) == [3, 20, 30, 40] and (proven == withheld).all()
    withheld, proven, known = attack.values == 3, none.copy(), attack.values == 40
    assert withhold_hypercubes(cubes, attack, withheld, known, proven, cell)
    assert sorted(attack.values[withheld].tolist()) == [3, 30, 50, 60]
