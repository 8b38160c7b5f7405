r"""A field as a sum of scales, each with a memory of its own: the cascade of STEPS, kept in wavenumbers.

Level :math:`l` holds what a Gaussian window over the logarithm of the wavenumber lets through. Scales forget at their
own pace: each level follows

.. math:: X_t = \varphi_1 X_{t-1} + \varphi_2 X_{t-2} + \varphi_0 \varepsilon_t .

All of this is linear, so levels never leave the wavenumbers: one transform brings their sum back.

References
----------
.. [1] Seed (2003), doi:10.1175/1520-0450(2003)042<0381:ADASSA>2.0.CO;2
.. [2] Bowler, Pierce & Seed (2006), doi:10.1256/qj.04.100
.. [3] Pulkkinen et al. (2019), doi:10.5194/gmd-12-4185-2019 (the windows and the bounds of the correlations)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module

__all__ = ["correlate_levels", "fit_memory", "make_windows"]

Floats = npt.NDArray[np.float64]
MOST = 0.9999  # correlation: at 1 a level would never change


def make_windows(shape: tuple[int, int], n_levels: int = 6) -> Floats:
    """Make the windows of levels over the wavenumbers of a real transform.

    Parameters
    ----------
    shape
        Rows and columns of the field.
    n_levels
        From the largest scale to single cells, 2 or more.

    Returns
    -------
    (level, y, x // 2 + 1) array
        From 0 to 1; they sum to 1 at every wavenumber. The mean belongs to the first level.

    Raises
    ------
    ValueError
        If there are less than 2 levels.

    Examples
    --------
    >>> windows = make_windows((32, 48), 4)
    >>> windows.shape, bool(np.allclose(windows.sum(axis=0), 1.0)), float(windows[0, 0, 0])
    ((4, 32, 25), True, 1.0)
    """
    if n_levels < 2:
        raise ValueError(f"n_levels must be at least 2, got {n_levels}")
    longest = max(shape)
    along = np.fft.rfftfreq(shape[1])[None, :] * longest
    up = np.fft.fftfreq(shape[0])[:, None] * longest
    wavenumber = np.hypot(up, along)
    ratio = max(0.5 * longest, 2.0) ** (1.0 / (n_levels - 1))  # from one level's centre to the next
    place = np.log(np.maximum(wavenumber, 1.0)) / np.log(ratio)
    windows = np.exp(-0.5 * ((place[None] - np.arange(n_levels)[:, None, None]) / 0.5) ** 2)
    windows[:, wavenumber == 0.0] = 0.0
    windows[0, wavenumber == 0.0] = 1.0
    return np.asarray(windows / windows.sum(axis=0))


def correlate_levels(first: Any, second: Any, windows: Any, n_x: int) -> tuple[Any, Any]:
    """Correlate two fields level by level, from their transforms.

    Parameters
    ----------
    first, second : (y, x // 2 + 1) array of complex
        Real transforms, of NumPy or CuPy.
    windows : (level, y, x // 2 + 1) array
        From :func:`make_windows`, in the same memory.
    n_x
        Columns of the fields.

    Returns
    -------
    correlation : (level,) array
        0 where a level of either is flat; in the memory of the transforms.
    deviation : (level,) array
        Standard deviation of each level of the first.

    Examples
    --------
    >>> from scipy import fft
    >>> field = np.random.Generator(np.random.Philox(1)).normal(size=(32, 48))
    >>> spectrum = fft.rfft2(field)
    >>> correlation, deviation = correlate_levels(spectrum, spectrum, make_windows((32, 48), 3), 48)
    >>> correlation.round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    xp = array_module(first, second, windows)
    twice = xp.full(first.shape[1], 2.0)  # a real transform leaves out the mirrored half
    twice[0] = 1.0
    if n_x % 2 == 0:
        twice[-1] = 1.0
    weight = windows**2 * twice
    weight[:, 0, 0] = 0.0
    cells = float(first.shape[0] * n_x)
    together = xp.einsum("lyx,yx->l", weight, (first * second.conj()).real)
    one, other = (xp.einsum("lyx,yx->l", weight, xp.abs(field) ** 2) for field in (first, second))
    scale = xp.sqrt(one * other)
    correlation = xp.where(scale > 0.0, together / xp.where(scale > 0.0, scale, 1.0), 0.0)
    return correlation, xp.sqrt(one) / cells


def fit_memory(lag1: npt.ArrayLike, lag2: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    r"""Fit an autoregression of second order to correlations one and two steps apart.

    Parameters
    ----------
    lag1, lag2 : (level,) array
        Correlations; they are first brought to where a stationary process can have them.

    Returns
    -------
    phi1, phi2, phi0 : (level,) array
        Weights of the last step, the one before, and of noise of unit variance: the variance stays 1.

    Examples
    --------
    >>> phi1, phi2, phi0 = fit_memory([0.9], [0.81])
    >>> phi1.round(6).tolist(), phi2.round(6).tolist(), (phi0**2).round(6).tolist()
    ([0.9], [0.0], [0.19])
    """
    one = np.clip(np.asarray(lag1, dtype=np.float64), 0.0, MOST)
    two = np.clip(np.asarray(lag2, dtype=np.float64), -MOST, MOST)
    square = one**2
    two = np.maximum(two, 2.0 * square - 1.0 + 1e-9)
    # so that the process does not swing: the roots of its characteristic equation stay real
    bound = 3.0 * square - 2.0 + 2.0 * (1.0 - square) ** 1.5
    real = np.divide(bound, square, out=0.75 * square, where=square > 1e-4)  # or its limit
    two = np.maximum(two, real)
    phi1 = one * (1.0 - two) / (1.0 - square)
    phi2 = (two - square) / (1.0 - square)
    phi0 = np.sqrt(np.maximum(1.0 - phi1 * one - phi2 * two, 0.0))
    return phi1, phi2, phi0
