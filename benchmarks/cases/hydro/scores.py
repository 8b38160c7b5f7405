"""Continuous ranked probability score of an ensemble of rain fields, beside properscoring.

Both sides score the same fields and print the same ``checksum``, their mean score to four digits. Each is given its
members in the order it likes best: ours one field after another, properscoring's the members of a cell together.
"""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "time_citytide"]


def time_citytide(
    n_cells: int, *, members: int = 20, dtype: str = "f8", threads: int = 1, repeat: int = 5
) -> dict[str, Any]:
    """Score an ensemble ``repeat`` times, compiled; median seconds of one go.

    Examples
    --------
    >>> time_citytide(500, members=4, repeat=1)["values"]
    2000
    """
    from ....kernels.hydro.verification.crps import score_crps

    random = np.random.default_rng(0)
    ensemble, fell = random.gamma(0.5, 3.0, (members, n_cells)), random.gamma(0.5, 3.0, n_cells)
    ensemble, fell = ensemble.astype(dtype), fell.astype(dtype)
    score_crps(ensemble[:, :2], fell[:2], threads=threads)  # compiles
    seconds, score = time_goes(lambda: score_crps(ensemble, fell, threads=threads), repeat=repeat)
    return {
        **seconds, "values": ensemble.size, "values_per_cpu_second": ensemble.size / max(seconds["cpu_seconds"], 1e-9),
        "checksum": float(f"{score.mean(dtype=np.float64):.4g}"),
    }  # fmt: skip


@click.command()
@click.option("--cells", default=640 * 710, show_default=True)
@click.option("--members", default=20, show_default=True)
@click.option("--dtype", type=click.Choice(["f4", "f8"]), default="f8", show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--repeat", default=5, show_default=True)
def main(cells: int, members: int, dtype: str, threads: int, repeat: int) -> None:
    """Print one JSON line."""
    print_answer(time_citytide(cells, members=members, dtype=dtype, threads=threads, repeat=repeat))


if __name__ == "__main__":
    main()
