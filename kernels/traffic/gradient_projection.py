# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Gradient projection on path flows, one pair after another.

Two sweeps take turns. *search* grows the tree of each origin under the costs of the moment, gives a pair its tree path
where that undercuts the paths it has, and moves flow; *balance* only moves flow, among pairs with more than one path,
and now and then goes on in the direction of its last sweep (:mod:`~citytide.kernels.traffic.momentum`). A move between
two paths is a Newton step on the links they do not share, and their costs follow at once, so each pair sees what the
pair before it has done (Gauss-Seidel). Nothing depends on threads or clocks.

Link indices here are those of open links in a :class:`~citytide.kernels.traffic.network.Graph`.

References
----------
.. [1] Jayakrishnan et al. (1994), Transportation Research Record 1443, 75-83
.. [2] Xie, Nie & Liu (2018), doi:10.1177/0361198118774236
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..engines import Traversal, routine
from .delay import LinkState, compute_integral, price_link
from .demand import Pairs
from .momentum import extrapolate
from .network import Floats, Graph, Ints
from .path_flows import PathStore
from .trees import choose_width, grow_tree, make_tree

__all__ = ["BALANCE", "LOAD", "SEARCH"]

Found = tuple[float, float, float, npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Ints]

OVERSHOT = 0.5  # a step that turns the difference round by more than this share is cut back
MOST_CUTS = 12
STRIDE = 4  # every so many sweeps, the last one is extrapolated


@routine
def split_paths(links, at, at_end, best, best_end, tick, scratch):
    """Write the links only the first path has, and those only the best has; return how many of each."""
    mark, losing, gaining = scratch
    while at < at_end and best < best_end and links[at] == links[best]:
        at += 1
        best += 1
    while at < at_end and best < best_end and links[at_end - 1] == links[best_end - 1]:
        at_end -= 1
        best_end -= 1
    for step in range(best, best_end):
        mark[links[step]] = tick
    n_losing = 0
    for step in range(at, at_end):
        link = links[step]
        if mark[link] == tick:
            mark[link] = -tick
        else:
            losing[n_losing] = link
            n_losing += 1
    n_gaining = 0
    for step in range(best, best_end):
        link = links[step]
        if mark[link] == tick:
            gaining[n_gaining] = link
            n_gaining += 1
    return n_losing, n_gaining


@routine
def shift(amount, n_losing, n_gaining, scratch, state):
    """Move flow from the losing to the gaining links, price both, return the difference of cost that is left."""
    _, losing, gaining = scratch
    flow, delay, cost, slope = state
    difference = 0.0
    for at in range(n_losing):
        link = losing[at]
        flow[link] = max(flow[link] - amount, 0.0)
        price_link(link, flow, delay, cost, slope)
        difference += cost[link]
    for at in range(n_gaining):
        link = gaining[at]
        flow[link] = max(flow[link] + amount, 0.0)
        price_link(link, flow, delay, cost, slope)
        difference -= cost[link]
    return difference


@routine
def move(trips, n_losing, n_gaining, scratch, state):
    """Newton step between two paths; return how many of the ``trips`` moved.

    A step that overshoots is cut back along the chord until it does so by little.
    """
    _, losing, gaining = scratch
    _, _, cost, slope = state
    difference = 0.0
    steepness = 0.0
    for at in range(n_losing):
        difference += cost[losing[at]]
        steepness += slope[losing[at]]
    for at in range(n_gaining):
        difference -= cost[gaining[at]]
        steepness += slope[gaining[at]]
    if difference <= 0.0:
        return 0.0
    moved = trips
    if difference < steepness * trips:
        moved = difference / steepness
    if moved <= 0.0:
        return 0.0
    rest = shift(moved, n_losing, n_gaining, scratch, state)
    low = 0.0
    cuts = 0
    while rest < -OVERSHOT * difference and cuts < MOST_CUTS:
        # the root lies between low and moved; the chord alone may creep, so it stays off the ends
        share = min(max(difference / (difference - rest), 0.05), 0.95)
        tried = low + (moved - low) * share
        left = shift(tried - moved, n_losing, n_gaining, scratch, state)
        moved = tried
        rest = left
        cuts += 1
    return moved


@routine
def level_pair(paths, end, offset, path_flow, links, tick, scratch, state):
    """Move flow to the cheapest path of one pair; return its excess cost before and the next free mark."""
    cost = state.cost
    best = paths
    least = np.inf
    total = 0.0
    trips = 0.0
    for path in range(paths, end):
        value = 0.0
        for step in range(offset[path], offset[path + 1]):
            value += cost[links[step]]
        total += path_flow[path] * value
        trips += path_flow[path]
        if value < least:
            least = value
            best = path
    for path in range(paths, end):
        if path != best and path_flow[path] > 0.0:
            tick += 1
            n_losing, n_gaining = split_paths(
                links, offset[path], offset[path + 1], offset[best], offset[best + 1], tick, scratch
            )
            moved = move(path_flow[path], n_losing, n_gaining, scratch, state)
            path_flow[path] -= moved
            path_flow[best] += moved
    return total - trips * least, tick


@routine
def make_scratch(n_links):
    """Room to tell two paths apart: a mark for each link, the links that lose flow, and those that gain it."""
    return np.zeros(n_links, np.int64), np.empty(n_links, np.int32), np.empty(n_links, np.int32)


