from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.verification.fss import score_fss


def shower(seed: int, shape: tuple[int, int] = (20, 17)) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, 2.0, shape)


@pytest.mark.parametrize("engine", ["numba", "numpy", "python"])
def test_displaced_cell_scores_as_published(engine: str) -> None:
    fell, forecast = np.zeros((2, 41, 41))
    fell[20, 20] = forecast[20, 22] = 3.0
    scores = score_fss(forecast, fell, threshold=1.0, windows=(1, 3, 5, 9, 21), engine=engine)
    np.testing.assert_allclose(scores, [0.0, 1 / 3, 0.6, 7 / 9, 19 / 21], rtol=0, atol=0)


@given(seed=st.integers(0, 1000), window=st.integers(1, 25), threshold=st.floats(0.1, 4.0))
def test_score_is_that_of_filtered_shares(seed: int, window: int, threshold: float) -> None:
    forecast, fell = shower(seed), shower(seed + 1)
    shares = [
        uniform_filter((field >= threshold).astype(float), window, mode="constant", cval=0.0)
        for field in (forecast, fell)
    ]
    both = sum((share**2).sum() for share in shares)
    (found,) = score_fss(forecast, fell, threshold=threshold, windows=[window])
    if both == 0.0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(1.0 - ((shares[0] - shares[1]) ** 2).sum() / both, abs=1e-10)


@given(seed=st.integers(0, 1000), window=st.integers(1, 12))
def test_score_is_symmetric_bounded_and_one_for_itself(seed: int, window: int) -> None:
    forecast, fell = shower(seed), shower(seed + 1)
    (there,) = score_fss(forecast, fell, threshold=0.5, windows=[window])
    (back,) = score_fss(fell, forecast, threshold=0.5, windows=[window])
    (itself,) = score_fss(fell, fell, threshold=0.5, windows=[window])
    assert there == back and 0.0 <= there <= 1.0 and itself == 1.0


def test_cells_that_do_not_count_change_nothing() -> None:
    forecast, fell = shower(1), shower(2)
    valid = np.random.default_rng(3).random(fell.shape) > 0.3
    first = score_fss(np.where(valid, forecast, np.nan), fell, threshold=1.0, windows=[1, 4], valid=valid)
    second = score_fss(np.where(valid, forecast, 99.0), fell, threshold=1.0, windows=[1, 4], valid=valid)
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"windows": [0]}, "windows must be whole numbers of at least 1 cell, got 0"),
        ({"windows": [1], "valid": np.ones(3)}, "valid"),
    ],
)
def test_wrong_arguments_are_named(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        score_fss(shower(1), shower(2), threshold=1.0, **given)
    with pytest.raises(ValueError, match="one \\(y, x\\) shape"):
        score_fss(shower(1), shower(2)[1:], threshold=1.0, windows=[1])


@pytest.mark.parametrize("shape", [(20, 17), (1, 9), (0, 5)])
def test_scores_of_cupys_fields_have_the_bits_of_the_host(cupy: Any, shape: tuple[int, int]) -> None:
    forecast, fell = shower(1, shape), shower(2, shape)
    forecast[:, 3] = np.nan
    valid = np.random.default_rng(3).random(shape) > 0.3
    for counts in (None, valid):
        settings: dict = {"threshold": 1.0, "windows": (1, 2, 5, 40)}
        expected = score_fss(forecast, fell, valid=counts, **settings)
        mask = None if counts is None else cupy.asarray(counts)
        found = score_fss(cupy.asarray(forecast), cupy.asarray(fell), valid=mask, **settings)
        assert isinstance(found, cupy.ndarray)
        np.testing.assert_array_equal(found.get(), expected, strict=True)
    whole_numbers = [cupy.asarray(np.ones(shape, np.int16))] * 2
    np.testing.assert_array_equal(
        score_fss(*whole_numbers, threshold=1, windows=[3]).get(), [1.0 if 0 not in shape else np.nan]
    )


def test_fields_in_two_memories_are_refused_by_both_names(cupy: Any) -> None:
    forecast, fell = shower(1), shower(2)
    for arrays, said in (
        ({"forecast": cupy.asarray(forecast), "observed": fell}, "got forecast on a GPU and observed on the host"),
        ({"forecast": cupy.asarray(forecast), "observed": cupy.asarray(fell), "valid": fell > 1.0},
         "got forecast on a GPU and valid on the host"),
    ):  # fmt: skip
        with pytest.raises(EngineError, match=said):
            score_fss(**arrays, threshold=1.0, windows=[1])
