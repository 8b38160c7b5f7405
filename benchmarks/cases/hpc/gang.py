"""Ranks that share one ground, beside as many that compute alone at the same time: what coupling costs.

Both are the same processes in turns: as a gang they advance one domain and exchange their halos after each step, and
alone each advances a domain of its own, of its tile's size.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ..hydro.inertia import make_ground
from ..stopwatch import print_answer

if TYPE_CHECKING:
    from ....hpc.gang.gang import Gang

__all__ = ["advance_in_turns", "main", "time_gang"]


def advance_in_turns(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """What each rank does: goes together and alone in turns; rank 0 leaves the slowest rank's seconds of each."""
    from ....hpc.gang.halo import HaloExchange
    from ....hpc.gang.layout import Place, TileLayout
    from ....kernels.hydro.inertia.step import REACH, advance_inertia
    from ....kernels.hydro.surface_water.surface import Surface
    from ....kernels.hydro.surface_water.water import Water

    n, steps = params["cells"], params["steps"]
    layout = TileLayout((n * gang.size, n), gang.size, REACH)
    box = layout.tiles[gang.rank].cells
    places: dict[str, Place] = {"depth": "cell", "flow_x": "x_face", "flow_y": "y_face"}
    halo = HaloExchange(gang, layout, places)
    ground = make_ground(n * gang.size)[: n * gang.size, :n][box.y0 : box.y1, box.x0 : box.x1]
    surface = Surface.enclose(ground, 0.03, cell_m=10.0, dtype="f4")
    water = Water.rest(surface, 1.0, maps=False)
    asked: dict[str, Any] = {"time_step_s": 0.5, "n_steps": steps}
    advance_inertia(water, surface, time_step_s=0.5)  # compiles, or waits for who does
    seconds: dict[str, list[float]] = {"alone": [], "together": []}
    for go in range(2 * params["repeat"]):
        how = "together" if go % 2 else "alone"
        gang.comm.Barrier()
        began = time.perf_counter()
        _, peak = advance_inertia(water, surface, after_step=halo.exchange if go % 2 else None, **asked)
        if go % 2:
            gang.find_maximum(peak)  # once a window
        seconds[how].append(float(gang.find_maximum(np.array([time.perf_counter() - began]))[0]))
    if gang.rank == 0:
        (folder / "seconds.json").write_text(json.dumps(seconds))


def time_gang(ranks: int, cells: int, *, steps: int = 64, repeat: int = 7) -> dict[str, Any]:
    """How fast ranks are together, over how fast they are alone: the median of pairs, and the least and most.

    Examples
    --------
    >>> time_gang(2, 20, steps=2, repeat=1)["pairs"]
    1
    """
    from ....hpc.errors import RunError
    from ....hpc.gang.launch import launch_gang

    with tempfile.TemporaryDirectory() as place:
        params = {"cells": cells, "steps": steps, "repeat": repeat}
        end = launch_gang(f"{__spec__.name}:advance_in_turns", params, ranks, Path(place))
        if end.exit_code:
            raise RunError("; ".join(end.errors))
        seconds = json.loads((Path(place) / "seconds.json").read_text())
    alone, together = np.array(seconds["alone"]), np.array(seconds["together"])
    ratio = alone / together
    return {
        "efficiency": float(np.median(ratio)), "least": float(ratio.min()), "most": float(ratio.max()),
        "pairs": len(ratio),
        "wall_seconds": float(np.median(together)), "wall_seconds_alone": float(np.median(alone)), "ranks": ranks,
        "cells": ranks * cells * cells,
    }  # fmt: skip


@click.command()
@click.option("--ranks", default=2, show_default=True)
@click.option("--cells", default=1000, show_default=True, help="Rows and columns of a rank.")
@click.option("--steps", default=64, show_default=True, help="Of a go.")
@click.option("--repeat", default=7, show_default=True, help="Pairs of goes.")
def main(ranks: int, cells: int, steps: int, repeat: int) -> None:
    """Print one JSON line."""
    print_answer(time_gang(ranks, cells, steps=steps, repeat=repeat))


if __name__ == "__main__":
    main()
