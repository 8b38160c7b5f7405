"""The networks that trees are grown on: a file of arrays that our side and a peer's read alike.

The demand goes to the zones of the network, or to every node: then no search may end before all nodes are settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["TREE_NETWORKS", "Reach", "load_network", "make_tree_network"]

Arrays = dict[str, NDArray[Any]]
Reach = Literal["zones", "nodes"]
# name: links of a synthetic city, or None for a network of the catalogue
TREE_NETWORKS: Mapping[str, int | None] = {
    "chicago-sketch": None, "city-5k": 5_000, "city-20k": 20_000, "city-100k": 100_000
}  # fmt: skip
WEIGHTS = {"chicago-sketch": (0.02, 0.04)}


def make_tree_network(
    name: str, *, kind: Literal["grid", "ring-radial"] = "ring-radial", seed: int = 1, to: Reach = "zones"
) -> Arrays:
    """Arrays of a network: ``tail, head, cost, n_nodes, passable, origins, origin, destination, demand``.

    Parameters
    ----------
    name
        One of ``TREE_NETWORKS``.
    kind, seed
        Size of a synthetic city.
    to
        ``"zones"``: the network's own demand; ``"nodes"``: one trip from every zone to every other node.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> city = make_tree_network("city-5k")
    >>> bool(city["cost"].min() > 0), city["origins"].size
    (True, 141)
    """
    from ....datasets.catalogue.networks import open_instance
    from ....datasets.synthetic.traffic.network import make_network

    if name not in TREE_NETWORKS:
        raise ValueError(f"there is no network {name!r}; known: {', '.join(TREE_NETWORKS)}")
    n_links = TREE_NETWORKS[name]
    instance = open_instance(name) if n_links is None else make_network(kind, n_links, seed)
    roads, _ = instance.network(*WEIGHTS.get(name, (0.0, 0.0)))
    origin, destination, demand = instance.origin, instance.destination, instance.demand
    origins = np.unique(origin)
    if to == "nodes":
        every = np.arange(instance.n_nodes, dtype=np.int32)
        origin, destination = np.repeat(origins, every.size), np.tile(every, origins.size)
        kept = origin != destination
        origin, destination = origin[kept], destination[kept]
        demand = np.ones(origin.size)
    return {
        "tail": roads.tail, "head": roads.head, "cost": roads.free_time + roads.fixed_cost,
        "n_nodes": np.array(roads.n_nodes), "passable": roads.passable, "origins": origins,
        "origin": origin, "destination": destination, "demand": demand,
    }  # fmt: skip


def load_network(path: Path) -> Arrays:
    """Read the arrays that ``trees write`` left."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
