from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from citytide.kernels.medical.comparison import PairComparison, compare_pairs


def draw(seed: int, n_pairs: int) -> Any:
    random = np.random.default_rng(seed)
    n = 5000
    n_a, n_b = random.integers(40, 900, (2, n_pairs))
    both = random.integers(0, np.minimum(n_a, n_b) // 2)
    a_first = random.integers(0, both + 1)
    b_first = random.integers(0, both - a_first + 1)
    return both, a_first, b_first, n_a, n_b, n


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_direction_and_false_discoveries_are_those_of_scipy(seed: int) -> None:
    both, a_first, b_first, *others = draw(seed, 17)
    found = compare_pairs(both, a_first, b_first, *others)
    tested = a_first + b_first > 0
    expected = [
        stats.binomtest(int(a), int(a + b)).pvalue for a, b in zip(a_first[tested], b_first[tested], strict=True)
    ]
    np.testing.assert_allclose(found.p_value[tested], expected, rtol=1e-10)
    np.testing.assert_allclose(found.q_value[tested], stats.false_discovery_control(expected), rtol=1e-10)
    np.testing.assert_array_equal(np.ma.getmaskarray(found.p_value), ~tested)
    np.testing.assert_array_equal(np.ma.getmaskarray(found.q_value), ~tested)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 1), (0, 50), (7, 7), (2_000_000, 2_003_000), (10**7, 3)])
def test_direction_test_holds_at_its_ends_and_for_a_city(a: int, b: int) -> None:
    found = compare_pairs([a + b], [a], [b], [a + b], [a + b], 2 * 10**7 + 4)
    assert found.p_value[0] == pytest.approx(stats.binomtest(a, a + b).pvalue, rel=1e-9, abs=1e-300)


def test_risk_and_phi_are_those_of_the_table_of_two_by_two() -> None:
    both, a_first, b_first, n_a, n_b, n = draw(3, 40)
    found = compare_pairs(both, a_first, b_first, n_a, n_b, n)
    np.testing.assert_allclose(found.rr, both / n / (n_a / n * n_b / n), rtol=1e-13)
    table = np.array([[both, n_a - both], [n_b - both, n - n_a - n_b + both]])
    for at in range(40):
        one, other = np.indices((2, 2)).reshape(2, 4) == 0
        weights = table[..., at].ravel()
        spread = np.cov(one, other, fweights=weights)
        assert found.phi[at] == pytest.approx(spread[0, 1] / np.sqrt(spread[0, 0] * spread[1, 1]), rel=1e-10)


def test_interval_is_where_a_poisson_number_would_have_a_tail_of_half() -> None:
    found = compare_pairs([0, 1, 30], [0, 0, 9], [0, 1, 9], [100] * 3, [150] * 3, 1000, [0.5, 2.0, 15.0])
    low, high = found.rr_low * [0.5, 2.0, 15.0], found.rr_high * [0.5, 2.0, 15.0]
    assert low[0] == 0.0 and found.rr.tolist() == [0.0, 0.5, 2.0]
    np.testing.assert_allclose(stats.poisson.cdf([0, 1, 30], high), 0.025, rtol=1e-9)
    np.testing.assert_allclose(stats.poisson.sf([0, 29], low[1:]), 0.025, rtol=1e-9)
    np.testing.assert_allclose([low[2], high[2]], [20.24, 42.83], atol=5e-3)  # as tables of it print
    wide = compare_pairs([30], [9], [9], [100], [150], 1000, [15.0], confidence=0.99)
    assert wide.rr_low[0] < found.rr_low[2] and wide.rr_high[0] > found.rr_high[2]


def test_withheld_counts_withhold_what_needs_them_and_nothing_else() -> None:
    both, a_first, n_a = (np.ma.array([number] * 4, mask=np.arange(4) == place)
                          for number, place in ((20, 1), (8, 2), (100, 3)))  # fmt: skip
    found = compare_pairs(both, a_first, [9] * 4, n_a, [150] * 4, 1000, [15.0] * 4)
    is_masked = {name: np.ma.getmaskarray(getattr(found, name)).tolist() for name in PairComparison._fields}
    assert is_masked == {
        **{name: [False, True, False, False] for name in ("rr", "rr_low", "rr_high")},
        "phi": [False, True, False, True],
        **{name: [False, False, True, False] for name in ("p_value", "q_value")},
    }
    for numbers in found:
        assert np.isnan(numbers.data[np.ma.getmaskarray(numbers)]).all()  # what was withheld is not below the mask
    crude = compare_pairs(both, a_first, [9] * 4, n_a, [150] * 4, 1000)
    assert np.ma.getmaskarray(crude.rr).tolist() == [False, True, False, True]


def test_withheld_pairs_do_not_count_among_those_tested() -> None:
    a_first = np.ma.array([1, 0, 2], mask=[False, True, False])
    few = compare_pairs([30] * 3, a_first, [9, 0, 9], [100] * 3, [100] * 3, 1000)
    same = compare_pairs([30] * 2, [1, 2], [9] * 2, [100] * 2, [100] * 2, 1000)
    assert few.q_value.compressed().tolist() == same.q_value.tolist()


def test_what_is_not_defined_is_masked() -> None:
    found = compare_pairs([0, 10], [0, 5], [0, 5], [0, 10], [4, 10], 10)
    assert np.ma.getmaskarray(found.rr).tolist() == [True, False]
    assert np.ma.getmaskarray(found.phi).all()
    assert np.ma.getmaskarray(found.p_value).tolist() == [True, False]
    assert not compare_pairs([], [], [], [], [], 10).q_value.size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([5], [4], [2], [9], [9], 20), "a_first \\+ b_first must be at most both, but they are not at pair 0"),
        (([5], [1], [2], [9], [4], 20), "both must be at most n_a and n_b"),
        (([5], [1], [2], [9], [9], 8), "n_a and n_b must be at most n,"),
        (([5], [-1], [2], [9], [9], 20), "counts must be >= 0"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compare_pairs(*arguments)


def test_confidence_beyond_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        compare_pairs([5], [1], [2], [9], [9], 20, confidence=95)
