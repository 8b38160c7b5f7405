"""AequilibraE solves a TNTP instance; prints one JSON line with the seconds of the solve alone.

Run by the peer's own Python: ``python -m citytide.benchmarks.peers run aequilibrae FOLDER --gap 1e-6``.
AequilibraE refuses free-flow times of zero; they become 1e-6. Node ids of zones must be 1 to the number of zones.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ["AEQ_SHOW_PROGRESS"] = "FALSE"  # read on import; a progress bar costs the peer time that is not its own

COLUMNS = ("a_node", "b_node", "capacity", "length", "free_time", "b", "power", "speed", "toll", "kind")


def read_network(path: Path) -> tuple[dict[str, str], dict[str, tuple[float, ...]]]:
    """Header values and link columns of a TNTP network file."""
    head: dict[str, str] = {}
    rows: list[list[float]] = []
    for line in path.read_text().splitlines():
        line = line.partition("~")[0].strip().rstrip(";").strip()
        if line.startswith("<"):
            key, _, value = line[1:].partition(">")
            head[key] = value.strip()
        elif line:
            rows.append([float(x) for x in line.split()])
    return head, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))


def read_trips(path: Path, zones: int) -> Any:
    """Demand matrix of a TNTP trip file; trips within a zone are left out."""
    import numpy as np

    demand, origin = np.zeros((zones, zones)), 0
    for line in path.read_text().splitlines():
        line = line.partition("~")[0].strip()
        if line.startswith("Origin"):
            origin = int(line.split()[1])
        elif origin and line:
            for item in filter(str.strip, line.split(";")):
                destination, trips = item.split(":")
                if int(destination) != origin:
                    demand[origin - 1, int(destination) - 1] = float(trips)
    return demand


def make_assignment(folder: Path, asked: argparse.Namespace) -> tuple[Any, Any]:
    """Everything before the solve: graph, matrix, class, volume-delay function."""
    import numpy as np
    import pandas as pd
    from aequilibrae.matrix import AequilibraeMatrix  # type: ignore[import-not-found]
    from aequilibrae.paths import (  # type: ignore[import-not-found]
        Graph,
        TrafficAssignment,
        TrafficClass,
    )

    head, links = read_network(next(folder.glob("*_net.tntp")))
    zones = int(head["NUMBER OF ZONES"])
    network = pd.DataFrame(links)
    network["link_id"] = np.arange(1, len(network) + 1)
    network["direction"] = 1
    network["free_time"] = network.free_time.where(network.free_time > 0, 1e-6)
    network["fixed"] = asked.toll_weight * network.toll + asked.distance_weight * network.length
    graph = Graph()
    graph.network = network[
        ["link_id", "a_node", "b_node", "direction", "capacity", "free_time", "b", "power", "fixed"]
    ]
    graph.mode = "c"
    graph.prepare_graph(np.arange(1, zones + 1))
    graph.set_graph("free_time")
    graph.set_blocked_centroid_flows(not asked.through_centroids)

    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=zones, matrix_names=["car"], memory_only=True)
    matrix.index[:] = graph.centroids
    matrix.matrices[:, :, 0] = read_trips(next(folder.glob("*_trips.tntp")), zones)
    matrix.computational_view(["car"])

    cars = TrafficClass("car", graph, matrix)
    cars.set_fixed_cost("fixed")
    assignment = TrafficAssignment()
    assignment.set_classes([cars])
    assignment.set_vdf("BPR")
    assignment.set_vdf_parameters({"alpha": "b", "beta": "power"})
    assignment.set_capacity_field("capacity")
    assignment.set_time_field("free_time")
    assignment.max_iter = asked.max_iterations
    assignment.rgap_target = asked.gap
    assignment.set_algorithm("bfw")
    assignment.set_cores(1)
    return assignment, network


def certify(assignment: Any, network: Any) -> dict[str, float]:
    """Objective and total cost of the flows, with the file's own costs but for the raised zeros."""
    import numpy as np

    flow = assignment.results().sort_index().PCE_AB.reindex(network.link_id).to_numpy()
    t0, ratio = network.free_time.to_numpy(), flow / network.capacity.to_numpy()
    b, power, fixed = (network[name].to_numpy() for name in ("b", "power", "fixed"))
    cost = t0 * (1 + b * ratio**power) + fixed
    objective = np.sum(t0 * flow * (1 + b * ratio**power / (power + 1)) + fixed * flow)
    return {"objective": float(objective), "tstt": float(cost @ flow)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--max-iterations", type=int, default=2000)
    parser.add_argument("--toll-weight", type=float, default=0.02)
    parser.add_argument("--distance-weight", type=float, default=0.04)
    parser.add_argument("--through-centroids", action="store_true", help="do not block paths through centroids")
    asked = parser.parse_args()
    assignment, network = make_assignment(asked.folder, asked)
    wall, cpu = time.perf_counter(), time.process_time()
    assignment.execute(log_specification=False)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    solver = assignment.assignment
    answer = {"cpu_seconds": cpu, "wall_seconds": wall, "relative_gap": float(solver.rgap), "iterations": solver.iter}
    print(json.dumps(answer | certify(assignment, network) | {"converged": bool(solver.rgap <= asked.gap)}))


if __name__ == "__main__":
    main()
