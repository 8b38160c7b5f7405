"""Road networks on a GPU: trees with loading a second, and cell updates a second beside what its memory allows.

An update of the density must read a cell and write one: 16 bytes in float64. Trees have no such ceiling; their command
tells how many bytes one origin needs in the device's memory. Both run in Numba's CUDA simulator at tiny sizes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
import numpy as np

from ..hydro_device import synchronize, time_triad
from ..stopwatch import print_answer, time_goes
from .tree_networks import Arrays, load_network

__all__ = ["main", "time_density_device", "time_trees_device"]

Diagram = Literal["parabolic", "triangular"]
ROAD: dict[str, Any] = {"time_step_s": 1.0, "cell_length_m": 50.0, "free_speed_m_s": 25.0, "jam_density_veh_m": 0.12}
WAVE_M_S = 6.0


def time_trees_device(arrays: Arrays, *, repeat: int = 5) -> dict[str, Any]:
    """Load every pair on its cheapest path ``repeat`` times on the device; copies of pairs and answers are counted.

    Parameters
    ----------
    arrays
        From :func:`~.tree_networks.make_tree_network`, as :func:`~.trees.time_trees` takes them on the host.
    """
    from ....kernels.device_arrays import place
    from ....kernels.traffic.device.loading import BYTES_PER_NODE, NODES_IN_SHARED
    from ....kernels.traffic.network import RoadNetwork
    from ....kernels.traffic.paths import load_trees

    links, nodes, trees = len(arrays["tail"]), int(arrays["n_nodes"]), int(arrays["origins"].size)
    roads = RoadNetwork(
        n_nodes=nodes, tail=arrays["tail"], head=arrays["head"], free_time=arrays["cost"],
        capacity=np.ones(links), b=np.zeros(links), power=np.ones(links), passable=arrays["passable"],
    )  # fmt: skip
    pairs = arrays["origin"], arrays["destination"], arrays["demand"]
    cost = place(arrays["cost"])
    first = np.searchsorted(pairs[0], pairs[0][0], side="right")
    load_trees(roads, cost, *(column[:first] for column in pairs))  # compiles

    def go() -> Any:
        loading = load_trees(roads, cost, *pairs)
        synchronize()
        return loading

    seconds, loading = time_goes(go, repeat=repeat)
    return {
        **seconds,
        "trees": trees,
        "nodes": nodes,
        "links": links,
        "pairs": len(pairs[0]),
        "wall_seconds_per_tree": seconds["wall_seconds"] / trees,
        "labels": "shared" if nodes <= NODES_IN_SHARED else "global",
        "bytes_per_tree": BYTES_PER_NODE * nodes,
        "sptt": float(loading.sptt),
    }


def time_density_device(
    n_links: int, n_cells: int, *, diagram: Diagram = "parabolic", dtype: str = "f8", steps: int = 16, repeat: int = 5
) -> dict[str, Any]:
    """Advance the density of ``n_links`` by one step ``steps`` times: the traversal alone, and the public function.

    The public function also allocates its answer; ``updates_per_second`` is the traversal's, ``call_seconds`` a call's.
    """
    from ....kernels.device_arrays import fetch, place
    from ....kernels.engines import empty_for
    from ....kernels.traffic.godunov import PARABOLIC, TRIANGULAR, advance_density

    wave = None if diagram == "parabolic" else WAVE_M_S
    speed, jam = ROAD["free_speed_m_s"], ROAD["jam_density_veh_m"]
    backward = wave or speed
    critical = 0.5 * jam if wave is None else jam * backward / (speed + backward)
    one = np.dtype(dtype).type
    scalars = map(one, (ROAD["time_step_s"] / ROAD["cell_length_m"], speed, backward, jam, critical))
    sweeps, numbers = (PARABOLIC if wave is None else TRIANGULAR), tuple(scalars)
    density = place(np.random.default_rng(0).uniform(0.0, jam, (n_links, n_cells + 2)).astype(dtype))
    out = empty_for(density, (n_links, n_cells))

    def sweep() -> None:
        for _ in range(steps):
            sweeps("cuda", out, density, *numbers)
        synchronize()

    def call() -> Any:
        after = advance_density(density, wave_speed_m_s=wave, **ROAD)
        synchronize()
        return after

    sweep()  # compiles
    seconds, _ = time_goes(sweep, repeat=repeat)
    called, after = time_goes(call, repeat=repeat)
    updates = n_links * n_cells * steps
    return {
        **seconds,
        "links": n_links,
        "cells": n_cells,
        "diagram": diagram,
        "dtype": dtype,
        "updates": updates,
        "updates_per_second": updates / seconds["wall_seconds"],
        "call_seconds": called["wall_seconds"],
        "checksum": float(f"{fetch(after).mean(dtype=np.float64):.4g}"),
    }


@click.group()
def main() -> None:
    """Road networks on a GPU."""


@main.command()
@click.argument("arrays", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=5, show_default=True)
def trees(arrays: Path, repeat: int) -> None:
    """Time the trees of a file that the host's case wrote; print one JSON line."""
    print_answer(time_trees_device(load_network(arrays), repeat=repeat))


@main.command()
@click.option("--links", default=100_000, show_default=True)
@click.option("--cells", default=1000, show_default=True, help="Of a link.")
@click.option("--diagram", type=click.Choice(["parabolic", "triangular"]), default="parabolic", show_default=True)
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f8", show_default=True)
@click.option("--steps", default=16, show_default=True, help="In one go.")
@click.option("--repeat", default=5, show_default=True)
def density(links: int, cells: int, diagram: Diagram, dtype: str, steps: int, repeat: int) -> None:
    """Print one JSON line: updates a second, and their share of what memory allows."""
    answer = time_density_device(links, cells, diagram=diagram, dtype=dtype, steps=steps, repeat=repeat)
    ceiling = time_triad(dtype) / (2 * np.dtype(dtype).itemsize)
    print_answer({**answer, "share": answer["updates_per_second"] / ceiling})


if __name__ == "__main__":
    main()
