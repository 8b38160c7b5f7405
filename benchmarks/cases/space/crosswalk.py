"""How the time of laying links over cells grows with the links, held against a straight line."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from ....datasets.synthetic.traffic.city_streets import make_streets
from ....kernels.space.crosswalk import cross_lines
from ....kernels.space.grid import Grid

__all__ = ["main", "measure_crosswalk"]

SHARES = (0.05, 0.25, 1.0)


def measure_crosswalk(size: str = "shenzhen", *, shares: Sequence[float] = SHARES, rounds: int = 5) -> dict[str, Any]:
    """CPU seconds for the first links of a city, the least over rounds that visit the shares in turn.

    Parameters
    ----------
    size
        Size of the synthetic city.
    shares
        Shares of its links; the last row of the answer is compared with the first.
    rounds
        Neighbours on the machine only add, so the least counts.

    Returns
    -------
    dict
        Per share: links, pairs, seconds, and nanoseconds per pair; ``factor`` is that of the last over the first.
    """
    roads, _ = make_streets(1, size)
    x, y = roads.vertex_x, roads.vertex_y
    grid = Grid.cover(x.min(), y.min(), x.max(), y.max(), cell_m=10.0)
    counts = [max(1, round(share * roads.n_links)) for share in shares]
    seconds = [float("inf")] * len(counts)
    pairs = [0] * len(counts)
    for _ in range(rounds + 1):  # the first round compiles
        for k, links in enumerate(counts):
            vertices = int(roads.vertex_offset[links])
            repeat = max(1, counts[-1] // links)  # a small one is gone over more often
            start = time.process_time()
            for _ in range(repeat):
                found = cross_lines(roads.vertex_offset[: links + 1], x[:vertices], y[:vertices], grid)
            seconds[k] = min(seconds[k], (time.process_time() - start) / repeat)
            pairs[k] = len(found.column)
            assert np.abs(found.covered - 1.0).max() <= 1e-12
    rows = [
        {"links": links, "pairs": n, "cpu_seconds": spent, "ns_per_pair": spent / n * 1e9}
        for links, n, spent in zip(counts, pairs, seconds, strict=True)
    ]
    return {"cells": list(grid.shape), "sizes": rows, "factor": rows[-1]["ns_per_pair"] / rows[0]["ns_per_pair"]}


@click.command()
@click.option("--size", default="shenzhen", show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(size: str, rounds: int) -> None:
    """Print one JSON line: seconds and nanoseconds per pair of link and cell, for growing parts of a city."""
    print(json.dumps(measure_crosswalk(size, rounds=rounds)))


if __name__ == "__main__":
    main()
