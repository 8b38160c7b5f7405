"""Reading a store of events: events a CPU second for day and code, and the bytes that both take on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "measure_store", "time_reading"]

COLUMNS = ("day_step", "code")


def measure_store(path: Path) -> dict[str, Any]:
    """Bytes per event of day and code as they lie on disk, with all that Zarr keeps of them.

    Parameters
    ----------
    path
        Of ``events.zarr``.
    """
    n_events = _count(path)
    sizes = {name: sum(file.stat().st_size for file in (path / name).rglob("*") if file.is_file()) for name in COLUMNS}
    per_event = {f"bytes_per_event_{name}": round(size / n_events, 3) for name, size in sizes.items()}
    return {"events": n_events, "bytes_per_event": round(sum(sizes.values()) / n_events, 3), **per_event}


def time_reading(path: Path, repeat: int = 5) -> dict[str, Any]:
    """Median CPU seconds to read both columns whole, one after another; files lie in the page cache."""
    import zarr

    group = zarr.open_group(path, mode="r")
    arrays: list[Any] = [group[name] for name in COLUMNS]
    seconds, read = time_goes(lambda: [np.asarray(array[...]) for array in arrays], repeat=repeat)
    rate = _count(path) / max(seconds["cpu_seconds"], 1e-9)
    return seconds | {"events_per_cpu_second": rate, "sums": [int(column.sum(dtype=np.int64)) for column in read]}


def _count(path: Path) -> int:
    import zarr

    column: Any = zarr.open_group(path, mode="r")[COLUMNS[0]]
    return int(column.shape[0])


@click.command()
@click.argument("store", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=5, show_default=True)
def main(store: Path, repeat: int) -> None:
    """Time how days and codes of STORE, an ``events.zarr``, are read."""
    print_answer(time_reading(store, repeat) | measure_store(store))


if __name__ == "__main__":
    main()
