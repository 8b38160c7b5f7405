"""The status of a run: its state, its driver's job, its other jobs, and what they wait for.

The run's files are read first, because that is cheap. Slurm is asked only about a run whose driver is not alive and did
not write the run's end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..run.driver_lock import live_driver
from ..run.job_names import parse_name
from ..run.runs import Run
from ..run.state import BEGINS_S, SubmittedDriver, find_driver_job
from ..slurm.query.controller import Controller, Entry, Unanswered
from ..slurm.query.job_states import JobView, is_over, join_job, read_jobs, read_log_tail
from ..store.ledger import read_ledger

__all__ = ["QueueSnapshot", "describe_jobs", "query_queue", "read_status"]

STALE_S = 60.0  # age at which what the driver wrote about its jobs is called old


@dataclass(frozen=True)
class QueueSnapshot:
    """What Slurm answered when it was asked for this user's jobs, or why it did not."""

    time: float
    entries: tuple[Entry, ...] = ()
    unanswered: str = ""

    def of(self, identity: str) -> list[Entry]:
        """Entries of one run's jobs."""
        return [entry for entry in self.entries if (name := parse_name(entry.name)) and name.run_id == identity]

    def live_driver_id(self, identity: str) -> str | None:
        """Id of the run's driver job that has not ended; None if there is none."""
        return next((entry.id for entry in self.of(identity) if _drives(entry) and not is_over(entry)), None)


def query_queue(controller: Controller, drivers: Iterable[SubmittedDriver] = ()) -> QueueSnapshot:
    """Ask for all jobs of this user by one squeue; and by one sacct for driver jobs that the queue no longer lists."""
    now = time.time()
    try:
        entries = controller.queue()
    except Unanswered as error:
        return QueueSnapshot(now, unanswered=str(error))
    listed = {entry.name for entry in entries}
    gone = [job for job in drivers if job.name not in listed and now - job.submitted > BEGINS_S]
    if gone:
        try:
            entries += controller.accounts([job.name for job in gone], min(job.submitted for job in gone) - 60.0)
        except Unanswered:
            pass  # no accounts here: such a job ended, and its log tells the rest
    return QueueSnapshot(now, tuple(entries))


def read_status(run: Run, *, seen: QueueSnapshot | None = None) -> dict[str, Any]:
    """What ``run.status()`` says, and under ``slurm`` the run's jobs: one JSON-able object.

    Parameters
    ----------
    run
        The run.
    seen
        What Slurm answered just now; if omitted, the run's files alone decide.
    """
    told = run.status(seen=seen)
    lines = read_ledger(run.path / "ledger.jsonl")
    return {**told, "slurm": describe_jobs(run.path, run.id, lines, told["state"], seen=seen)}


def _drives(entry: Entry) -> bool:
    name = parse_name(entry.name)
    return name is not None and name.pool == "driver"


def describe_jobs(
    run: Path, identity: str, lines: Sequence[Mapping[str, Any]], state: str, *, seen: QueueSnapshot | None = None
) -> dict[str, Any] | None:
    """What is known of the run's jobs in Slurm, JSON-able; None if it never had any."""
    board, job, now = read_jobs(run), find_driver_job(run, identity), time.time()
    if board is None and job is None:
        return None
    views = list(board.jobs) if board else []
    answers = board.slurm if board else "answering"
    waits = list(board.waits) if board and state == "running" else []
    driver = None
    if live_driver(run):
        driver = _live_driver_view(run, lines, job, now)
        if board and now - board.time > STALE_S:
            waits.append(f"its driver last reported its jobs {now - board.time:.0f} s ago")
    elif seen is not None:
        answers = f"does not answer: {seen.unanswered}" if seen.unanswered else "answering"
        views = _join_all(run, identity, views, seen)
        driver = _absent_driver(run, identity, job, state, seen) if job else None
        if driver and state in ("pending", "waiting", "running"):
            waits.append(driver.sentence)
    return {
        "driver": driver.to_json() if driver else None,
        "jobs": [view.to_json() for view in views],
        "waits": waits,
        "dashboard": board.dashboard if board and state == "running" else None,
        "answers": answers,
        "seen": board.time if board else None,
    }


def _live_driver_view(
    run: Path, lines: Sequence[Mapping[str, Any]], job: SubmittedDriver | None, now: float
) -> JobView | None:
    """The view of a driver that is alive; None if it is not a job of Slurm."""
    told = live_driver(run) or {}
    if not told.get("job"):
        return None
    begun = next((float(line["time"]) for line in reversed(lines) if line["kind"] == "driver"), now)
    name = job.name if job else ""
    log = str(job.logs[-1].relative_to(run)) if job and job.logs else ""
    return JobView(
        id=str(told["job"]), name=name, pool="driver", attempt=int(told["attempt"]), state="working",
        sentence=f"job {told['job']} drives the run on {told['host']}", node=str(told["host"]), since=begun, log=log,
    )  # fmt: skip


def _absent_driver(run: Path, identity: str, job: SubmittedDriver, state: str, seen: QueueSnapshot) -> JobView | None:
    entries = [entry for entry in seen.of(identity) if _drives(entry)]
    alive = [entry for entry in entries if not is_over(entry)]
    entry = next(iter(alive), None) or next((e for e in reversed(entries) if e.name == job.name), None)
    if entry is None and state in ("done", "failed", "stopped", "cancelled"):
        return None
    log = job.logs[-1] if job.logs else None
    view = join_job(
        entry, name=entry.name if entry else job.name, submitted=job.submitted, registered=False, working=False,
        draining=False, log_tail=read_log_tail(log) if log else "", answered=not seen.unanswered, now=seen.time,
        id=job.ids[-1] if job.ids else "", log=str(log.relative_to(run)) if log else "",
    )  # fmt: skip
    return replace(view, since=min(view.since, seen.time))


def _join_all(run: Path, identity: str, views: Sequence[JobView], seen: QueueSnapshot) -> list[JobView]:
    """Jobs that their driver reported, and those it did not, as Slurm lists them now."""
    if seen.unanswered:
        return [view if view.state == "ended" else replace(view, state="unknown") for view in views]
    entries = {entry.name: entry for entry in seen.of(identity) if not _drives(entry)}
    known = {view.name: view for view in views}
    joined = []
    for name in [*known, *(name for name in entries if name not in known)]:
        before, entry = known.get(name), entries.get(name)
        if before is not None and before.state == "ended" and (entry is None or is_over(entry)):
            joined.append(before)
            continue
        begun = (entry.submitted if entry else None) or (before.since if before else seen.time)
        log = before.log if before else ""
        view = join_job(
            entry, name=name, submitted=begun, registered=False, working=False, draining=False,
            log_tail=read_log_tail(run / log) if log else "", answered=True, now=seen.time,
            id=before.id if before else "", log=log,
        )  # fmt: skip
        joined.append(view)
    return joined
