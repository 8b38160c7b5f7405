"""Cells of few persons, as ACRO finds them in its own examples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.thresholds import find_small_cells


def test_acro_example_of_charities_has_six_small_cells() -> None:
    """Notebook test.ipynb of ACRO: years 2010 to 2015 by type of grant; "threshold: 6 cells suppressed"."""
    counts = np.tile([15, 59, 71, 8], (6, 1))
    small = find_small_cells(counts, Policy())
    assert small.sum() == 6 and small[:, 3].all()


@pytest.mark.parametrize(("n_variables", "expected"), [(1, 1), (2, 3), (3, 3), (4, 3)])
def test_acro_synthetic_data_has_the_small_cells_that_acro_expects(n_variables: int, expected: int) -> None:
    """ACRO's test_tables_syntheticdata.py: 11 records a cell of four variables, 5 where a, c and d are all C."""
    sizes = np.array([5 if a == c == d == "C" else 11 for a, _, c, d in product("ABC", repeat=4)]).reshape((3,) * 4)
    tables = {1: sizes[:, 2, 2, 2], 2: sizes[:, :, 2, 2], 3: sizes[:, :, :, 2], 4: sizes}
    assert find_small_cells(tables[n_variables], Policy()).sum() == expected


def test_zeros_are_withheld_unless_the_policy_shows_them() -> None:
    counts = np.array([0, 1, 9, 10])
    assert find_small_cells(counts, Policy()).tolist() == [True, True, True, False]
    assert find_small_cells(counts, Policy(zeros="show")).tolist() == [False, True, True, False]
