"""The cascade: windows sum to one, levels add up to the field, and each remembers as it was fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft

from citytide.kernels.hydro.rain.scales import correlate_levels, fit_memory, make_windows


@given(st.integers(8, 60), st.integers(8, 60), st.integers(2, 7))
def test_levels_add_up_to_the_field(n_y: int, n_x: int, n_levels: int) -> None:
    field = np.random.Generator(np.random.Philox(n_y * 100 + n_x)).normal(size=(n_y, n_x))
    windows = make_windows((n_y, n_x), n_levels)
    assert (windows >= 0.0).all()
    np.testing.assert_allclose(windows.sum(axis=0), 1.0, atol=1e-12)
    levels = [fft.irfft2(window * fft.rfft2(field), s=field.shape) for window in windows]
    np.testing.assert_allclose(sum(levels), field, atol=1e-10)


def test_a_wave_stands_in_the_level_of_its_length() -> None:
    x = np.arange(128)
    windows = make_windows((128, 128), 6)
    strongest = []
    for waves in (1, 8, 60):
        spectrum = fft.rfft2(np.broadcast_to(np.cos(2 * np.pi * waves * x / 128), (128, 128)))
        strongest.append(int(correlate_levels(spectrum, spectrum, windows, 128)[1].argmax()))
    assert strongest == [0, 2, 5] or strongest == [0, 3, 5]


@pytest.mark.parametrize("n_x", [48, 49])
def test_deviation_and_correlation_are_those_of_the_cells(n_x: int) -> None:
    rng = np.random.Generator(np.random.Philox(4))
    first = rng.normal(size=(40, n_x))
    second = 0.6 * first + 0.8 * rng.normal(size=(40, n_x))
    windows = make_windows((40, n_x), 4)
    spectra = [fft.rfft2(field - field.mean()) for field in (first, second)]
    correlation, deviation = correlate_levels(*spectra, windows, n_x)
    for level, window in enumerate(windows):
        one, other = (fft.irfft2(window * spectrum, s=(40, n_x)) for spectrum in spectra)
        assert deviation[level] == pytest.approx(one.std(), rel=1e-9)
        assert correlation[level] == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1], abs=1e-9)


@given(st.floats(0.0, 0.9999), st.floats(-1.0, 1.0))
def test_memory_is_stationary_and_keeps_the_variance(lag1: float, lag2: float) -> None:
    phi1, phi2, phi0 = (float(part[0]) for part in fit_memory([lag1], [lag2]))
    assert np.abs(np.roots([1.0, -phi1, -phi2])).max() <= 1.0 + 1e-6
    # Yule and Walker: the correlations that these weights make
    one = phi1 / (1.0 - phi2)
    two = phi1 * one + phi2
    assert phi1 * one + phi2 * two + phi0**2 == pytest.approx(1.0, abs=1e-6)
    assert one == pytest.approx(min(lag1, 0.9999), abs=1e-6)


def test_memory_simulated_has_the_correlations_it_was_fitted_to() -> None:
    phi1, phi2, phi0 = (float(part[0]) for part in fit_memory([0.8], [0.7]))
    noise = np.random.Generator(np.random.Philox(6)).normal(size=200_000)
    series = np.zeros(noise.size)
    for at in range(2, noise.size):
        series[at] = phi1 * series[at - 1] + phi2 * series[at - 2] + phi0 * noise[at]
    series = series[1000:]
    assert series.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)
    assert np.corrcoef(series[2:], series[:-2])[0, 1] == pytest.approx(0.7, abs=0.015)


def test_one_level_is_no_cascade() -> None:
    with pytest.raises(ValueError, match="n_levels must be at least 2, got 1"):
        make_windows((8, 8), 1)


@pytest.mark.parametrize("lag1", [0.0, 1e-6, 1e-3, 0.3, 0.9])
@pytest.mark.parametrize("lag2", [-0.9, -0.3, 0.0, 0.5])
def test_memory_never_swings(lag1: float, lag2: float) -> None:
    phi1, phi2, _ = fit_memory([lag1], [lag2])
    assert phi1[0] ** 2 + 4.0 * phi2[0] >= -1e-9


def test_levels_are_correlated_on_cupy_as_on_the_host(cupy: Any) -> None:
    rng = np.random.Generator(np.random.Philox(4))
    spectra = [fft.rfft2(rng.normal(size=(40, 49)).astype(np.float32)) for _ in range(2)]
    windows = make_windows((40, 49), 4)
    there = correlate_levels(*map(cupy.asarray, (*spectra, windows)), 49)
    for found, expected in zip(there, correlate_levels(*spectra, windows, 49), strict=True):
        assert isinstance(found, cupy.ndarray)
        np.testing.assert_allclose(found.get(), expected, rtol=1e-6)


def test_level_that_is_flat_is_correlated_with_nothing() -> None:
    wave = fft.rfft2(np.broadcast_to(np.cos(2 * np.pi * np.arange(64) / 64), (64, 64)))
    only_long = np.where(np.abs(wave) > 1.0, wave, 0.0)
    windows = make_windows((64, 64), 5) * (np.arange(5) < 4)[:, None, None]  # the last lets nothing through
    correlation, deviation = correlate_levels(only_long, only_long, windows, 64)
    assert correlation[4] == deviation[4] == 0.0 and correlation[0] == pytest.approx(1.0)
