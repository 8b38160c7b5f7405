"""Names of a run's batch jobs: ``RUN_ID.ATTEMPT.driver`` and ``RUN_ID.ATTEMPT.POOL.SERIAL``."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["JobName", "job_name", "parse_name"]

_NAME = re.compile(r"([^.\s]+)\.([0-9]{1,9})\.(?:driver|([^\s]+)\.([0-9]{1,9}))")


@dataclass(frozen=True)
class JobName:
    run_id: str
    attempt: int
    pool: str  # "driver" for the driver's job
    serial: int | None


def job_name(run_id: str, attempt: int, pool: str, serial: int | None = None) -> str:
    """Name of a job; that of a driver's job has no serial.

    Examples
    --------
    >>> job_name("demo-1f2e", 1, "driver"), job_name("demo-1f2e", 2, "cpu", 3)
    ('demo-1f2e.1.driver', 'demo-1f2e.2.cpu.3')
    """
    return f"{run_id}.{attempt}.{pool}" if serial is None else f"{run_id}.{attempt}.{pool}.{serial}"


def parse_name(name: str) -> JobName | None:
    """The parts of a job's name; None if no run has jobs of such a name.

    Examples
    --------
    >>> parse_name("demo-1f2e.2.cpu.3")
    JobName(run_id='demo-1f2e', attempt=2, pool='cpu', serial=3)
    >>> parse_name("bash") is None
    True
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    run_id, attempt, pool, serial = found.groups()
    return JobName(run_id, int(attempt), pool or "driver", int(serial) if serial else None)
