"""One state per job, joined from Slurm's queue, its accounts, the job's log and the workers that registered."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ...execution.endings import Ending
from ...run.job_names import JobName, parse_name
from .answers import Entry
from .endings import classify, explain_ending
from .reasons import explain_reason, say_time

__all__ = [
    "Board", "JobState", "JobView", "is_over", "join_job", "keep_order", "read_jobs", "read_log_tail", "write_jobs",
]  # fmt: skip

JobState = Literal["submitted", "pending", "starting", "registered", "working", "draining", "ended", "unknown"]
# A live job's worker may be idle, or die and start again: only these steps have an order.
STEP = dict(submitted=0, pending=1, starting=2, registered=2, working=2, draining=3, ended=4)
UNSEEN_S = 60.0  # for so long Slurm may not list a job that it has just accepted
_WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "CONFIGURING")
_RUNNING = ("RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT", "COMPLETING")
_OVER = (
    "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE", "BOOT_FAIL",
    "REVOKED", "LAUNCH_FAILED",
)  # fmt: skip


@dataclass(frozen=True)
class JobView:
    """A job as its run sees it; times are seconds since 1970."""

    id: str
    name: str
    pool: str
    attempt: int
    serial: int | None = None
    state: JobState = "submitted"
    ending: Ending | None = None
    sentence: str = ""
    reason: str = ""  # Slurm's own code
    node: str = ""
    since: float = 0.0  # when it came into this state, as far as Slurm tells
    expected_start: float | None = None
    deadline: float | None = None
    log: str = ""  # path within the run folder
    workers: int = 0  # registered now
    restarts: int = 0
    last_known: JobState | None = None  # what it was before it became unknown

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobView:
        known = {key: value for key, value in data.items() if key in cls.__dataclass_fields__}
        return cls(**{**known, "ending": Ending(data["ending"]) if data.get("ending") else None})


@dataclass(frozen=True)
class Board:
    """What the driver last knew of its jobs."""

    time: float
    slurm: str = "answering"  # or a sentence: what is unknown, and since when
    jobs: tuple[JobView, ...] = ()
    waits: tuple[str, ...] = ()  # why nothing runs
    dashboard: str | None = None  # the tunnel's command

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "jobs": [job.to_json() for job in self.jobs], "waits": list(self.waits)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Board:
        return cls(
            time=float(data["time"]),
            slurm=str(data["slurm"]),
            jobs=tuple(JobView.from_json(job) for job in data["jobs"]),
            waits=tuple(data["waits"]),
            dashboard=data["dashboard"],
        )


def is_over(entry: Entry) -> bool:
    """Whether a job has ended for good; a state that is not known is not an end."""
    return entry.state in _OVER


def join_job(
    entry: Entry | None,
    *,
    name: str,
    submitted: float,
    registered: bool,
    working: bool,
    draining: bool,
    log_tail: str,
    answered: bool,
    now: float,
    id: str = "",
    ending: Ending | None = None,
    log: str = "",
    workers: int = 0,
) -> JobView:
    """One view of a job from all that is known of it.

    ``entry`` is what Slurm last said, none if it lists no such job; ``answered`` is whether it answers now. What a
    worker says by being registered counts for more than an old entry; a job is over only if Slurm says so, if the
    caller says so by ``ending``, or if Slurm answers and has not listed it for a minute.
    """
    parsed = parse_name(name) or JobName("", 0, name, None)
    role = "driver" if parsed.pool == "driver" else "worker"
    view = JobView(
        id=entry.id if entry else id,
        name=name,
        pool=parsed.pool,
        attempt=parsed.attempt,
        serial=parsed.serial,
        reason=entry.reason if entry else "",
        node=entry.node if entry else "",
        since=submitted,
        deadline=entry.end if entry and entry.state in _RUNNING else None,
        log=log,
        workers=workers,
        restarts=entry.restarts if entry else 0,
    )
    over = entry is not None and is_over(entry)
    forgotten = entry is None and answered and not registered and now - submitted > UNSEEN_S
    if over or ending is not None or forgotten:
        told = ending or classify(entry, log_tail, registered=registered)
        since = entry.end if entry and over and entry.end else now
        sentence = explain_ending(told, entry, log_tail, log=log)
        return replace(view, state="ended", ending=told, since=since, sentence=sentence)
    begun = entry.start if entry and entry.state in _RUNNING and entry.start else None
    left = f"; its time ends in {say_time(view.deadline - now)}" if view.deadline else ""
    where = f" on {view.node}" if view.node else ""
    stands = f"job {view.id or name}"
    if registered:
        state, does = _say_alive(entry, working=working, draining=draining, role=role)
        return replace(view, state=state, since=begun or now, sentence=f"{stands} {does}{where}{left}")
    if not answered:
        last = f"; when last seen it was {entry.state.lower()}{where}" if entry else ""
        sentence = f"{stands}: Slurm does not answer, so what it does is unknown{last}"
        return replace(view, state="unknown", since=now, sentence=sentence)
    if entry is None:
        sentence = f"{stands} was submitted {say_time(now - submitted)} ago and Slurm does not list it yet"
        return replace(view, state="submitted", sentence=sentence)
    if entry.state in _WAITING:
        known = entry if entry.submitted else replace(entry, submitted=submitted)
        sentence = explain_reason(known, now=now)
        if entry.state == "CONFIGURING":
            sentence = f"{stands} has its nodes{where}, which are being made ready"
        return replace(
            view, state="pending", since=known.submitted or submitted, expected_start=entry.start, sentence=sentence
        )
    if entry.state == "COMPLETING" or draining:
        sentence = f"{stands} is ending{where}: its processes are being cleaned up"
        return replace(view, state="draining", since=begun or now, sentence=sentence)
    if entry.state in _RUNNING:
        halted = "is suspended" if entry.state in ("SUSPENDED", "STOPPED") else "has started"
        age = f" {say_time(now - begun)} ago" if begun and halted == "has started" else ""
        sentence = f"{stands} {halted}{where}{age}; its {role} has not registered yet{left}"
        return replace(view, state="starting", since=begun or now, sentence=sentence)
    sentence = f"{stands}: Slurm says {entry.state}, which is not known here, so nothing is done about it"
    return replace(view, state="unknown", since=now, sentence=sentence)


def _say_alive(entry: Entry | None, *, working: bool, draining: bool, role: str) -> tuple[JobState, str]:
    if draining or (entry is not None and entry.state == "COMPLETING"):
        return "draining", "takes no more blocks and ends when those it has are done"
    if working:
        return "working", "works"
    return "registered", f"has its {role} ready and waits for blocks"


def keep_order(before: JobView | None, after: JobView) -> JobView:
    """The later view, unless it would set the job back, as an old answer of Slurm's may: only a requeue does that.

    An end is final; what was known before a job became unknown is held on to.
    """
    if before is None or before.name != after.name or after.restarts > before.restarts:
        return after
    after = replace(after, restarts=before.restarts)
    known = before.last_known if before.state == "unknown" else before.state
    if after.state == "unknown":
        return before if known == "ended" else replace(after, last_known=known)
    return after if known is None or STEP[after.state] >= STEP[known] else before


def read_log_tail(path: Path, bytes: int = 4096) -> str:
    """The end of a log, whole lines only; empty if there is none yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - bytes))
            data = file.read(bytes)
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    return text.partition("\n")[2] if size > bytes and "\n" in text else text


def write_jobs(run: Path, board: Board) -> None:
    """Write ``slurm/jobs.json`` at once or not at all; it is news, not a record, so the disk need not be waited for."""
    folder = run / "slurm"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = folder / f"jobs.json.{os.getpid()}.partial"
    partial.write_text(json.dumps(board.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(partial, folder / "jobs.json")


def read_jobs(run: Path) -> Board | None:
    """What the driver last wrote; none if it wrote nothing that can be read."""
    try:
        return Board.from_json(json.loads((run / "slurm" / "jobs.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
