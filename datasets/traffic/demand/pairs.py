"""Origin-destination demand as the kernels take it: sorted pairs of node indices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...text.tables import Table
from .entries import DemandEntries
from .files import DemandPart, read_entries

__all__ = ["PairDemand", "find_repeated_pair", "read_pairs", "refuse_repeated_pairs", "sort_pairs"]


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


def read_pairs(
    source: Table | Path, node_id: npt.NDArray[np.int64], part: DemandPart | None = None, *, called: str = "node"
) -> tuple[PairDemand, tuple[str, ...]]:
    """Read demand between nodes.

    Parameters
    ----------
    source
        A table or a file: see :func:`~citytide.datasets.traffic.demand.files.read_entries`.
    node_id : (node,) array of int
        What the table calls the nodes, ascending.
    part
        Which part is meant, where there are several.
    called
        What the numbers are, for errors.

    Returns
    -------
    pairs : PairDemand
    notes : tuple of str

    Raises
    ------
    InputError
        If a node is not in the network, a pair is given twice, or a demand is negative or not finite: with its line.
    """
    entries = read_entries(source, part)
    ends = []
    for name, ids in zip(entries.ends, (entries.origin, entries.destination), strict=True):
        place = np.minimum(np.searchsorted(node_id, ids), node_id.size - 1)
        unknown = node_id[place] != ids
        if unknown.any():
            at = int(np.argmax(unknown))
            problem = f"{name} {ids[at]} is no {called} of the network"
            raise entries.error(at, problem, "correct the row or omit it")
        ends.append(place)
    refuse_repeated_pairs(entries)
    return sort_pairs(ends[0], ends[1], entries.volume), entries.notes


def refuse_repeated_pairs(entries: DemandEntries) -> None:
    """Refuse a pair that is given twice.

    Raises
    ------
    InputError
        With both lines.
    """
    twice = find_repeated_pair(entries.origin, entries.destination)
    if twice is None:
        return
    first, again = twice
    pair = f"{entries.origin[again]} to {entries.destination[again]}"
    where = f", first on line {entries.line[first]}" if entries.line else ""
    raise entries.error(again, f"demand from {pair} is given twice{where}", "keep one of the two rows")
