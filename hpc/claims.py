"""Who drives a run: exactly one driver at a time, known by host, process and heartbeat."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from .errors import BUSY, RunError

__all__ = ["HEARTBEAT_S", "claim", "live_driver", "read_driver"]

HEARTBEAT_S = 10.0
_HELD: set[Path] = set()  # runs this process drives
MISSED = 3  # heartbeats that a driver on another host may miss before it counts as gone


def read_driver(run: Path) -> dict[str, Any] | None:
    """The last word of the run's driver, if it ever had one."""
    try:
        return dict(json.loads((run / "driver.json").read_text()))
    except (OSError, ValueError):
        return None


def live_driver(run: Path) -> dict[str, Any] | None:
    """The driver if it still lives: on this host its process exists, on another its heartbeat is fresh."""
    driver = read_driver(run)
    if driver is None or driver["state"] != "running":
        return None
    if driver["host"] == os.uname().nodename and driver["pid"] == os.getpid():
        return driver if run.resolve() in _HELD else None  # a full disk may have kept us from signing off
    if driver["host"] == os.uname().nodename:
        return driver if _started(driver["pid"]) == driver["started"] else None
    return driver if time.time() - driver["heartbeat"] < MISSED * HEARTBEAT_S else None


def _started(pid: int) -> float | None:
    """When a process started; process ids are used again, start times are not."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


@contextmanager
def claim(run: Path, *, take_over: bool = False) -> Iterator[int]:
    """Become the run's driver and yield the new attempt's number.

    Raises
    ------
    RunError
        If another driver lives and ``take_over`` is not said.
    """
    other = live_driver(run)
    if other and not take_over:
        raise RunError(
            f"run {run} is driven by process {other['pid']} on {other['host']} (attempt {other['attempt']}): wait for "
            "it, stop it with Ctrl-C there, or say --take-over if you know that it is gone",
            exit_code=BUSY,
        )
    attempt = _next_attempt(run)
    stopped = threading.Event()
    record = {
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "attempt": attempt,
        "state": "running",
    }

    def beat() -> None:
        while not stopped.wait(HEARTBEAT_S):
            _write(run, record)

    _write(run, record)
    _HELD.add(run.resolve())
    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield attempt
    finally:
        stopped.set()
        thread.join()
        _HELD.discard(run.resolve())
        if (read_driver(run) or {}).get("attempt") == attempt:
            _write(run, {**record, "state": "ended"})


def _next_attempt(run: Path) -> int:
    """Two drivers that start at the same moment: the file system lets one of them have the number."""
    folder = run / "attempts"
    folder.mkdir(exist_ok=True)
    attempt = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0)
    try:
        os.close(os.open(folder / str(attempt), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise RunError(f"another driver took run {run} at this moment; see `citytide status`", exit_code=BUSY) from None
    return attempt


def _write(run: Path, record: dict[str, Any]) -> None:
    partial = run / f"driver.json.{os.getpid()}.partial"
    try:
        partial.write_text(json.dumps({**record, "heartbeat": round(time.time(), 3)}))
        os.replace(partial, run / "driver.json")
    except OSError:  # a full disk must not end the heartbeat: the next beat tries again
        partial.unlink(missing_ok=True)