def _balance(sweeps: int, enough: float, store: PathStore, state: LinkState) -> tuple[float, int]:
    """Level all pairs with several paths until their excess cost is ``enough`` or the sweeps are used up."""
    first_path, offset, path_flow, links = store
    flow = state.flow
    n_links = flow.size
    scratch = make_scratch(n_links)
    several = np.flatnonzero(first_path[1:] - first_path[:-1] > 1)
    line = (np.empty(n_links), np.empty(n_links))
    tick = 0
    excess = 0.0
    done = 0
    for sweep in range(sweeps):
        strides = sweep % STRIDE == STRIDE - 1
        if strides:
            path_before = path_flow.copy()
            flow_before = flow.copy()
        excess = 0.0
        for at in range(several.size):
            pair = several[at]
            over, tick = level_pair(
                first_path[pair], first_path[pair + 1], offset, path_flow, links, tick, scratch, state
            )
            excess += over
        done += 1
        if excess <= enough:
            break
        if strides:
            extrapolate(several, store, path_before, flow_before, line, state)
    return excess, done


def _search(graph: Graph, pairs: Pairs, tolerance: float, store: PathStore, state: LinkState) -> Found:
    """Give every pair its cheapest path; return the excess cost met, the cost of the cheapest paths, the new store."""
    origin, destination, demand, first_pair = pairs
    first_path, offset, path_flow, links = store
    flow, delay, cost, slope = state
    tail = graph.tail
    n_nodes = graph.passable.size
    n_links = flow.size
    n_pairs = destination.size
    tree = make_tree(n_nodes)
    reach, entry, _, _ = tree
    is_target = np.zeros(n_nodes, np.bool_)
    width = choose_width(cost)
    scratch = make_scratch(n_links)
    new_first = np.zeros(n_pairs + 1, np.int64)
    new_offset = np.zeros(path_flow.size + n_pairs + 1, np.int64)
    new_flow = np.zeros(path_flow.size + n_pairs)
    new_links = np.empty(links.size + links.size // 8 + 16 * n_pairs + n_nodes, np.int32)
    count = 0
    filled = 0
    tick = 0
    excess = 0.0
    cheapest = 0.0
    for zone in range(first_pair.size - 1):
        begin = first_pair[zone]
        end = first_pair[zone + 1]
        root = origin[begin]
        for pair in range(begin, end):
            is_target[destination[pair]] = True
        grow_tree(graph, cost, root, width, is_target, end - begin, tree)
        for pair in range(begin, end):
            is_target[destination[pair]] = False
        for pair in range(begin, end):
            there = destination[pair]
            room = offset[first_path[pair + 1]] - offset[first_path[pair]] + n_nodes
            if filled + room > new_links.size:
                larger = np.empty(new_links.size + new_links.size // 2 + room, np.int32)
                larger[:filled] = new_links[:filled]
                new_links = larger
            least = np.inf
            total = 0.0
            first = count
            for path in range(first_path[pair], first_path[pair + 1]):
                value = 0.0
                for step in range(offset[path], offset[path + 1]):
                    value += cost[links[step]]
                total += path_flow[path] * value
                least = min(least, value)
            for path in range(first_path[pair], first_path[pair + 1]):
                if path_flow[path] > 0.0:
                    for step in range(offset[path], offset[path + 1]):
                        new_links[filled] = links[step]
                        filled += 1
                    new_flow[count] = path_flow[path]
                    count += 1
                    new_offset[count] = filled
            label = reach[there]
            if label == np.inf:
                new_first[pair + 1] = count
                continue
            if count == first:
                total = demand[pair] * label
            excess += total - demand[pair] * label
            cheapest += demand[pair] * label
            if count == first or least > label * (1.0 + tolerance):
                depth = 0
                node = there
                while node != root:
                    depth += 1
                    node = tail[entry[node]]
                node = there
                for step in range(filled + depth - 1, filled - 1, -1):
                    link = entry[node]
                    new_links[step] = link
                    node = tail[link]
                filled += depth
                if count == first:
                    new_flow[count] = demand[pair]
                    for step in range(filled - depth, filled):
                        link = new_links[step]
                        flow[link] += demand[pair]
                        price_link(link, flow, delay, cost, slope)
                else:
                    new_flow[count] = 0.0
                count += 1
                new_offset[count] = filled
            new_first[pair + 1] = count
            if count - first > 1:
                _, tick = level_pair(first, count, new_offset, new_flow, new_links, tick, scratch, state)
    base, scale, capacity, power = delay
    objective = 0.0
    for link in range(n_links):
        objective += compute_integral(flow[link], base[link], scale[link], capacity[link], power[link])
    return (
        objective,
        excess,
        cheapest,
        new_first,
        new_offset[: count + 1].copy(),
        new_flow[:count].copy(),
        new_links[:filled].copy(),
    )


def _load(demand: Floats, store: PathStore, state: LinkState) -> None:
    """Link flows and costs afresh from path flows, each pair's largest path taking up what rounding has left."""
    first_path, offset, path_flow, links = store
    flow, delay, cost, slope = state
    flow[:] = 0.0
    for pair in range(demand.size):
        begin = first_path[pair]
        end = first_path[pair + 1]
        if begin == end:
            continue
        largest = begin
        for path in range(begin, end):
            if path_flow[path] > path_flow[largest]:
                largest = path
        rest = demand[pair]
        for path in range(begin, end):
            if path != largest:
                rest -= path_flow[path]
        path_flow[largest] = rest
        for path in range(begin, end):
            for step in range(offset[path], offset[path + 1]):
                flow[links[step]] += path_flow[path]
    for link in range(flow.size):
        cost[link] = delay.base[link]
        slope[link] = 0.0
        price_link(link, flow, delay, cost, slope)


SEARCH, BALANCE, LOAD = Traversal(_search), Traversal(_balance), Traversal(_load)
