r"""Fractions skill score: how near, at each scale, a forecast of rain comes to what fell.

.. math:: FSS(n) = 1 - \frac{\sum (F - O)^2}{\sum F^2 + \sum O^2} = \frac{2 \sum F O}{\sum F^2 + \sum O^2}

with :math:`F` and :math:`O` the shares of cells above a threshold in the window of n x n cells around each cell. Shares
are counts over :math:`n^2`, which cancels: the sums are of whole numbers and exact, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, Engine, Traversal, choose_engine, kernel

__all__ = ["score_fss"]


def sum_windows(forecast: Any, observed: Any, window: int) -> tuple[int, int, int]:
    """Sums over all cells of F O, F F and O O from two summed-area tables, each with a row and column of zeros."""
    n_y, n_x = forecast.shape[0] - 1, forecast.shape[1] - 1
    before, after = window // 2, window - window // 2
    both, first, second = 0, 0, 0
    for y in range(n_y):
        low, high = max(y - before, 0), min(y + after, n_y)
        for x in range(n_x):
            left, right = max(x - before, 0), min(x + after, n_x)
            f = forecast[high, right] - forecast[low, right] - forecast[high, left] + forecast[low, left]
            o = observed[high, right] - observed[low, right] - observed[high, left] + observed[low, left]
            both += f * o
            first += f * f
            second += o * o
    return both, first, second


def sum_windows_whole(forecast: Any, observed: Any, window: int) -> tuple[int, int, int]:
    """The same sums in whole arrays, of NumPy or CuPy."""
    xp = array_module(forecast)
    ends = []
    for n in forecast.shape:
        place = xp.arange(n - 1)
        ends.append((xp.maximum(place - window // 2, 0), xp.minimum(place + (window - window // 2), n - 1)))
    (low, high), (left, right) = ends
    strips = (table[high] - table[low] for table in (forecast, observed))
    first, second = (strip[:, right] - strip[:, left] for strip in strips)
    return int((first * second).sum()), int((first * first).sum()), int((second * second).sum())


SUMS = Traversal(sum_windows)
ENGINES: tuple[Engine, ...] = ("numba", "numpy", "python", "cupy")


@kernel(
    Contract(
        takes={
            "forecast": Array(("y", "x")),
            "observed": Array(("y", "x"), units_of="forecast"),
            "valid": Array(("y", "x"), dtype="bool"),
        },
        gives={"fss": Array(("window",), "1", long_name="fractions skill score")},
        engines=ENGINES,
    )
)
def score_fss(
    forecast: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    threshold: float,
    windows: Sequence[int],
    valid: npt.ArrayLike | None = None,
    engine: Engine | Literal["auto"] = "auto",
) -> npt.NDArray[np.float64]:
    """Compute the fractions skill score (FSS) of a forecast at many scales, from one pair of summed-area tables.

    Parameters
    ----------
    forecast, observed : (y, x) array of float
        In one unit; NaN counts as below the threshold.
    threshold
        A cell counts from here up.
    windows
        Sides of the windows in cells, from 1 up; what lies off the grid counts as below. An even window reaches one
        cell further to the south and west.
    valid : (y, x) array of bool, optional
        Cells that count at all, such as those that both have values for.
    engine
        ``"numba"``, ``"numpy"`` or ``"python"``; ``"cupy"`` for CuPy arrays. All sums are of whole numbers: every
        engine gives the same bits.

    Returns
    -------
    (window,) array of float
        From 0 to 1; NaN where neither has any cell above the threshold. Of CuPy arrays a CuPy array.

    Raises
    ------
    ValueError
        If shapes differ, a window is no whole number from 1 up, or the grid is too large for exact sums.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Roberts & Lean (2008), doi:10.1175/2007MWR2123.1
    .. [2] Faggian et al. (2015), Mausam 66, 457-466 (summed-area tables)

    Examples
    --------
    A cell of rain two cells away from where it fell:

    >>> fell, forecast = np.zeros((2, 31, 31))
    >>> fell[15, 15] = forecast[15, 17] = 5.0
    >>> score_fss(forecast, fell, threshold=1.0, windows=(1, 3, 5, 9)).round(4).tolist()
    [0.0, 0.3333, 0.6, 0.7778]
    """
    *fields, counts = as_alike(forecast=forecast, observed=observed, valid=True if valid is None else valid)
    xp = array_module(*fields)
    if fields[0].ndim != 2 or fields[0].shape != fields[1].shape:
        raise ValueError(f"forecast {fields[0].shape} and observed {fields[1].shape} must be of one (y, x) shape")
    counts = xp.ones(fields[0].shape, np.bool_) if valid is None else counts.astype(np.bool_)
    if counts.shape != fields[0].shape:
        raise ValueError(f"valid must have the shape of the forecast, {fields[0].shape}, got {counts.shape}")
    wrong = [window for window in windows if window != int(window) or window < 1]
    if wrong:
        raise ValueError(f"windows must be whole numbers of at least 1 cell, got {wrong[0]}")
    most = min(max(windows, default=1) ** 2, counts.size)
    if most**2 * counts.size >= 2**63:
        raise ValueError(f"windows of {max(windows)} cells on {counts.size:,} cells are too large for exact sums")
    tables = [_sum_areas((field >= threshold) & counts) for field in fields]
    chosen = choose_engine(ENGINES, engine, fields[0])
    sums: Callable[..., Any] = sum_windows_whole if chosen in ("numpy", "cupy") else SUMS.on(chosen)
    scores = np.full(len(windows), np.nan)
    for place, window in enumerate(windows):
        both, first, second = sums(*tables, int(window))
        if first + second > 0:
            scores[place] = 2 * int(both) / (int(first) + int(second))
    found: npt.NDArray[np.float64] = xp.asarray(scores)
    return found


def _sum_areas(above: Any) -> Any:
    xp = array_module(above)
    table = xp.zeros((above.shape[0] + 1, above.shape[1] + 1), dtype=np.int64)
    table[1:, 1:] = xp.cumsum(xp.cumsum(above, axis=0, dtype=np.int64), axis=1)
    return table
