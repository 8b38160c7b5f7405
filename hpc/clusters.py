"""Backends: where blocks run. One interface; a workflow cannot tell them apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .devices import describe_machine, thread_budget
from .errors import RunError
from .nursery import choose_method, start_nursery, without_main
from .profiles import Profile, size_pool

__all__ = ["Backend", "LocalBackend", "make_backend"]


class Backend(Protocol):
    """Opens a Dask client whose workers can run any block of a plan."""

    @property
    def workers(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def memory_per_worker(self) -> int: ...
    def warm_up(self, modules: Sequence[str]) -> None: ...
    def open(self, run: Path) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True)
class LocalBackend:
    """Worker processes on this machine, each under a nanny that restarts it."""

    workers: int
    threads: int
    memory_per_worker: int
    scratch: str | None = None

    def warm_up(self, modules: Sequence[str]) -> None:
        """Begin to import what workers need, while the driver has other things to do."""
        start_nursery(thread_budget(self.threads), modules)

    @contextmanager
    def open(self, run: Path) -> Iterator[Any]:
        import dask.config
        from distributed import Client, LocalCluster

        settings = {
            "distributed.nanny.pre-spawn-environ": thread_budget(self.threads),
            "distributed.worker.preload": ["citytide.hpc.worker"],
            "distributed.worker.multiprocessing-method": choose_method(thread_budget(self.threads)),
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.comm.timeouts.connect": "60s",
        }
        with (
            tempfile.TemporaryDirectory(prefix="citytide-", dir=self.scratch) as scratch,
            dask.config.set(settings),
            without_main(),
            LocalCluster(
                n_workers=self.workers,
                threads_per_worker=self.threads,
                memory_limit=self.memory_per_worker,
                local_directory=scratch,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # never on a public address
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def make_backend(profile: Profile, pool: str = "cpu") -> Backend:
    """The backend a profile names, sized for its pool."""
    if profile.backend != "local":
        raise RunError(
            f"profile {profile.name!r} names backend {profile.backend!r}, which this version cannot run; use "
            "a profile with `backend: local`, such as `--profile local`"
        )
    asked = profile.pool(pool)
    workers, memory = size_pool(asked, describe_machine())
    return LocalBackend(workers, asked.threads, memory, asked.scratch)
