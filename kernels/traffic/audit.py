# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""The certificate of an assignment, found again from its link flows alone.

The Beckmann objective is convex, so its tangent at the flows bounds the optimum from below:

.. math:: Z(x) - \\Big(\\sum_a c_a x_a - \\sum_{od} d_{od} u_{od}\\Big) \\le Z^* \\le Z(x)

with the costs :math:`c` at the flows and the cheapest OD costs :math:`u` under them. The audit uses nothing that the
solver has kept: it prices the flows, grows every tree anew (:mod:`~citytide.kernels.traffic.paths`) and adds up in the
order of links and pairs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..engines import Engine, Traversal, routine
from .delay import Delay, compute_integral, price_link
from .demand import Pairs
from .network import Floats, Graph
from .paths import LOAD

__all__ = ["Certificate", "audit_flows", "price_flows"]


class Certificate(NamedTuple):
    """What the audit finds."""

    objective: float
    tstt: float
    sptt: float
    od_cost: Floats
    """(pair,) cheapest cost under the audited costs; inf without a path."""

    @property
    def is_finite(self) -> bool:
        """Whether all totals are numbers: costs that overflow prove nothing."""
        return math.isfinite(self.objective) and math.isfinite(self.tstt) and math.isfinite(self.sptt)

    @property
    def excess(self) -> float:
        """TSTT - SPTT; rounding below zero counts as zero."""
        return max(self.tstt - self.sptt, 0.0) if self.is_finite else math.nan

    @property
    def relative_gap(self) -> float:
        """Excess over TSTT; NaN where a total is not finite, which is no gap of 0."""
        if not self.is_finite:
            return math.nan
        return self.excess / self.tstt if self.tstt > 0.0 else 0.0


def _total(flow: Floats, delay: Delay, cost: Floats, demand: Floats, od_cost: Floats) -> Floats:
    """Objective, cost of the flows and cost of the cheapest paths, by Neumaier's sum: what rounding drops is kept."""
    totals = np.zeros(3)
    dropped = np.zeros(3)
    base, scale, capacity, power = delay
    for link in range(flow.size):
        add(totals, dropped, 0, compute_integral(flow[link], base[link], scale[link], capacity[link], power[link]))
        add(totals, dropped, 1, cost[link] * flow[link])
    for pair in range(demand.size):
        if demand[pair] > 0.0 and od_cost[pair] < np.inf:
            add(totals, dropped, 2, demand[pair] * od_cost[pair])
    return totals + dropped


@routine
def add(totals, dropped, which, part):
    """Add ``part`` to one of the totals."""
    before = totals[which]
    after = before + part
    if abs(before) >= abs(part):
        dropped[which] += (before - after) + part
    else:
        dropped[which] += (part - after) + before
    totals[which] = after


def _price(flow: Floats, delay: Delay) -> Floats:
    cost = delay.base.copy()
    slope = np.empty(flow.size)
    for link in range(flow.size):
        price_link(link, flow, delay, cost, slope)
    return cost


_TOTAL, _PRICE = Traversal(_total), Traversal(_price)


def price_flows(flow: Floats, delay: Delay, engine: Engine) -> Floats:
    """Cost of each open link at its flow."""
    cost: Floats = _PRICE.on(engine)(flow, delay)
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
        base, scale, capacity and power of the open links (:mod:`~citytide.kernels.traffic.delay`).
    engine
        ``"numba"`` or ``"python"``.
    """
    cost = price_flows(flow, delay, engine)
    n_pairs = len(pairs.origin)
    od_cost = np.full(n_pairs, np.inf)
    LOAD.on(engine)(graph, pairs, cost, False, np.zeros(len(cost)), od_cost)
    objective, tstt, sptt = (float(total) for total in _TOTAL.on(engine)(flow, delay, cost, pairs.demand, od_cost))
    return Certificate(objective, tstt, sptt, od_cost)
