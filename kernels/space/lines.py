"""The walk of a line through the cells of a grid, in units of cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..engines import Traversal, prange, routine

__all__ = ["LINES", "bound_entries"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]


def bound_entries(offset: LongInts, x: Floats, y: Floats, n_y: int, n_x: int) -> LongInts:
    """Room for each line's entries, (line + 1,) from 0: no segment enters more cells than the grid lines it crosses."""
    step_x = np.abs(np.diff(np.clip(np.floor(x), -1, n_x + 1), append=0.0))
    step_y = np.abs(np.diff(np.clip(np.floor(y), -1, n_y + 1), append=0.0))
    room = np.concatenate([[0], np.cumsum(step_x + step_y + 3)]).astype(np.int64)
    return np.concatenate([[0], np.cumsum(room[offset[1:]] - room[offset[:-1]])]).astype(np.int64)


@routine
def clip(start: float, step: float, size: float, low: float, high: float) -> tuple[float, float]:
    """The part of ``[low, high]`` on which ``start + t * step`` lies in ``[0, size]`` (Liang and Barsky)."""
    if step == 0.0:
        if start < 0.0 or start > size:
            return low, low
        return low, high
    one, other = -start / step, (size - start) / step
    return max(low, min(one, other)), min(high, max(one, other))


@routine
def next_line(place: float, step: float) -> float:
    """The first grid line ahead."""
    if step > 0.0:
        return float(np.floor(place)) + 1.0
    return float(np.ceil(place)) - 1.0


@routine
def walk(
    x: float, y: float, step_x: float, step_y: float, n_y: int, n_x: int, cell: Any, share: Any, first: int, n: int
) -> int:
    """Add a segment's pieces to the entries; one in the cell of the entry before is joined to it."""
    length = np.sqrt(step_x * step_x + step_y * step_y)
    low, high = clip(x, step_x, float(n_x), 0.0, 1.0)
    low, high = clip(y, step_y, float(n_y), low, high)
    line_x, line_y = next_line(x + step_x * low, step_x), next_line(y + step_y * low, step_y)
    t = low
    while t < high:
        to_x = (line_x - x) / step_x if step_x != 0.0 else np.inf
        to_y = (line_y - y) / step_y if step_y != 0.0 else np.inf
        ahead = max(t, min(min(to_x, to_y), high))
        piece = (ahead - t) * length
        if piece > 0.0:
            middle = 0.5 * (t + ahead)
            # the outer edge belongs to the outermost cell
            column = min(max(int(np.floor(x + step_x * middle)), 0), n_x - 1)
            row = min(max(int(np.floor(y + step_y * middle)), 0), n_y - 1)
            here = row * n_x + column
            if n > 0 and cell[first + n - 1] == here:
                share[first + n - 1] += piece
            else:
                cell[first + n] = here
                share[first + n] = piece
                n += 1
        t = ahead
        if to_x <= ahead:
            line_x += 1.0 if step_x > 0.0 else -1.0
        if to_y <= ahead:
            line_y += 1.0 if step_y > 0.0 else -1.0
    return n


def _cross(bound: Any, offset: Any, x: Any, y: Any, n_y: int, n_x: int, cell: Any, share: Any, count: Any) -> None:
    for line in prange(len(offset) - 1):
        first, n, length = bound[line], 0, 0.0
        for vertex in range(offset[line], offset[line + 1] - 1):
            step_x, step_y = x[vertex + 1] - x[vertex], y[vertex + 1] - y[vertex]
            length += np.sqrt(step_x * step_x + step_y * step_y)
            n = walk(x[vertex], y[vertex], step_x, step_y, n_y, n_x, cell, share, first, n)
        if length == 0.0:
            at_x, at_y = x[offset[line]], y[offset[line]]
            if 0.0 <= at_x <= n_x and 0.0 <= at_y <= n_y:
                cell[first] = min(int(np.floor(at_y)), n_y - 1) * n_x + min(int(np.floor(at_x)), n_x - 1)
                share[first] = 1.0
                count[line] = 1
            continue
        order = np.argsort(cell[first : first + n], kind="mergesort")
        cells, shares = cell[first : first + n][order], share[first : first + n][order]
        merged = 0
        for entry in range(n):
            if entry > 0 and cells[entry] == cells[entry - 1]:
                share[first + merged - 1] += shares[entry] / length
            else:
                cell[first + merged] = cells[entry]
                share[first + merged] = shares[entry] / length
                merged += 1
        count[line] = merged


LINES = Traversal(_cross)
