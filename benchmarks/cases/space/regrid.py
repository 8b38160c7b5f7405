"""Conservative regridding of a city's grid, beside SciPy's product with the full matrix of weights.

Both sides carry the same field over and print the same ``checksum``. SciPy's side is given its matrix beforehand and
heeds no gaps unless asked (then it takes two products); ours finds the gaps of each field anew.
"""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "time_citytide", "time_scipy"]

# name: cell of the source and of the target [m], over some 60 km x 33 km
CASES = {"coarsen": (10.0, 100.0), "shift": (10.0, 10.0), "refine": (1000.0, 10.0)}


def _make(case: str, dtype: str, size: float) -> tuple[Any, Any, Any]:
    from ....kernels.space.grid import Grid

    cell_m, to_m = CASES[case]
    source = Grid(0.0, 0.0, cell_m, int(33_000 * size / cell_m), int(60_000 * size / cell_m))
    away = 0.3 * min(cell_m, to_m)  # no edges in common
    target = Grid(away, away, to_m, int((source.north - away) / to_m), int((source.east - away) / to_m))
    return np.random.default_rng(1).uniform(0.0, 10.0, source.shape).astype(dtype), source, target


def _tell(seconds: dict[str, Any], field: Any, after: Any) -> dict[str, Any]:
    nanoseconds = seconds["cpu_seconds"] / max(field.size, after.size) * 1e9
    return {
        **seconds,
        "source_cells": field.size,
        "target_cells": after.size,
        "cpu_nanoseconds_per_cell": nanoseconds,
        "checksum": float(f"{after.mean(dtype=np.float64):.6g}"),
    }


def time_citytide(case: str, *, dtype: str = "f8", size: float = 1.0, repeat: int = 5) -> dict[str, Any]:
    """Carry one field over ``repeat`` times with kept weights, compiled; median seconds of one.

    Examples
    --------
    >>> time_citytide("coarsen", size=0.02, repeat=1)["target_cells"]
    66
    """
    from ....kernels.space.regridding import RegridWeights

    field, source, target = _make(case, dtype, size)
    weights = RegridWeights(source, target)
    corner = weights.block(slice(0, 1), slice(0, 1))
    corner.apply(field[corner.window])  # compiles
    seconds, after = time_goes(lambda: weights.apply(field), repeat=repeat)
    return _tell(seconds, field, after)


def time_scipy(
    case: str, *, dtype: str = "f8", size: float = 1.0, repeat: int = 5, gaps: bool = False
) -> dict[str, Any]:
    """The same by one product with the Kronecker product of the two axes' weights, made beforehand.

    Examples
    --------
    >>> time_scipy("coarsen", size=0.02, repeat=1)["checksum"] == time_citytide("coarsen", size=0.02)["checksum"]
    True
    """
    from scipy.sparse import csr_array, kron

    from ....kernels.space.regridding import RegridWeights

    field, source, target = _make(case, dtype, size)
    weights = RegridWeights(source, target)
    sides = [
        csr_array((axis.weight.astype(dtype), axis.column, axis.offset), shape=(n_target, n_source))
        for axis, n_target, n_source in zip((weights.y, weights.x), target.shape, source.shape, strict=True)
    ]
    full = kron(*sides, format="csr")
    full.indices, full.indptr = full.indices.astype(np.int32), full.indptr.astype(np.int32)
    line = field.ravel()

    def heed_gaps() -> Any:
        known = np.isfinite(line)
        return (full @ np.where(known, line, 0.0)) / (full @ known.astype(dtype))

    seconds, after = time_goes(heed_gaps if gaps else lambda: full @ line, repeat=repeat)
    return {**_tell(seconds, field, after), "matrix_bytes": full.data.nbytes + full.indices.nbytes}


@click.command()
@click.argument("side", type=click.Choice(["citytide", "scipy"]))
@click.argument("case", type=click.Choice(list(CASES)))
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f8", show_default=True)
@click.option("--size", default=1.0, show_default=True, help="Share of the city's length and width.")
@click.option("--repeat", default=5, show_default=True)
@click.option("--gaps", is_flag=True, help="SciPy's side heeds NaN too.")
def main(side: str, case: str, dtype: str, size: float, repeat: int, gaps: bool) -> None:
    """Time one side of a comparison; print one JSON line."""
    asked: dict[str, Any] = {"dtype": dtype, "size": size, "repeat": repeat}
    print_answer(time_citytide(case, **asked) if side == "citytide" else time_scipy(case, gaps=gaps, **asked))


if __name__ == "__main__":
    main()
