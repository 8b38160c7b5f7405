# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Shortest path trees from many origins, and the demand they carry.

All-or-nothing loading: each OD pair travels its cheapest path. The trees come from
:mod:`~citytide.kernels.traffic.trees`; the demand of one origin is added up against the order in which its nodes were
listed, so a tree is loaded in one pass over its nodes however many destinations it serves.

References
----------
.. [1] Dijkstra (1959), doi:10.1007/BF01386390
.. [2] Sheffi (1985), Urban Transportation Networks, Prentice-Hall, section 5.2
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..contracts import Array, Contract, kernel
from ..engines import Engine, Traversal, choose_engine
from .demand import Pairs, check_pairs
from .network import Bools, Floats, Graph, RoadNetwork
from .trees import choose_width, grow_tree, make_tree

__all__ = ["LOAD", "Loading", "load_trees"]


class Loading(NamedTuple):
    """What all-or-nothing loading gives."""

    flow: Floats
    """(link,) flow."""
    od_cost: Floats
    """(pair,) cheapest cost; inf without a path, 0 within a zone."""
    sptt: float
    """Cost of all served trips together, summed in the order of the pairs."""


def _load(graph: Graph, pairs: Pairs, cost: Floats, loads: bool, flow: Floats, od_cost: Floats) -> None:
    origin, destination, demand, first_pair = pairs
    tail = graph.tail
    n_nodes = graph.passable.size
    width = choose_width(cost)
    tree = make_tree(n_nodes)
    reach, entry, order, _ = tree
    is_target = np.zeros(n_nodes, np.bool_)
    carried = np.zeros(n_nodes)
    for zone in range(first_pair.size - 1):
        begin = first_pair[zone]
        end = first_pair[zone + 1]
        root = origin[begin]
        for pair in range(begin, end):
            is_target[destination[pair]] = True
        n_listed = grow_tree(graph, cost, root, width, is_target, end - begin, tree)
        for pair in range(begin, end):
            there = destination[pair]
            is_target[there] = False
            od_cost[pair] = reach[there]
            if loads and reach[there] < np.inf:
                carried[there] += demand[pair]
        if loads:
            for at in range(n_listed - 1, 0, -1):
                node = order[at]
                if carried[node] > 0.0:
                    link = entry[node]
                    flow[link] += carried[node]
                    carried[tail[link]] += carried[node]
                    carried[node] = 0.0
            carried[root] = 0.0


LOAD = Traversal(_load)


@kernel(
    Contract(
        takes={
            "cost": Array(("link",)),
            "origin": Array(("pair",), "1", dtype="int64"),
            "destination": Array(("pair",), "1", dtype="int64"),
            "demand": Array(("pair",)),
            "closed": Array(("link",), dtype="bool"),
        },
        gives={"flow": Array(("link",), units_of="demand"), "od_cost": Array(("pair",), units_of="cost")},
        structure="Loading",
        engines=("numba", "python"),
    )
)
def load_trees(
    network: RoadNetwork,
    cost: npt.ArrayLike,
    origin: npt.ArrayLike,
    destination: npt.ArrayLike,
    demand: npt.ArrayLike | None = None,
    *,
    closed: Bools | None = None,
    engine: Engine | Literal["auto"] = "auto",
) -> Loading:
    """Load every OD pair on its cheapest path at fixed link costs.

    Parameters
    ----------
    network : RoadNetwork
        The links and which nodes may be passed through.
    cost : (link,) array of float
        Not negative; inf closes a link.
    origin, destination : (pair,) array of int
        Node indices, sorted by (origin, destination), no pair twice.
    demand : (pair,) array of float, optional
        Trips of each pair; if omitted, nothing is loaded and only ``od_cost`` is found.
    closed : (link,) array of bool, optional
        Links closed on top of the network's own.
    engine
        ``"numba"``, ``"python"`` (the same search uncompiled, for small networks) or ``"auto"``.

    Returns
    -------
    Loading
        ``flow`` (link,), ``od_cost`` (pair,) and ``sptt``. Where paths tie, which one carries the flow is not stated,
        but it is the same one every time.

    Raises
    ------
    ValueError
        If a cost is negative or NaN, or the pairs are unsorted, repeated or out of range.

    Examples
    --------
    >>> ring = RoadNetwork(n_nodes=3, tail=[0, 1, 2], head=[1, 2, 0], free_time=[1.0, 2.0, 4.0], capacity=[1.0] * 3,
    ...                    b=[0.0] * 3, power=[1.0] * 3)
    >>> load_trees(ring, ring.free_time, [0, 2], [2, 1], [10.0, 5.0])
    Loading(flow=array([15., 10.,  5.]), od_cost=array([3., 5.]), sptt=55.0)
    """
    cost = np.ascontiguousarray(cost, np.float64)
    if cost.shape != (network.n_links,):
        raise ValueError(f"cost must hold one number per link ({network.n_links}), got shape {cost.shape}")
    wrong = np.flatnonzero(~(cost >= 0.0))
    if wrong.size:
        raise ValueError(f"cost must be >= 0 and not NaN, got {cost[wrong[0]]} at link {wrong[0]}")
    loads = demand is not None
    pairs = check_pairs(network.n_nodes, origin, destination, demand)
    shut = ~np.isfinite(cost)
    graph = network.graph(shut if closed is None else shut | closed)
    flow_open = np.zeros(len(graph.link))
    od_cost = np.full(len(pairs.origin), np.inf)
    LOAD.on(choose_engine(LOAD.engines, engine))(graph, pairs, cost[graph.link], loads, flow_open, od_cost)
    flow = np.zeros(network.n_links)
    flow[graph.link] = flow_open
    served = np.isfinite(od_cost) & (pairs.demand > 0.0)
    return Loading(flow, od_cost, float(np.sum(pairs.demand[served] * od_cost[served])))
