"""How the time of one tree grows with the network, held against n log n (n: nodes)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import click

from .tree_networks import Reach, make_tree_network
from .trees import time_trees

__all__ = ["main", "measure_growth", "relate_to_nlogn"]

SIZES = ("city-5k", "city-20k", "city-100k")
LARGEST = 100_000


def relate_to_nlogn(nodes: Sequence[int], seconds: Sequence[float]) -> list[float]:
    """Seconds over n log n of every size, in multiples of the smallest size's.

    Examples
    --------
    >>> relate_to_nlogn([10, 100, 1000], [1.0, 20.0, 450.0])
    [1.0, 1.0, 1.5]
    """
    units = [t / (n * math.log(n)) for n, t in zip(nodes, seconds, strict=True)]
    return [round(unit / units[0], 12) for unit in units]


def measure_growth(
    names: Sequence[str] = SIZES, *, rounds: int = 5, repeat: int = 2, to: Reach = "zones"
) -> dict[str, Any]:
    """CPU seconds per tree at each size: the least over rounds that visit the sizes in turn; neighbours only add."""
    networks = {name: make_tree_network(name, to=to) for name in names}
    goes: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, arrays in networks.items():
            # A small network is gone over more often, so that no size is measured in a blink.
            more = max(1, LARGEST // len(arrays["tail"]))
            goes[name].append(time_trees(arrays, repeat=repeat * more))
    rows = [min(goes[name], key=lambda go: go["cpu_seconds_per_tree"]) for name in names]
    factors = relate_to_nlogn([row["nodes"] for row in rows], [row["cpu_seconds_per_tree"] for row in rows])
    sizes = [
        {"network": name, **{k: row[k] for k in ("nodes", "links", "trees", "cpu_seconds_per_tree")}, "over_nlogn": f}
        for name, row, f in zip(names, rows, factors, strict=True)
    ]
    return {"to": to, "sizes": sizes, "largest_factor": max(factors)}


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--to", type=click.Choice(["zones", "nodes"]), default="zones", show_default=True)
def main(rounds: int, to: Reach) -> None:
    """Print one JSON line: seconds per tree at 5k, 20k, 100k links, and their factor over n log n."""
    print(json.dumps(measure_growth(rounds=rounds, to=to)))


if __name__ == "__main__":
    main()
