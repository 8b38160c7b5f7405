"""The Dask scheduler of one attempt, as a process of its own.

``python -m citytide.hpc.slurm.jobs.scheduler RUN ATTEMPT`` starts it.

It ends when its standard input does, which its driver holds open: a driver that is killed leaves none behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ...run.keys import keys_folder, load_security

__all__ = ["read_address", "scheduler_file"]

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # hpc/execution/retries.py decides
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.comm.timeouts.connect": "30s",
}


def scheduler_file(run: Path, attempt: int) -> Path:
    """Where the scheduler of an attempt says how it is reached."""
    return run / "slurm" / f"scheduler-{attempt}.json"


def read_address(run: Path, attempt: int, serial: int = 0) -> dict[str, Any] | None:
    """What the attempt's newest scheduler wrote, if it is the ``serial``-th or a later one."""
    try:
        told: dict[str, Any] = json.loads(scheduler_file(run, attempt).read_text())
    except (OSError, ValueError):
        return None
    return told if told["serial"] >= serial else None


async def serve(run: Path, attempt: int, serial: int, interface: str | None) -> None:
    """Open the scheduler, say where it is, and stay until standard input ends."""
    import dask.config
    from distributed import Scheduler

    dask.config.set(SETTINGS)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a job that is asked to end drains first: its driver says when
    orphaned = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, lambda: orphaned.set() if not os.read(0, 4096) else None)
    async with Scheduler(
        protocol="tls",
        interface=interface,
        port=0,
        security=load_security(keys_folder(run, attempt)),
        dashboard_address="127.0.0.1:0",  # never on a public address
    ) as scheduler:
        dashboard = scheduler.http_server.port if scheduler.http_server else None
        told = {"address": scheduler.address, "serial": serial, "pid": os.getpid(), "host": os.uname().nodename}
        partial = scheduler_file(run, attempt).with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps({**told, "dashboard": dashboard}))
        os.replace(partial, scheduler_file(run, attempt))
        await asyncio.wait(
            [asyncio.ensure_future(orphaned.wait()), asyncio.ensure_future(scheduler.finished())],
            return_when=asyncio.FIRST_COMPLETED,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="the Dask scheduler of a run's attempt")
    parser.add_argument("run", type=Path)
    parser.add_argument("attempt", type=int)
    parser.add_argument("--serial", type=int, default=0)
    parser.add_argument("--interface")
    asked = parser.parse_args()
    asyncio.run(serve(asked.run, asked.attempt, asked.serial, asked.interface))


if __name__ == "__main__":
    main()
