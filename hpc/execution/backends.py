"""Backends: where blocks run. One interface; a workflow cannot tell them apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Protocol

from ..errors import RunError
from ..plan.devices import describe_machine, thread_budget
from ..plan.grants import Grant
from ..plan.profiles import Profile, size_pool
from .forkserver import as_before, choose_method, start_nursery, without_main
from .worker_groups import MEMORY, Crew, LocalCrew

__all__ = ["Backend", "LocalBackend", "make_backend"]

SLURM_NEEDS = ("cryptography",)  # of the extra `slurm`


class Backend(Protocol):
    """Opens a crew whose workers can run any block of a plan."""

    @property
    def pools(self) -> tuple[Grant, ...]: ...
    @property
    def is_remote(self) -> bool:
        """Whether the driver belongs in a job of its own rather than in this process."""
        ...

    def warm_up(self, modules: Sequence[str]) -> None: ...
    def open(self, run: Path, attempt: int) -> AbstractContextManager[Crew]: ...
    def begun(self) -> float | None:
        """When the allocation of this process began (seconds since the epoch), if it stands in one."""
        ...

    def deadline(self) -> float | None:
        """When it ends."""
        ...

    def hand_over(self, run: Path) -> None:
        """See to it that the run goes on after that."""
        ...


@dataclass(frozen=True)
class LocalBackend:
    """Worker processes on this machine, each under a nanny that restarts it."""

    workers: int
    threads: int
    memory_per_worker: int
    scratch: str | None = None
    is_remote: ClassVar[bool] = False

    @property
    def pools(self) -> tuple[Grant, ...]:
        return (Grant("cpu", self.workers, self.threads, self.memory_per_worker),)

    def warm_up(self, modules: Sequence[str]) -> None:
        """Begin to import what workers need, while the driver has other things to do."""
        start_nursery(thread_budget(self.threads), modules)

    def begun(self) -> None:
        return None

    def deadline(self) -> None:
        return None

    def hand_over(self, run: Path) -> None:
        pass

    @contextmanager
    def open(self, run: Path, attempt: int) -> Iterator[Crew]:
        import dask.config
        from distributed import Client, LocalCluster

        settings = {
            "distributed.nanny.pre-spawn-environ": thread_budget(self.threads),
            "distributed.worker.preload": ["citytide.hpc.execution.worker"],
            "distributed.worker.multiprocessing-method": choose_method(thread_budget(self.threads)),
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.comm.timeouts.connect": "60s",
            "distributed.scheduler.allowed-failures": 0,  # what a death means is decided by its class (retries.py)
        }
        with (
            as_before([*thread_budget(self.threads), "PYTHONHASHSEED"]),
            tempfile.TemporaryDirectory(prefix="citytide-", dir=self.scratch) as scratch,
            dask.config.set(settings),
            without_main(),
            LocalCluster(
                n_workers=self.workers,
                threads_per_worker=self.threads,
                memory_limit=self.memory_per_worker,
                resources={MEMORY: self.pools[0].room_bytes},
                local_directory=scratch,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # never on a public address
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield LocalCrew(client, self.pools[0])


def make_backend(profile: Profile) -> Backend:
    """The backend a profile names, sized for its pools."""
    if profile.backend == "local":
        asked = profile.pool("cpu")
        workers, memory = size_pool(asked, describe_machine())
        return LocalBackend(workers, asked.threads, memory, asked.scratch)
    if profile.backend == "mpi":
        raise RunError(
            f"profile {profile.name!r} names backend 'mpi', which this version cannot run: use slurm-jobs, "
            "slurm-allocation or local"
        )
    missing = [name for name in SLURM_NEEDS if find_spec(name) is None]
    if missing:
        raise RunError(
            f"profile {profile.name!r} runs on Slurm, which needs {' and '.join(missing)}: "
            'pip install "citytide[slurm]", in the environment that the jobs use too'
        )
    from ..slurm.jobs.backends import AllocationBackend, JobsBackend

    return JobsBackend(profile) if profile.backend == "slurm-jobs" else AllocationBackend(profile)
