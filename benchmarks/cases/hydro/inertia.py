"""Local inertia: cell updates per second, beside the memory's triad of the same minute and landlab's OverlandFlow.

A ceiling is what the triad's bytes would allow if an update moved 44 bytes (a step in two sweeps over float32 fields),
whatever is really moved.
"""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "time_citytide", "time_members", "time_tiles", "time_triad"]

BYTES_PER_UPDATE = 44


def make_ground(n: int) -> Any:
    """Hills of a few metres over (n, n) cells, the same for every side."""
    y, x = np.mgrid[0:n, 0:n] / 25.0
    return np.sin(x) + np.cos(1.3 * y) + 0.02 * (x + y)


def time_triad(*, threads: int = 1, n: int = 40_000_000) -> dict[str, Any]:
    """Bytes per second of ``a = b + 3 c`` over arrays far larger than any cache, 12 bytes each (float32).

    Examples
    --------
    >>> time_triad(n=1000)["bytes_per_second"] > 0
    True
    """
    import numba

    @numba.njit(parallel=threads > 1)  # type: ignore[untyped-decorator]
    def triad(a: Any, b: Any, c: Any, three: Any) -> None:
        for place in numba.prange(a.size):
            a[place] = b[place] + three * c[place]

    a, b, c = (np.ones(n, np.float32) for _ in range(3))
    triad(a, b, c, np.float32(3))
    seconds, _ = time_goes(lambda: triad(a, b, c, np.float32(3)), repeat=5)
    return {**seconds, "bytes_per_second": 12 * n / seconds["wall_seconds"], "checksum": float(a[0])}


def time_citytide(
    n: int, *, members: int = 1, dtype: str = "f4", threads: int = 1, steps: int = 64, repeat: int = 5,
    wet: float = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """Advance water of ``members`` on (n, n) cells by ``steps``, a window; median seconds of one go, compiled.

    Water stands on a square in the middle, of a share ``wet`` of the ground.

    Examples
    --------
    >>> time_citytide(20, steps=2, repeat=1)["updates"]
    800
    """
    from ....kernels.hydro.inertia.step import advance_inertia
    from ....kernels.hydro.surface_water.surface import Surface
    from ....kernels.hydro.surface_water.water import Water

    surface = Surface.enclose(make_ground(n), 0.03, cell_m=10.0, dtype=dtype)
    dry = round(0.5 * n * (1.0 - wet**0.5))
    depth = np.zeros((n, n))
    depth[dry : n - dry, dry : n - dry] = 1.0
    water = Water.rest(surface, depth, n_members=members, maps=False)
    advance_inertia(water, surface, time_step_s=0.5, threads=threads)  # compiles
    asked: dict[str, Any] = {"time_step_s": 0.5, "threads": threads}
    seconds, (after, _) = time_goes(lambda: advance_inertia(water, surface, n_steps=steps, **asked), repeat=repeat)
    updates = members * n * n * steps
    return {
        **seconds, "updates": updates, "updates_per_cpu_second": updates / seconds["cpu_seconds"],
        "updates_per_second": updates / seconds["wall_seconds"],
        "checksum": float(f"{after.depth.mean(dtype=np.float64):.4g}"),
    }  # fmt: skip


def time_members(n: int, *, members: int = 8, threads: int = 1, repeat: int = 5) -> dict[str, Any]:
    """How many times one member's step a step of ``members`` costs, goes taken in turns."""
    ratios = []
    for _ in range(repeat):
        one, all_of_them = (time_citytide(n, members=m, threads=threads, repeat=1) for m in (1, members))
        ratios.append(all_of_them["cpu_seconds"] / one["cpu_seconds"])
    return {"ratio": float(np.median(ratios)), "least": min(ratios), "most": max(ratios), "members": members}


def time_tiles(n: int, *, wet: float = 0.04, threads: int = 1, repeat: int = 5) -> dict[str, Any]:
    """What share of the whole ground's time a step takes where only a part of it is wet, goes taken in turns."""
    shares = []
    for _ in range(repeat):
        whole, part = (time_citytide(n, threads=threads, repeat=1, wet=share) for share in (1.0, wet))
        shares.append(part["cpu_seconds"] / whole["cpu_seconds"])
    return {"share": float(np.median(shares)), "least": min(shares), "most": max(shares), "wet": wet}


@click.command()
@click.argument("what", type=click.Choice(["citytide", "ceiling", "members", "tiles"]))
@click.option("--cells", default=3000, show_default=True, help="Rows and columns.")
@click.option("--threads", default=1, show_default=True)
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f4", show_default=True)
@click.option("--repeat", default=5, show_default=True)
def main(what: str, cells: int, threads: int, dtype: str, repeat: int) -> None:
    """Print one JSON line: ``ceiling`` tells the share of the triad's bytes, goes taken in turns."""
    if what == "members":
        print_answer(time_members(cells, threads=threads, repeat=repeat))
        return
    if what == "tiles":
        print_answer(time_tiles(cells, threads=threads, repeat=repeat))
        return
    if what == "citytide":
        print_answer(time_citytide(cells, dtype=dtype, threads=threads, repeat=repeat))
        return
    shares = []
    for _ in range(repeat):
        triad = time_triad(threads=threads)["bytes_per_second"]
        shares.append(BYTES_PER_UPDATE * time_citytide(cells, threads=threads, repeat=1)["updates_per_second"] / triad)
    print_answer({"share": float(np.median(shares)), "least": min(shares), "most": max(shares), "goes": len(shares)})


if __name__ == "__main__":
    main()
