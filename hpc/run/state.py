"""The state of a run in one word, from its files; a cluster is asked only if these leave it open.

The files leave it open while a driver job was submitted, no driver is alive, and none has written the run's end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .driver_lock import live_driver, read_driver
from .job_names import parse_name

__all__ = ["BEGINS_S", "QueueAnswer", "SubmittedDriver", "find_driver_job", "find_end", "find_state", "needs_query"]

BEGINS_S = 60.0  # from the first line of a driver's log to its lock on the run; a queue may not list a job for so long


class QueueAnswer(Protocol):
    """What a cluster answered when it was asked for this user's jobs, or why it did not."""

    @property
    def time(self) -> float:
        """When it was asked [seconds since 1970]."""
        ...

    @property
    def unanswered(self) -> str:
        """Why it did not answer; empty if it did."""
        ...

    def live_driver_id(self, run_id: str) -> str | None:
        """Id of the run's driver job that has not ended."""
        ...


@dataclass(frozen=True)
class SubmittedDriver:
    """The newest driver job that was written for a run."""

    name: str
    submitted: float
    logs: tuple[Path, ...]  # one for each id it ran under; empty until it begins

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(log.name.removeprefix(f"{self.name}.").removesuffix(".log") for log in self.logs)


def find_driver_job(run: Path, identity: str) -> SubmittedDriver | None:
    """The driver job that was submitted last; None if the run was never submitted to a cluster."""
    scripts = [
        (name.attempt, path)
        for path in (run / "slurm" / "scripts").glob("*.driver.sh")
        if (name := parse_name(path.stem)) and name.run_id == identity
    ]
    if not scripts:
        return None
    _, newest = max(scripts)
    logs = sorted((run / "slurm" / "logs").glob(f"{newest.stem}.*.log"), key=lambda path: path.stat().st_mtime)
    return SubmittedDriver(newest.stem, newest.stat().st_mtime, tuple(logs))


def find_end(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The ledger line of how the run last ended; None if it was resumed, restarted or found damaged since."""
    newest = max(
        (i for i, line in enumerate(lines) if line["kind"] in ("driver", "bad", "restart", "end")), default=None
    )
    return lines[newest] if newest is not None and lines[newest]["kind"] == "end" else None


def needs_query(run: Path, identity: str, lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the run's files leave its state open, so that the cluster must be asked."""
    job = find_driver_job(run, identity)
    if job is None or live_driver(run):
        return False
    end = find_end(lines)
    return end is None or end["state"] == "expired" or not _wrote_end(run, job, end)


def find_state(
    run: Path,
    identity: str,
    lines: Sequence[Mapping[str, Any]],
    *,
    complete: bool,
    seen: QueueAnswer | None = None,
) -> str:
    """One word: created, pending, running, waiting, done, failed, stopped, cancelled, interrupted or damaged.

    Parameters
    ----------
    run, identity
        The run's folder and id.
    lines
        Its ledger.
    complete
        Whether the ledger has every block.
    seen
        What the cluster answered just now; if omitted, the files alone decide.
    """
    if live_driver(run):
        return "running"
    end, job = find_end(lines), find_driver_job(run, identity)
    has_expired = end is not None and end["state"] == "expired"
    if job is not None and (has_expired or not _wrote_end(run, job, end)):
        if seen is not None and not seen.unanswered:
            live = seen.live_driver_id(identity)
            if live is not None and live == (read_driver(run) or {}).get("job") and end is None:
                return "running"  # its driver writes no heartbeat: the node hangs, or its disk does
            begins = live is not None or (not job.logs and seen.time - job.submitted < BEGINS_S)
        else:
            begins = _may_begin(run, job)
        if begins:
            return "waiting" if has_expired else "pending"
    if end is not None and not has_expired:
        return str(end["state"])
    last = next((line for line in reversed(lines) if line["kind"] in ("end", "restart")), None)
    if last and last.get("state") == "done" and (not complete or _ends_with_damage(lines)):
        return "damaged"
    return "interrupted" if lines or job is not None else "created"


def _ends_with_damage(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file was found damaged since a driver last worked."""
    return next((line["kind"] == "bad" for line in reversed(lines) if line["kind"] in ("driver", "bad")), False)


def _wrote_end(run: Path, job: SubmittedDriver, end: Mapping[str, Any] | None) -> bool:
    """Whether this end was written by this job, or after it by ``citytide cancel`` or a driver outside the cluster."""
    if end is None:
        return False
    driver = read_driver(run) or {}
    is_later = driver.get("job") in job.ids or float(end.get("time", 0.0)) > job.submitted
    return end.get("after") == job.name or (is_later and driver.get("state") != "running")


def _may_begin(run: Path, job: SubmittedDriver) -> bool:
    """Whether the job may still take the run up, by files alone: it wrote no log yet, or has only just begun to."""
    if not job.logs:
        return True
    if (read_driver(run) or {}).get("job") in job.ids:
        return False
    return time.time() - job.logs[-1].stat().st_mtime < BEGINS_S
