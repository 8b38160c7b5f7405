from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.verification.crps import score_crps
from citytide.kernels.hydro.verification.probability import (
    Reliability,
    count_reliability,
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
    with pytest.raises(TypeError):
        count_reliability([0.5], [True]) + 1  # type: ignore[operator]
    assert isinstance(count_reliability([], np.zeros(0, bool)), Reliability)


@pytest.mark.parametrize("shape", [(30, 5), (0, 5), ()])
@pytest.mark.parametrize("masked", [False, True])
def test_scores_of_cupys_arrays_have_the_bits_of_the_host(cupy: Any, shape: tuple, masked: bool) -> None:
    random = np.random.default_rng(11)
    chance, came, counts = random.random(shape), random.random(shape) < 0.4, random.random(shape) < 0.7
    axes = [None, *([0, (0, 1)] if shape else [])]
    kept = [one if masked else None for one in (counts, cupy.asarray(counts))]
    if masked:
        chance = np.where(counts, chance, np.nan)
    given = cupy.asarray(chance), cupy.asarray(came)
    for axis in axes:
        for score, settings in ((score_brier, {}), (score_brier_skill, {}), (score_brier_skill, {"climatology": 0.3})):
            found = score(*given, valid=kept[1], axis=axis, **settings)
            assert isinstance(found, cupy.ndarray)
            np.testing.assert_array_equal(
                found.get(), score(chance, came, valid=kept[0], axis=axis, **settings), strict=True
            )


@pytest.mark.parametrize(("cases", "n_bins"), [(200, 10), (200, 1), (0, 4)])
def test_reliability_of_cupys_arrays_is_that_of_the_host(cupy: Any, cases: int, n_bins: int) -> None:
    """Counts are the same; sums of probabilities may differ in the last digits."""
    chance, came = draw(12, cases)
    found = count_reliability(cupy.asarray(chance), cupy.asarray(came), n_bins=n_bins)
    expected = count_reliability(chance, came, n_bins=n_bins)
    for name in ("edges", "cases", "events"):
        np.testing.assert_array_equal(getattr(found, name).get(), getattr(expected, name), strict=True)
    np.testing.assert_allclose(found.promised.get(), expected.promised, rtol=1e-13)
    for name in ("reliability", "resolution", "uncertainty"):
        part = getattr(found, name)
        assert isinstance(part, float) and part == pytest.approx(getattr(expected, name), abs=1e-14, nan_ok=True)
    assert int((found + found).cases.sum()) == 2 * cases


def test_probabilities_in_two_memories_are_refused_by_both_names(cupy: Any) -> None:
    chance, came = draw(13, 6)
    given = cupy.asarray(chance), cupy.asarray(came)
    for call, said in (
        (lambda: score_brier(given[0], came), "got probability on a GPU and happened on the host"),
        (lambda: score_brier(*given, valid=came), "got probability on a GPU and valid on the host"),
        (lambda: score_brier_skill(*given, climatology=chance), "got probability on a GPU and climatology on the host"),
        (lambda: count_reliability(chance, given[1]), "got happened on a GPU and probability on the host"),
        (lambda: count_reliability(*given) + count_reliability(chance, came), "got edges on a GPU and other_edges on"),
    ):
        with pytest.raises(EngineError, match=said):
            call()
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\], got 1\.5"):
        score_brier(cupy.asarray([0.5, 1.5]), cupy.asarray([True, True]))
