from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.rain.advection import extrapolate_rain

ENGINES = ["numba", "numpy", "python"]


def uniform(shape: tuple[int, int], x: float, y: float, dtype: str = "f8") -> np.ndarray:
    return np.stack([np.full(shape, x, dtype), np.full(shape, y, dtype)])


def made(shape: tuple[int, int], dtype: str = "f8") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.gamma(0.5, 4.0, shape).astype(dtype), rng.normal(0.0, 2.0, (2, *shape)).astype(dtype)


def carried_by_scipy(rain: np.ndarray, motion: np.ndarray, n_steps: int) -> np.ndarray:
    """The scheme in whole arrays: midpoint rule with one inner iteration, as its reference implementation has it."""
    here = np.mgrid[: rain.shape[0], : rain.shape[1]][::-1].astype("f8")
    shift, push, frames = np.zeros(motion.shape), motion.astype("f8"), []

    def look_up(field: np.ndarray, at: np.ndarray, **how: Any) -> np.ndarray:
        return np.asarray(map_coordinates(field.astype("f8"), (here + at)[::-1], order=1, prefilter=False, **how))

    for _ in range(n_steps):
        at = shift - push / 2.0
        shift = shift - np.stack([look_up(part, at, mode="nearest") for part in motion])
        push = np.stack([look_up(part, shift, mode="nearest") for part in motion])
        frames.append(look_up(rain, shift, mode="constant", cval=np.nan))
    return np.stack(frames)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15)
@given(x=st.integers(-4, 4), y=st.integers(-4, 4), dtype=st.sampled_from(["f4", "f8"]))
def test_whole_cells_are_moved_exactly(engine: str, x: int, y: int, dtype: str) -> None:
    rain, _ = made((11, 9), dtype)
    rain[5, 4] = np.nan
    after = extrapolate_rain(rain, uniform(rain.shape, x, y), n_steps=2, engine=engine)
    for step in (1, 2):
        rows, columns = np.arange(11) - step * y, np.arange(9) - step * x
        inside = ((rows >= 0) & (rows < 11))[:, None] & ((columns >= 0) & (columns < 9))
        expected = np.where(inside, np.roll(rain, (step * y, step * x), (0, 1)), np.nan)
        np.testing.assert_array_equal(after[step - 1], expected.astype(dtype))


@pytest.mark.parametrize(("dtype", "mean_error"), [("f8", 1e-12), ("f4", 1e-5)])
def test_rough_motion_gives_what_the_scheme_in_whole_arrays_gives(dtype: str, mean_error: float) -> None:
    rain, motion = made((60, 80), dtype)
    motion = gaussian_filter(motion, (0, 5, 5)) * motion.dtype.type(15.0)  # rough, yet paths do not part at random
    after, expected = extrapolate_rain(rain, motion, n_steps=6), carried_by_scipy(rain, motion, 6)
    seen = ~np.isnan(expected)
    assert 0.3 < seen.mean() < 1.0
    assert np.abs(motion).max() > 1.0
    assert (np.isnan(after) != ~seen).mean() < (0.001 if dtype == "f4" else 1e-9)
    assert np.nanmean(np.abs(after - expected)) < mean_error


def test_turning_field_returns_to_where_it_was() -> None:
    y, x = np.mgrid[-40:41, -40:41].astype("f8")
    rain = np.exp(-((x - 15.0) ** 2 + y**2) / 50.0)
    motion = np.stack([-y, x]) * (2.0 * np.pi / 120.0)
    after = extrapolate_rain(rain, motion, n_steps=120, outside=0.0)
    np.testing.assert_allclose(after[29], np.exp(-((y - 15.0) ** 2 + x**2) / 50.0), atol=0.02)  # a quarter turn
    np.testing.assert_allclose(after[-1], rain, atol=0.02)


def test_rain_is_never_negative_nor_beyond_what_there_was() -> None:
    rain, motion = made((30, 30), "f4")
    after = extrapolate_rain(rain, motion, n_steps=5, outside=0.0)
    assert after.min() >= 0.0
    assert after.max() <= rain.max() * (1 + 1e-6)


