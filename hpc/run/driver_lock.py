"""Who drives a run: exactly one driver at a time, known by host, process and heartbeat."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import BUSY, RunError
from ..store.ledger import last_attempt

__all__ = [
    "HEARTBEAT_S",
    "hold_driver_lock",
    "live_driver",
    "newest_attempt",
    "read_driver",
    "refuse_live",
    "refuse_superseded",
]

HEARTBEAT_S = 10.0
_HELD: set[Path] = set()  # runs that this process drives
MISSED = 3  # heartbeats that a driver on another host may miss before it counts as gone


def read_driver(run: Path) -> dict[str, Any] | None:
    """What the run's newest driver last wrote; None if it never had one."""
    try:
        return dict(json.loads((run / "driver.json").read_text()))
    except (OSError, ValueError):
        return None


def live_driver(run: Path) -> dict[str, Any] | None:
    """The driver if it still lives: on this host its process exists, on another its heartbeat is fresh."""
    driver = read_driver(run)
    if driver is None or driver.get("state") != "running":
        return None
    if driver["host"] == os.uname().nodename and driver["pid"] == os.getpid():
        return driver if run.resolve() in _HELD else None  # a full disk may have prevented the last write
    if driver.get("job") and driver["job"] == os.environ.get("SLURM_JOB_ID"):
        return None  # this very job, requeued by Slurm: its earlier life is over
    if driver["host"] == os.uname().nodename:
        return driver if _started(driver["pid"]) == driver["started"] else None
    return driver if time.time() - driver["heartbeat"] < MISSED * HEARTBEAT_S else None


def _started(pid: int) -> int | None:
    """When a process started, in ticks since boot (no clock that is set can move it); process ids are used again."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if told[0] == "Z" else int(told[19])


@contextmanager
def hold_driver_lock(run: Path, *, take_over: bool = False) -> Iterator[int]:
    """Become the run's driver and yield the new attempt's number.

    Raises
    ------
    RunError
        If another driver is alive and ``take_over`` is False.
    """
    with _exclusively(run):
        attempt, record = _become_driver(run, take_over)
    _HELD.add(run.resolve())
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(HEARTBEAT_S):
            if newest_attempt(run) == attempt:
                _write(run, record)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield attempt
    finally:
        stopped.set()
        thread.join()
        _HELD.discard(run.resolve())
        if newest_attempt(run) == attempt:
            _write(run, {**record, "state": "ended"})


def refuse_superseded(run: Path, attempt: int) -> None:
    """Stop a driver that was taken over, before it changes what belongs to its successor."""
    newest = newest_attempt(run)
    if newest > attempt:
        raise RunError(f"run {run} was taken over by attempt {newest}; this was attempt {attempt}", exit_code=BUSY)


@contextmanager
def _exclusively(run: Path) -> Iterator[None]:
    """Check for a driver, take the next attempt's number and write `driver.json` as one act."""
    with (run / "driver.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refuse_live(run: Path) -> None:
    """Refuse to go on if another driver is alive.

    Raises
    ------
    RunError
        Naming its process, host and attempt.
    """
    if other := live_driver(run):
        raise RunError(
            f"run {run} is driven by process {other['pid']} on {other['host']} (attempt {other['attempt']}): wait for "
            "it, stop it with Ctrl-C there, or give --take-over if you know that it is gone",
            exit_code=BUSY,
        )


def _become_driver(run: Path, take_over: bool) -> tuple[int, dict[str, Any]]:
    if not take_over:
        refuse_live(run)
    attempt = newest_attempt(run) + 1
    (run / "attempts").mkdir(exist_ok=True)
    (run / "attempts" / str(attempt)).touch()
    record = {
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "job": os.environ.get("SLURM_JOB_ID"),
        "attempt": attempt,
        "state": "running",
    }
    _write(run, record)
    return attempt, record


def newest_attempt(run: Path) -> int:
    """The highest number anybody took, by the folder of attempts and by the ledger."""
    taken = [int(path.name) for path in (run / "attempts").glob("*") if path.name.isdigit()]
    return max([*taken, last_attempt(run / "ledger.jsonl") if not taken else 0])


def _write(run: Path, record: dict[str, Any]) -> None:
    partial = run / f"driver.json.{os.getpid()}.partial"
    try:
        partial.write_text(json.dumps({**record, "heartbeat": round(time.time(), 3)}))
        os.replace(partial, run / "driver.json")
    except OSError:  # a full disk must not end the heartbeat: the next beat tries again
        partial.unlink(missing_ok=True)
