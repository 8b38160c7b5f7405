"""The reconciler: jobs wanted against jobs there. It submits, watches, replaces and takes back worker jobs.

What it does not know it leaves alone: while Slurm does not answer, nothing is submitted or cancelled, and a job whose
submission was never answered for is looked for by its name before it is written off.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..pools import Pool
from ..profiles import Profile
from .controller import Controller, Entry, Refused, Unanswered
from .endings import Ending, classify, explain_ending
from .jobs import Board, JobView, is_over, join_job, job_name, parse_name, read_log_tail, write_jobs
from .keeper import Keeper, Registered
from .scripts import worker_script

__all__ = ["Reconciler"]

FORGOTTEN_S = 30.0  # a submission without reply that no list shows for so long was never accepted
BACK_OFF_S = 300.0  # longest pause after failures in a row
FAILURES = 8  # worker jobs in a row that never registered, before the run gives up
REFUSALS = 3  # submissions in a row that Slurm refuses for good
QUICK = 2  # quick failures on one node before it is left out
WORK_S = 20.0  # of short blocks, for each thread, before another job is worth its start


@dataclass
class Posted:
    """A worker job that this attempt submitted."""

    name: str
    pool: str
    serial: int
    submitted: float
    id: str | None = None  # None while sbatch's reply is missing
    entry: Entry | None = None
    workers: set[str] = field(default_factory=set)  # registered now
    ever: bool = False  # whether a worker of it ever registered
    working: bool = False
    draining: bool = False
    idle_since: float | None = None
    missing_since: float | None = None
    ending: Ending | None = None
    view: JobView | None = None

    @property
    def is_live(self) -> bool:
        return self.ending is None


class Reconciler(Keeper):
    """Keeps the worker jobs of an attempt; see the module's text."""

    def __init__(self, run: Path, attempt: int, profile: Profile, controller: Controller) -> None:
        super().__init__(run, attempt, profile, controller)
        self.id = str(_read_id(run))
        self.posted: dict[str, Posted] = {}
        self.serial = _last_serial(run, attempt)
        self.unanswered_since: float | None = None
        self.unanswered = ""
        self.answered_at = 0.0
        self.failures: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.refusal: dict[str, str] = {}
        self.not_before: dict[str, float] = {}
        self.bad_nodes: Counter[str] = Counter()
        self.good_nodes: set[str] = set()
        self.spent_s = 0.0
        self._trouble: str | None = None
        self._waits: tuple[str, ...] = ()
        (run / "slurm" / "scripts").mkdir(parents=True, exist_ok=True, mode=0o700)

    # What the driver asks -------------------------------------------------------------------------------------------

    def threads(self, pool: str) -> int:
        with self.lock:
            asked = self.profile.pool(pool)
            jobs = [p for p in self.posted.values() if p.pool == pool and p.is_live and not p.draining]
            there = sum(len(job.workers) for job in jobs)
            return max(1, asked.threads * (there or asked.workers_per_job))

    def drain(self, worker: str) -> None:
        with self.lock:
            if job := self.posted.get(_job_of(worker)):
                job.draining = True
        self._woken.set()

    def ending(self, worker: str, since: float) -> Ending | None:
        with self.lock:
            job = self.posted.get(_job_of(worker))
            if job is None:
                return Ending.LOST
            if job.ending is not None:
                return job.ending
            if self.answered_at < since + 1.0 or job.entry is None:
                return None
            if job.entry.state == "PENDING":
                return Ending.PREEMPTED  # requeued: it starts again by itself
            if job.entry.state != "RUNNING":
                return None
        # The job lives on: its nanny saw the worker die, and says in the log if it was for memory.
        told = classify(None, self._tail(job), registered=True)
        return told if told is Ending.OUT_OF_MEMORY else Ending.LOST

    def trouble(self) -> str | None:
        return self._trouble

    def waits(self) -> tuple[str, ...]:
        return self._waits

    # One look -------------------------------------------------------------------------------------------------------

    def tick(self, now: float, *, look: bool) -> None:
        entries = self._ask(now) if look else None
        workers = self._registered()
        with self.lock:
            if entries is not None:
                self._join(entries, now)
                self._sweep(entries)
            self._count(workers, now)
            self._retire(now)
            if self.unanswered_since is None and self._trouble is None:
                self._reconcile(now)
            self._tell(now)

    def _ask(self, now: float) -> list[Entry] | None:
        try:
            entries = self.controller.queue()
        except Unanswered as error:
            self.unanswered_since, self.unanswered = self.unanswered_since or now, str(error)
            return None
        self.unanswered_since, self.answered_at = None, time.time()
        return [entry for entry in entries if entry.name.startswith(f"{self.id}.")]

    def _registered(self) -> dict[str, Registered] | None:
        try:
            return dict(self.registered())
        except Exception:  # the scheduler is busy or gone: the driver finds out by itself
            return None

    def _join(self, entries: list[Entry], now: float) -> None:
        by_name = {entry.name: entry for entry in entries}
        lost = [job for job in self.posted.values() if job.is_live and job.name not in by_name]
        known = self._accounts([job for job in lost if now - job.submitted > self.profile.poll_s])
        for job in self.posted.values():
            if not job.is_live:
                continue
            entry = by_name.get(job.name) or known.get(job.name)
            if entry is None:
                self._miss(job, now)
                continue
            job.entry, job.id, job.missing_since = entry, entry.id, None
            if is_over(entry):
                self._bury(job, classify(entry, self._tail(job), registered=job.ever), now)

    def _accounts(self, jobs: list[Posted]) -> dict[str, Entry]:
        if not jobs:
            return {}
        try:
            rows = self.controller.accounts([job.name for job in jobs], min(job.submitted for job in jobs) - 60)
        except Unanswered:
            return {}
        return {row.name: row for row in rows}

    def _miss(self, job: Posted, now: float) -> None:
        """No list shows the job: the controller forgot one that ended, or never accepted it."""
        job.missing_since = job.missing_since or now
        if now - job.missing_since < FORGOTTEN_S or job.workers:
            return
        self._bury(job, Ending.LOST if job.id else Ending.UNREGISTERED, now)

    def _bury(self, job: Posted, ending: Ending, now: float) -> None:
        job.ending, entry = ending, job.entry
        node = entry.node if entry else ""
        ran = (entry.end or now) - (entry.start or now) if entry else 0.0
        self.spent_s += max(0.0, ran)
        if ending is Ending.UNREGISTERED or (ending is Ending.NODE_FAILURE and not job.ever):
            self.failures[job.pool] += 1
            self.bad_nodes[node] += 1
            self.not_before[job.pool] = now + min(BACK_OFF_S, self.profile.poll_s * 2 ** self.failures[job.pool])
            if self.failures[job.pool] >= FAILURES:
                told = explain_ending(ending, entry, self._tail(job))
                self._trouble = f"{FAILURES} worker jobs of pool {job.pool!r} in a row never registered; the last: {told}"

    def _sweep(self, entries: list[Entry]) -> None:
        """Take back what earlier attempts of this run left in the queue; nothing else is ever touched."""
        old = [
            entry.id
            for entry in entries
            if (name := parse_name(entry.name))
            and not is_over(entry)
            and (name.attempt < self.attempt or entry.name in self.posted and not self.posted[entry.name].is_live)
            and name.pool != "driver"
        ]
        self._cancel(old)

    def _count(self, workers: dict[str, Registered] | None, now: float) -> None:
        if workers is None:
            return
        for job in self.posted.values():
            mine = {name: worker for name, worker in workers.items() if _job_of(name) == job.name}
            job.workers, job.working = set(mine), any(worker.executing for worker in mine.values())
            job.idle_since = None if job.working or not mine else job.idle_since or now
            if mine and not job.ever:
                job.ever = True
                self.failures[job.pool] = 0
                self.not_before.pop(job.pool, None)
            if mine and job.entry:
                self.good_nodes.add(job.entry.node)

    def _retire(self, now: float) -> None:
        """Drain jobs whose allocation is nearly used up; let go those that have drained, or idle too long."""
        over = []
        for job in self.posted.values():
            if not job.is_live or not job.workers:
                continue
            ends = job.entry.end if job.entry else None
            if ends and ends - now < 1.1 * self.expected_s + 2.0:
                job.draining = True
            idle = job.idle_since is not None and now - job.idle_since
            if idle is False:
                continue
            hold = self.profile.pool(job.pool).idle_hold_s
            unneeded = not self.wanted.get(job.pool) and idle > hold
            if (job.draining and idle > 1.0) or unneeded:
                over.append(job)
        self._cancel([job.id for job in over if job.id])

    def _reconcile(self, now: float) -> None:
        for name, blocks in self.wanted.items():
            pool = self.profile.pool(name)
            live = [job for job in self.posted.values() if job.pool == name and job.is_live and not job.draining]
            short = self._desired(pool, blocks) - len(live)
            if short <= 0 or now < self.not_before.get(name, 0.0) or self._is_budget_spent(now):
                continue
            for _ in range(short):
                if not self._submit(name, now):
                    break

    def _desired(self, pool: Pool, blocks: int) -> int:
        slots = pool.threads * pool.workers_per_job
        jobs = -(-blocks // slots)
        if self.expected_s:
            jobs = min(jobs, max(1, int(blocks * self.expected_s / (slots * WORK_S)) + 1))
        live = sum(job.is_live for job in self.posted.values())
        most = self.profile.limits.max_jobs
        room = jobs if most is None else max(0, most - live) + sum(
            job.is_live for job in self.posted.values() if self.profile.pool(job.pool) is pool
        )  # fmt: skip
        return min(jobs, pool.max_jobs or DEFAULT_JOBS, room)

    def _is_budget_spent(self, now: float) -> bool:
        budget = self.profile.limits.node_hours
        if budget is None:
            return False
        live = [job for job in self.posted.values() if job.is_live]
        running = sum(max(0.0, now - (job.entry.start or now)) for job in live if job.entry)
        if (self.spent_s + running) / 3600 < budget:
            return False
        if not live:
            self._trouble = f"the budget of {budget:g} node-hours (limits.node_hours) is spent: raise it and resume"
        return True

    def _submit(self, pool: str, now: float) -> bool:
        self.serial += 1
        name = job_name(self.id, self.attempt, pool, self.serial)
        script = self.run / "slurm" / "scripts" / f"{name}.sh"
        python = self.profile.python or sys.executable
        text = worker_script(self.profile, pool, name=name, run=self.run.resolve(), python=python, exclude=self._excluded())
        script.write_text(text)
        job = Posted(name, pool, self.serial, now)
        try:
            job.id = self.controller.submit(script)
        except Refused as error:
            self.refusals[pool] += 1
            self.refusal[pool] = str(error)
            self.bad_nodes.clear()
            self.not_before[pool] = now + min(BACK_OFF_S, self.profile.poll_s * 2 ** self.refusals[pool])
            if self.refusals[pool] >= REFUSALS and not is_limit(str(error)):
                self._trouble = f"Slurm refuses worker jobs of pool {pool!r}: {error}; mend the profile and resume"
            return False
        except Unanswered as error:  # it may have been accepted: it is looked for by its name
            self.posted[name] = job
            self.unanswered_since, self.unanswered = self.unanswered_since or now, str(error)
            return False
        self.refusals.pop(pool, None)
        self.refusal.pop(pool, None)
        self.posted[name] = job
        return True

    def _excluded(self) -> list[str]:
        """Nodes that fail quickly while others work; if all fail, it is not the nodes."""
        return sorted(n for n, count in self.bad_nodes.items() if n and count >= QUICK and self.good_nodes - {n})

    def _cancel(self, ids: list[str]) -> None:
        if not ids:
            return
        try:
            self.controller.cancel(ids)
        except Unanswered as error:
            self.unanswered_since, self.unanswered = self.unanswered_since or time.time(), str(error)

    def _tail(self, job: Posted) -> str:
        log = _log_of(self.run, job)
        return read_log_tail(log) if log else ""

    # What is told ---------------------------------------------------------------------------------------------------

    def _tell(self, now: float) -> None:
        views = []
        for job in self.posted.values():
            if job.is_live or job.view is None or job.view.state != "ended":
                log = _log_of(self.run, job)
                job.view = join_job(
                    job.entry, name=job.name, submitted=job.submitted, registered=bool(job.workers),
                    working=job.working, draining=job.draining, log_tail=self._tail(job) if job.ending else "",
                    answered=self.unanswered_since is None, now=now, id=job.id or "", ending=job.ending,
                    log=str(log.relative_to(self.run)) if log else "", workers=len(job.workers),
                )  # fmt: skip
            views.append(job.view)
        self._waits = self._explain_waits(views, now)
        write_jobs(self.run, Board(now, self._slurm(now), tuple(views), self._waits, self._dashboard()))

    def _slurm(self, now: float) -> str:
        if self.unanswered_since is None:
            return "answering"
        return f"has not answered for {now - self.unanswered_since:.0f} s ({self.unanswered}): what its jobs do is unknown"

    def _explain_waits(self, views: list[JobView], now: float) -> tuple[str, ...]:
        if any(job.working for job in self.posted.values()):
            return ()
        said = [f"Slurm {self._slurm(now)}"] if self.unanswered_since else []
        said += [f"pool {pool!r}: Slurm takes no more jobs now: {text}" for pool, text in self.refusal.items()]
        said += [view.sentence for view in views if view.state in ("pending", "unknown")]
        if not said or any(self.failures.values()):
            said += [view.sentence for view in views if view.state == "ended" and view.ending is Ending.UNREGISTERED][-1:]
        return tuple(dict.fromkeys(said))

    def _dashboard(self) -> str | None:
        port, host = self.scheduler.get("dashboard"), self.scheduler.get("host")
        return f"ssh -N -L {port}:127.0.0.1:{port} {host}   # then http://127.0.0.1:{port}/status" if port else None

    def dismiss(self) -> None:
        """Take every job of this attempt back, also those whose submission was never answered for."""
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline:
            try:
                left = [
                    entry.id
                    for entry in self.controller.queue()
                    if (name := parse_name(entry.name))
                    and name.run_id == self.id and name.pool != "driver" and not is_over(entry)
                ]  # fmt: skip
                self.controller.cancel(left)
                if not left:
                    break
            except Unanswered:
                pass
            time.sleep(1.0)
        now = time.time()
        for job in self.posted.values():
            if job.is_live:
                job.workers, job.working, job.ending = set(), False, Ending.DONE
        self._waits = ()
        self.unanswered_since = None
        self._tell(now)


DEFAULT_JOBS = 8  # of a pool that does not say how many it may have


def is_limit(refusal: str) -> bool:
    """Whether a refusal passes by waiting: a limit on jobs that are in the queue."""
    words = ("limit", "QOSMax", "AssocMax", "AssocGrp", "QOSGrp", "temporarily", "try again", "max jobs")
    return any(word.lower() in refusal.lower() for word in words)


def _job_of(worker: str) -> str:
    return worker.rpartition("-")[0]


def _read_id(run: Path) -> str:
    from ..records import read_json

    return str(read_json(run / "run.json")["id"])


def _last_serial(run: Path, attempt: int) -> int:
    """Names are never used twice, also when a second scheduler serves the same attempt."""
    names = [parse_name(path.stem) for path in (run / "slurm" / "scripts").glob("*.sh")]
    return max((name.serial or 0 for name in names if name and name.attempt == attempt), default=0)


def _log_of(run: Path, job: Posted) -> Path | None:
    logs = sorted((run / "slurm" / "logs").glob(f"{job.name}.*.log"))
    return logs[-1] if logs else None
