"""Weights along one axis: how the cells of one division of a line make up those of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["AxisWeights", "check_edges", "find_cells", "find_neighbours", "weigh_linear", "weigh_overlap"]

SNAP = 1e-9  # share of a spacing within which two places are one: more than rounding moves an edge of a city grid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AxisWeights:
    """A sparse matrix (CSR) from the cells of a source axis to those of a target axis.

    The entries of target cell ``i`` stand at ``offset[i]`` to ``offset[i + 1]``, by ascending source cell; all weights
    are above 0. They sum to 1 where the source covers the whole target cell.
    """

    offset: Ints
    column: Ints
    weight: Floats

    @property
    def window(self) -> slice:
        """The source cells that have a weight: one cell at least, even if none has."""
        if self.column.size == 0:
            return slice(0, 1)
        return slice(int(self.column.min()), int(self.column.max()) + 1)


def check_edges(edges: npt.ArrayLike, what: str) -> Floats:
    """The edges of an axis's cells as float64.

    Raises
    ------
    ValueError
        If they are not at least two finite, ascending numbers.

    Examples
    --------
    >>> check_edges([0, 1, 4], "x edges").tolist()
    [0.0, 1.0, 4.0]
    """
    given = np.asarray(edges, dtype=np.float64)
    if given.ndim != 1 or given.size < 2:
        raise ValueError(f"{what} must be a row of at least two edges, got shape {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(
            f"{what} must be finite, got {given[~np.isfinite(given)][0]} at {np.argmin(np.isfinite(given))}"
        )
    step = np.diff(given)
    if not (step > 0.0).all():
        at = int(np.argmin(step > 0.0))
        raise ValueError(
            f"{what} must ascend, got {given[at]:g} before {given[at + 1]:g}; turn the axis and the field round"
        )
    return given


def weigh_overlap(source: Floats, target: Floats) -> AxisWeights:
    """Share of each target cell that each source cell covers; both are given by their edges.

    Examples
    --------
    >>> weights = weigh_overlap(np.array([0.0, 2.0, 4.0]), np.array([1.0, 5.0]))
    >>> weights.column.tolist(), weights.weight.tolist()
    ([0, 1], [0.25, 0.5])
    """
    low, high = target[:-1], target[1:]
    first = np.maximum(np.searchsorted(source, low, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(source, high, side="left"), source.size - 1)
    count = np.maximum(last - first, 0)
    offset = np.zeros(target.size, np.int64)
    np.cumsum(count, out=offset[1:])
    row = np.repeat(np.arange(count.size), count)
    column = np.arange(row.size) - offset[row] + first[row]
    shared = np.minimum(high[row], source[column + 1]) - np.maximum(low[row], source[column])
    return AxisWeights(offset, column, shared / (high - low)[row])


def weigh_linear(source: Floats, target: Floats) -> AxisWeights:
    """Weights of linear interpolation between the middles of the source's cells, at the middles of the target's.

    Between the last middle and the edge the last cell holds alone; beyond the edges nothing does.

    Examples
    --------
    >>> weights = weigh_linear(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 5.0, 8.0]))
    >>> weights.offset.tolist(), weights.column.tolist(), weights.weight.tolist()
    ([0, 2, 3, 3], [0, 1, 1], [0.75, 0.25, 1.0])
    """
    first, share, inside = find_neighbours(source, 0.5 * (target[:-1] + target[1:]))
    second = np.minimum(first + 1, source.size - 2)
    weight = np.stack([1.0 - share, share], axis=1)
    held = (weight > 0.0) & inside[:, None]
    offset = np.zeros(target.size, np.int64)
    np.cumsum(held.sum(axis=1), out=offset[1:])
    return AxisWeights(offset, np.stack([first, second], axis=1)[held], weight[held])


def find_neighbours(edges: Floats, place: Floats) -> tuple[Ints, Floats, npt.NDArray[np.bool_]]:
    """Where places lie between the middles of an axis's cells.

    Returns
    -------
    first, share, inside
        The cell whose middle lies behind, the share (0 to 1) that the next cell has, and whether the place lies on the
        axis at all. A share is 0 or 1 within a billionth, so that a middle is met whatever the last bits of its place.

    Examples
    --------
    >>> first, share, inside = find_neighbours(np.array([0.0, 2.0, 4.0]), np.array([0.5, 1.5, 3.5, 9.0]))
    >>> first.tolist(), share.tolist(), inside.tolist()
    ([0, 0, 1, 1], [0.0, 0.25, 0.0, 0.0], [True, True, True, False])
    """
    middle = 0.5 * (edges[:-1] + edges[1:])
    first = np.clip(np.searchsorted(middle, place, side="right") - 1, 0, middle.size - 1)
    second = np.minimum(first + 1, middle.size - 1)
    gap = middle[second] - middle[first]
    share = (place - middle[first]) / np.where(gap > 0.0, gap, 1.0)
    share = np.where((gap > 0.0) & (share > SNAP), share, 0.0)
    share = np.where(share < 1.0 - SNAP, share, 1.0)
    return first, share, (place >= edges[0]) & (place <= edges[-1])


def find_cells(edges: Floats, place: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The cell that holds each place, and whether one does; an edge belongs to the cell after it, the last to the last.

    Examples
    --------
    >>> cell, inside = find_cells(np.array([0.0, 2.0, 4.0]), np.array([-1.0, 0.0, 2.0, 4.0]))
    >>> cell.tolist(), inside.tolist()
    ([0, 0, 1, 1], [False, True, True, True])
    """
    cell = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, edges.size - 2)
    return cell, (place >= edges[0]) & (place <= edges[-1])