def test_missing_rain_spreads_to_no_more_than_the_next_cell() -> None:
    rain = np.zeros((5, 9))
    rain[2, 3] = np.nan
    after = extrapolate_rain(rain, uniform(rain.shape, 0.5, 0.0), n_steps=1, outside=0.0)
    np.testing.assert_array_equal(np.argwhere(np.isnan(after[0])), [[2, 3], [2, 4]])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_engines_and_threads_give_the_same_bits(dtype: str) -> None:
    rain, motion = made((9, 12), dtype)
    alone = extrapolate_rain(rain, motion, n_steps=3)
    assert alone.dtype == np.dtype(dtype)
    for engine in ("python", "numpy"):
        np.testing.assert_array_equal(extrapolate_rain(rain, motion, n_steps=3, engine=engine), alone)
    np.testing.assert_array_equal(extrapolate_rain(rain, motion, n_steps=3, threads=2), alone)


def test_observed_frames_are_carried_as_the_scheme_says(data: Path) -> None:
    from PIL import Image

    path = sorted((data / "hydro/radar_mch_20150515").glob("*.gif"))[11]
    with Image.open(path) as image:
        index = np.array(image)[::-1].astype("f8")
    rate = np.where((index >= 2) & (index <= 250), (10 ** ((index - 71.5) / 20) / 316) ** (1 / 1.5) * 12, 0.0)
    rain = np.where(index == 255, np.nan, rate).astype("f4")
    motion = uniform(rain.shape, -2.6013, -0.7201, "f4")
    motion *= 1 + 0.2 * np.sin(np.arange(rain.shape[1], dtype="f4") / 50)
    after, expected = extrapolate_rain(rain, motion, n_steps=3), carried_by_scipy(rain, motion, 3)
    assert (np.isnan(after) != np.isnan(expected)).mean() < 1e-3
    assert np.nanmean(np.abs(after - expected)) < 1e-5
    assert np.nanmax(expected) > 10.0


@pytest.mark.parametrize(
    ("rain", "motion", "n_steps", "message"),
    [
        (np.zeros(3), np.zeros((2, 3)), 1, r"rain must be \(y, x\) floats, got float64 of shape \(3,\)"),
        (np.zeros((3, 3), int), np.zeros((2, 3, 3)), 1, "rain must be"),
        (np.zeros((0, 3)), np.zeros((2, 0, 3)), 1, "rain must be"),
        (np.zeros((3, 4)), np.zeros((2, 4, 3)), 1, r"motion must be floats of shape \(2, 3, 4\)"),
        (np.zeros((3, 3)), np.zeros((2, 3, 3)), 0, "n_steps must be at least 1, got 0"),
        (np.zeros((3, 3)), np.full((2, 3, 3), np.nan), 1, "motion must be finite"),
        (np.zeros((3, 3)), np.full((2, 3, 3), 1e9), 1, "motion must be finite"),
    ],
)
def test_fields_that_cannot_be_carried_are_refused(rain: Any, motion: Any, n_steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extrapolate_rain(rain, motion, n_steps=n_steps)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 12)])
def test_rain_of_cupy_stays_there_and_is_that_of_the_host(cupy: Any, dtype: str, shape: tuple[int, int]) -> None:
    rain, motion = made(shape, dtype)
    rain[0, 0] = np.nan
    there = extrapolate_rain(cupy.asarray(rain), cupy.asarray(motion.astype("f8")), n_steps=3, outside=-1.0)
    assert isinstance(there, cupy.ndarray) and there.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(there.get(), extrapolate_rain(rain, motion, n_steps=3, outside=-1.0))


def test_rain_and_motion_of_two_memories_are_refused(cupy: Any) -> None:
    rain, motion = made((9, 12))
    with pytest.raises(
        EngineError, match=r"got rain on a GPU and motion on the host: hand over cupy.asarray\(motion\)"
    ):
        extrapolate_rain(cupy.asarray(rain), motion, n_steps=1)
    with pytest.raises(EngineError, match="got motion on a GPU and rain on the host"):
        extrapolate_rain(rain, cupy.asarray(motion), n_steps=1)


def test_motion_of_a_gpu_must_be_finite_too(cupy: Any) -> None:
    with pytest.raises(ValueError, match="motion must be finite"):
        extrapolate_rain(cupy.zeros((3, 3)), cupy.full((2, 3, 3), np.nan), n_steps=1)
