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

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..contracts import Array, Contract, kernel
from ..device_arrays import array_module, fetch, place_beside
from ..engines import Engine, EngineError, Traversal, choose_engine, is_device_array
from .demand import Pairs, check_pairs
from .network import Bools, Floats, Graph, RoadNetwork
from .trees import choose_width, grow_tree, make_tree

__all__ = ["ENGINES", "LOAD", "Loading", "load_trees"]


class Loading(NamedTuple):
    """What all-or-nothing loading gives; the arrays lie beside the costs, on the host or in a GPU's memory."""

    flow: Any
    """(link,) flow, array of float64."""
    od_cost: Any
    """(pair,) cheapest cost, array of float64; inf without a path, 0 within a zone."""
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
ENGINES: tuple[Engine, ...] = (*LOAD.engines, "cuda")


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
        engines=ENGINES,
    )
)
def load_trees(
    network: RoadNetwork,
    cost: Any,
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
        Not negative; inf closes a link. Costs in a GPU's memory (CuPy's or Numba's) bring the search there; they are
        read back once, 8 bytes a link, to be checked.
    origin, destination : (pair,) array of int
        Node indices, sorted by (origin, destination), no pair twice. Pairs and ``closed`` are host arrays.
    demand : (pair,) array of float, optional
        Trips of each pair; if omitted, nothing is loaded and only ``od_cost`` is found.
    closed : (link,) array of bool, optional
        Links closed on top of the network's own.
    engine
        ``"numba"``, ``"python"`` (the same search uncompiled, for small networks), ``"cuda"`` for costs in a GPU's
        memory, or ``"auto"``, which follows the costs.

    Returns
    -------
    Loading
        ``flow`` (link,), ``od_cost`` (pair,) and ``sptt``. Where paths tie, which one carries the flow is not stated,
        but it is the same one every time. On a GPU ``od_cost`` and ``sptt`` have the bits of the host. So have flows
        of whole trips where no paths tie; other flows differ by the rounding of a sum in another order.

    Raises
    ------
    ValueError
        If a cost is negative or NaN, or the pairs are unsorted, repeated or out of range.
    EngineError
        If the engine cannot take the costs, or an argument beside them lies in a GPU's memory.

    Examples
    --------
    >>> ring = RoadNetwork(n_nodes=3, tail=[0, 1, 2], head=[1, 2, 0], free_time=[1.0, 2.0, 4.0], capacity=[1.0] * 3,
    ...                    b=[0.0] * 3, power=[1.0] * 3)
    >>> load_trees(ring, ring.free_time, [0, 2], [2, 1], [10.0, 5.0])
    Loading(flow=array([15., 10.,  5.]), od_cost=array([3., 5.]), sptt=55.0)
    """
    engine = choose_engine(ENGINES, engine, cost)
    beside = {"origin": origin, "destination": destination, "demand": demand, "closed": closed}
    for name, array in beside.items():
        if is_device_array(array):
            raise EngineError(f"load_trees takes {name} from host memory, got an array of a GPU: fetch it first")
    price: Floats = np.ascontiguousarray(fetch(cost), np.float64)
    if price.shape != (network.n_links,):
        raise ValueError(f"cost must hold one number per link ({network.n_links}), got shape {price.shape}")
    wrong = np.flatnonzero(~(price >= 0.0))
    if wrong.size:
        raise ValueError(f"cost must be >= 0 and not NaN, got {price[wrong[0]]} at link {wrong[0]}")
    loads = demand is not None
    pairs = check_pairs(network.n_nodes, origin, destination, demand)
    shut = ~np.isfinite(price)
    graph = network.graph(shut if closed is None else shut | closed)
    flow, od_cost = np.zeros(network.n_links), np.full(len(pairs.origin), np.inf)
    if engine == "cuda":
        return _load_beside(cost, graph, pairs, price, loads, flow, od_cost)
    flow_open = np.zeros(len(graph.link))
    LOAD.on(engine)(graph, pairs, price[graph.link], loads, flow_open, od_cost)
    flow[graph.link] = flow_open
    return Loading(flow, od_cost, _sum_cost(pairs, od_cost))


def _sum_cost(pairs: Pairs, od_cost: Floats) -> float:
    served = np.isfinite(od_cost) & (pairs.demand > 0.0)
    return float(np.sum(pairs.demand[served] * od_cost[served]))


def _load_beside(
    cost: Any, graph: Graph, pairs: Pairs, price: Floats, loads: bool, flow: Floats, od_cost: Floats
) -> Loading:
    """The same where the costs lie; what no kernel has to work on is brought there as it stands."""
    from .device.loading import load_on_device

    if len(graph.link) == 0 or len(pairs.origin) == 0:
        od_cost[pairs.origin == pairs.destination] = 0.0
        flow_there, od_cost_there = (place_beside(cost, array)[: array.size] for array in (flow, od_cost))
        return Loading(flow_there, od_cost_there, _sum_cost(pairs, od_cost))
    flow_there, od_cost_there = load_on_device(graph, pairs, price[graph.link], loads, flow.size)
    sptt = _sum_cost(pairs, fetch(od_cost_there))
    if type(cost).__module__.partition(".")[0] == "cupy":
        xp = array_module(cost)
        return Loading(xp.asarray(flow_there), xp.asarray(od_cost_there), sptt)
    return Loading(flow_there, od_cost_there, sptt)
