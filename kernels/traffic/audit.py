"""The certificate of an assignment, found again from its link flows alone.

The Beckmann objective is convex, so its tangent at the flows bounds the optimum from below:

.. math:: Z(x) - \\Big(\\sum_a c_a x_a - \\sum_{od} d_{od} u_{od}\\Big) \\le Z^* \\le Z(x)

with the costs :math:`c` at the flows and the cheapest OD costs :math:`u` under them. The audit uses nothing that the
solver has kept: it prices the flows, grows each tree anew and adds up in the order of links, origins and pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..engines import Engine, Traversal
from .delay import Delay, compute_integral, price_link
from .network import Floats, Graph
from .demand import Pairs
from .trees import choose_width, grow_tree, make_queue

__all__ = ["Certificate", "audit_flows", "price_flows"]


class Certificate(NamedTuple):
    """What the audit finds."""

    objective: float
    tstt: float
    sptt: float
    od_cost: Floats
    """(pair,) cheapest cost under the audited costs; inf without a path."""

    @property
    def excess(self) -> float:
        """TSTT - SPTT; rounding below zero counts as zero."""
        return max(self.tstt - self.sptt, 0.0)

    @property
    def relative_gap(self) -> float:
        return self.excess / self.tstt if self.tstt > 0.0 else 0.0


def _audit(start, head, passable, first_pair, origin, destination, demand, flow, base, scale, capacity, power, od_cost):  # type: ignore[no-untyped-def]
    n_nodes = passable.size
    cost = base.copy()
    slope = np.empty(flow.size)
    objective = 0.0
    objective_rest = 0.0
    tstt = 0.0
    tstt_rest = 0.0
    for link in range(flow.size):
        price_link(link, flow, base, scale, capacity, power, cost, slope)
        part = compute_integral(flow[link], base[link], scale[link], capacity[link], power[link])
        total = objective + part  # Neumaier's sum: what rounding drops is kept beside
        objective_rest += (objective - total) + part if abs(objective) >= abs(part) else (part - total) + objective
        objective = total
        part = cost[link] * flow[link]
        total = tstt + part
        tstt_rest += (tstt - total) + part if abs(tstt) >= abs(part) else (part - total) + tstt
        tstt = total
    queue = make_queue(n_nodes)
    width = choose_width(cost)
    reach = np.empty(n_nodes)
    entry = np.empty(n_nodes, np.int32)
    order = np.empty(2 * n_nodes + 1, np.int32)
    wanted = np.zeros(n_nodes, np.bool_)
    sptt = 0.0
    sptt_rest = 0.0
    for zone in range(first_pair.size - 1):
        begin = first_pair[zone]
        end = first_pair[zone + 1]
        for pair in range(begin, end):
            wanted[destination[pair]] = True
        grow_tree(start, head, passable, cost, origin[begin], width, wanted, end - begin, queue, reach, entry, order)
        for pair in range(begin, end):
            label = reach[destination[pair]]
            wanted[destination[pair]] = False
            od_cost[pair] = label
            if label < np.inf and demand[pair] > 0.0:
                part = demand[pair] * label
                total = sptt + part
                sptt_rest += (sptt - total) + part if abs(sptt) >= abs(part) else (part - total) + sptt
                sptt = total
    return objective + objective_rest, tstt + tstt_rest, sptt + sptt_rest


def _price(flow, base, scale, capacity, power):  # type: ignore[no-untyped-def]
    cost = base.copy()
    slope = np.empty(flow.size)
    for link in range(flow.size):
        price_link(link, flow, base, scale, capacity, power, cost, slope)
    return cost


_AUDIT, _PRICE = Traversal(_audit), Traversal(_price)


def price_flows(flow: Floats, delay: Delay, engine: Engine) -> Floats:
    """Cost of each open link at its flow."""
    cost: Floats = _PRICE.on(engine)(flow, *delay)
    return cost


def audit_flows(graph: Graph, pairs: Pairs, flow: Floats, delay: Delay, engine: Engine) -> Certificate:
    """Price link flows and find the cheapest OD costs under these prices.

    Parameters
    ----------
    graph
        Open links.
    pairs
        Demand by origin.
    flow : (open link,) array of float
        Flows to judge.
    delay
        base, scale, capacity and power of the open links (:mod:`.delay`).
    engine
        ``"numba"`` or ``"python"``.
    """
    od_cost = np.full(len(pairs.origin), np.inf)
    totals = _AUDIT.on(engine)(
        graph.start, graph.head, graph.passable, pairs.first, pairs.origin, pairs.destination, pairs.demand,
        flow, *delay, od_cost,
    )  # fmt: skip
    return Certificate(*(float(total) for total in totals), od_cost)
