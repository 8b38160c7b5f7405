r"""Storms of known motion: rain cells of Gaussian shape that move straight on, grow and fade.

.. math:: r(x, y, t) = \sum_i p_i \, \sin^2\!\left(\pi \frac{t - s_i}{d_i}\right)
          \exp\!\left(-\frac{|(x, y) - (x_i, y_i) - (t - s_i)\,\mathbf v_i|^2}{2 R_i^2}\right)

over the cells :math:`i` with :math:`s_i < t < s_i + d_i`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...hydro.layers import StormLayer

__all__ = ["compute_rain_rate", "compute_storm_volumes", "make_storms"]

Floats = npt.NDArray[np.float64]

START_S = 1_694_080_800  # 2023-09-07 10:00 UTC, 18:00 in Shenzhen
_PERIOD_S = 6 * 3600.0  # within which cells begin
_LONGEST_S = 3 * 3600.0


def make_storms(
    seed: int,
    box: tuple[float, float, float, float],
    *,
    crs: str = "EPSG:4547",
    start: int = START_S,
    n_cells: int | None = None,
) -> StormLayer:
    """Make the rain cells of one event; all drift with one wind, each somewhat off it.

    Parameters
    ----------
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    box
        West, south, east and north edge [m]: each cell is above some place in it when it rains most.
    crs
        The CRS of the box.
    start
        When the first may begin [s since 1970-01-01 00:00 UTC].
    n_cells
        6 and one more for each 100 km2 when left out.

    Returns
    -------
    StormLayer
        Sorted by their start; standard deviations 1.5 to 4 km, peaks 30 to 110 mm h-1, speeds 3 to 8 m s-1.

    Raises
    ------
    InputError
        If ``n_cells`` is below 1.

    References
    ----------
    .. [1] Willems (2001), doi:10.1016/S0022-1694(01)00446-2 (rain cells of Gaussian shape over a city).

    Examples
    --------
    >>> storms = make_storms(1, (0.0, 0.0, 2000.0, 2000.0))
    >>> len(storms.start), bool((storms.start >= 1_694_080_800).all())
    (6, True)
    """
    west, south, east, north = box
    if n_cells is None:
        n_cells = 6 + int((east - west) * (north - south) / 1e8)
    if n_cells < 1:
        raise InputError(f"n_cells must be at least 1, got {n_cells}")
    wind = np.random.Generator(np.random.Philox(key=np.array([seed, 500], dtype=np.uint64))).random()
    cells = np.random.Generator(np.random.Philox(key=np.array([seed, 501], dtype=np.uint64))).random((n_cells, 7))
    begin, at_x, at_y, turn, pace, breadth, rain = cells.T
    heading = 2.0 * np.pi * wind + 0.4 * (turn - 0.5)
    speed = 3.0 + 5.0 * pace
    speed_x, speed_y = np.round(speed * np.cos(heading), 2), np.round(speed * np.sin(heading), 2)
    radius = np.round(1500.0 + 2500.0 * breadth, 0)
    crossing = (min(east - west, north - south) + 4.0 * radius) / speed
    duration = np.round(np.clip(crossing, 1800.0, _LONGEST_S), 0)
    order = np.argsort(begin, kind="stable")
    return StormLayer(
        crs,
        (start + np.round(begin * _PERIOD_S).astype(np.int64))[order],
        duration[order],
        np.round(west + at_x * (east - west) - 0.5 * duration * speed_x, 1)[order],
        np.round(south + at_y * (north - south) - 0.5 * duration * speed_y, 1)[order],
        speed_x[order],
        speed_y[order],
        radius[order],
        np.round(30.0 + 80.0 * rain**2, 1)[order],
    )


def compute_rain_rate(storms: StormLayer, time_s: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """Compute the rain of all cells at times and places.

    Parameters
    ----------
    storms
        From :func:`make_storms` or a city.
    time_s
        [s] since 1970-01-01 00:00 UTC.
    x, y
        [m] in the CRS of the storms; the three broadcast together.

    Returns
    -------
    array of float
        [mm h-1], to 1e-6.

    Examples
    --------
    In the middle of a cell, halfway through, it rains as much as it ever does:

    >>> one = np.ones(1)
    >>> start, no = np.array([0]), 0 * one
    >>> storm = StormLayer("EPSG:4547", start, 3600 * one, no, no, 5 * one, no, 2e3 * one, 60 * one)
    >>> float(compute_rain_rate(storm, 1800.0, 9000.0, 0.0))
    60.0
    """
    time, x, y = (np.asarray(values, dtype=np.float64) for values in (time_s, x, y))
    rain = np.zeros(np.broadcast_shapes(time.shape, x.shape, y.shape))
    for cell in range(len(storms.start)):
        age = time - float(storms.start[cell])
        alive = (age > 0.0) & (age < storms.duration_s[cell])
        if not alive.any():
            continue
        growth = np.where(alive, np.sin(np.pi * age / storms.duration_s[cell]) ** 2, 0.0)
        off_x = x - storms.x[cell] - age * storms.speed_x_m_s[cell]
        off_y = y - storms.y[cell] - age * storms.speed_y_m_s[cell]
        near = np.exp(-(off_x**2 + off_y**2) / (2.0 * storms.radius_m[cell] ** 2))
        rain += storms.peak_mm_h[cell] * growth * near
    return np.asarray(np.round(rain, 6))


def compute_storm_volumes(storms: StormLayer) -> Floats:
    r"""Compute the water that each cell brings, wherever it falls.

    .. math:: V_i = \pi R_i^2 \, p_i \, d_i

    since the Gaussian integrates to :math:`2 \pi R^2` over the plane and :math:`\sin^2` to one half over its time.

    Returns
    -------
    (cell,) array of float
        [m3].

    Examples
    --------
    >>> one = np.ones(1)
    >>> start, no = np.array([0]), 0 * one
    >>> storm = StormLayer("EPSG:4547", start, 3600 * one, no, no, 5 * one, no, 2e3 * one, 60 * one)
    >>> compute_storm_volumes(storm).round().tolist()
    [753982.0]
    """
    return np.asarray(np.pi * storms.radius_m**2 * storms.duration_s * storms.peak_mm_h / 3.6e6)
