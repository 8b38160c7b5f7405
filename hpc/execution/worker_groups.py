"""A worker group: the workers of a run while it is driven, and what the driver may ask about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..plan.grants import Grant
from .endings import Ending

__all__ = ["GPU", "MEMORY", "LocalWorkerGroup", "WorkerGroup"]

MEMORY = "memory"  # the resource that a worker offers: bytes for blocks
GPU = "gpu"  # the resource of those workers of this machine that have one


class WorkerGroup(Protocol):
    """Workers of one or several pools under one Dask scheduler."""

    @property
    def client(self) -> Any: ...
    @property
    def pools(self) -> tuple[Grant, ...]: ...
    def count_workers(self, pool: str) -> int:
        """Workers that a pool has, or will have soon."""
        ...

    def resources(self, pool: str, memory_bytes: int) -> Mapping[str, float]:
        """Dask resources that a block needs: a worker of the pool, and memory [B]."""
        ...

    def want(self, workers: Mapping[str, int], expected_s: float) -> None:
        """How many workers the blocks of each pool can still use, and how long one of these blocks may take."""
        ...

    def drain(self, worker: str) -> None:
        """Give a worker no further blocks: its allocation ends soon."""
        ...

    def ending(self, worker: str, since: float) -> Ending | None:
        """Why a worker died; None while nobody knows yet."""
        ...

    def is_lost(self) -> bool:
        """Whether the scheduler is gone, and with it all blocks that were handed out."""
        ...

    def trouble(self) -> str | None:
        """Why this group can never do the work, in a sentence; None while it can."""
        ...

    def waits(self) -> tuple[str, ...]:
        """Why nothing runs; empty if something does."""
        ...


class LocalWorkerGroup:
    """Workers on this machine, under nannies that start them again."""

    def __init__(self, client: Any, pools: tuple[Grant, ...]) -> None:
        self.client, self.pools = client, pools

    def count_workers(self, pool: str) -> int:
        grant = next(grant for grant in self.pools if grant.name == pool)
        return grant.workers if grant.gpus else len(self.client.nthreads()) or grant.workers

    def resources(self, pool: str, memory_bytes: int) -> Mapping[str, float]:
        grant = next(grant for grant in self.pools if grant.name == pool)
        return {MEMORY: memory_bytes, **({GPU: 1} if grant.gpus else {})}

    def want(self, workers: Mapping[str, int], expected_s: float) -> None:
        pass

    def drain(self, worker: str) -> None:
        pass

    def ending(self, worker: str, since: float) -> Ending:
        return Ending.LOST

    def is_lost(self) -> bool:
        return False

    def trouble(self) -> None:
        return None

    def waits(self) -> tuple[str, ...]:
        return ()
