"""Shortest path trees on the device, over a grid of streets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....kernels.device_arrays import place
from ....kernels.traffic.network import RoadNetwork
from ....kernels.traffic.paths import load_trees
from .case import Case, Size, Work

__all__ = ["ROADS", "make_streets"]

ORIGINS = 512  # at most: each is the work of one block of threads
LINK_BYTES = 20  # a link's head, its cost, and the label of its head: read once at the least


def make_streets(n: int) -> RoadNetwork:
    """Streets both ways between the neighbours of (n, n) crossings, each of a time of its own.

    Examples
    --------
    >>> make_streets(3)
    RoadNetwork(9 nodes, 24 links, 0 closed, 0 not to be passed through)
    """
    node = np.arange(n * n, dtype=np.int32).reshape(n, n)
    one = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    other = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    tail, head = np.concatenate([one, other]), np.concatenate([other, one])
    free_time = np.random.default_rng(1).uniform(1.0, 2.0, tail.size)
    ones = np.ones(tail.size)
    return RoadNetwork(
        n_nodes=n * n, tail=tail, head=head, free_time=free_time, capacity=ones, b=0.15 * ones, power=4.0 * ones
    )


def _load(size: Size) -> Work:
    network = make_streets(size.n)
    nodes = np.arange(network.n_nodes, dtype=np.int32)
    ends = nodes[:: len(nodes) // min(ORIGINS, len(nodes) // 2)]
    origin, destination = (side.ravel() for side in np.meshgrid(ends, ends, indexing="ij"))
    demand = np.ones(origin.size)
    there = place(network.free_time)

    def tell(loading: Any) -> dict[str, Any]:
        return {"flow": loading.flow, "od_cost": loading.od_cost}

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            loading = load_trees(network, there, origin, destination, demand)
        return tell(loading)

    links = len(ends) * network.n_links
    return Work(
        go=go,
        answer=lambda steps: tell(
            load_trees(network, network.free_time, origin, destination, demand, engine=size.host)
        ),
        updates=links,
        n_bytes=LINK_BYTES * links,
    )  # fmt: skip


ROADS = (
    Case(
        "traffic.load_trees", _load, unit="links of trees", sizes=(10, 70, 160), simulated=(2, 2, 2), dtypes=("f8",),
        steps=2, bound={"f8": 1e-12}, limit="a search that goes on from node to node",
    ),
)  # fmt: skip
