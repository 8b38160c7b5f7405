"""Backends: where blocks run. One interface; a workflow cannot tell them apart."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ..plan.devices import thread_budget
from ..plan.gpu.cards import SIMULATOR, Gpu
from ..plan.grants import Grant
from ..run.records import read_json
from .forkserver import choose_method, restore_environment, start_forkserver, without_main
from .worker_groups import GPU, MEMORY, LocalWorkerGroup, WorkerGroup

__all__ = ["Backend", "LocalBackend"]

START_S = 120.0  # for workers of this machine to register


class Backend(Protocol):
    """Opens a worker group that can run any block of a plan."""

    @property
    def pools(self) -> tuple[Grant, ...]: ...
    @property
    def is_remote(self) -> bool:
        """Whether the driver belongs in a job of its own rather than in this process."""
        ...

    @property
    def why_no_gpu(self) -> str:
        """Why no pool has a GPU, and the way out; empty if one has."""
        ...

    def warm_up(self, modules: Sequence[str]) -> None: ...
    def open(self, run: Path, attempt: int) -> AbstractContextManager[WorkerGroup]: ...
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
    """Worker processes on this machine, each under a nanny that restarts it.

    Of the workers the first have a GPU each, as far as there are GPUs: pool ``gpu`` is these workers, pool ``cpu`` all.
    """

    workers: int
    threads: int
    memory_per_worker: int
    scratch: str | None = None
    gpus: tuple[Gpu, ...] = ()
    why_no_gpu: str = ""
    is_remote: ClassVar[bool] = False

    @property
    def pools(self) -> tuple[Grant, ...]:
        cpu = Grant("cpu", self.workers, self.threads, self.memory_per_worker)
        if not self.gpus:
            return (cpu,)
        memory = min(gpu.memory_bytes for gpu in self.gpus) or None  # 0: of one it is not known
        workers = min(self.workers, len(self.gpus))
        return (cpu, Grant("gpu", workers, self.threads, self.memory_per_worker, 1, gpu_memory=memory))

    def warm_up(self, modules: Sequence[str]) -> None:
        """Begin to import what workers need, while the driver has other things to do."""
        start_forkserver(thread_budget(self.threads), modules)

    def begun(self) -> None:
        return None

    def deadline(self) -> None:
        return None

    def hand_over(self, run: Path) -> None:
        pass

    @contextmanager
    def open(self, run: Path, attempt: int) -> Iterator[WorkerGroup]:
        import dask.config
        from distributed import Client

        settings = {
            "distributed.nanny.pre-spawn-environ": thread_budget(self.threads),
            "distributed.nanny.environ": _list_own_variables(),
            "distributed.worker.preload": ["citytide.hpc.execution.worker"],
            "distributed.worker.multiprocessing-method": choose_method(thread_budget(self.threads), _read_code(run)),
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.comm.timeouts.connect": "60s",
            "distributed.scheduler.allowed-failures": 0,  # what a death means is decided by its class (retries.py)
        }
        with (
            restore_environment([*thread_budget(self.threads), "PYTHONHASHSEED"], thread_budget(self.threads)),
            tempfile.TemporaryDirectory(prefix="citytide-", dir=self.scratch) as scratch,
            dask.config.set(settings),
            without_main(),
            self._start_workers(
                threads_per_worker=self.threads,
                memory_limit=self.memory_per_worker,
                resources={MEMORY: self.pools[0].room_bytes},
                local_directory=scratch,
                host="127.0.0.1",
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            if self.gpus:
                client.wait_for_workers(self.workers, timeout=START_S)
            yield LocalWorkerGroup(client, self.pools)

    def _start_workers(self, **settings: Any) -> Any:
        """A cluster of this machine; a worker with a GPU offers it as a resource, and sees no other."""
        from distributed import LocalCluster

        if not self.gpus:
            return LocalCluster(n_workers=self.workers, dashboard_address="127.0.0.1:0", **settings)  # never public
        gpus = [gpu.uuid for gpu in self.gpus]

        class GpuCluster(LocalCluster):
            def new_worker_spec(self) -> dict[Any, Any]:
                spec: dict[Any, Any] = super().new_worker_spec()  # type: ignore[no-untyped-call]
                for name, worker in spec.items():
                    if name < len(gpus):
                        options = {**worker["options"], "resources": {**worker["options"]["resources"], GPU: 1}}
                        visible = {} if gpus[name] == SIMULATOR else {"CUDA_VISIBLE_DEVICES": gpus[name]}
                        spec[name] = {**worker, "options": {**options, "env": visible}}
                return spec

        cluster: Any = GpuCluster(n_workers=0, dashboard_address="127.0.0.1:0", **settings)  # type: ignore[no-untyped-call]
        cluster.scale(self.workers)
        return cluster


def _list_own_variables() -> dict[str, str]:
    """citytide's variables as they are now: those of the forkserver are of its start, maybe with another home."""
    return {name: value for name, value in os.environ.items() if name.startswith("CITYTIDE_")}


def _read_code(run: Path) -> dict[str, Any]:
    """Hash of each module that the run's steps reach; empty for a run of an earlier version."""
    path = run / "run.json"
    return dict(read_json(path).get("code", {}).get("modules", {})) if path.exists() else {}
