from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.verification.contingency import count_outcomes
from citytide.kernels.hydro.verification.interval import estimate_interval


def test_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    sample = np.random.default_rng(8).normal(3.0, 2.0, 400)
    found = estimate_interval(np.mean, sample, seed=1, n_draws=2000, level=0.9)
    error = sample.std() / np.sqrt(400)
    assert found.value == sample.mean() and found.undefined == 0
    assert found.low == pytest.approx(sample.mean() - 1.645 * error, abs=0.1 * error)
    assert found.high == pytest.approx(sample.mean() + 1.645 * error, abs=0.1 * error)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(9)
    held = 0
    for trial in range(200):
        found = estimate_interval(np.mean, random.exponential(1.0, 60), seed=trial, n_draws=200, level=0.8)
        held += bool(found.low <= 1.0 <= found.high)
    assert 0.70 <= held / 200 <= 0.88


def test_draws_take_whole_cases_and_are_the_same_whatever_else_is_drawn() -> None:
    pairs = np.arange(30.0)
    kept: list[np.ndarray] = []

    def look(first: np.ndarray, second: np.ndarray) -> float:
        assert np.array_equal(first * 2.0, second[:, 0]) and second.shape == (30, 3)
        kept.append(first)
        return float(first.mean())

    twice = np.repeat(2.0 * pairs[:, None], 3, axis=1)
    few = estimate_interval(look, pairs, twice, seed=3, n_draws=4)
    estimate_interval(look, pairs, twice, seed=3, n_draws=7)
    for draw_, again in zip(kept[:4], kept[5:9], strict=True):
        assert np.array_equal(draw_, again)
    assert not np.array_equal(kept[0], kept[1])
    assert few == estimate_interval(look, pairs, twice, seed=3, n_draws=4)
    assert few != estimate_interval(look, pairs, twice, seed=4, n_draws=4)


def test_draws_without_a_score_are_told_and_left_out() -> None:
    happened = np.array([True, False, False, False])
    found = estimate_interval(
        lambda came: np.stack([(table := count_outcomes(came, came)).pod, table.far, np.float64(np.nan)]),
        happened, seed=5, n_draws=500,
    )  # fmt: skip
    assert found.undefined[0] == pytest.approx(500 * 0.75**4, abs=60) and found.undefined[2] == 500
    assert found.low[0] == found.high[0] == 1.0 and found.low[1] == 0.0
    assert np.isnan(found.low[2]) and np.isnan(found.high[2])


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="of one length"):
        estimate_interval(np.mean, np.ones(3), np.ones(4), seed=1)
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got 1\.0"):
        estimate_interval(np.mean, np.ones(3), seed=1, level=1.0)


def test_cupys_cases_are_drawn_as_the_hosts_are(cupy: Any) -> None:
    warned, happened = np.random.default_rng(3).random((2, 25, 4)) < 0.4

    def hit(said: Any, came: Any) -> Any:
        return count_outcomes(said, came, axis=0).pod

    found = estimate_interval(hit, cupy.asarray(warned), cupy.asarray(happened), seed=2, n_draws=60)
    expected = estimate_interval(hit, warned, happened, seed=2, n_draws=60)
    for of_cupy, of_host in zip(found, expected, strict=True):
        assert isinstance(of_cupy, cupy.ndarray)
        np.testing.assert_array_equal(of_cupy.get(), of_host, strict=True)
    plain = estimate_interval(lambda said: float(said.mean()), cupy.asarray(warned), seed=2, n_draws=9)
    assert isinstance(plain.value, cupy.ndarray) and float(plain.value) == warned.mean()


def test_cases_and_scores_in_two_memories_are_refused(cupy: Any) -> None:
    sample = np.arange(5.0)
    with pytest.raises(EngineError, match=r"got cases\[0\] on a GPU and cases\[1\] on the host"):
        estimate_interval(lambda first, _: first.mean(), cupy.asarray(sample), sample, seed=1)
    with pytest.raises(EngineError, match="got cases on a GPU and score on the host"):
        estimate_interval(lambda first: first.get(), cupy.asarray(sample), seed=1)
    with pytest.raises(EngineError, match="got score on a GPU and cases on the host"):
        estimate_interval(lambda first: cupy.asarray(first), sample, seed=1)
