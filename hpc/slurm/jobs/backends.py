"""Backends on Slurm: worker jobs of their own, or workers by srun inside one allocation. A workflow cannot tell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import FAILED, RunError
from ...execution.worker_groups import WorkerGroup
from ...plan.grants import Grant
from ...plan.plans import choose_pool, read_plan
from ...plan.pools import DEFAULT_JOBS, Pool
from ...plan.profiles import Profile
from ...run.keys import keys_folder, load_security, make_keys, remove_keys
from ...run.progress import say
from ...store.ledger import done_blocks, read_ledger
from ..query.controller import Controller, Refused, Unanswered
from .scheduler import read_address, scheduler_file
from .submission import own_job, write_driver_script

if TYPE_CHECKING:
    from .supervisor import Supervisor

__all__ = ["AllocationBackend", "JobsBackend", "grant_of"]

HEADROOM = 0.92  # of a job's memory: the rest is for nannies and what the kernel counts beside the workers
SCHEDULER_START_S = 60.0


def grant_of(name: str, pool: Pool, jobs: int, nodes: int = 1) -> Grant:
    """What ``jobs`` jobs of a pool grant to a plan, or one allocation of ``nodes`` nodes."""
    assert pool.memory != "auto"  # the profile's own check
    count = pool.workers_per_job
    gpus = pool.gpus // count if pool.gpus else 0
    memory = int(HEADROOM * pool.memory / count)
    return Grant(name, jobs * nodes * count, pool.threads, memory, gpus, pool.walltime_s, nodes, pool.gpu_memory)


class SlurmBackend:
    """What both have in common: one scheduler process per group, keys per attempt, a clock that ends."""

    is_remote: ClassVar[bool] = True

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.controller = Controller()

    @cached_property
    def pools(self) -> tuple[Grant, ...]:
        raise NotImplementedError

    @property
    def why_no_gpu(self) -> str:
        """Why no pool has a GPU; empty if one has."""
        if any(pool.gpus for pool in self.pools):
            return ""
        return (
            f"no pool of profile {self.profile.name!r} has `gpus` ({', '.join(self.profile.pools)}): add one "
            "(`citytide profile detect` finds such partitions), take another profile, or set device=cpu"
        )

    def warm_up(self, modules: Sequence[str]) -> None:
        pass

    def deadline(self) -> float | None:
        """When this job ends, as Slurm told its script; the driver's clock."""
        told = os.environ.get("CITYTIDE_DEADLINE")
        return float(told) if told else None

    def begun(self) -> float | None:
        """When this job began, by its end and what it was granted."""
        whole = self.profile.backend == "slurm-allocation"
        job = next(iter(self.profile.pools.values())) if whole else self.profile.driver_job()
        ends = self.deadline()
        return ends - job.walltime_s if ends and job.walltime_s else None

    def hand_over(self, run: Path) -> None:
        """Submit a successor, which starts when this job is over; tried until Slurm answers or ends this job."""
        name, script = write_driver_script(run, self.profile, after=f"afterany:{own_job()}" if own_job() else None)
        while True:
            try:
                say(f"this allocation is used up: job {self.controller.submit(script)} goes on")
                return
            except (Refused, Unanswered) as error:
                say(f"the next driver job is not submitted yet: {error}")
            time.sleep(max(2.0, self.profile.poll_s))
            try:
                if any(entry.name == name for entry in self.controller.queue()):
                    return  # it was accepted, and only the reply was lost
            except Unanswered:
                continue

    def _scheduler_command(self, run: Path, attempt: int, serial: int) -> list[str]:
        interface = next(iter(self.profile.pools.values())).interface
        words = [
            sys.executable,
            "-m",
            "citytide.hpc.slurm.jobs.scheduler",
            str(run),
            str(attempt),
            "--serial",
            str(serial),
        ]
        return words + (["--interface", interface] if interface else [])

    def _supervisor(self, run: Path, attempt: int) -> Supervisor:
        raise NotImplementedError

    @contextmanager
    def open(self, run: Path, attempt: int) -> Iterator[WorkerGroup]:
        import dask.config
        from distributed import Client

        from .worker_groups import SlurmWorkerGroup

        (run / "slurm" / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
        if not keys_folder(run, attempt).exists():
            _sweep(run)
            make_keys(run, attempt)
        before = read_address(run, attempt)
        serial = before["serial"] + 1 if before else 0
        with ExitStack() as stack:
            stack.callback(_forget, run, attempt)
            supervisor = self._supervisor(run, attempt)  # worker jobs queue and start while the scheduler does
            stack.callback(supervisor.close)
            supervisor.want(_missing(run, self.pools), 0.0)
            supervisor.start()
            scheduler = _start_scheduler(self._scheduler_command(run, attempt, serial), run, attempt)
            stack.callback(_end, scheduler)
            told = _wait(scheduler, run, attempt, serial)
            stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": "30s"}))
            client = Client(
                told["address"], security=load_security(keys_folder(run, attempt)), set_as_default=False, timeout="30s"
            )
            group = SlurmWorkerGroup(client, self.pools, supervisor, scheduler)
            supervisor.meet(group.workers, group.retire, told)
            stack.callback(group.close)
            yield group


class JobsBackend(SlurmBackend):
    """Elastic pools: every worker job is submitted, watched and replaced by the reconciler."""

    @cached_property
    def pools(self) -> tuple[Grant, ...]:
        most = self.profile.limits.max_jobs
        return tuple(
            grant_of(name, pool, min(n for n in (pool.max_jobs or DEFAULT_JOBS, most) if n))
            for name, pool in self.profile.pools.items()
        )

    def _supervisor(self, run: Path, attempt: int) -> Supervisor:
        from .reconciler import Reconciler

        return Reconciler(run, attempt, self.profile, self.controller)


class AllocationBackend(SlurmBackend):
    """One allocation of one pool: the driver in its batch step, scheduler and workers under srun."""

    @cached_property
    def pools(self) -> tuple[Grant, ...]:
        ((name, pool),) = self.profile.pools.items()
        return (grant_of(name, pool, 1, pool.nodes),)

    def _scheduler_command(self, run: Path, attempt: int, serial: int) -> list[str]:
        node = os.environ.get("SLURMD_NODENAME", "")
        srun = ["srun", "--overlap", "--ntasks=1", "--nodes=1", "--cpus-per-task=1", "--mem=0", "--input=0"]
        where = [f"--nodelist={node}"] if node else []
        return [
            *srun,
            *where,
            f"--chdir={run.resolve()}",
            "--job-name=scheduler",
            *super()._scheduler_command(run, attempt, serial),
        ]

    def _supervisor(self, run: Path, attempt: int) -> Supervisor:
        from .slots import Slots

        return Slots(run, attempt, self.profile, self.controller)


def _start_scheduler(command: list[str], run: Path, attempt: int) -> subprocess.Popen[bytes]:
    log = (run / "slurm" / "logs" / f"scheduler-{attempt}.log").open("ab")
    with log:
        # its own session: a signal to the driver's group must not take the scheduler before blocks have drained
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)


