"""Shallow water: cell updates per second, of first and second order."""

from __future__ import annotations

from typing import Any, Literal

import click
import numpy as np

from ..stopwatch import print_answer, time_goes
from .inertia import make_ground

__all__ = ["main", "time_citytide"]


def time_citytide(
    n: int, *, order: Literal[1, 2] = 1, dtype: str = "f4", threads: int = 1, steps: int = 20, repeat: int = 5
) -> dict[str, Any]:
    """Advance water on (n, n) cells by ``steps``; median seconds of one go, compiled.

    Examples
    --------
    >>> time_citytide(20, steps=2, repeat=1)["updates"]
    800
    """
    from ....kernels.hydro.shallow_water.step import advance_shallow_water
    from ....kernels.hydro.surface_water.surface import Surface
    from ....kernels.hydro.surface_water.water import Water

    surface = Surface.enclose(make_ground(n), 0.03, cell_m=10.0, dtype=dtype, ring=order)
    water = Water.rest(surface, 1.0, maps=False, faces=False)
    asked: dict[str, Any] = {"time_step_s": 0.3, "threads": threads, "order": order}
    advance_shallow_water(water, surface, **asked)  # compiles
    seconds, (after, _) = time_goes(
        lambda: advance_shallow_water(water, surface, n_steps=steps, **asked), repeat=repeat
    )
    updates = n * n * steps
    return {
        **seconds, "updates": updates, "updates_per_cpu_second": updates / max(seconds["cpu_seconds"], 1e-9),
        "updates_per_second": updates / seconds["wall_seconds"],
        "checksum": float(f"{after.depth.mean(dtype=np.float64):.4g}"),
    }  # fmt: skip


@click.command()
@click.option("--cells", default=1000, show_default=True, help="Rows and columns.")
@click.option("--order", type=click.Choice(["1", "2"]), default="1", show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f4", show_default=True)
@click.option("--repeat", default=5, show_default=True)
def main(cells: int, order: str, threads: int, dtype: str, repeat: int) -> None:
    """Print one JSON line."""
    print_answer(time_citytide(cells, order=1 if order == "1" else 2, dtype=dtype, threads=threads, repeat=repeat))


if __name__ == "__main__":
    main()
