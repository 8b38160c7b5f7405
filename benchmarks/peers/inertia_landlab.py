"""landlab's OverlandFlow (de Almeida et al. 2012) over the hills of ``citytide.benchmarks.cases.hydro.inertia``.

Run by the peer's own Python: ``python -m citytide.benchmarks.peers run landlab --cells 500 --steps 20``. Prints one
JSON line, seconds of the steps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def main() -> None:
    """Advance ``--steps`` steps of 0.5 s, ``--repeat`` times."""
    import numpy as np
    from landlab import RasterModelGrid
    from landlab.components import OverlandFlow

    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=500)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    n = asked.cells
    grid = RasterModelGrid((n, n), xy_spacing=10.0)
    y, x = np.mgrid[0:n, 0:n] / 25.0
    grid.add_field("topographic__elevation", (np.sin(x) + np.cos(1.3 * y) + 0.02 * (x + y)).ravel(), at="node")
    grid.add_ones("surface_water__depth", at="node")
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    flow = OverlandFlow(grid, mannings_n=0.03, steep_slopes=True, rainfall_intensity=0.0)
    flow.overland_flow(dt=0.5)  # compiles or warms up what it has
    cpu, wall = [], []
    for _ in range(asked.repeat):
        w, c = time.perf_counter(), time.process_time()
        for _ in range(asked.steps):
            flow.overland_flow(dt=0.5)
        cpu.append(time.process_time() - c)
        wall.append(time.perf_counter() - w)
    updates = n * n * asked.steps
    seconds = statistics.median(cpu)
    print(
        json.dumps(
            {
                "cpu_seconds": seconds,
                "wall_seconds": statistics.median(wall),
                "repeat": asked.repeat,
                "updates": updates,
                "updates_per_cpu_second": updates / seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
