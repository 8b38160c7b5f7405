"""Slots: the workers of one allocation, each an srun step that is started again when it ends before its time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from ...execution.endings import Ending
from ...plan.profiles import Profile
from ...run.job_names import job_name
from ...run.records import read_json
from ..query.controller import Controller
from ..query.endings import classify, explain_ending
from ..query.job_states import Board, JobState, JobView, read_log_tail, write_jobs
from .scratch import scratch_bases, sweep_scratch
from .supervisor import Supervisor

__all__ = ["Slots"]

FAILURES = 8  # starts in a row of one slot without a registered worker, before the run gives up
BACK_OFF_S = 60.0


@dataclass
class Slot:
    """One worker's place in the allocation."""

    serial: int
    name: str = ""
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    registered: bool = False
    working: bool = False
    failures: int = 0
    endings: dict[str, Ending] = field(default_factory=dict)  # of its earlier lives, by name

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Slots(Supervisor):
    """Keeps one srun step per worker of the pool; its nodes are those of the allocation the driver stands in."""

    def __init__(self, run: Path, attempt: int, profile: Profile, controller: Controller) -> None:
        super().__init__(run, attempt, profile, controller)
        ((self.pool_name, self.pool),) = profile.pools.items()
        self.id = str(read_json(run / "run.json")["id"])
        count = self.pool.nodes * self.pool.workers_per_job
        self.slots = [Slot(serial) for serial in range(1, count + 1)]
        self.starts = len(list((run / "slurm" / "logs").glob(f"{self.id}.{attempt}.{self.pool_name}.*.log")))
        self._trouble: str | None = None

    def count_workers(self, pool: str) -> int:
        return sum(slot.registered for slot in self.slots) or len(self.slots)

    def drain(self, worker: str) -> None:
        pass  # one clock for all: the driver itself stops handing out

    def ending(self, worker: str, since: float) -> Ending | None:
        name = worker.rpartition("-")[0]
        for slot in self.slots:
            if name in slot.endings:
                return slot.endings[name]
            if name == slot.name:
                if time.time() < since + 1.0:
                    return None
                told = classify(None, read_log_tail(self._log(name)), registered=True)
                return told if told is Ending.OUT_OF_MEMORY else Ending.LOST
        return Ending.LOST

    def trouble(self) -> str | None:
        return self._trouble

    def waits(self) -> tuple[str, ...]:
        if any(slot.working for slot in self.slots):
            return ()
        failing = next((slot for slot in self.slots if slot.failures), None)
        return (self._explain(failing),) if failing else ()

    def tick(self, now: float, *, may_query: bool) -> None:
        try:
            workers = dict(self.registered())
        except Exception:  # the scheduler is busy or gone: the driver finds out by itself
            return
        with self.lock:
            for slot in self.slots:
                mine = workers.get(f"{slot.name}-0")
                slot.registered, slot.working = mine is not None, bool(mine and mine.handed)
                if slot.registered:
                    slot.failures = 0
                if not slot.is_alive:
                    self._begin(slot, now)
            self._tell(now)

    def _begin(self, slot: Slot, now: float) -> None:
        """Start the slot's worker, anew if it had one."""
        if slot.process is not None and slot.name not in slot.endings:
            tail = read_log_tail(self._log(slot.name))
            slot.endings[slot.name] = classify(None, tail, registered=slot.begun > 0 and "registered with" in tail)
            slot.failures += slot.endings[slot.name] is Ending.UNREGISTERED
            if slot.failures >= FAILURES:
                self._trouble = f"a worker of the allocation failed {FAILURES} times in a row: {self._explain(slot)}"
        if now < slot.begun + min(BACK_OFF_S, 2.0**slot.failures - 1.0) or self._trouble:
            return
        self.starts += 1
        slot.name, slot.begun = job_name(self.id, self.attempt, self.pool_name, self.starts), now
        command = [
            "srun", "--exact", "--ntasks=1", "--nodes=1", f"--cpus-per-task={self.pool.threads}",
            f"--mem={self.pool_share_mib}M", f"--job-name={slot.name}", f"--chdir={self.run.resolve()}", "--overlap",
            *([f"--gpus-per-task={self.pool.gpus // self.pool.workers_per_job}"] if self.pool.gpus else []),
            f"--relative={(slot.serial - 1) // self.pool.workers_per_job}",
            sys.executable, "-m", "citytide.hpc.slurm.jobs.worker", str(self.run.resolve()), "--name", slot.name,
            "--workers", "1",
        ]  # fmt: skip
        with self._log(slot.name).open("ab") as log:
            slot.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pool_share_mib(self) -> int:
        """Memory of one step: its equal share of the node's."""
        assert self.pool.memory != "auto"
        return max(1, int(self.pool.memory / self.pool.workers_per_job) >> 20)

    def _log(self, name: str) -> Path:
        return self.run / "slurm" / "logs" / f"{name}.{os.environ.get('SLURM_JOB_ID', '0')}.log"

    def _explain(self, slot: Slot) -> str:
        ending = slot.endings.get(slot.name, Ending.LOST)
        return f"{slot.name}: {explain_ending(ending, None, read_log_tail(self._log(slot.name)))}"

    def _tell(self, now: float) -> None:
        views = tuple(self._view(slot) for slot in self.slots)
        write_jobs(self.run, Board(now, "answering", views, self.waits(), self.tunnel()))

    def _view(self, slot: Slot) -> JobView:
        alive: JobState = "working" if slot.working else "registered" if slot.registered else "starting"
        state: JobState = alive if slot.is_alive else "ended"
        said = {
            "ended": "ended and starts again", "starting": "has started; its worker has not registered yet",
            "registered": "has its worker ready and waits for blocks",
        }.get(state, "works")  # fmt: skip
        return JobView(
            id=os.environ.get("SLURM_JOB_ID", ""), name=slot.name, pool=self.pool_name, attempt=self.attempt,
            serial=slot.serial, state=state, ending=slot.endings.get(slot.name),
            sentence=f"worker {slot.serial} of the allocation {said}", since=slot.begun,
            log=f"slurm/logs/{self._log(slot.name).name}", workers=int(slot.registered),
        )  # fmt: skip

    def dismiss(self) -> None:
        """Workers end with their scheduler; steps that do not are ended, and Slurm ends what is left."""
        deadline = time.monotonic() + 5.0
        while any(slot.is_alive for slot in self.slots) and time.monotonic() < deadline:
            time.sleep(0.1)
        for slot in self.slots:
            if slot.is_alive and slot.process:
                slot.process.terminate()
        for slot in self.slots:
            if slot.process:
                try:
                    slot.process.wait(10)
                except subprocess.TimeoutExpired:
                    slot.process.kill()
                    slot.process.wait()
        sweep_scratch(self.id, scratch_bases([self.pool.scratch]))
