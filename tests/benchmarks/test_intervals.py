"""The interval holds the true ratio, and a verdict never says more than its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.benchmarks.intervals import LEAST_PAIRS, Interval, estimate_ratio, judge_ratio, judge_target

seconds = st.floats(1e-6, 1e6, allow_nan=False)
samples = st.lists(seconds, min_size=1, max_size=20)
seeds = st.integers(0, 2**32 - 1)


@given(samples, seeds)
def test_equal_samples_have_ratio_one_within_their_interval(times: list[float], seed: int) -> None:
    interval = estimate_ratio(times, times, seed=seed)
    assert interval.low <= 1.0 <= interval.high
    assert interval.ratio == 1.0


@given(st.lists(st.tuples(seconds, seconds), min_size=1, max_size=20), seeds)
def test_interval_holds_its_own_ratio(pairs: list[tuple[float, float]], seed: int) -> None:
    a, b = map(list, zip(*pairs, strict=True))
    interval = estimate_ratio(a, b, seed=seed)
    assert 0 < interval.low <= interval.ratio <= interval.high
    assert interval == estimate_ratio(a, b, seed=seed)


@given(st.lists(st.tuples(seconds, seconds), min_size=2, max_size=12), st.floats(0.1, 10))
def test_ratio_scales_with_one_side_and_ignores_the_machines_mood(pairs: list[tuple[float, float]], k: float) -> None:
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    plain = estimate_ratio(list(a), list(b))
    mood = np.linspace(1, 3, len(a))  # whatever slows both sides of a pair alike
    scaled = estimate_ratio(list(k * mood * a), list(mood * b))
    assert scaled.ratio == pytest.approx(k * plain.ratio, rel=1e-9)
    assert scaled.high == pytest.approx(k * plain.high, rel=1e-9)


@given(st.floats(0.5, 2.0), seeds)
def test_a_side_twice_as_slow_is_slower(base: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mood = base * rng.uniform(1, 4, 9)
    a, b = 2 * mood * rng.uniform(0.97, 1.03, 9), mood * rng.uniform(0.97, 1.03, 9)
    assert judge_ratio(estimate_ratio(list(a), list(b), seed=seed)) == "slower"
    assert judge_ratio(estimate_ratio(list(b), list(a), seed=seed)) == "faster"


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth, trials, held = 1.2, 300, 0
    for trial in range(trials):
        logs = np.log(truth) + 0.1 * rng.standard_normal(7)
        interval = estimate_ratio(list(np.exp(logs)), [1.0] * 7, seed=trial)
        held += interval.low <= truth <= interval.high
    assert 0.90 <= held / trials <= 0.99


@pytest.mark.parametrize(
    ("low", "high", "noise", "verdict"),
    [
        (0.80, 0.90, 0.0, "faster"),
        (1.04, 1.50, 0.0, "slower"),
        (0.98, 1.02, 0.0, "same"),
        (1.01, 1.10, 0.0, "unresolvable"),  # some difference, but whether it counts is open
        (0.50, 2.00, 0.0, "unresolvable"),
        (1.04, 1.08, 0.20, "unresolvable"),  # A differs from itself by as much
        (0.98, 1.02, 0.20, "same"),
    ],
)
def test_verdict_says_no_more_than_its_interval(low: float, high: float, noise: float, verdict: str) -> None:
    assert judge_ratio(Interval((low * high) ** 0.5, low, high, 9), tolerance=0.03, noise=noise) == verdict


def test_few_pairs_resolve_nothing() -> None:
    few = Interval(0.1, 0.1, 0.1, LEAST_PAIRS - 1)
    assert judge_ratio(few) == judge_target(few, 0.5) == "unresolvable"
    assert judge_target(Interval(0.1, 0.1, 0.1, LEAST_PAIRS), 0.5) == "met"


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.04, 0.06, "met"), (0.09, 0.12, "missed"), (0.06, 0.09, "unresolvable")]
)
def test_target_is_met_by_the_whole_interval(low: float, high: float, verdict: str) -> None:
    assert judge_target(Interval(0.07, low, high, 7), 1 / 13) == verdict


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"side B, pair 1: .* must be positive"):
        estimate_ratio([1.0, 1.0], [1.0, bad])


def test_sides_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="got 2 and 1"):
        estimate_ratio([1.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="at least one"):
        estimate_ratio([], [])
