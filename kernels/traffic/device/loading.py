# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""All-or-nothing loading on a GPU: trees, the demand they carry, and the flows of all origins together.

No two threads add to one number: a node takes what its children carry, in the order of its links, once all of them are
done; a link takes what the trees carry over it, in the order of the origins. The sums are the same bits every time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...device_arrays import place
from ...engines import Sweeps, cuda, routine
from ..demand import Pairs
from ..network import Floats, Graph
from .trees import NO_LINK, choose_entries, find_labels

__all__ = ["THREADS", "choose_window", "load_on_device"]

THREADS = 256  # of a block
NODES_IN_SHARED = 6000  # whose labels fit into the 48 KiB that a block has without asking for more
SCRATCH_BYTES = 2**30  # for the trees that are grown at once
BYTES_PER_NODE = 32  # of such a tree: label, entry, mark, two queues, what it carries
WINDOW = 16.0  # times the median cost of a link


class Scratch(NamedTuple):
    """Room for the trees grown at once, a row each."""

    reach: Any
    entry: Any
    carried: Any
    mark: Any
    queue: Any


@routine
def carry_demand(root, lane, step, start, tail, head, reach, entry, carried, mark, queue, sizes):
    """Add up what each node's subtree takes, from the leaves to the root."""
    n_nodes = entry.size
    for node in range(lane, n_nodes, step):
        mark[node] = 0
    if lane == 0:
        sizes[0] = 0
        sizes[1] = 0
    cuda.syncthreads()
    for node in range(lane, n_nodes, step):
        if entry[node] != NO_LINK:
            cuda.atomic.add(mark, tail[entry[node]], 1)
    cuda.syncthreads()
    for node in range(lane, n_nodes, step):
        if entry[node] != NO_LINK and mark[node] == 0:
            queue[0, cuda.atomic.add(sizes, 0, 1)] = node
    cuda.syncthreads()
    now = 0
    count = sizes[0]
    while count > 0:
        for at in range(lane, count, step):
            node = queue[now, at]
            total = carried[node]
            for link in range(start[node], start[node + 1]):
                if entry[head[link]] == link:
                    total += carried[head[link]]
            carried[node] = total
            parent = tail[entry[node]]
            if parent != root and cuda.atomic.add(mark, parent, -1) == 1:
                queue[1 - now, cuda.atomic.add(sizes, 1 - now, 1)] = parent
        cuda.syncthreads()
        if lane == 0:
            sizes[now] = 0
        now = 1 - now
        count = sizes[now]
        cuda.syncthreads()


@routine
def load_origin(zone, lane, step, start, tail, head, cost, passable, origin, destination, demand, first, od_cost,
                reach, entry, carried, mark, queue, width, loads):  # fmt: skip
    """Grow and load the tree of one origin."""
    sizes = cuda.shared.array(2, np.int32)
    nearest = cuda.shared.array(1, np.float64)
    begin, end = first[zone], first[zone + 1]
    root = origin[begin]
    find_labels(root, lane, step, start, head, cost, passable, width, reach, mark, queue, sizes, nearest)
    for node in range(lane, carried.size, step):
        carried[node] = 0.0
    cuda.syncthreads()
    for pair in range(begin + lane, end, step):
        there = destination[pair]
        od_cost[pair] = reach[there]
        if reach[there] < np.inf:
            carried[there] = demand[pair]
    cuda.syncthreads()
    if loads:
        choose_entries(root, lane, step, start, head, cost, passable, reach, entry, mark, sizes)
        carry_demand(root, lane, step, start, tail, head, reach, entry, carried, mark, queue, sizes)


def _load_in_global(lanes, start, tail, head, cost, passable, origin, destination, demand, first, od_cost, reach, entry,
                    carried, mark, queue, zone, width, loads):  # fmt: skip
    at, lane = cuda.grid(2)
    load_origin(zone + at, lane, lanes.shape[1], start, tail, head, cost, passable, origin, destination, demand, first,
                od_cost, reach[at], entry[at], carried[at], mark[at], queue[at], width, loads)  # fmt: skip


def _load_in_shared(lanes, start, tail, head, cost, passable, origin, destination, demand, first, od_cost, reach, entry,
                    carried, mark, queue, zone, width, loads):  # fmt: skip
    at, lane = cuda.grid(2)
    own = cuda.shared.array(NODES_IN_SHARED, np.float64)
    load_origin(zone + at, lane, lanes.shape[1], start, tail, head, cost, passable, origin, destination, demand, first,
                od_cost, own, entry[at], carried[at], mark[at], queue[at], width, loads)  # fmt: skip


def _add_trees(nodes, flow, link, entry, carried, n_trees):
    """A thread takes a node: links enter one node only, so no other thread adds to them."""
    node = cuda.grid(2)[0]
    if node < nodes.shape[1]:
        held = NO_LINK
        total = 0.0
        for tree in range(n_trees):
            entering = entry[tree, node]
            if entering != held:
                if held != NO_LINK:
                    flow[link[held]] = total
                held = entering
                if held != NO_LINK:
                    total = flow[link[held]]
            if held != NO_LINK:
                total += carried[tree, node]
        if held != NO_LINK:
            flow[link[held]] = total


def _give_block_each(shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    return (shape[0], 1), (1, shape[1])


LOAD_IN_GLOBAL = Sweeps(gpu=_load_in_global, launch=_give_block_each)
LOAD_IN_SHARED = Sweeps(gpu=_load_in_shared, launch=_give_block_each)
ADD_TREES = Sweeps(gpu=_add_trees)


def choose_window(cost: Floats) -> float:
    """Width of the first window of labels: enough nodes for a block, few of them scanned twice.

    Examples
    --------
    >>> choose_window(np.array([0.0, 1.0, 2.0, 9.0]))
    32.0
    """
    costly = cost[(cost > 0.0) & np.isfinite(cost)]
    return WINDOW * float(np.median(costly)) if costly.size else 1.0


def load_on_device(graph: Graph, pairs: Pairs, cost: Floats, loads: bool, n_links: int) -> tuple[Any, Any]:
    """Flows (link,) and costs (pair,) in a GPU's memory, as arrays of Numba's; there is at least one pair."""
    import numba.cuda

    n_zones, n_nodes = pairs.first.size - 1, graph.n_nodes
    at_once = max(1, min(n_zones, SCRATCH_BYTES // (BYTES_PER_NODE * n_nodes)))
    in_shared = n_nodes <= NODES_IN_SHARED
    new, real, whole = numba.cuda.device_array, np.float64, np.int32
    rows = (at_once, n_nodes)
    scratch = Scratch(
        new((1, 1) if in_shared else rows, real), new(rows, whole), new(rows, real), new(rows, whole),
        new((at_once, 2, n_nodes), whole),
    )  # fmt: skip
    lanes = new((at_once, THREADS), np.uint8)
    roads = [place(part) for part in (graph.start, graph.tail, graph.head, cost, graph.passable)]
    trips = [place(part) for part in (pairs.origin, pairs.destination, pairs.demand, pairs.first)]
    flow, od_cost = place(np.zeros(n_links)), new((pairs.origin.size,), real)
    link, width = place(graph.link), choose_window(cost)
    sweep = LOAD_IN_SHARED if in_shared else LOAD_IN_GLOBAL
    for zone in range(0, n_zones, at_once):
        n_trees = min(at_once, n_zones - zone)
        sweep("cuda", lanes[:n_trees], *roads, *trips, od_cost, *scratch, zone, width, loads)
        if loads:
            ADD_TREES("cuda", scratch.entry[:1], flow, link, scratch.entry, scratch.carried, n_trees)
    return flow, od_cost
