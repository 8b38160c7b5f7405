"""Backends: where blocks run. One interface; a workflow cannot tell them apart."""

from __future__ import annotations

import multiprocessing.spawn
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .devices import describe_machine, thread_budget
from .errors import RunError
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
    def open(self, run: Path) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True)
class LocalBackend:
    """Worker processes on this machine, each under a nanny that restarts it."""

    workers: int
    threads: int
    memory_per_worker: int
    scratch: str | None = None

    @contextmanager
    def open(self, run: Path) -> Iterator[Any]:
        import dask.config
        from distributed import Client, LocalCluster

        settings = {
            "distributed.nanny.pre-spawn-environ": thread_budget(self.threads),
            "distributed.worker.preload": ["citytide.hpc.worker"],
            "distributed.worker.multiprocessing-method": "spawn",
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.scheduler.work-stealing": False,
            "distributed.comm.timeouts.connect": "60s",
        }
        with (
            tempfile.TemporaryDirectory(prefix="citytide-", dir=self.scratch) as scratch,
            dask.config.set(settings),
            _spawn_without_main(),
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


@contextmanager
def _spawn_without_main() -> Iterator[None]:
    """Start workers without importing the caller's script.

    Blocks are named by import path, so no worker needs it; and a notebook, ``python -`` or a script without a main
    guard would otherwise fail to start any.
    """
    original = multiprocessing.spawn.get_preparation_data

    def prepared(name: str) -> Any:
        return {k: v for k, v in original(name).items() if not k.startswith("init_main")}

    multiprocessing.spawn.get_preparation_data = prepared
    try:
        yield
    finally:
        multiprocessing.spawn.get_preparation_data = original


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
