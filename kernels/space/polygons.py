"""How much of each cell a set of rings covers, in units of cells.

Every edge adds, row by row, the signed area between itself and the cell's eastern side to its own cell and the height
it climbs to all cells east of it; the running sum along a row is then the coverage. The work is the edges' cells plus
the cells of the box around the rings, and no polygon is clipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..engines import Traversal, routine

__all__ = ["add_rings", "cover_rings"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]
_NOTHING = 1e-12  # of a cell: what rounding leaves where the sum should be zero


@routine
def add_piece(cover: Any, row: int, x_low: float, x_high: float, climb: float, n_x: int) -> None:
    """Add a piece of an edge within one row, from ``x_low`` to ``x_high`` at its two ends."""
    west, east = min(x_low, x_high), max(x_low, x_high)
    if east <= 0.0:  # west of the box: all of the row lies east of it
        cover[row, 0] += climb
        return
    if west >= n_x:
        return
    if west < 0.0 or east > n_x:
        span = east - west
        inside_west, inside_east = max(west, 0.0), min(east, float(n_x))
        cover[row, 0] += climb * (inside_west - west) / span
        climb *= (inside_east - inside_west) / span
        west, east = inside_west, inside_east
    column = min(int(np.floor(west)), n_x - 1)
    if east <= column + 1.0:
        reach = 0.5 * (west + east) - column
        cover[row, column] += climb * (1.0 - reach)
        cover[row, column + 1] += climb * reach
        return
    span, at = east - west, west
    while at < east:
        until = min(column + 1.0, east)
        part = climb * (until - at) / span
        reach = 0.5 * (at + until) - column
        cover[row, column] += part * (1.0 - reach)
        cover[row, column + 1] += part * reach
        at = until
        column += 1


@routine
def add_rings(
    cover: Any, first: int, last: int, hole: Any, offset: Any, x: Any, y: Any, west: int, south: int
) -> float:
    """Fill ``cover`` (row, column + 1) with sums yet to be run along the rows; returns the area of the rings."""
    n_y, n_x = cover.shape[0], cover.shape[1] - 1
    total = 0.0
    for ring in range(first, last):
        start, stop = offset[ring], offset[ring + 1]
        twice = 0.0
        for vertex in range(start, stop):
            ahead = vertex + 1 if vertex + 1 < stop else start
            twice += (x[vertex] - x[start]) * (y[ahead] - y[start]) - (x[ahead] - x[start]) * (y[vertex] - y[start])
        # an outer ring counts as if it ran against the clock, a hole as if with it
        turn = 1.0 if (twice > 0.0) != hole[ring] else -1.0
        total += 0.5 * turn * twice
        for vertex in range(start, stop):
            ahead = vertex + 1 if vertex + 1 < stop else start
            x0, y0, x1, y1 = x[vertex] - west, y[vertex] - south, x[ahead] - west, y[ahead] - south
            if y0 == y1:
                continue
            sense = -turn
            if y0 > y1:
                x0, y0, x1, y1, sense = x1, y1, x0, y0, turn
            low, high = max(y0, 0.0), min(y1, float(n_y))
            slope = (x1 - x0) / (y1 - y0)
            at = low
            row = int(np.floor(low))
            while at < high:
                until = min(row + 1.0, high)
                x_at = x0 if at == y0 else x0 + slope * (at - y0)
                x_until = x1 if until == y1 else x0 + slope * (until - y0)
                add_piece(cover, row, x_at, x_until, sense * (until - at), n_x)
                at = until
                row += 1
    return total


COVER = Traversal(add_rings)


def cover_rings(
    first: int, last: int, hole: Any, offset: LongInts, x: Floats, y: Floats, n_y: int, n_x: int, engine: Any
) -> tuple[LongInts, Floats, float]:
    """Cells, how much of each is covered, and the size of rings ``[first, last)``, in cells."""
    start, stop = offset[first], offset[last]
    if stop == start:
        return np.zeros(0, np.int64), np.zeros(0), 0.0
    west, east = _span(x[start:stop], n_x)
    south, north = _span(y[start:stop], n_y)
    cover = np.zeros((north - south, east - west + 1))
    size = COVER.on(engine)(cover, first, last, hole, offset, x, y, west, south)
    covered = np.cumsum(cover[:, :-1], axis=1)
    row, column = np.nonzero(covered > _NOTHING)
    return (row + south) * np.int64(n_x) + (column + west), covered[row, column], float(size)


def _span(values: Floats, count: int) -> tuple[int, int]:
    """Rows or columns of the grid that the values reach, at least one."""
    low = int(np.clip(np.floor(values.min()), 0, count - 1))
    return low, int(np.clip(np.ceil(values.max()), low + 1, count))
