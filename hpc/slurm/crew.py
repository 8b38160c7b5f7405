"""The crew of a run on Slurm: a Dask client, and whoever keeps the workers coming."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from ..plans import Grant
from .endings import Ending
from .keeper import Keeper, Registered

__all__ = ["SlurmCrew"]


class SlurmCrew:
    """Joins what Dask knows of workers with what Slurm knows of jobs."""

    def __init__(
        self, client: Any, pools: tuple[Grant, ...], keeper: Keeper, scheduler: subprocess.Popen[bytes]
    ) -> None:
        self.client, self.pools = client, pools
        self._keeper, self._scheduler = keeper, scheduler

    def workers(self) -> dict[str, Registered]:
        """Registered workers by name; raises OSError when the scheduler does not answer."""
        told = self.client.scheduler_info()["workers"]
        return {
            str(worker["name"]): Registered(address, worker["nthreads"], _executing(worker))
            for address, worker in told.items()
        }

    def threads(self, pool: str) -> int:
        return self._keeper.threads(pool)

    def resources(self, pool: str) -> Mapping[str, float]:
        return {f"pool-{pool}": 1}

    def want(self, blocks: Mapping[str, int], expected_s: float) -> None:
        self._keeper.want(blocks, expected_s)

    def drain(self, worker: str) -> None:
        self._keeper.drain(worker)
        address = next((w.address for name, w in self._known().items() if name == worker), None)
        if address:
            # It stays connected and finishes what it runs, but gets nothing new.
            self.client.sync(self._retire, address)

    async def _retire(self, address: str) -> None:
        await self.client.scheduler.retire_workers(workers=[address], close_workers=False, remove=False)

    def _known(self) -> dict[str, Registered]:
        try:
            return self.workers()
        except (OSError, TimeoutError):
            return {}

    def ending(self, worker: str, since: float) -> Ending | None:
        return self._keeper.ending(worker, since)

    def is_lost(self) -> bool:
        return self._scheduler.poll() is not None or self.client.status in ("closed", "closing")

    def trouble(self) -> str | None:
        return self._keeper.trouble()

    def waits(self) -> tuple[str, ...]:
        return self._keeper.waits()

    def close(self) -> None:
        """Leave; a scheduler that is gone is not waited for."""
        try:
            self.client.close(timeout=5)
        except (OSError, TimeoutError):
            pass


def _executing(worker: Mapping[str, Any]) -> int:
    return int(worker.get("metrics", {}).get("task_counts", {}).get("executing", 0))
