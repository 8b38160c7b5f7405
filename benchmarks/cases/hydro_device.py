"""Water on a GPU: cell updates per second beside what the device's memory allows, measured in the same minute.

The ceiling counts the bytes that one pass must move: depth and two flows read and written, ground and roughness read.
Published documents name this path (``python -m citytide.benchmarks.cases.hydro_device``): it stays here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import numpy as np

from ...kernels.device_arrays import place
from ...kernels.engines import Sweeps, cuda
from .hydro.inertia import make_ground
from .stopwatch import print_answer, time_goes

__all__ = ["main", "time_device", "time_triad"]

FIELDS_PER_UPDATE = 8
SCHEMES = ("inertia", "first", "second")


def _triad(a: Any, b: Any, c: Any, three: Any) -> None:
    row, place = cuda.grid(2)
    if row < a.shape[0] and place < a.shape[1]:
        a[row, place] = b[row, place] + three * c[row, place]


TRIAD = Sweeps(gpu=_triad)


def synchronize() -> None:
    """Wait until the device has finished its work."""
    import numba.cuda

    numba.cuda.synchronize()


def time_triad(dtype: str = "f4", *, n: int = 100_000_000, repeat: int = 5) -> float:
    """Bytes per second of ``a = b + 3 c`` in the device's memory, over arrays far larger than its caches."""
    one = np.ones((1, n), dtype)
    arrays = [place(one) for _ in range(3)]

    def go() -> None:
        TRIAD("cuda", *arrays, one.dtype.type(3))
        synchronize()

    go()  # compiles
    seconds, _ = time_goes(go, repeat=repeat)
    return 3 * one.nbytes / float(seconds["wall_seconds"])


def time_device(
    n: int, *, scheme: str = "inertia", dtype: str = "f4", members: int = 1, steps: int = 64, repeat: int = 5
) -> dict[str, Any]:
    """Advance water of ``members`` on (n, n) cells by ``steps``, in the device's memory from before to after."""
    from ...kernels.hydro.inertia.step import advance_inertia
    from ...kernels.hydro.shallow_water.step import advance_shallow_water
    from ...kernels.hydro.surface_water.surface import Surface
    from ...kernels.hydro.surface_water.water import Water

    order: Any = 2 if scheme == "second" else 1
    advance: Callable[..., Any] = advance_inertia if scheme == "inertia" else advance_shallow_water
    asked: dict[str, Any] = {"time_step_s": 0.25} | ({} if scheme == "inertia" else {"order": order})
    host = Surface.enclose(make_ground(n), 0.03, cell_m=10.0, dtype=dtype, ring=order)
    surface = host.on_device()
    water = Water.rest(host, 1.0, n_members=members, maps=False, faces=scheme == "inertia").on_device()

    def go(n_steps: int) -> Any:
        after, _ = advance(water, surface, n_steps=n_steps, **asked)
        synchronize()
        return after

    go(1)  # compiles
    seconds, after = time_goes(lambda: go(steps), repeat=repeat)
    updates = members * n * n * steps
    return {
        **seconds, "updates": updates, "updates_per_second": updates / seconds["wall_seconds"],
        "checksum": float(f"{after.on_host().depth.mean(dtype=np.float64):.4g}"),
    }  # fmt: skip


@click.command()
@click.argument("scheme", type=click.Choice(SCHEMES))
@click.option("--cells", default=3000, show_default=True, help="Rows and columns.")
@click.option("--members", default=1, show_default=True)
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f4", show_default=True)
@click.option("--repeat", default=5, show_default=True)
def main(scheme: str, cells: int, members: int, dtype: str, repeat: int) -> None:
    """Print one JSON line: updates a second, and their share of what memory allows."""
    answer = time_device(cells, scheme=scheme, dtype=dtype, members=members, repeat=repeat)
    ceiling = time_triad(dtype) / (FIELDS_PER_UPDATE * np.dtype(dtype).itemsize)
    print_answer({**answer, "scheme": scheme, "dtype": dtype, "share": answer["updates_per_second"] / ceiling})


if __name__ == "__main__":
    main()
