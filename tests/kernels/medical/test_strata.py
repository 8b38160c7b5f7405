from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_events import draw_events

from citytide.kernels.medical.first import find_first_occurrences
from citytide.kernels.medical.strata import count_strata

ENGINES: list[Any] = ["numba", "python"]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_strata=st.integers(1, 4))
def test_counts_are_those_of_a_table_of_persons_and_codes(seed: int, n_strata: int) -> None:
    offset, _day, code = find_first_occurrences(*draw_events(seed, 12, 4.0, 6), 6)
    stratum = np.random.default_rng(seed).integers(0, n_strata, 12)
    has = np.zeros((12, 6), int)
    has[np.repeat(np.arange(12), np.diff(offset)), code] = 1
    for engine in ENGINES:
        persons, having = count_strata(offset, code, stratum, n_strata, 6, engine=engine)
        assert persons.dtype == having.dtype == np.int64
        np.testing.assert_array_equal(persons, [(stratum == s).sum() for s in range(n_strata)])
        np.testing.assert_array_equal(having, [has[stratum == s].sum(axis=0) for s in range(n_strata)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 1], [3], [0], 1, 3), r"first_code must be below n_codes \(3\), got 3"),
        (([0, 1], [0], [1], 1, 3), r"stratum must be from 0 and below n_strata \(1\), got 1"),
        (([0, 1], [0], [-1], 1, 3), r"stratum must be from 0 and below n_strata \(1\), got -1"),
        (([0, 1], [0], [0, 0], 1, 3), r"stratum must hold one number per person \(1\), got shape \(2,\)"),
        (([0, 2], [0], [0], 1, 3), r"first_offset must rise from 0 to the number of rows \(1\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        count_strata(*arguments)
