from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.verification.crps import score_crps

ENGINES = ["numpy", "numba", "python"]


@pytest.mark.parametrize("engine", ENGINES)
def test_four_members_score_as_published(engine: str) -> None:
    members = np.array([[3.0], [1.0], [4.0], [2.0]])
    assert score_crps(members, [2.5], engine=engine)[0] == pytest.approx(0.375, abs=1e-15)
    assert score_crps(members, [2.5], fair=True, engine=engine)[0] == pytest.approx(1 / 6, abs=1e-15)


@pytest.mark.parametrize(("observed", "expected"), [(0.0, 0.2336949773), (1.0, 0.6024413576)])
def test_many_members_of_a_normal_score_as_the_normal(observed: float, expected: float) -> None:
    from scipy.stats import norm

    members = norm.ppf((np.arange(4001) + 0.5) / 4001)[:, None]
    assert score_crps(members, [observed], engine="numpy")[0] == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("engine", ENGINES)
@given(seed=st.integers(0, 1000), n=st.integers(1, 9), cells=st.integers(1, 7))
def test_score_is_its_double_sum(engine: str, seed: int, n: int, cells: int) -> None:
    random = np.random.default_rng(seed)
    members, fell = random.gamma(0.5, 3.0, (n, cells)), random.gamma(0.5, 3.0, cells)
    apart = np.abs(members[:, None] - members[None]).sum(axis=(0, 1))
    expected = np.abs(members - fell).mean(axis=0) - apart / (2 * n * n)
    np.testing.assert_allclose(score_crps(members, fell, engine=engine), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "rtol"), [("f4", 2e-5), ("f8", 1e-12)])
@pytest.mark.parametrize(("n", "fair"), [(4, True), (20, False), (23, True)])
def test_pairs_and_sorted_members_score_alike(dtype: str, rtol: float, n: int, fair: bool) -> None:
    """More cells than are worked on together, and a rest."""
    random = np.random.default_rng(n)
    members, fell = random.gamma(0.5, 3.0, (n, 300)).astype(dtype), random.gamma(0.5, 3.0, 300).astype(dtype)
    expected = score_crps(members.astype("f8"), fell.astype("f8"), fair=fair, engine="numpy")
    np.testing.assert_allclose(score_crps(members, fell, fair=fair), expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_is_missing_takes_its_own_cell_along(engine: str) -> None:
    random = np.random.default_rng(5)
    members, fell = random.random((9, 150)), random.random(150)
    whole = score_crps(members, fell, engine=engine)
    members[[0, 4, 8], [3, 70, 149]] = fell[20] = np.nan
    found = score_crps(members, fell, engine=engine)
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 20, 70, 149]
    assert np.array_equal(found[np.isfinite(found)], whole[np.isfinite(found)])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_shape_dtype_threads_and_order_of_members(dtype: str) -> None:
    random = np.random.default_rng(1)
    members, fell = random.random((20, 30, 41)).astype(dtype), random.random((30, 41)).astype(dtype)
    found = score_crps(members, fell)
    assert found.shape == (30, 41) and found.dtype == dtype
    assert np.array_equal(found, score_crps(members, fell, threads=3))
    np.testing.assert_allclose(found, score_crps(members[::-1], fell), rtol=1e-5 if dtype == "f4" else 1e-13)


def test_one_member_scores_its_distance_and_what_is_missing_stays_so() -> None:
    found = score_crps([[1.0, np.nan, 2.0]], [3.0, 1.0, np.nan])
    assert found[0] == 2.0 and np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("members", "observed", "fair", "said"),
    [(np.ones((0, 2)), np.ones(2), False, "ensemble must be"), (np.ones((2, 3)), np.ones(2), False, "ensemble must be"),
     (np.ones((1, 2)), np.ones(2), True, "at least 2 members, got 1")],
)  # fmt: skip
def test_wrong_arguments_are_named(members: np.ndarray, observed: np.ndarray, fair: bool, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        score_crps(members, observed, fair=fair)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("fair", [False, True])
def test_score_in_cupys_memory_is_that_of_sorted_members(cupy: Any, dtype: str, fair: bool) -> None:
    random = np.random.default_rng(6)
    members, fell = random.gamma(0.5, 30.0, (9, 6, 7)).astype(dtype), random.gamma(0.5, 30.0, (6, 7)).astype(dtype)
    if dtype != "i8":
        members[2, 3, 4] = fell[5, 6] = np.nan
    for truth in (fell, fell[0], 3.0):
        moved = cupy.asarray(truth) if isinstance(truth, np.ndarray) else truth
        found = score_crps(cupy.asarray(members), moved, fair=fair)
        expected = score_crps(members, truth, fair=fair, engine="numpy")
        assert isinstance(found, cupy.ndarray) and found.dtype == expected.dtype
        np.testing.assert_array_equal(found.get(), expected)
    assert score_crps(cupy.zeros((3, 0)), cupy.zeros(0)).shape == (0,)


def test_ensemble_and_truth_in_two_memories_are_refused_by_both_names(cupy: Any) -> None:
    members, fell = np.ones((3, 2)), np.ones(2)
    with pytest.raises(EngineError, match="one memory, got ensemble on a GPU and observed on the host: hand over"):
        score_crps(cupy.asarray(members), fell)
    with pytest.raises(EngineError, match="one memory, got observed on a GPU and ensemble on the host: hand over"):
        score_crps(members, cupy.asarray(fell))
    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here; usable: cupy"):
        score_crps(cupy.asarray(members), cupy.asarray(fell), engine="numba")
