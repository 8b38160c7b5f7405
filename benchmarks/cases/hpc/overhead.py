"""What running costs beside the work: per block, per run, per import, and until the first block is done.

Each command prints one JSON line.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ....hpc.plan.devices import peak_memory_bytes
from ..stopwatch import print_answer
from .empty_run import drive_empty_run

__all__ = ["main", "summarise_blocks"]


def summarise_blocks(lines: Sequence[dict[str, Any]], workers: int) -> dict[str, Any]:
    """Wall time over blocks, and the share of it that was not the blocks' own functions.

    Parameters
    ----------
    lines
        Block lines of a ledger: ``started``, ``seconds``, ``compute_seconds``, and ``time`` when the line was queued.
    workers
        Number of workers that ran side by side.

    Returns
    -------
    dict
        ``wall_ms_per_block``; ``write_share``: writing, hashing and syncing in the workers over their busy time;
        ``overhead_share``: all worker time that no function used, ledger and scheduler included, over all worker time.

    Examples
    --------
    >>> lines = [{"started": 0.0, "seconds": 1.0, "compute_seconds": 0.9, "time": 1.0},
    ...          {"started": 1.0, "seconds": 1.0, "compute_seconds": 0.9, "time": 2.0}]
    >>> summarise_blocks(lines, workers=1)
    {'blocks': 2, 'wall_seconds': 2.0, 'wall_ms_per_block': 1000.0, 'write_share': 0.1, 'overhead_share': 0.1}
    """
    wall = max(line["time"] for line in lines) - min(line["started"] for line in lines)
    busy = sum(line["seconds"] for line in lines)
    computed = sum(line["compute_seconds"] for line in lines)
    return {
        "blocks": len(lines),
        "wall_seconds": round(wall, 6),
        "wall_ms_per_block": round(1000 * wall / len(lines), 6),
        "write_share": round(1 - computed / busy, 6),
        "overhead_share": round(1 - computed / (wall * workers), 6),
    }


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """A folder for runs, on the disk of the caller's choice: syncing costs what the disk makes of it."""
    with tempfile.TemporaryDirectory(prefix="citytide-bench-", dir=given) as folder:
        yield Path(folder)


_scratch = click.option("--scratch", type=click.Path(exists=True, path_type=Path), help="folder to run in")


@click.group()
def main() -> None:
    """What running costs beside the work."""


@main.command()
@click.option("--blocks", "n_blocks", default=1000, show_default=True)
@click.option("--workers", default=4, show_default=True)
@click.option("--read", is_flag=True, help="let each block also read a row from the run's inputs")
@_scratch
def blocks(n_blocks: int, workers: int, read: bool, scratch: Path | None) -> None:
    """Wall over blocks of a step with an empty kernel and one array; what a further block adds to the whole run."""
    few = max(1, min(200, n_blocks // 10))  # starting workers costs both runs the same
    cpu, wall, peak = [_family_cpu()], [time.perf_counter()], []
    with _folder(scratch) as folder:
        for count in (few, n_blocks):
            lines = drive_empty_run(folder / str(count), blocks=count, workers=workers, read=read)
            cpu.append(_family_cpu())
            wall.append(time.perf_counter())
            peak.append(peak_memory_bytes())
    further = 1000 / max(1, n_blocks - few)
    print_answer(
        {
            "workers": workers,
            **summarise_blocks(lines, workers),
            "wall_ms_per_further_block": round(further * (wall[2] - 2 * wall[1] + wall[0]), 3),
            "cpu_ms_per_further_block": round(further * (cpu[2] - 2 * cpu[1] + cpu[0]), 3),
            "driver_growth_bytes": peak[1] - peak[0],
        }
    )


def _family_cpu() -> float:
    """CPU seconds of this process and of its children that ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@main.command()
@click.option("--blocks", "n_blocks", default=40, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seconds", default=1.0, show_default=True, help="length of a block")
@click.option("--row-bytes", default=24_000, show_default=True)
@_scratch
def share(n_blocks: int, workers: int, seconds: float, row_bytes: int, scratch: Path | None) -> None:
    """Share of ledger, checksums and all else in a run of blocks of one second."""
    with _folder(scratch) as folder:
        lines = drive_empty_run(folder / "run", blocks=n_blocks, workers=workers, row_bytes=row_bytes, sleep_s=seconds)
    print_answer({"workers": workers, **summarise_blocks(lines, workers)})


@main.command(name="import")
@click.option("--goes", default=9, show_default=True)
def import_time(goes: int) -> None:
    """Median seconds of `import citytide` in a fresh interpreter."""
    code = (
        "import json, time; w, c = time.perf_counter(), time.process_time(); import citytide; "
        "print(json.dumps([time.process_time() - c, time.perf_counter() - w]))"
    )
    taken = [json.loads(subprocess.check_output([sys.executable, "-c", code])) for _ in range(goes)]
    cpu, wall = (statistics.median(column) for column in zip(*taken, strict=True))
    print_answer({"cpu_seconds": cpu, "wall_seconds": wall, "goes": goes})


@main.command()
@click.option("--goes", default=3, show_default=True, help="the first warms the kernel cache and does not count")
@_scratch
def start(goes: int, scratch: Path | None) -> None:
    """Wall seconds from the command to the first ledger line, and to the first block in it."""
    with _folder(scratch) as folder:
        taken = [_time_start(folder / str(go)) for go in range(goes + 1)]
    first, block = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    cold = taken[0][0]
    print_answer({"wall_seconds": first, "first_block_wall_seconds": block, "cold_wall_seconds": cold, "goes": goes})


def _time_start(out: Path, timeout_s: float = 120.0) -> tuple[float, float]:
    ledger = out / "ledger.jsonl"
    clock = time.perf_counter()
    command = [sys.executable, "-m", "citytide", "run", "traffic-assignment", "--out", str(out), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: dict[bytes, float] = {}
    while len(seen) < 2:
        text = ledger.read_bytes() if ledger.exists() else b""
        for mark in (b'"kind":"driver"', b'"kind":"block"'):
            if mark in text:
                seen.setdefault(mark, time.perf_counter() - clock)
        if time.perf_counter() - clock > timeout_s or (process.poll() is not None and len(seen) < 2 and not text):
            process.kill()
            process.wait()
            raise SystemExit(f"`{' '.join(command)}` wrote no ledger with a block in {timeout_s:g} s")
        time.sleep(0.005)
    process.wait()
    return seen[b'"kind":"driver"'], seen[b'"kind":"block"']


if __name__ == "__main__":
    main()
