"""Origin-destination demand as the kernels take it: sorted pairs of node indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .tables import Table

__all__ = ["PairDemand", "find_repeated_pair", "read_pairs", "sort_pairs"]

_NAMES = (("origin", "destination", "demand"), ("o_zone_id", "d_zone_id", "volume"))


@dataclass(frozen=True)
class PairDemand:
    """Demand between different nodes, sorted by (origin, destination), each pair once and above zero."""

    origin: npt.NDArray[np.int32]
    destination: npt.NDArray[np.int32]
    demand: npt.NDArray[np.float64]
    intrazonal: float


def find_repeated_pair(origin: npt.ArrayLike, destination: npt.ArrayLike) -> tuple[int, int] | None:
    """Return the positions of two entries with the same origin and destination, or None.

    Examples
    --------
    >>> find_repeated_pair([0, 1, 0], [2, 2, 2])
    (0, 2)
    """
    start = np.asarray(origin)
    end = np.asarray(destination)
    order = np.lexsort((end, start))
    same = (start[order][1:] == start[order][:-1]) & (end[order][1:] == end[order][:-1])
    if not same.any():
        return None
    first = int(np.argmax(same))
    return int(order[first]), int(order[first + 1])


def sort_pairs(origin: npt.ArrayLike, destination: npt.ArrayLike, demand: npt.ArrayLike) -> PairDemand:
    """Sort entries by (origin, destination), add up repeated pairs, set the intrazonal ones apart, drop zeros.

    Parameters
    ----------
    origin, destination : (entry,) arrays of int
        Node indices.
    demand : (entry,) array of float
        Vehicles per unit of time.

    Examples
    --------
    >>> pairs = sort_pairs([1, 0, 0, 0], [0, 0, 2, 1], [5.0, 9.0, 0.0, 2.0])
    >>> pairs.origin.tolist(), pairs.destination.tolist(), pairs.demand.tolist(), pairs.intrazonal
    ([0, 1], [1, 0], [2.0, 5.0], 9.0)
    """
    start = np.asarray(origin, dtype=np.int64)
    end = np.asarray(destination, dtype=np.int64)
    volume = np.asarray(demand, dtype=np.float64)
    inside = start == end
    intrazonal = float(volume[inside].sum())
    start, end, volume = start[~inside], end[~inside], volume[~inside]
    width = int(end.max()) + 1 if end.size else 1
    pair, position = np.unique(start * width + end, return_inverse=True)
    total = np.bincount(position, weights=volume, minlength=pair.size).astype(np.float64)
    kept = total > 0.0
    pair, total = pair[kept], total[kept]
    return PairDemand((pair // width).astype(np.int32), (pair % width).astype(np.int32), total, intrazonal)


def read_pairs(table: Table, node_id: npt.NDArray[np.int64]) -> PairDemand:
    """Read a table of pairs between nodes.

    Parameters
    ----------
    table
        With columns ``origin, destination, demand`` or ``o_zone_id, d_zone_id, volume``.
    node_id : (node,) array of int
        What the table calls the nodes, ascending.

    Raises
    ------
    InputError
        If a node is not in the network, a pair is given twice, or a demand is negative or not finite: with its line.
    """
    names = next((names for names in _NAMES if all(name in table for name in names)), _NAMES[0])
    table.require(*names)
    demand = table.numbers(names[2])
    ends = []
    for name in names[:2]:
        ids = table.whole(name)
        place = np.minimum(np.searchsorted(node_id, ids), node_id.size - 1)
        unknown = node_id[place] != ids
        if unknown.any():
            row = int(np.argmax(unknown))
            raise table.error(row, f"{name} {ids[row]} is no node of the network", "correct the row or leave it out")
        ends.append(place)
    twice = find_repeated_pair(*ends)
    if twice is not None:
        pair = f"{node_id[ends[0][twice[1]]]} to {node_id[ends[1][twice[1]]]}"
        problem = f"demand from {pair} is given twice, first on line {table.line[twice[0]]}"
        raise table.error(twice[1], problem, "keep one of the two rows")
    return sort_pairs(ends[0], ends[1], demand)
