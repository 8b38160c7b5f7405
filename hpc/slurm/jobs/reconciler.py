"""The reconciler: jobs wanted against jobs there. It submits, watches, replaces and cancels worker jobs.

What it does not know it leaves alone: while Slurm does not answer, nothing is submitted or cancelled, and a job whose
submission was never answered for is looked for by its name before it is written off.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ...execution.endings import Ending
from ...plan.pools import DEFAULT_JOBS
from ...plan.profiles import Profile
from ...run.driver_lock import newest_attempt
from ...run.job_names import JobName, job_name, parse_name
from ...run.records import read_json
from ..query.controller import Controller, Entry, Refused, Unanswered
from ..query.endings import classify, explain_ending
from ..query.job_states import Board, JobView, is_over, write_jobs
from .backoff import Backoff
from .scratch import scratch_bases, sweep_scratch
from .scripts import worker_script
from .submitted_jobs import SubmittedJob, count_jobs, job_of, last_serial
from .supervisor import Registered, Supervisor

__all__ = ["Reconciler"]

FORGOTTEN_S = 30.0  # a submission without reply that no list shows for so long was never accepted
NANNYS_WORD = "was killed by"  # of a worker process
DRAINED_S = 1.0  # that a drained job stays, so that its last answer is fetched
DISMISS_S = 20.0  # to take all jobs back at the end


class Reconciler(Supervisor):
    """Keeps the worker jobs of an attempt; see the module's text."""

    def __init__(self, run: Path, attempt: int, profile: Profile, controller: Controller) -> None:
        super().__init__(run, attempt, profile, controller)
        self.id = str(read_json(run / "run.json")["id"])
        self.jobs: dict[str, SubmittedJob] = {}
        self.serial = self.first_serial = last_serial(run, attempt)
        self.backoff = Backoff(profile.poll_s)
        self.unanswered_since: float | None = None
        self.unanswered = ""
        self.answered_at = 0.0
        self._waits: tuple[str, ...] = ()
        (run / "slurm" / "scripts").mkdir(parents=True, exist_ok=True, mode=0o700)

    # What the driver asks.

    def count_workers(self, pool: str) -> int:
        with self.lock:
            there = sum(len(job.workers) for job in self._live(pool) if not job.draining)
            return there or self.profile.pool(pool).workers_per_job

    def drain(self, worker: str) -> None:
        with self.lock:
            if job := self.jobs.get(job_of(worker)):
                job.draining = True
        self._woken.set()

    def ending(self, worker: str, since: float) -> Ending | None:
        with self.lock:
            job = self.jobs.get(job_of(worker))
            if job is None:
                return Ending.LOST
            if job.ending is not None:
                return job.ending
            if self.answered_at < since + 1.0 or job.entry is None:
                return None
            if job.entry.state == "PENDING" or job.entry.restarts:
                return Ending.PREEMPTED  # requeued: it starts again by itself
            if job.entry.state != "RUNNING":
                return None
        # The job lives on: its nanny saw the worker die, and says in the log if it was for memory.
        tail = job.tail(self.run)
        if classify(None, tail, registered=True) is Ending.OUT_OF_MEMORY:
            return Ending.OUT_OF_MEMORY
        # Without its word the node may be gone, and Slurm has not noticed yet.
        return Ending.LOST if NANNYS_WORD in tail else None

    def trouble(self) -> str | None:
        return self.backoff.trouble

    def waits(self) -> tuple[str, ...]:
        return self._waits

    # One round.

    def tick(self, now: float, *, may_query: bool) -> None:
        entries = self._ask(now) if may_query else None
        workers = self._registered()
        with self.lock:
            if entries is not None:
                self._join(entries, now)
                self._sweep(entries)
            if workers is not None:
                self._count(workers, now)
            if self.unanswered_since is None:
                self._retire(now)
                self._reconcile(now)
            self._tell(now)
            # A worker that is told to retire starts nothing more: only one that has nothing may be told.
            leaving = [job for job in self._live() if job.draining and job.idle_since is not None and not job.retired]
        for job in leaving:  # outside the lock: moving what they hold may take a moment
            self._let_go(job)

    def _live(self, pool: str | None = None) -> list[SubmittedJob]:
        return [job for job in self.jobs.values() if job.is_live and pool in (None, job.pool)]

    def _ask(self, now: float) -> list[Entry] | None:
        try:
            entries = self.controller.queue()
        except Unanswered as error:
            self._miss_answer(error, now)
            return None
        self.unanswered_since, self.answered_at = None, now
        return [entry for entry in entries if entry.name.startswith(f"{self.id}.")]

    def _miss_answer(self, error: Unanswered, now: float) -> None:
        self.unanswered_since, self.unanswered = self.unanswered_since or now, str(error)

    def _registered(self) -> dict[str, Registered] | None:
        try:
            return dict(self.registered())
        except Exception:  # the scheduler is busy or gone: the driver finds out by itself
            return None

    def _join(self, entries: list[Entry], now: float) -> None:
        by_name = {entry.name: entry for entry in entries}
        unlisted = [
            job for job in self._live() if job.name not in by_name and now - job.submitted > self.profile.poll_s
        ]
        by_name = {**self._accounts(unlisted), **by_name}
        for job in self._live():
            entry = by_name.get(job.name)
            if entry is None:
                self._miss(job, now)
                continue
            job.entry, job.id, job.missing_since = entry, entry.id, None
            if "launch failed" in entry.reason:  # held for ever by Slurm: written off, and the sweep cancels it
                self._write_off(job, Ending.NODE_FAILURE, now)
            elif is_over(entry):
                self._write_off(job, classify(entry, job.tail(self.run), registered=job.ever), now)

    def _accounts(self, jobs: list[SubmittedJob]) -> dict[str, Entry]:
        if not jobs:
            return {}
        try:
            rows = self.controller.accounts([job.name for job in jobs], min(job.submitted for job in jobs) - 60)
        except Unanswered:
            return {}
        return {row.name: row for row in rows}

    def _miss(self, job: SubmittedJob, now: float) -> None:
        """No list shows the job: the controller forgot one that ended, or never accepted it."""
        job.missing_since = job.missing_since or now
        if now - job.missing_since > FORGOTTEN_S and not job.workers:
            self._write_off(job, Ending.LOST if job.id else Ending.UNREGISTERED, now)

    def _write_off(self, job: SubmittedJob, ending: Ending, now: float) -> None:
        job.ending, job.workers, job.working = ending, {}, False
        if ending is Ending.UNREGISTERED or (ending is Ending.NODE_FAILURE and not job.ever):
            self.backoff.fail(job.pool, job.node, explain_ending(ending, job.entry, job.tail(self.run)), now)

    def _sweep(self, entries: list[Entry]) -> None:
        """Take back what earlier attempts of this run left in the queue; nothing else is ever touched."""
        old = [
            entry.id
            for entry in entries
            if (name := parse_name(entry.name)) and not is_over(entry) and name.pool != "driver"
            and (name.attempt < self.attempt or self._is_left_over(entry.name, name))
        ]  # fmt: skip
        self._cancel(old)

    def _is_left_over(self, name: str, parsed: JobName) -> bool:
        """Of this attempt: a job written off, or one that an earlier group could not take back."""
        job = self.jobs.get(name)
        if job is None:
            return parsed.attempt == self.attempt and (parsed.serial or 0) <= self.first_serial
        return not job.is_live

    def _count(self, workers: dict[str, Registered], now: float) -> None:
        for job in self._live():
            job.count(workers, now)
            if job.workers and not job.ever:
                job.ever = True
                self.backoff.succeed(job.pool, job.node)

    def _retire(self, now: float) -> None:
        """Drain jobs whose allocation is nearly used up or that idle too long; take back those that have drained."""
        over = []
        for job in self._live():
            ends = job.entry.end if job.entry else None
            limit = self.profile.pool(job.pool).walltime_s or 0
            # A block longer than its allocation is tried all the same; it must not make every job look used up.
            expected = min(self.expected_s, max(0.0, 0.75 * limit - 5.0))
            if job.workers and ends and ends - now < 1.1 * expected + 2.0:
                job.draining = True
            idle = now - job.idle_since if job.idle_since is not None else 0.0
            if not self.wanted.get(job.pool) and idle > self.profile.pool(job.pool).idle_hold_s:
                job.draining = True
            if job.draining and job.retired and idle > DRAINED_S:
                over.append(job)
        self._cancel([job.id for job in over if job.id])

    def _let_go(self, job: SubmittedJob) -> None:
        """Tell the scheduler, so that it hands the job's workers nothing new."""
        try:
            self.retire([worker.address for worker in job.workers.values()])
            job.retired = True
        except Exception:  # the scheduler is busy or gone: tried again at the next look
            pass

    def _reconcile(self, now: float) -> None:
        for name, workers in self.wanted.items():
            pool, live = self.profile.pool(name), self._live(name)
            most = self.profile.limits.max_jobs
            room = None if most is None else most - len(self._live()) + len(live)
            short = count_jobs(pool, workers, self.expected_s, room) - sum(not job.draining for job in live)
            # Draining jobs still stand in the queue: one more than the limit, to have the next ready, and no more.
            short = min(short, (pool.max_jobs or DEFAULT_JOBS) + 1 - len(live))
            short = short if most is None else min(short, most - len(self._live()))
            while short > 0 and self.backoff.may_submit(name, now) and not self._is_budget_spent(now):
                if not self._submit(name, now):
                    break
                short -= 1

    def _is_budget_spent(self, now: float) -> bool:
        budget = self.profile.limits.node_hours
        if budget is None or sum(job.ran_s(now) for job in self.jobs.values()) / 3600 < budget:
            return False
        if not self._live():
            self.backoff.trouble = (
                f"the budget of {budget:g} node-hours (limits.node_hours) of one attempt is spent: resume to go on"
            )
        return True

    def _submit(self, pool: str, now: float) -> bool:
        self.serial += 1
        name = job_name(self.id, self.attempt, pool, self.serial)
        script = self.run / "slurm" / "scripts" / f"{name}.sh"
        python = self.profile.python or sys.executable
        left_out = self.backoff.excluded()
        script.write_text(
            worker_script(self.profile, pool, name=name, run=self.run.resolve(), python=python, exclude=left_out)
        )
        job = SubmittedJob(name, pool, now)
        try:
            job.id = self.controller.submit(script)
        except Refused as error:
            self.backoff.refuse(pool, str(error), now)
            return False
        except Unanswered as error:  # it may have been accepted: it is looked for by its name
            self.jobs[name] = job
            self._miss_answer(error, now)
            return False
        self.backoff.accept(pool)
        self.jobs[name] = job
        return True

    def _cancel(self, ids: list[str]) -> None:
        if not ids:
            return
        try:
            self.controller.cancel(ids)
        except Unanswered as error:
            self._miss_answer(error, time.time())

    # What is told.

    def _tell(self, now: float) -> None:
        answered = self.unanswered_since is None
        views = tuple(job.update_view(self.run, answered=answered, now=now) for job in self.jobs.values())
        self._waits = self._explain_waits(views, now)
        write_jobs(self.run, Board(now, self._slurm(now), views, self._waits, self.tunnel()))

    def _slurm(self, now: float) -> str:
        if self.unanswered_since is None:
            return "answering"
        silent = f"has not answered for {now - self.unanswered_since:.0f} s ({self.unanswered})"
        return f"{silent}: what its jobs do is unknown"

    def _explain_waits(self, views: tuple[JobView, ...], now: float) -> tuple[str, ...]:
        if any(job.working for job in self._live()):
            return ()
        said = [f"Slurm {self._slurm(now)}"] if self.unanswered_since else []
        said += [f"pool {pool!r}: Slurm takes no more jobs now: {why}" for pool, why in self.backoff.refusal.items()]
        said += [view.sentence for view in views if view.state in ("pending", "unknown")]
        if not said or self.backoff.is_tried():
            said += [view.sentence for view in views if view.ending is Ending.UNREGISTERED][-1:]
        return tuple(dict.fromkeys(said))

    def dismiss(self) -> None:
        """Take every worker job of the run back, also those whose submission was never answered for."""
        self._cancel([job.id for job in self._live() if job.id])
        deadline = time.monotonic() + max(DISMISS_S, 3 * self.profile.poll_s)
        while time.monotonic() < deadline:
            self.wait_to_query()
            try:
                left = [
                    entry.id
                    for entry in self.controller.queue()
                    if (name := parse_name(entry.name))
                    and name.run_id == self.id and name.pool != "driver" and not is_over(entry)
                    and name.attempt <= self.attempt  # those of an attempt that took over are not ours
                ]  # fmt: skip
                if not left:
                    break
                self.controller.cancel(left)
            except Unanswered:
                pass
        for job in self._live():
            job.ending, job.workers, job.working = Ending.DONE, {}, False
        self.unanswered_since = None
        if newest_attempt(self.run) > self.attempt:
            return
        sweep_scratch(self.id, scratch_bases(pool.scratch for pool in self.profile.pools.values()))
        self._tell(time.time())
