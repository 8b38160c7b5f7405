"""Water on a GPU: cell updates per second beside what the device's memory allows, measured in the same minute.

The ceiling counts the bytes that one pass must move: depth and two flows read and written, ground and roughness read.
Published documents name this path (``python -m citytide.benchmarks.cases.hydro_device``): it stays here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click
import numpy as np

from ...kernels.device_arrays import place
from ...kernels.engines import Sweeps, cuda
from .hydro.inertia import make_ground
from .stopwatch import print_answer, time_goes

__all__ = ["FIELDS_PER_UPDATE", "Triad", "main", "make_water", "synchronize", "time_device", "time_triad"]

FIELDS_PER_UPDATE = 8
COLUMNS = 16_384
SCHEMES = ("inertia", "first", "second")


def _triad(a: Any, b: Any, c: Any, three: Any) -> None:
    place, row = cuda.grid(2)
    if row < a.shape[0] and place < a.shape[1]:
        a[row, place] = b[row, place] + three * c[row, place]


TRIAD = Sweeps(gpu=_triad)


def synchronize() -> None:
    """Wait until the device has finished its work."""
    import numba.cuda

    numba.cuda.synchronize()


class Triad:
    """Three arrays in the device's memory, far larger than its caches, and the time of ``a = b + 3 c``.

    Parameters
    ----------
    dtype
        ``"f4"`` or ``"f8"``.
    n
        Numbers in each array, at the least.
    """

    def __init__(self, dtype: str = "f4", *, n: int = 100_000_000) -> None:
        one = np.ones((-(-n // COLUMNS), min(n, COLUMNS)), dtype)  # a launch has at most 65,535 blocks along a row
        self.arrays, self.three, self.n_bytes = [place(one) for _ in range(3)], one.dtype.type(3), 3 * one.nbytes
        self._go(1)  # compiles

    def _go(self, launches: int) -> None:
        for _ in range(launches):
            TRIAD("cuda", *self.arrays, self.three)
        synchronize()

    def measure(self, *, repeat: int = 5, launches: int = 10) -> float:
        """Bytes per second, of launches that follow each other: what a launch itself costs is hidden."""
        seconds, _ = time_goes(lambda: self._go(launches), repeat=repeat)
        return launches * self.n_bytes / float(seconds["wall_seconds"])


def time_triad(dtype: str = "f4", *, n: int = 100_000_000, repeat: int = 5) -> float:
    """Bytes per second of ``a = b + 3 c`` in the device's memory, over arrays far larger than its caches."""
    return Triad(dtype, n=n).measure(repeat=repeat)


def make_water(
    n: int, *, scheme: str = "inertia", dtype: str = "f4", members: int = 1, maps: bool = False
) -> tuple[Callable[..., Any], Any, Any]:
    """The kernel of a scheme, water of ``members`` a metre deep on (n, n) cells, and its surface, on the host."""
    from ...kernels.hydro.inertia.step import advance_inertia
    from ...kernels.hydro.shallow_water.step import advance_shallow_water
    from ...kernels.hydro.surface_water.surface import Surface
    from ...kernels.hydro.surface_water.water import Water

    order: Any = 2 if scheme == "second" else 1
    asked: dict[str, Any] = {"time_step_s": 0.25} | ({} if scheme == "inertia" else {"order": order})
    surface = Surface.enclose(make_ground(n), 0.03, cell_m=10.0, dtype=dtype, ring=order)
    water = Water.rest(surface, 1.0, n_members=members, maps=maps, faces=scheme == "inertia")
    return partial(advance_inertia if scheme == "inertia" else advance_shallow_water, **asked), water, surface


def time_device(
    n: int, *, scheme: str = "inertia", dtype: str = "f4", members: int = 1, steps: int = 64, repeat: int = 5
) -> dict[str, Any]:
    """Advance water of ``members`` on (n, n) cells by ``steps``, in the device's memory from before to after."""
    advance, host, ground = make_water(n, scheme=scheme, dtype=dtype, members=members)
    water, surface = host.on_device(), ground.on_device()

    def go(n_steps: int) -> Any:
        after, _ = advance(water, surface, n_steps=n_steps)
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
