from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.verification.contingency import Contingency, count_outcomes

FIELDS = ("hits", "false_alarms", "misses", "correct_rejections")


def draw(seed: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.random(shape) < 0.4, random.random(shape) < 0.3, random.random(shape) < 0.8


def same(first: Contingency, second: Contingency) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in FIELDS)


def test_finleys_tornado_forecasts_score_as_published() -> None:
    """Wilks (2019), table 9.1 and example 9.1; Murphy (1996) for the history."""
    warned = np.repeat([True, True, False, False], [28, 72, 23, 2680])
    happened = np.repeat([True, False, True, False], [28, 72, 23, 2680])
    table = count_outcomes(warned, happened)
    assert [int(getattr(table, name)) for name in FIELDS] == [28, 72, 23, 2680]
    scores = [table.pod, table.far, table.csi, table.bias, table.pofd]
    np.testing.assert_allclose(scores, [0.549, 0.720, 0.228, 1.961, 0.0262], atol=5e-4)


@given(seed=st.integers(0, 1000), cases=st.integers(0, 40))
def test_table_is_that_of_one_by_one_counting(seed: int, cases: int) -> None:
    warned, happened, valid = draw(seed, (cases,))
    expected = dict.fromkeys(FIELDS, 0)
    for said, came, counts in zip(warned, happened, valid, strict=True):
        if counts:
            expected[FIELDS[2 * (not said) + (not came)]] += 1
    table = count_outcomes(warned, happened, valid=valid)
    assert {name: int(getattr(table, name)) for name in FIELDS} == expected
    assert int(table.cases) == valid.sum()


@given(seed=st.integers(0, 1000), cut=st.integers(0, 12))
def test_tables_of_pieces_add_to_that_of_the_whole(seed: int, cut: int) -> None:
    warned, happened, valid = draw(seed, (12, 5))
    pieces = [
        count_outcomes(warned[part], happened[part], valid=valid[part], axis=0)
        for part in (slice(None, cut), slice(cut, None))
    ]
    assert same(pieces[0] + pieces[1], count_outcomes(warned, happened, valid=valid, axis=0))


@given(seed=st.integers(0, 1000))
def test_scores_hang_together(seed: int) -> None:
    """1 / CSI = 1 / POD + 1 / (1 - FAR) - 1, bias = POD / (1 - FAR): Roebber (2009), doi:10.1175/2008WAF2222159.1."""
    warned, happened, valid = draw(seed, (200,))
    table = count_outcomes(warned, happened, valid=valid)
    success = 1.0 - table.far
    assert 1.0 / table.csi == pytest.approx(1.0 / table.pod + 1.0 / success - 1.0, rel=1e-12)
    assert table.bias == pytest.approx(table.pod / success, rel=1e-12)


def test_dims_that_stay_have_a_table_each_and_thresholds_broadcast() -> None:
    warned, happened, _ = draw(3, (7, 4))
    table = count_outcomes(warned[..., None], happened[..., None] & np.array([True, False]), axis=(0, 1))
    assert table.pod.shape == (2,)
    assert table.hits[0] == (warned & happened).sum() and table.hits[1] == 0 and np.isnan(table.pod[1])


def test_nothing_to_divide_by_is_not_a_number() -> None:
    nothing = count_outcomes(np.zeros(5, bool), np.zeros(5, bool))
    assert all(np.isnan(score) for score in (nothing.pod, nothing.far, nothing.csi, nothing.bias))
    assert nothing.pofd == 0.0


def test_wrong_arguments_are_named() -> None:
    truth = np.ones(3, bool)
    with pytest.raises(ValueError, match=r"warned must hold True or False, got float64"):
        count_outcomes([0.2, 0.9, 1.0], truth)
    with pytest.raises(ValueError, match=r"warned \(3,\), happened \(2,\)"):
        count_outcomes(truth, truth[:2])
    with pytest.raises(ValueError, match="misses must be whole numbers >= 0"):
        Contingency(1, 2, -1, 3)
    with pytest.raises(TypeError):
        Contingency(1, 2, 1, 3) + 1


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("shape", [(12, 5), (0, 5)])
def test_tables_of_cupys_arrays_are_those_of_the_host(cupy: Any, shape: tuple[int, int], axis: Any) -> None:
    warned, happened, valid = draw(5, shape)
    for counts in (None, valid):
        mask = None if counts is None else cupy.asarray(counts)
        found = count_outcomes(cupy.asarray(warned), cupy.asarray(happened), valid=mask, axis=axis)
        expected = count_outcomes(warned, happened, valid=counts, axis=axis)
        for name in (*FIELDS, "cases", "pod", "far", "pofd", "csi", "bias"):
            of_cupy = getattr(found, name)
            assert isinstance(of_cupy, cupy.ndarray), name
            np.testing.assert_array_equal(of_cupy.get(), getattr(expected, name), strict=True)
        both = found + found
        assert int(both.cases.sum()) == 2 * int(found.cases.sum())


def test_warnings_in_two_memories_are_refused_by_both_names(cupy: Any) -> None:
    warned, happened, valid = draw(5, (12,))
    with pytest.raises(EngineError, match="got warned on a GPU and happened on the host: hand over cupy"):
        count_outcomes(cupy.asarray(warned), happened)
    with pytest.raises(EngineError, match="got valid on a GPU and warned on the host: hand over cupy"):
        count_outcomes(warned, happened, valid=cupy.asarray(valid))
    with pytest.raises(ValueError, match="warned must hold True or False, got float64"):
        count_outcomes(cupy.asarray([0.5]), cupy.asarray([True]))
