from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.hydro.verification.contingency import count_outcomes
from citytide.kernels.hydro.verification.crps import score_crps
from citytide.kernels.hydro.verification.probability import (
    Reliability,
    count_reliability,
    estimate_interval,
    score_brier,
    score_brier_skill,
)


def draw(seed: int, cases: int, members: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Shares of an ensemble, and what came, likelier where the share is higher."""
    random = np.random.default_rng(seed)
    share = random.integers(0, members + 1, cases) / members
    return share, random.random(cases) < 0.1 + 0.6 * share


def test_sure_and_right_scores_nought_and_sure_and_wrong_one() -> None:
    happened = np.array([True, False, True])
    assert score_brier(happened.astype(float), happened) == 0.0
    assert score_brier(1.0 - happened, happened) == 1.0
    assert score_brier_skill(happened.astype(float), happened) == 1.0


@given(seed=st.integers(0, 1000), n=st.integers(1, 8))
def test_brier_over_all_thresholds_is_the_crps(seed: int, n: int) -> None:
    """CRPS is the integral of the Brier score over thresholds: Hersbach (2000), equation 5."""
    random = np.random.default_rng(seed)
    members, fell = random.gamma(0.5, 3.0, (n, 1)), random.gamma(0.5, 3.0, 1)
    steps = np.sort(np.append(members[:, 0], fell))  # between two of them nothing changes
    middles = 0.5 * (steps[1:] + steps[:-1])
    chance = (members <= middles).mean(axis=0)
    scores = score_brier(chance[None], (fell <= middles)[None], axis=0)
    assert (scores * np.diff(steps)).sum() == pytest.approx(score_crps(members, fell)[0], rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 1000), cases=st.integers(1, 200), members=st.integers(1, 21))
def test_three_parts_make_the_score_exactly(seed: int, cases: int, members: int) -> None:
    """Murphy (1973); with one value in a bin nothing is left over."""
    chance, happened = draw(seed, cases, members)
    table = count_reliability(chance, happened, n_bins=members + 1)
    parts = table.reliability - table.resolution + table.uncertainty
    assert parts == pytest.approx(float(score_brier(chance, happened)), abs=1e-12)
    if 0 < happened.sum() < cases:
        skill = (table.resolution - table.reliability) / table.uncertainty
        assert float(score_brier_skill(chance, happened)) == pytest.approx(skill, abs=1e-9)


def test_climatology_has_no_skill_and_its_own_may_be_given() -> None:
    _, happened = draw(2, 100)
    share = happened.mean()
    assert score_brier_skill(np.full(100, share), happened) == pytest.approx(0.0, abs=1e-12)
    assert score_brier_skill(np.full(100, share), happened, climatology=0.9) > 0.0
    assert np.isnan(score_brier_skill([0.1, 0.2], [False, False]))
    assert score_brier_skill([0.1, 0.2], [False, False], climatology=0.2) == pytest.approx(1 - 0.025 / 0.04)


def test_reliable_forecasts_lie_on_the_diagonal() -> None:
    random = np.random.default_rng(4)
    chance = random.random(200_000)
    table = count_reliability(chance, random.random(200_000) < chance)
    assert np.abs(table.forecast - table.frequency).max() < 0.01
    assert table.reliability < 1e-4 and table.uncertainty == pytest.approx(0.25, abs=1e-4)


def test_bins_hold_their_lower_edge_and_the_last_holds_one() -> None:
    chance = np.append(np.arange(100) / 100, 1.0)
    assert count_reliability(chance, np.ones(101, bool), n_bins=100).cases.tolist() == [1] * 99 + [2]


@given(seed=st.integers(0, 1000), cut=st.integers(0, 60))
def test_tables_of_pieces_add_to_that_of_the_whole(seed: int, cut: int) -> None:
    chance, happened = draw(seed, 60)
    whole = count_reliability(chance, happened)
    both = count_reliability(chance[:cut], happened[:cut]) + count_reliability(chance[cut:], happened[cut:])
    assert np.array_equal(both.cases, whole.cases) and np.array_equal(both.events, whole.events)
    np.testing.assert_allclose(both.promised, whole.promised, rtol=1e-12)


def test_cases_that_do_not_count_change_nothing() -> None:
    chance, happened = draw(5, 80)
    valid = np.random.default_rng(6).random(80) < 0.6
    spoilt = np.where(valid, chance, np.nan)
    for score in (score_brier, score_brier_skill):
        assert score(spoilt, happened, valid=valid) == pytest.approx(float(score(chance[valid], happened[valid])))
    assert np.array_equal(
        count_reliability(spoilt, happened, valid=valid).events,
        count_reliability(chance[valid], happened[valid]).events,
    )
    assert np.isnan(score_brier(chance, happened, valid=np.zeros(80, bool)))
    assert np.isnan(score_brier_skill(chance, happened, valid=np.zeros(80, bool)))


def test_each_point_is_scored_against_its_own_climatology() -> None:
    chance, happened = (values.reshape(40, 5) for values in draw(7, 200))
    each = [float(score_brier_skill(chance[:, point], happened[:, point])) for point in range(5)]
    np.testing.assert_allclose(score_brier_skill(chance, happened, axis=0), each, rtol=1e-12)


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
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\], got 1\.5"):
        score_brier([0.5, 1.5], [True, True])
    with pytest.raises(ValueError, match="happened must hold True or False, got int64"):
        count_reliability([0.5], np.array([1]))
    with pytest.raises(ValueError, match=r"probability \(2,\), happened \(3,\)"):
        score_brier([0.5, 0.5], np.ones(3, bool))
    with pytest.raises(ValueError, match="n_bins must be at least 1, got 0"):
        count_reliability([0.5], [True], n_bins=0)
    with pytest.raises(ValueError, match="must have the same bins"):
        count_reliability([0.5], [True]) + count_reliability([0.5], [True], n_bins=3)
    with pytest.raises(ValueError, match="of one length"):
        estimate_interval(np.mean, np.ones(3), np.ones(4), seed=1)
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got 1\.0"):
        estimate_interval(np.mean, np.ones(3), seed=1, level=1.0)
    with pytest.raises(TypeError):
        count_reliability([0.5], [True]) + 1  # type: ignore[operator]
    assert isinstance(count_reliability([], np.zeros(0, bool)), Reliability)
