# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
r"""Ordinary kriging from the nearest gauges of each cell.

With the correlation :math:`c(h) = (1 - n) e^{-h / r}` for h > 0 and 1 for a gauge with itself (:math:`n` is the nugget,
the share of the variance that neighbours do not have in common), the value at :math:`x` is

.. math:: m + \sum_i d_i (1 - n) e^{-|x - x_i| / r}, \qquad C d = z - m, \quad \sum_i d_i = 0.

:math:`d` and :math:`m` do not depend on :math:`x`: they are solved for once for all cells in a row that have the same
nearest gauges, and a cell costs one exponential for each of them. The whole-array form solves for every cell: GPUs have
batched solvers, and a cell that waits for its neighbour's answer would leave them idle.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike, fetch
from ...engines import Array, Contract, Engine, Sweeps, kernel, prange, routine

__all__ = ["krige_gauges"]

xp = np  # the whole-array form is bound to numpy or cupy
TILE = 16  # cells a side that look for their gauges among those near the tile
PIECE = 1 << 24  # numbers that the whole-array form holds in one array: 128 MiB


@routine
def gather_near(near, gauge_x, gauge_y, x, y, top, bottom, left, right, k):
    """Write the gauges that may be among the ``k`` nearest of some cell of a tile, in order, and count them."""
    west, east, south, north = x[left], x[left], y[top], y[top]
    for place in range(left, right):
        west, east = min(west, x[place]), max(east, x[place])
    for place in range(top, bottom):
        south, north = min(south, y[place]), max(north, y[place])
    middle_x, middle_y = 0.5 * (west + east), 0.5 * (south + north)
    radius = 0.5 * math.sqrt((east - west) ** 2 + (north - south) ** 2)
    away = np.sqrt((gauge_x - middle_x) ** 2 + (gauge_y - middle_y) ** 2)
    farthest = (np.sort(away)[k - 1] + 2.0 * radius) * (1.0 + 1e-9)  # k gauges lie within this of every cell
    n = 0
    for gauge in range(gauge_x.size):
        if away[gauge] <= farthest:
            near[n] = gauge
            n += 1
    return n


@routine
def is_nearest(chosen, apart, n):
    """Whether those chosen are still nearer than all others."""
    worst, best = -1.0, math.inf
    for place in range(n):
        worst = max(worst, apart[place] if chosen[place] else -1.0)
        best = min(best, math.inf if chosen[place] else apart[place])
    return worst < best


@routine
def choose_nearest(chosen, order, apart, n, k):
    """Mark the ``k`` nearest; of two as near, the first."""
    held = 0
    for place in range(n):
        chosen[place] = False
        if held == k and apart[place] >= apart[order[k - 1]]:
            continue
        at = min(held, k - 1)
        while at > 0 and apart[order[at - 1]] > apart[place]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = place
        held = min(held + 1, k)
    for place in range(k):
        chosen[order[place]] = True


@routine
def solve_dual(dual, factor, ones, at_x, at_y, value, k, range_m, nugget):
    """Write d of the module's equation and return m, by a Cholesky factor of the gauges' correlations."""
    for i in range(k):
        for j in range(i + 1):
            apart = math.sqrt((at_x[i] - at_x[j]) ** 2 + (at_y[i] - at_y[j]) ** 2)
            entry = 1.0 if i == j else (1.0 - nugget) * math.exp(-apart / range_m)
            for inner in range(j):
                entry -= factor[i, inner] * factor[j, inner]
            factor[i, j] = math.sqrt(entry) if i == j else entry / factor[j, j]
    for i in range(k):
        first, second = value[i], 1.0
        for inner in range(i):
            first -= factor[i, inner] * dual[inner]
            second -= factor[i, inner] * ones[inner]
        dual[i], ones[i] = first / factor[i, i], second / factor[i, i]
    above, below = 0.0, 0.0
    for i in range(k):
        above += ones[i] * dual[i]
        below += ones[i] * ones[i]
    mean = above / below
    for i in range(k):
        dual[i] -= mean * ones[i]
    for i in range(k - 1, -1, -1):
        left = dual[i]
        for inner in range(i + 1, k):
            left -= factor[inner, i] * dual[inner]
        dual[i] = left / factor[i, i]
    return mean


def _cpu(out, value, gauge_x, gauge_y, x, y, k, range_m, nugget):
    n_gauges, tiles_x = gauge_x.size, (x.size + TILE - 1) // TILE
    for tile in prange(((y.size + TILE - 1) // TILE) * tiles_x):
        top, left = tile // tiles_x * TILE, tile % tiles_x * TILE
        bottom, right = min(top + TILE, y.size), min(left + TILE, x.size)
        near, chosen, order = np.empty(n_gauges, np.int64), np.zeros(n_gauges, np.bool_), np.empty(k, np.int64)
        apart, factor = np.empty(n_gauges), np.empty((k, k))
        dual, ones, at_x, at_y, held = np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k)
        n = gather_near(near, gauge_x, gauge_y, x, y, top, bottom, left, right, k)
        near_x, near_y = gauge_x[near[:n]], gauge_y[near[:n]]
        mean, fresh = 0.0, True
        for row in range(top, bottom):
            for column in range(left, right):
                for place in range(n):
                    apart[place] = (near_x[place] - x[column]) ** 2 + (near_y[place] - y[row]) ** 2
                if fresh or not is_nearest(chosen, apart, n):
                    fresh = False
                    choose_nearest(chosen, order, apart, n, k)
                    i = 0
                    for place in range(n):  # in the gauges' order, whatever came before: the same bits in any tile
                        if chosen[place]:
                            at_x[i], at_y[i], held[i] = near_x[place], near_y[place], value[near[place]]
                            i += 1
                    mean = solve_dual(dual, factor, ones, at_x, at_y, held, k, range_m, nugget)
                total = 0.0
                for i in range(k):
                    length = math.sqrt((at_x[i] - x[column]) ** 2 + (at_y[i] - y[row]) ** 2)
                    total += dual[i] * math.exp(-length / range_m)
                out[row, column] = mean + (1.0 - nugget) * total


def _whole(out, value, gauge_x, gauge_y, x, y, k, range_m, nugget):
    n_cells, own = out.size, xp.arange(k)
    flat, share = out.reshape(n_cells), 1.0 - nugget
    piece = max(PIECE // max(gauge_x.size, k * k), 1)
    for start in range(0, n_cells, piece):
        cell = xp.arange(start, min(start + piece, n_cells))
        here_x, here_y = x[cell % x.size][:, None], y[cell // x.size][:, None]
        if k == gauge_x.size:
            chosen = own[None]  # one system for all cells
        else:
            off_x, off_y = gauge_x - here_x, gauge_y - here_y
            apart, line, order = off_x * off_x + off_y * off_y, xp.arange(cell.size), []
            for _ in range(k):
                order.append(xp.argmin(apart, axis=1))  # of two as near, the first
                apart[line, order[-1]] = xp.inf
            chosen = xp.sort(xp.stack(order, axis=1), axis=1)
        at_x, at_y = gauge_x[chosen], gauge_y[chosen]
        off_x, off_y = at_x[:, :, None] - at_x[:, None, :], at_y[:, :, None] - at_y[:, None, :]
        system = share * xp.exp(-xp.sqrt(off_x * off_x + off_y * off_y) / range_m)
        system[:, own, own] = 1.0
        right = xp.stack([value[chosen], xp.ones(chosen.shape)], axis=2)
        solved = xp.linalg.solve(system, right)
        weight, ones = solved[:, :, 0], solved[:, :, 1]
        mean = (weight.sum(axis=1) / ones.sum(axis=1))[:, None]
        off_x, off_y = at_x - here_x, at_y - here_y
        near = xp.exp(-xp.sqrt(off_x * off_x + off_y * off_y) / range_m)
        flat[start : start + cell.size] = mean[:, 0] + share * ((weight - mean * ones) * near).sum(axis=1)


KRIGING = Sweeps(
    cpu=_cpu,
    whole=_whole,
    gather_near=gather_near,
    is_nearest=is_nearest,
    choose_nearest=choose_nearest,
    solve_dual=solve_dual,
)


@kernel(
    Contract(
        takes={
            "value": Array(("gauge",)),
            "gauge_x": Array(("gauge",), "m"),
            "gauge_y": Array(("gauge",), "m"),
            "x": Array(("x",), "m"),
            "y": Array(("y",), "m"),
        },
        gives={"value": Array(("y", "x"), units_of="value")},
        bounds={"cupy": 1e-9},  # a matrix is solved
        engines=KRIGING.engines,
    )
)
def krige_gauges(
    value: npt.ArrayLike,
    gauge_x: npt.ArrayLike,
    gauge_y: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    range_m: float,
    nugget: float = 0.0,
    n_neighbours: int = 16,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> npt.NDArray[np.float64]:
    """Interpolate values of gauges to a grid by ordinary kriging from the nearest gauges.

    Parameters
    ----------
    value : (gauge,) array of float
        In any unit; a gauge with NaN is ignored.
    gauge_x, gauge_y : (gauge,) array of float
        Places [m].
    x : (x,) array of float
        Columns of the grid [m].
    y : (y,) array of float
        Rows of the grid [m].
    range_m
        Distance [m] at which the correlation has fallen to 1 / e: of an exponential variogram, a third of the distance
        at which it is as good as flat.
    nugget
        Share of the variance that is the gauge's own, in [0, 1); with 0 the gauges' values are met exactly.
    n_neighbours
        Nearest gauges that a cell uses; all of them if there are fewer.
    engine, threads
        As in every kernel; the answer of the compiled engine is the same for any number of threads and any part of the
        grid. The whole-array form, ``"numpy"`` and ``"cupy"``, agrees with it to about 1e-9 of the values.

    Returns
    -------
    (y, x) array of float
        In the unit of the values; of CuPy arrays a CuPy array. Where the set of nearest gauges changes there is a step.

    Raises
    ------
    ValueError
        If shapes differ, no gauge has a value, two gauges stand at one place with a nugget of 0, or a number is out
        of bounds.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Cressie (1993), Statistics for Spatial Data, sections 3.2 and 3.4.5 (dual form)
    .. [2] Chilès & Delfiner (2012), Geostatistics, section 3.4

    Examples
    --------
    >>> krige_gauges([1.0, 3.0], [0.0, 10.0], [0.0, 0.0], [0.0, 5.0, 10.0], [0.0], range_m=20.0).round(6).tolist()
    [[1.0, 2.0, 3.0]]
    """
    told, at_x, at_y, columns, rows = as_alike(np.float64, value=value, gauge_x=gauge_x, gauge_y=gauge_y, x=x, y=y)
    xp = array_module(told)
    if told.ndim != 1 or not told.shape == at_x.shape == at_y.shape:
        raise ValueError(
            f"value {told.shape}, gauge_x {at_x.shape}, gauge_y {at_y.shape} must be of one (gauge,) shape"
        )
    if columns.ndim != 1 or rows.ndim != 1:
        raise ValueError(f"x and y must each have one dimension, got shapes {columns.shape} and {rows.shape}")
    if not 0.0 < range_m < math.inf:
        raise ValueError(f"range_m must be finite and above 0, got {range_m}")
    if not 0.0 <= nugget < 1.0:
        raise ValueError(f"nugget must be in [0, 1), got {nugget}")
    if n_neighbours < 1:
        raise ValueError(f"n_neighbours must be at least 1, got {n_neighbours}")
    known = xp.isfinite(told)
    told, at_x, at_y = told[known], at_x[known], at_y[known]
    if told.size == 0:
        raise ValueError("value must be finite at one gauge at least, got none")
    for name, places in (("gauge_x", at_x), ("gauge_y", at_y), ("x", columns), ("y", rows)):
        if not xp.isfinite(places).all():
            raise ValueError(f"{name} must be finite, got {float(places[~xp.isfinite(places)][0])}")
    if nugget == 0.0:
        _refuse_twins(fetch(at_x), fetch(at_y))  # gauges are few: they are looked through on the host
    out: npt.NDArray[np.float64] = xp.empty((rows.size, columns.size))
    numbers = (min(n_neighbours, told.size), float(range_m), float(nugget))
    chosen: Any = KRIGING.choose(told, engine)
    KRIGING(chosen, out, told, at_x, at_y, columns, rows, *numbers, threads=threads)
    return out


def _refuse_twins(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    order = np.lexsort((y, x))
    twin = np.flatnonzero((np.diff(x[order]) == 0.0) & (np.diff(y[order]) == 0.0))
    if twin.size:
        place = order[twin[0]]
        raise ValueError(f"two gauges stand at x {x[place]:g}, y {y[place]:g}: omit one, or give a nugget above 0")
