from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

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
