from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.medical.expected import expect_pairs

ENGINES: list[Any] = ["numba", "numpy", "python"]


def draw(seed: int, n_strata: int, n_codes: int, most: int = 10**7) -> Any:
    random = np.random.default_rng(seed)
    persons = random.integers(0, most, n_strata) * (random.random(n_strata) < 0.8)
    return persons, random.integers(0, persons[:, None] + 1, (n_strata, n_codes))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_strata=st.integers(1, 9), n_codes=st.integers(1, 20))
def test_engines_agree_to_the_last_bit_and_with_fractions(seed: int, n_strata: int, n_codes: int) -> None:
    persons, having = draw(seed, n_strata, n_codes)
    tables = [expect_pairs(persons, having, engine=engine) for engine in ENGINES]
    assert len({table.tobytes() for table in tables}) == 1
    np.testing.assert_array_equal(tables[0], tables[0].T)
    a, b = seed % n_codes, (seed // 7) % n_codes
    exact = sum(
        (Fraction(int(row[a]) * int(row[b]), int(n)) for n, row in zip(persons, having, strict=True) if n), Fraction(0)
    )
    assert tables[0][a, b] == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("threads", [2, 3])
def test_bits_do_not_depend_on_threads(threads: int) -> None:
    persons, having = draw(2, 40, 67)
    assert expect_pairs(persons, having, threads=threads).tobytes() == expect_pairs(persons, having).tobytes()


def test_it_is_the_mean_over_all_ways_to_deal_a_code_within_a_stratum() -> None:
    """Three of five persons of the one stratum have a, two of four of the other: each order of b is as likely."""
    has_a, has_b = [[1, 1, 1, 0, 0], [1, 0, 1, 0]], [[1, 1, 0, 0, 0], [1, 1, 1, 0]]
    mean = sum(np.mean([np.dot(a, dealt) for dealt in permutations(b)]) for a, b in zip(has_a, has_b, strict=True))
    expected = expect_pairs([5, 4], [[3, 2], [2, 3]])
    assert expected[0, 1] == pytest.approx(mean, rel=1e-14)


def test_one_stratum_gives_the_product_of_margins() -> None:
    assert expect_pairs([1000], [[100, 150]])[0, 1] == 15.0
    assert expect_pairs([0], [[0, 0]]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("persons", "having", "words"),
    [
        ([3], [[4, 1]], r"having must be from 0 to the stratum's persons \(3\), got 4 at \[0, 0\]"),
        ([3], [[1, -1]], r"having must be from 0 to the stratum's persons \(3\), got -1 at \[0, 1\]"),
        ([3, 2], [[1, 1]], r"having must be \(stratum, code\) over persons \(stratum,\), got \(1, 2\) and \(2,\)"),
    ],
)
def test_counts_that_cannot_be_are_refused(persons: Any, having: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        expect_pairs(persons, having)
