"""Bounds of blocks of unequal length: cut where the cost says, so that no task takes much longer than the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunError

__all__ = ["cut_by_cost", "cut_by_offsets"]

HALVINGS = 12  # of the range in which the least largest cost is looked for: to 1/4096 of ``most_cost``


def cut_by_cost(cost: ArrayLike, most_cost: float, *, per_shard: int = 1) -> tuple[int, ...]:
    """Bounds that cut rows into as few blocks as can be, of about equal cost.

    Parameters
    ----------
    cost : (row,)
        What each row costs: seconds, bytes, or a number of events; 0 or more.
    most_cost
        The most that the rows of one block cost together; only a shard that alone costs more is a block of its own.
    per_shard
        Rows of one shard of the product: each bound but the last is a multiple of it.

    Returns
    -------
    tuple of int
        From 0 to the number of rows, rising: for ``BlockStep.bounds``.

    Raises
    ------
    RunError
        If a cost is negative or not a number, or the parameters are not positive.

    Examples
    --------
    >>> cut_by_cost([5, 1, 1, 1, 9, 1], 6)
    (0, 1, 4, 5, 6)
    >>> cut_by_cost([5, 1, 1, 1, 9, 1], 10, per_shard=2)
    (0, 4, 6)
    """
    costs = np.asarray(cost)
    if costs.ndim != 1 or costs.dtype.kind not in "iufb":
        raise RunError(f"cost must be one number for each row, got {costs.dtype} of shape {costs.shape}: give (row,)")
    if costs.size and not (np.isfinite(costs) & (costs >= 0)).all():
        row = int(np.flatnonzero(~(np.isfinite(costs) & (costs >= 0)))[0])
        raise RunError(f"each cost must be a number of at least 0, got {costs[row]} in row {row}: give its cost")
    if not most_cost > 0 or per_shard < 1:
        raise RunError(
            f"most_cost must be more than 0 and per_shard at least 1, got {most_cost} and {per_shard}: give both"
        )
    if not costs.size:
        return (0,)
    exact = costs.astype(np.float64 if costs.dtype.kind == "f" else np.int64)
    ends = np.concatenate([exact[:1] * 0, np.cumsum(np.add.reduceat(exact, np.arange(0, exact.size, per_shard)))])
    cuts = _cut_evenly(ends, most_cost)
    return tuple(min(cut * per_shard, costs.size) for cut in cuts)


def cut_by_offsets(offset: ArrayLike, most_rows: int, *, per_shard: int = 1) -> tuple[int, ...]:
    """Bounds of persons, say, whose events are at most so many a block: :func:`cut_by_cost` of offsets.

    Parameters
    ----------
    offset : (person + 1,)
        Where the events of each person begin, and where the last ones end.
    most_rows
        Events of one block.
    per_shard
        As for :func:`cut_by_cost`.

    Examples
    --------
    >>> cut_by_offsets([0, 5, 6, 7, 8, 17, 18], 6)
    (0, 1, 4, 5, 6)
    """
    offsets = np.asarray(offset)
    if offsets.ndim != 1 or not offsets.size:
        raise RunError(f"offsets must be at least one number, got shape {offsets.shape}: give (person + 1,)")
    return cut_by_cost(np.diff(offsets), most_rows, per_shard=per_shard)


def _cut_evenly(ends: NDArray[Any], most: float) -> list[int]:
    """Of the cuts into the fewest blocks within ``most``, one whose largest block costs least."""
    cuts = _cut(ends, most)
    low, high = 0.0, float(most)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tried = _cut(ends, middle)
        if len(tried) > len(cuts):
            low = middle
        else:
            high, cuts = middle, tried
    return cuts


def _cut(ends: NDArray[Any], most: float) -> list[int]:
    """As many units as fit into each block, one at least; ``ends`` are the costs of the first 0, 1, 2 ... units."""
    cuts = [0]
    while (at := cuts[-1]) < len(ends) - 1:
        cuts.append(max(at + 1, int(np.searchsorted(ends, ends[at] + most, side="right")) - 1))
    return cuts
