"""Where a run stands: its state, its driver's job, its other jobs, and what they wait for.

Files come first, for they cost nothing: only of a run whose driver is silent, and did not sign off, is Slurm asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..run.driver_lock import live_driver, read_driver
from ..slurm.query.controller import Controller, Entry, Unanswered
from ..slurm.query.job_states import JobView, is_over, join_job, parse_name, read_jobs, read_log_tail
from ..store.ledger import last_line

__all__ = ["DriverJob", "Look", "describe_jobs", "find_driver_job", "find_end", "find_state", "look", "needs_look"]

BEGINS_S = 60.0  # from the first line of a driver's log to its claim on the run; for so long Slurm may not list a job
STALE_S = 60.0  # what the driver last wrote about its jobs is called old after so long


@dataclass(frozen=True)
class DriverJob:
    """The newest driver job that was written for a run."""

    name: str
    submitted: float
    logs: tuple[Path, ...]  # one for each id it ran under; none as long as it has not begun

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(log.name.removeprefix(f"{self.name}.").removesuffix(".log") for log in self.logs)


@dataclass(frozen=True)
class Look:
    """What Slurm answered when it was asked for this user's jobs, or why it did not."""

    time: float
    entries: tuple[Entry, ...] = ()
    unanswered: str = ""

    def of(self, identity: str) -> list[Entry]:
        """Entries of one run's jobs."""
        return [entry for entry in self.entries if (name := parse_name(entry.name)) and name.run_id == identity]


def look(controller: Controller, drivers: Iterable[DriverJob] = ()) -> Look:
    """Ask once for all jobs; and once the accounts, for driver jobs that the queue no longer lists."""
    now = time.time()
    try:
        entries = controller.queue()
    except Unanswered as error:
        return Look(now, unanswered=str(error))
    listed = {entry.name for entry in entries}
    gone = [job for job in drivers if job.name not in listed and now - job.submitted > BEGINS_S]
    if gone:
        try:
            entries += controller.accounts([job.name for job in gone], min(job.submitted for job in gone) - 60.0)
        except Unanswered:
            pass  # no accounts here: such a job ended, and its log tells the rest
    return Look(now, tuple(entries))


def find_driver_job(run: Path, identity: str) -> DriverJob | None:
    """The driver job that was submitted last; none if the run was never handed to Slurm."""
    scripts = [
        (name.attempt, path)
        for path in (run / "slurm" / "scripts").glob("*.driver.sh")
        if (name := parse_name(path.stem)) and name.run_id == identity
    ]
    if not scripts:
        return None
    _, newest = max(scripts)
    logs = sorted((run / "slurm" / "logs").glob(f"{newest.stem}.*.log"), key=lambda path: path.stat().st_mtime)
    return DriverJob(newest.stem, newest.stat().st_mtime, tuple(logs))


def find_end(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """How the run last ended, unless something was done about it since."""
    newest = max((i for i, line in enumerate(lines) if line["kind"] in ("driver", "bad", "end")), default=None)
    return lines[newest] if newest is not None and lines[newest]["kind"] == "end" else None


def _has_signed_off(run: Path, job: DriverJob, end: Mapping[str, Any] | None) -> bool:
    """Whether this end is that of this job, or came after it: by a cancelling, or a driver outside of Slurm."""
    if end is None:
        return False
    driver = read_driver(run) or {}
    is_later = driver.get("job") in job.ids or float(end.get("time", 0.0)) > job.submitted
    return end.get("after") == job.name or (is_later and driver.get("state") != "running")


def needs_look(run: Path, identity: str, lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether only Slurm knows what becomes of the run."""
    job = find_driver_job(run, identity)
    if job is None or live_driver(run):
        return False
    end = find_end(lines)
    return end is None or end["state"] == "expired" or not _has_signed_off(run, job, end)


def find_state(
    run: Path, identity: str, lines: Sequence[Mapping[str, Any]], *, complete: bool, seen: Look | None = None
) -> str:
    """One word: created, pending, running, waiting, done, failed, stopped, cancelled, interrupted or damaged."""
    if live_driver(run):
        return "running"
    end, job = find_end(lines), find_driver_job(run, identity)
    has_expired = end is not None and end["state"] == "expired"
    if job is not None and (has_expired or not _has_signed_off(run, job, end)):
        if seen is not None and not seen.unanswered:
            live = next((e for e in seen.of(identity) if _drives(e) and not is_over(e)), None)
            if live is not None and live.id == (read_driver(run) or {}).get("job") and end is None:
                return "running"  # its driver is silent: the node hangs, or its disk does
            begins = live is not None or (not job.logs and seen.time - job.submitted < BEGINS_S)
        else:
            begins = _may_begin(run, job)
        if begins:
            return "waiting" if has_expired else "pending"
    if end is not None and not has_expired:
        return str(end["state"])
    last = last_line(list(map(dict, lines)), "end")
    if last and last["state"] == "done" and not complete:
        return "damaged"
    return "interrupted" if lines or job is not None else "created"


def _drives(entry: Entry) -> bool:
    name = parse_name(entry.name)
    return name is not None and name.pool == "driver"


def _may_begin(run: Path, job: DriverJob) -> bool:
    """By files alone: it has written no log yet, or has only just begun to."""
    if not job.logs:
        return True
    if (read_driver(run) or {}).get("job") in job.ids:
        return False
    return time.time() - job.logs[-1].stat().st_mtime < BEGINS_S


def describe_jobs(
    run: Path, identity: str, lines: Sequence[Mapping[str, Any]], state: str, *, seen: Look | None = None
) -> dict[str, Any] | None:
    """What is known of the run's jobs in Slurm, JSON-able; none if it never had any."""
    board, job, now = read_jobs(run), find_driver_job(run, identity), time.time()
    if board is None and job is None:
        return None
    views = list(board.jobs) if board else []
    answers = board.slurm if board else "answering"
    waits = list(board.waits) if board and state == "running" else []
    driver = None
    if live_driver(run):
        driver = _living_driver(run, lines, job, now)
        if board and now - board.time > STALE_S:
            waits.append(f"its driver last told of its jobs {now - board.time:.0f} s ago")
    elif seen is not None:
        answers = f"does not answer: {seen.unanswered}" if seen.unanswered else "answering"
        views = _join_all(run, identity, views, seen)
        driver = _silent_driver(run, identity, job, state, seen) if job else None
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


def _living_driver(run: Path, lines: Sequence[Mapping[str, Any]], job: DriverJob | None, now: float) -> JobView | None:
    """The view of a driver that beats; none if it is no job."""
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


def _silent_driver(run: Path, identity: str, job: DriverJob, state: str, seen: Look) -> JobView | None:
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


def _join_all(run: Path, identity: str, views: Sequence[JobView], seen: Look) -> list[JobView]:
    """Jobs that their driver last told of, and those it never did, as Slurm has them now."""
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