def _wait(scheduler: subprocess.Popen[bytes], run: Path, attempt: int, serial: int) -> dict[str, Any]:
    deadline = time.monotonic() + SCHEDULER_START_S
    while time.monotonic() < deadline:
        if told := read_address(run, attempt, serial):
            return told
        if scheduler.poll() is not None:
            break
        time.sleep(0.05)
    raise RunError(
        f"run {run}: the Dask scheduler did not start: see {run}/slurm/logs/scheduler-{attempt}.log", exit_code=FAILED
    )


def _end(scheduler: subprocess.Popen[bytes]) -> None:
    assert scheduler.stdin is not None
    scheduler.stdin.close()
    try:
        scheduler.wait(10)
    except subprocess.TimeoutExpired:
        scheduler.kill()
        scheduler.wait()


def _missing(run: Path, pools: Sequence[Grant]) -> dict[str, int]:
    """Workers for the first unfinished step, by pool: what jobs are asked for before the driver asks."""
    done = Counter(step for step, _ in done_blocks(read_ledger(run / "ledger.jsonl")))
    steps = [step for step in read_plan(run).steps if step.tasks > done[step.name]]
    grants = {grant.name: grant for grant in pools}
    chosen = [(choose_pool(step, pools), step) for step in steps[:1]]
    return {pool: grants[pool].count_workers(step.need, step.tasks - done[step.name]) for pool, step in chosen}


def _sweep(run: Path) -> None:
    """Take away what attempts that were killed have left: keys, and where their schedulers were."""
    remove_keys(run)
    for path in scheduler_file(run, 0).parent.glob("scheduler-*.json"):
        path.unlink(missing_ok=True)


def _forget(run: Path, attempt: int) -> None:
    remove_keys(run, attempt)
    scheduler_file(run, attempt).unlink(missing_ok=True)
