"""Pairs that no path joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .instances import Instance

if TYPE_CHECKING:
    from ...kernels.traffic.network import RoadNetwork

__all__ = ["find_unreachable_pairs", "refuse_unreachable_pairs"]


def find_unreachable_pairs(
    instance: Instance, network: RoadNetwork | None = None, closed: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int64]:
    """Return the positions of pairs that no path joins.

    Parameters
    ----------
    instance
        Network and demand.
    network
        Whose links count; the instance's own if omitted.
    closed : (link,) array of bool, optional
        Links closed on top of those of capacity 0.

    Returns
    -------
    (unreachable,) array of int
        Positions among the instance's pairs, ascending. A path may start and end at a node that is not passable,
        but not pass through it.

    Examples
    --------
    >>> import numpy as np
    >>> from citytide.datasets.synthetic.traffic.textbook import make_two_routes
    >>> find_unreachable_pairs(make_two_routes(), closed=np.array([True, True])).tolist()
    [0]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    source = instance if network is None else network
    n = instance.n_nodes
    is_open = source.capacity > 0.0
    if network is not None:
        is_open &= ~network.closed
    if closed is not None:
        is_open &= ~closed
    tail, head = source.tail[is_open].astype(np.int64), source.head[is_open].astype(np.int64)
    # A node that is not passable is left through a double of its own, which no link enters.
    leaving = np.where(source.passable[tail], tail, n + tail)
    links = csr_array((np.ones(tail.size, dtype=np.int8), (leaving, head)), shape=(2 * n, 2 * n))
    start = np.where(source.passable[instance.origin], instance.origin, n + instance.origin.astype(np.int64))
    _, part = connected_components(links, connection="strong")
    doubtful = np.flatnonzero(part[start] != part[instance.destination])
    found = []
    reached = np.zeros(2 * n, dtype=np.bool_)
    # Pairs are sorted by origin, so those of one origin lie together.
    borders = np.flatnonzero(np.diff(start[doubtful], prepend=-1))
    for pairs in np.split(doubtful, borders[1:]) if doubtful.size else ():
        reached[:] = False
        reached[breadth_first_order(links, int(start[pairs[0]]), return_predecessors=False)] = True
        found.append(pairs[~reached[instance.destination[pairs]]])
    return np.sort(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, dtype=np.int64)


def refuse_unreachable_pairs(
    instance: Instance, network: RoadNetwork | None = None, closed: npt.NDArray[np.bool_] | None = None
) -> None:
    """Refuse an instance in which a pair has demand but no path; the first such pair is named as the source does.

    Raises
    ------
    InputError
        Naming the pair, its demand, and how many there are.

    Examples
    --------
    >>> from citytide.datasets.synthetic.traffic.textbook import make_braess
    >>> refuse_unreachable_pairs(make_braess())
    """
    unreachable = find_unreachable_pairs(instance, network, closed)
    if not unreachable.size:
        return
    first = int(unreachable[0])
    origin, destination = (int(instance.node_id[ends[first]]) for ends in (instance.origin, instance.destination))
    others = f" (and {unreachable.size - 1:,} more pairs)" if unreachable.size > 1 else ""
    raise InputError(
        f"network {instance.name}: no path leads from {origin} to {destination}, which has a demand of "
        f"{instance.demand[first]:.6g}{others}",
        file=instance.sources[0] if instance.sources else None,
        way_out="open a link that joins them, or take the pair out of the demand",
    )
