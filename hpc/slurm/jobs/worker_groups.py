"""The worker group of a run on Slurm: a Dask client, and the supervisor of its jobs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ...execution.endings import Ending
from ...execution.worker_groups import MEMORY
from ...plan.grants import Grant
from .supervisor import Registered, Supervisor

__all__ = ["SlurmWorkerGroup"]

RETIRE_S, ASK_S = 20.0, 20.0
SILENT = 4  # questions in a row that a scheduler leaves unanswered before it is ended


class SlurmWorkerGroup:
    """Joins what Dask knows of workers with what Slurm knows of jobs."""

    def __init__(
        self, client: Any, pools: tuple[Grant, ...], supervisor: Supervisor, scheduler: subprocess.Popen[bytes]
    ) -> None:
        self.client, self.pools = client, pools
        self._supervisor, self._scheduler, self._silent = supervisor, scheduler, 0

    def workers(self) -> dict[str, Registered]:
        """Registered workers by name; raises OSError when the scheduler does not answer."""
        try:
            told = self._ask("identity", n_workers=-1)["workers"]
            handed, held = self._ask("processing", workers=None), self._ask("has_what", workers=None)
        except TimeoutError:
            self._silent += 1
            if self._silent >= SILENT:
                self._scheduler.kill()  # it counts as lost, and another takes its place
            raise
        self._silent = 0
        return {
            str(worker["name"]): Registered(
                address, worker["nthreads"], len(handed.get(address, ())), len(held.get(address, ()))
            )
            for address, worker in told.items()
        }

    def _ask(self, question: str, **words: Any) -> Any:
        """Ask the scheduler with a time limit: the scheduler may hang, and the supervisor must not."""
        return self.client.sync(getattr(self.client.scheduler, question), callback_timeout=ASK_S, **words)

    def retire(self, addresses: Sequence[str]) -> None:
        """Let workers finish what they run, move what they hold to others, and hand them nothing new."""
        self.client.sync(self._retire, list(addresses), callback_timeout=RETIRE_S)

    async def _retire(self, addresses: list[str]) -> None:
        await self.client.scheduler.retire_workers(workers=addresses, close_workers=False, remove=False)

    def count_workers(self, pool: str) -> int:
        return self._supervisor.count_workers(pool)

    def resources(self, pool: str, memory_bytes: int) -> Mapping[str, float]:
        return {f"pool-{pool}": 1, MEMORY: memory_bytes}

    def want(self, workers: Mapping[str, int], expected_s: float) -> None:
        self._supervisor.want(workers, expected_s)

    def drain(self, worker: str) -> None:
        self._supervisor.drain(worker)

    def ending(self, worker: str, since: float) -> Ending | None:
        return self._supervisor.ending(worker, since)

    def is_lost(self) -> bool:
        return self._scheduler.poll() is not None or self.client.status in ("closed", "closing")

    def trouble(self) -> str | None:
        return self._supervisor.trouble()

    def waits(self) -> tuple[str, ...]:
        return self._supervisor.waits()

    def close(self) -> None:
        """Leave; a scheduler that is gone is not waited for."""
        try:
            self.client.close(timeout=5)
        except (OSError, TimeoutError):
            pass
