"""The driver: sends out the blocks the ledger lacks, writes down those that come back, stops when asked to."""

from __future__ import annotations

import errno
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from .blocks import STOP, run_block
from .claims import refuse_superseded
from .ledger import Ledger, done_blocks, read_ledger
from .plans import Plan, PlannedStep
from .progress import Reporter, say

__all__ = ["Outcome", "drain_on_interrupt", "drive"]

Outcome = Literal["done", "failed", "stopped"]
AHEAD, AHEAD_SHORT = 2, 16  # blocks handed to each thread: one runs, the next is there; short ones travel in packs
SHORT_S = 0.1
SYNC_EVERY_S = 0.1  # finished blocks wait at most this long for their line to count
Runner = Callable[[str, int, str, int], "dict[str, Any] | None"]


def drive(
    run: Path, plan: Plan, client: Any, ledger: Ledger, reporter: Reporter, *, execute: Runner = run_block
) -> Outcome:
    """Run every step's missing blocks, step by step; safe to call again after any interruption."""
    for step in plan.steps:
        done = {index for name, index in done_blocks(read_ledger(ledger.path)) if name == step.name}
        todo = [index for index in range(step.tasks) if index not in done]
        if not todo:
            continue
        reporter.start(step.name, len(done), step.tasks)
        outcome = _drive_step(run, step, todo, plan, client, ledger, reporter, execute)
        ledger.sync()
        if outcome != "done":
            return outcome
    return "done"


def _drive_step(
    run: Path, step: PlannedStep, todo: list[int], plan: Plan, client: Any, ledger: Ledger, reporter: Reporter,
    execute: Runner,
) -> Outcome:  # fmt: skip
    from distributed import as_completed

    waiting = iter(todo)
    threads = max(1, sum(client.nthreads().values()) or plan.workers)

    def submit(count: int) -> list[Any]:
        blocks = list(islice(waiting, max(0, count)))
        keys = [f"{step.name}-{block}-{ledger.attempt}" for block in blocks]
        fixed = [[word] * len(blocks) for word in (str(run), ledger.attempt, step.name)]
        return list(client.map(execute, *fixed, blocks, key=keys, pure=False)) if blocks else []

    window = AHEAD * threads
    flying = as_completed(submit(window), with_results=False)
    failed: str | None = None
    stopped = False
    synced = time.monotonic()
    for batch in flying.batches():
        # A worker that died before its answer was fetched leaves a future that runs again.
        flying.update([future for future in batch if future.status in ("pending", "lost")])
        finished = [future for future in batch if future.status == "finished"]
        for line in client.gather(finished):
            if line is None:
                stopped = True
            else:
                ledger.append("block", **line, time=round(time.time(), 3))
                reporter.advance()
                window = (AHEAD if line["seconds"] > SHORT_S else AHEAD_SHORT) * threads
        for future in batch:
            if future.status in ("error", "cancelled") and not failed:
                failed = explain_failure(future, run)
                ledger.append("failed", step=step.name, block=_block_of(future.key), error=failed, time=time.time())
                (run / STOP).touch()  # what already runs may finish; nothing else starts
                say(failed)
        if not (failed or stopped) and flying.count() <= window // 2:
            flying.update(submit(window - flying.count()))
        if time.monotonic() - synced > SYNC_EVERY_S or flying.is_empty():
            refuse_superseded(run, ledger.attempt)
            ledger.sync()
            synced = time.monotonic()
    return "failed" if failed else "stopped" if stopped else "done"


def _block_of(key: str) -> int:
    return int(key.rsplit("-", 2)[1])


def explain_failure(future: Any, run: Path) -> str:
    """What went wrong in a block, in a sentence, and the traceback of the step's own code."""
    if future.status == "cancelled":
        return f"block {future.key} was cancelled: `citytide resume {run}` runs it again"
    error = future.exception()
    step, block = future.key.rsplit("-", 2)[:2]
    where = f"step {step!r}, block {block}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            f"{where}: no space left on the disk of {run}: make space and run `citytide resume {run}`; nothing is lost"
        )
    if type(error).__name__ == "KilledWorker":
        return (
            f"{where}: the worker died each time it ran this block, most likely out of memory: "
            f"give workers more memory or fewer blocks at a time, then `citytide resume {run}`"
        )
    trace = "".join(traceback.format_tb(future.traceback())[-3:]).rstrip()
    return f"{where}: {type(error).__name__}: {error}\n{trace}"


@contextmanager
def drain_on_interrupt(run: Path) -> Iterator[None]:
    """First Ctrl-C or SIGTERM: running blocks finish and are kept, no other starts. Second: stop at once."""
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            (run / STOP).touch()
            say(f"finishing the blocks that run; Ctrl-C again to stop at once. To go on: citytide resume {run}")
        else:
            say(f"stopped. To go on: citytide resume {run}")
            os._exit(130)  # workers notice that their parent is gone and end

    (run / STOP).unlink(missing_ok=True)
    try:
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread (a notebook's executor): the caller keeps its own handlers
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
