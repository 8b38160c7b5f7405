# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""What a link costs under its flow: the volume-delay function, its slope and its integral.

.. math:: c(x) = g + k \\, (x / q)^p, \\qquad \\int_0^x c = g x + \\frac{k q}{p + 1} (x / q)^{p + 1}

with a base cost :math:`g` (free-flow time and fixed cost), :math:`k = t_0 b`, capacity :math:`q`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..engines import routine
from .network import Floats, Graph, RoadNetwork

__all__ = ["Delay", "LinkState", "compute_integral", "gather_delay", "price_link", "raise_ratio"]

LARGEST_LOGARITHM = 709.7  # of a double; above it math.exp raises outside compiled code
GENTLEST = 1e-6  # flow over capacity below which the slope is no longer followed: it is infinite at 0 for power < 1


@routine
def raise_ratio(ratio, power):
    """``ratio ** power`` for ratio >= 0, with 0 ** 0 = 1."""
    if power == 4.0:
        square = ratio * ratio
        return square * square
    if power == 0.0:
        return 1.0
    if power == 1.0:
        return ratio
    if ratio <= 0.0:
        return 0.0
    whole = int(min(power, 64.0))
    if whole == power:
        product = 1.0
        while whole > 0:
            if whole & 1:
                product *= ratio
            ratio *= ratio
            whole >>= 1
        return product
    logarithm = power * math.log(ratio)
    return math.exp(logarithm) if logarithm < LARGEST_LOGARITHM else math.inf


@routine
def price_link(link, flow, delay, cost, slope):
    """Set cost and slope of one link from its flow."""
    scale = delay.scale[link]
    if scale == 0.0:
        return
    base = delay.base[link]
    capacity = delay.capacity[link]
    exponent = delay.power[link]
    ratio = flow[link] / capacity
    if exponent == 4.0:
        cube = scale * (ratio * ratio * ratio)
        cost[link] = base + cube * ratio
        slope[link] = 4.0 * cube / capacity
        return
    cost[link] = base + scale * raise_ratio(ratio, exponent)
    if exponent == 0.0:
        slope[link] = 0.0
    elif exponent < 1.0:
        at = max(ratio, GENTLEST)
        slope[link] = scale * exponent * (raise_ratio(at, exponent) / at) / capacity
    else:
        slope[link] = scale * exponent * raise_ratio(ratio, exponent - 1.0) / capacity


@routine
def compute_integral(flow, base, scale, capacity, power):
    """Integral of a link's cost from no flow to ``flow``."""
    if scale == 0.0:
        return base * flow
    return base * flow + scale * capacity / (power + 1.0) * raise_ratio(flow / capacity, power + 1.0)


class Delay(NamedTuple):
    """The volume-delay functions of the open links."""

    base: Floats
    """(open link,) cost at no flow: free-flow time and fixed cost."""
    scale: Floats
    """(open link,) cost that flow adds at capacity."""
    capacity: Floats
    """(open link,) capacity under the scenario, in the unit of the flows."""
    power: Floats
    """(open link,) exponent of flow over capacity [1]."""


class LinkState(NamedTuple):
    """Flows of the open links and what they cost; the sweeps write into these arrays."""

    flow: Floats
    delay: Delay
    cost: Floats
    slope: Floats


def gather_delay(network: RoadNetwork, graph: Graph) -> Delay:
    """The volume-delay functions of a network's open links, in the order of the graph."""
    link = graph.link
    return Delay(
        (network.free_time + network.fixed_cost)[link],
        (network.free_time * network.b)[link],
        network.capacity[link],
        network.power[link],
    )
