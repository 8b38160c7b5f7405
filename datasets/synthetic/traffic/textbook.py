"""Networks small enough for a closed-form answer, named after what they show."""

from __future__ import annotations

import numpy as np

from ...traffic.instances import Instance

__all__ = ["compute_two_route_flows", "make_braess", "make_two_routes"]


def make_braess(demand: float = 6.0) -> Instance:
    """Make Braess's paradox: an extra road that makes everybody slower.

    With the classical demand of 6 the equilibrium flows are 4, 2, 2, 2, 4 at a cost of 92 each; without the last
    link they are 3, 3, 3, 3, 0 at 83 each. Beckmann's objective is 386, and the system optimum costs 498 in all.

    Parameters
    ----------
    demand
        Travellers from node 1 to node 2.

    Returns
    -------
    Instance
        Links 1-3, 1-4, 3-2, 3-4, 4-2 in this order, with travel times 10 x, 50 + x, 50 + x, 10 + x, 10 x; the
        zeros of the first and the last are 1e-8, since a travel time here is a multiple of its free-flow value.

    References
    ----------
    .. [1] Braess (1968), doi:10.1007/BF01918335

    Examples
    --------
    >>> make_braess().n_links
    5
    """
    return _make(
        "braess",
        nodes=4,
        links=[(0, 2), (0, 3), (2, 1), (2, 3), (3, 1)],
        free_time=[1e-8, 50.0, 50.0, 10.0, 1e-8],
        slope=[10.0, 1.0, 1.0, 1.0, 10.0],
        length=[1.0, 1.0, 1.0, 1.0, 1.0],
        place=[(0.0, 0.5), (1.0, 0.5), (0.5, 1.0), (0.5, 0.0)],
        demand=demand,
    )


def make_two_routes(
    demand: float = 10.0,
    *,
    free_time: tuple[float, float] = (10.0, 15.0),
    slope: tuple[float, float] = (1.0, 0.5),
) -> Instance:
    """Make two parallel links with travel times ``free_time + slope * flow``.

    :func:`compute_two_route_flows` gives the equilibrium. The links join the same two nodes, so a reader or kernel
    that merges parallel links cannot get it right.

    Parameters
    ----------
    demand
        Travellers from node 1 to node 2.
    free_time, slope
        Free travel time of each link, above 0, and its rise with flow, >= 0.

    Examples
    --------
    >>> instance = make_two_routes()
    >>> instance.tail.tolist(), instance.head.tolist()
    ([0, 0], [1, 1])
    """
    return _make(
        "two-routes",
        nodes=2,
        links=[(0, 1), (0, 1)],
        free_time=list(free_time),
        slope=list(slope),
        length=[1.0, 1.0],
        place=[(0.0, 0.5), (1.0, 0.5)],
        demand=demand,
    )


def compute_two_route_flows(
    demand: float = 10.0,
    *,
    free_time: tuple[float, float] = (10.0, 15.0),
    slope: tuple[float, float] = (1.0, 0.5),
    principle: str = "user",
) -> tuple[float, float]:
    r"""Return the flows of :func:`make_two_routes` in closed form.

    Equal travel times give :math:`x_1 = (a_2 - a_1 + b_2 d) / (b_1 + b_2)`, kept within [0, d]; equal marginal
    times the same with :math:`2 b`.

    References
    ----------
    .. [1] Wardrop (1952), doi:10.1680/ipeds.1952.11259

    Examples
    --------
    >>> compute_two_route_flows(10.0)
    (6.666666666666667, 3.333333333333333)
    """
    twice = 2.0 if principle == "system" else 1.0
    (a1, a2), (b1, b2) = free_time, (twice * slope[0], twice * slope[1])
    if b1 + b2 == 0.0:
        first = demand if a1 <= a2 else 0.0
    else:
        first = min(max((a2 - a1 + b2 * demand) / (b1 + b2), 0.0), demand)
    return first, demand - first


def _make(
    name: str,
    *,
    nodes: int,
    links: list[tuple[int, int]],
    free_time: list[float],
    slope: list[float],
    length: list[float],
    place: list[tuple[float, float]],
    demand: float,
) -> Instance:
    ends = np.array(links, dtype=np.int32)
    free = np.array(free_time)
    xy = np.array(place)
    return Instance(
        name=name,
        n_nodes=nodes,
        tail=np.ascontiguousarray(ends[:, 0]),
        head=np.ascontiguousarray(ends[:, 1]),
        free_time=free,
        capacity=np.ones(free.size),
        b=np.array(slope) / free,
        power=np.ones(free.size),
        length=np.array(length),
        toll=np.zeros(free.size),
        link_id=np.arange(1, free.size + 1, dtype=np.int64),
        node_id=np.arange(1, nodes + 1, dtype=np.int64),
        passable=np.ones(nodes, dtype=np.bool_),
        origin=np.array([0], dtype=np.int32),
        destination=np.array([1], dtype=np.int32),
        demand=np.array([demand], dtype=np.float64),
        intrazonal_demand=0.0,
        x=np.ascontiguousarray(xy[:, 0]),
        y=np.ascontiguousarray(xy[:, 1]),
        crs="layout: drawn by hand",
        units={"time": "1", "length": "1", "flow": "1", "toll": "1"},
        notes=("A made-up network with a known answer.",),
    )
