"""SciPy grows shortest path trees from many origins in one batched call with predecessors; nothing is loaded on them.

Run by the peer's own Python on a file of arrays that ``citytide.benchmarks.cases.traffic.trees`` writes:
``python -m citytide.benchmarks.peers run scipy FILE.npz --repeat 5``. Prints one JSON line, seconds of one call.

A node that no path may pass through is split: paths start at a copy that has its outgoing links, and end at the node
that has the incoming ones. Of parallel links the cheapest stays: a SciPy matrix would add them up.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def make_graph(arrays: Mapping[str, Any]) -> tuple[Any, Any]:
    """The CSR matrix and the nodes to start from."""
    import numpy as np
    from scipy.sparse import csr_array

    tail, head, cost = (arrays[name] for name in ("tail", "head", "cost"))
    n_nodes = int(arrays["n_nodes"])
    blocked = np.flatnonzero(~arrays["passable"])
    start = np.arange(n_nodes)
    start[blocked] = n_nodes + np.arange(blocked.size)
    tail = start[tail]
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.ones(tail.size, bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    n = n_nodes + blocked.size
    offset = np.zeros(n + 1, np.int32)
    np.cumsum(np.bincount(tail[first], minlength=n), out=offset[1:])
    graph = csr_array((cost[first], head[first].astype(np.int32), offset), shape=(n, n))
    return graph, start[arrays["origins"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arrays", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()

    import numpy as np
    from scipy.sparse.csgraph import dijkstra

    with np.load(asked.arrays) as file:
        arrays = dict(file)
    graph, origins = make_graph(arrays)
    dijkstra(graph, indices=origins[:1], return_predecessors=True)
    cpu, wall = [], []
    for _ in range(asked.repeat):
        w, c = time.perf_counter(), time.process_time()
        distance, _predecessor = dijkstra(graph, directed=True, indices=origins, return_predecessors=True)
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    reached = np.isfinite(distance)
    row = np.searchsorted(arrays["origins"], arrays["origin"])
    answer = {
        "cpu_seconds": float(np.median(cpu)),
        "wall_seconds": float(np.median(wall)),
        "trees": int(origins.size),
        "cpu_seconds_per_tree": float(np.median(cpu)) / origins.size,
        "reached": int(reached.sum()),
        "sptt": float(distance[row, arrays["destination"]] @ arrays["demand"]),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
