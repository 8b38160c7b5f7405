"""Events of persons in any order, written as a ragged store by a shuffle: seconds, memory of each step, and bytes.

The events come from a counter-based generator, so a run needs no file, and two runs of one size are of the same events.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..stopwatch import print_answer

__all__ = ["Bucket", "draw_events", "lay_out_shuffle", "main", "shuffle_events", "sort_events"]

CHUNK_EVENTS = 100_000  # that one draw of the generator makes
CHUNKS_A_BLOCK = 5
BUCKET_PERSONS = 50_000
SHARD_EVENTS = 1 << 19
ROW_BYTES = 24  # of an event with its key, in the split and in the gather
MODULE = "citytide.benchmarks.cases.hpc.shuffle"  # also where it runs as a command


def draw_events(arrays: Mapping[str, Any], n_persons: int, n_events: int) -> dict[str, NDArray[Any]]:
    """The split: events of some chunks, each with its person."""
    drawn = [_draw_chunk(int(chunk), n_persons, n_events) for chunk in arrays["chunk"]]
    return {name: np.concatenate([columns[name] for columns in drawn]) for name in drawn[0]}


def _draw_chunk(chunk: int, n_persons: int, n_events: int) -> dict[str, NDArray[Any]]:
    draw = np.random.Generator(np.random.Philox(key=chunk))
    n = min(CHUNK_EVENTS, n_events - chunk * CHUNK_EVENTS)
    return {
        "person": draw.integers(0, n_persons, n, dtype=np.int32),
        "day": draw.integers(0, 3650, n, dtype=np.uint16),
        "code": draw.integers(0, 4000, n, dtype=np.uint16),
        "cost": draw.integers(0, 10**6, n, dtype=np.int32),
    }


@dataclass(frozen=True)
class Bucket:
    """Events of some persons, sorted by person."""

    person: NDArray[np.int32]
    day: NDArray[np.uint16]
    code: NDArray[np.uint16]
    cost: NDArray[np.int32]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], **params: Any) -> Bucket:
        return cls(**{name: arrays[name] for name in ("person", "day", "code", "cost")})


def sort_events(bucket: Bucket) -> dict[str, NDArray[Any]]:
    """The gather: events of each person by day, code and cost."""
    order = np.lexsort((bucket.cost, bucket.code, bucket.day, bucket.person))
    return {"day": bucket.day[order], "code": bucket.code[order], "cost": bucket.cost[order]}


def lay_out_shuffle(out: Path, n_persons: int, n_events: int) -> Path:
    """The folder of a run that writes ``events``; nothing has run yet."""
    from ....hpc.plan.plans import make_plan
    from ....hpc.plan.steps import ShuffleStep
    from ....hpc.run.runs import create_run
    from ....hpc.store.products import Product, Variable

    def declare(name: str, dtype: str, long_name: str) -> Variable:
        return Variable(name, ("event",), dtype, "1", long_name, "blocks", (0,), SHARD_EVENTS, ragged="offset")

    offset = Variable(
        "offset", ("person_bound",), "int64", "1", "where the events of a person begin", "blocks", (n_persons + 1,),
        SHARD_EVENTS, instance_dimension="person",
    )  # fmt: skip
    events = (
        declare("day", "uint16", "day"), declare("code", "uint16", "code"), declare("cost", "int32", "cost"),
    )  # fmt: skip
    n_chunks = -(-n_events // CHUNK_EVENTS)
    per_bucket = max(1, n_events * BUCKET_PERSONS // n_persons)
    step = ShuffleStep(
        name="sort", split=f"{MODULE}:draw_events", gather=f"{MODULE}:sort_events", dim="chunk", extent=n_chunks,
        inputs=("inputs.zarr",), key="person", n_keys=n_persons, keys_per_bucket=BUCKET_PERSONS,
        memory_bytes=lambda block: 4 * ROW_BYTES * CHUNKS_A_BLOCK * CHUNK_EVENTS,
        gather_memory_bytes=lambda block: 4 * ROW_BYTES * per_bucket, product="events",
        params={"n_persons": n_persons, "n_events": n_events}, per_block=CHUNKS_A_BLOCK,
    )  # fmt: skip
    product = Product("events", "Events by person", (offset, *events))
    plan = make_plan((step,), (product,), workers=1, threads=1, memory_per_worker=10**9)
    inputs: dict[str, Any] = {"chunk": (("chunk",), np.arange(n_chunks))}
    return create_run(out, plan, inputs, {"workflow": "shuffle", "inputs": []}).path


def shuffle_events(out: Path, n_persons: int, n_events: int, *, workers: int, kills: int = 0) -> dict[str, Any]:
    """Run it, kill its driver ``kills`` times on the way, and tell what came of it.

    Returns
    -------
    dict
        ``sha256`` over the whole store, ``memory_bytes`` (the greatest of each step), ``seconds`` of all drivers,
        ``kills`` that met a driver at work.
    """
    from ....hpc.plan.plans import read_plan
    from ....hpc.store.ledger import done_blocks, read_ledger

    run = lay_out_shuffle(out, n_persons, n_events)
    tasks = read_plan(run).tasks
    began, met = time.perf_counter(), 0
    for kill in range(kills):
        met += _drive_until(run, workers, tasks * (kill + 1) // (kills + 1))
    _drive_until(run, workers, tasks + 1)
    seconds = time.perf_counter() - began
    memory: dict[str, int] = {}
    for (step, _), line in done_blocks(read_ledger(run / "ledger.jsonl")).items():
        memory[step] = max(memory.get(step, 0), line["memory_bytes"])
    return {"sha256": _hash_store(run / "events.zarr"), "memory_bytes": memory, "seconds": round(seconds, 1),
            "kills": met}  # fmt: skip


def _drive_until(run: Path, workers: int, blocks: int) -> bool:
    """Drive the run, and kill the driver once so many blocks are done; whether it still ran then."""
    from ....hpc.store.ledger import done_blocks, read_ledger

    code = f"from {MODULE} import drive_run; drive_run({str(run)!r}, {workers})"
    driver = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while driver.poll() is None:
        if len(done_blocks(read_ledger(run / "ledger.jsonl"))) >= blocks:
            driver.kill()
            driver.wait()
            return True
        time.sleep(0.02)
    if driver.returncode:
        raise RuntimeError(f"the driver of {run} ended with exit code {driver.returncode}: see {run}/result.json")
    return False


def drive_run(run: str, workers: int) -> None:
    """What a driver does, in a process of its own."""
    from ....hpc.execution.backends import LocalBackend
    from ....hpc.execution.execution import execute_run
    from ....hpc.run.runs import open_run

    backend = LocalBackend(workers, 1, 10**9)
    result = execute_run(open_run(run), backend, lambda done: {"summary": [], "warnings": []}, quiet=True)
    raise SystemExit(result["state"] != "done")


def _hash_store(store: Path) -> str:
    files = sorted(path for path in store.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(store)}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@click.command()
@click.option("--persons", "n_persons", default=10**6, show_default=True)
@click.option("--events", "n_events", default=10**7, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--kills", default=0, show_default=True, help="how often the driver is killed on the way")
@click.option("--scratch", type=click.Path(exists=True, path_type=Path), help="folder to run in")
def main(n_persons: int, n_events: int, workers: int, kills: int, scratch: Path | None) -> None:
    """Shuffle events by person; print one JSON line."""
    with tempfile.TemporaryDirectory(prefix="citytide-bench-", dir=scratch) as folder:
        answer = shuffle_events(Path(folder) / "run", n_persons, n_events, workers=workers, kills=kills)
    print_answer({"persons": n_persons, "events": n_events, "workers": workers, **answer})


if __name__ == "__main__":
    main()
