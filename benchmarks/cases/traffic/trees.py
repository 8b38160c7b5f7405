"""Shortest path trees from all zones, with loading: seconds of the whole batch, and of one tree.

The counterpart of ``peers/trees_scipy.py``, which grows the same trees and loads nothing on them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes
from .tree_networks import TREE_NETWORKS, Arrays, Reach, load_network, make_tree_network

__all__ = ["main", "time_trees"]


def time_trees(arrays: Arrays, *, repeat: int = 5) -> dict[str, Any]:
    """Load every pair on its cheapest path ``repeat`` times, compiled; median seconds of a batch and of one tree.

    Examples
    --------
    >>> from .tree_networks import make_tree_network
    >>> answer = time_trees(make_tree_network("city-5k"), repeat=1)
    >>> answer["trees"], answer["cpu_seconds_per_tree"] > 0
    (141, True)
    """
    from ....kernels.traffic.network import RoadNetwork
    from ....kernels.traffic.paths import load_trees

    links = len(arrays["tail"])
    roads = RoadNetwork(
        n_nodes=int(arrays["n_nodes"]), tail=arrays["tail"], head=arrays["head"], free_time=arrays["cost"],
        capacity=np.ones(links), b=np.zeros(links), power=np.ones(links), passable=arrays["passable"],
    )  # fmt: skip
    pairs = arrays["origin"], arrays["destination"], arrays["demand"]

    first = np.searchsorted(pairs[0], pairs[0][0], side="right")
    load_trees(roads, arrays["cost"], *(column[:first] for column in pairs))  # compiles
    seconds, loading = time_goes(lambda: load_trees(roads, arrays["cost"], *pairs), repeat=repeat)
    trees = int(arrays["origins"].size)
    return {
        **seconds,
        "trees": trees,
        "nodes": int(arrays["n_nodes"]),
        "links": links,
        "cpu_seconds_per_tree": seconds["cpu_seconds"] / trees,
        "sptt": float(loading.sptt),
    }


@click.group()
def main() -> None:
    """Shortest path trees with loading."""


@main.command()
@click.argument("name", type=click.Choice(list(TREE_NETWORKS)))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["grid", "ring-radial"]), default="ring-radial", show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--to", type=click.Choice(["zones", "nodes"]), default="zones", show_default=True)
def write(name: str, out: Path, kind: Any, seed: int, to: Reach) -> None:
    """Write the arrays of a network NAME to OUT (.npz), for both sides to read."""
    np.savez(out, **make_tree_network(name, kind=kind, seed=seed, to=to))  # type: ignore[arg-type]


@main.command()
@click.argument("arrays", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=5, show_default=True)
def run(arrays: Path, repeat: int) -> None:
    """Time the trees of an array file; print one JSON line."""
    print_answer(time_trees(load_network(arrays), repeat=repeat))


if __name__ == "__main__":
    main()
