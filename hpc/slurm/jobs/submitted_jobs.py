"""Submitted jobs: the worker jobs that one attempt submitted, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...execution.endings import Ending
from ...plan.pools import DEFAULT_JOBS, Pool
from ...run.job_names import parse_name
from ..query.controller import Entry
from ..query.job_states import JobView, join_job, keep_order, read_log_tail
from .supervisor import Registered

__all__ = ["SubmittedJob", "count_jobs", "job_of", "last_serial"]

WORK_S = 20.0  # of blocks, for each that runs at a time, before another job is worth its start


@dataclass
class SubmittedJob:
    """A worker job."""

    name: str
    pool: str
    submitted: float
    id: str | None = None  # None while sbatch's reply is missing
    entry: Entry | None = None
    workers: dict[str, Registered] = field(default_factory=dict)  # registered now, by name
    ever: bool = False  # whether a worker of it ever registered
    working: bool = False
    draining: bool = False
    retired: bool = False  # whether the scheduler knows that it drains
    idle_since: float | None = None
    missing_since: float | None = None
    ending: Ending | None = None
    view: JobView | None = None

    @property
    def is_live(self) -> bool:
        return self.ending is None

    @property
    def node(self) -> str:
        return self.entry.node if self.entry else ""

    def count(self, workers: Mapping[str, Registered], now: float) -> None:
        """Learn which of the job's workers have registered, and whether they work."""
        self.workers = {name: worker for name, worker in workers.items() if job_of(name) == self.name}
        self.working = any(worker.handed for worker in self.workers.values())
        busy = self.working or any(worker.held for worker in self.workers.values())
        self.idle_since = None if busy or not self.workers else self.idle_since or now

    def ran_s(self, now: float) -> float:
        """How long it has held its nodes."""
        if self.entry is None or self.entry.start is None or self.entry.state == "PENDING":
            return 0.0
        return max(0.0, (now if self.is_live else self.entry.end or now) - self.entry.start)

    def log(self, run: Path) -> Path | None:
        """The newest log of the job, if it has begun."""
        return max((run / "slurm" / "logs").glob(f"{self.name}.*.log"), default=None)

    def tail(self, run: Path) -> str:
        log = self.log(run)
        return read_log_tail(log) if log else ""

    def update_view(self, run: Path, *, answered: bool, now: float) -> JobView:
        """The job as its run sees it."""
        if self.view is not None and self.view.state == "ended" and not self.is_live:
            return self.view
        log = self.log(run)
        told = join_job(
            self.entry, name=self.name, submitted=self.submitted, registered=bool(self.workers), working=self.working,
            draining=self.draining, log_tail="" if self.is_live else self.tail(run), answered=answered, now=now,
            id=self.id or "", ending=self.ending, log=str(log.relative_to(run)) if log else "",
            workers=len(self.workers),
        )  # fmt: skip
        self.view = keep_order(self.view, told)
        return self.view


def job_of(worker: str) -> str:
    """The job that a worker's name tells."""
    return worker.rpartition("-")[0]


def count_jobs(pool: Pool, workers: int, expected_s: float, room: int | None) -> int:
    """How many jobs to have for the blocks of so many workers; for short blocks each job gets some time of work.

    ``room`` is how many the user's limit leaves to this pool.
    """
    jobs = -(-workers // pool.workers_per_job)
    if expected_s:
        jobs = min(jobs, int(workers * expected_s / (pool.workers_per_job * WORK_S)) + 1)
    return min(jobs, pool.max_jobs or DEFAULT_JOBS, jobs if room is None else room)


def last_serial(run: Path, attempt: int) -> int:
    """Names are never used twice, also when a second scheduler serves the same attempt."""
    names: Iterable[str] = (path.stem for path in (run / "slurm" / "scripts").glob("*.sh"))
    parsed = [parse_name(name) for name in names]
    return max((name.serial or 0 for name in parsed if name and name.attempt == attempt), default=0)
