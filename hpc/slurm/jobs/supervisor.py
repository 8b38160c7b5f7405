"""A supervisor: a thread that keeps as many workers running as the run needs."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...execution.endings import Ending
from ...plan.profiles import Profile
from ...run.progress import say
from ..query.controller import Controller

__all__ = ["Registered", "Supervisor"]


@dataclass(frozen=True)
class Registered:
    """A worker as the scheduler knows it."""

    address: str
    threads: int
    handed: int  # tasks it has and has not finished
    held: int = 0  # answers that nobody has fetched yet


class Supervisor:
    """Queries Slurm every ``poll_s`` seconds; the driver's thread reads what it found without waiting."""

    def __init__(self, run: Path, attempt: int, profile: Profile, controller: Controller) -> None:
        self.run, self.attempt, self.profile, self.controller = run, attempt, profile, controller
        self.registered: Callable[[], Mapping[str, Registered]] = dict
        self.retire: Callable[[Sequence[str]], None] = lambda addresses: None
        self.scheduler: dict[str, Any] = {}
        self.wanted: dict[str, int] = {}  # workers of each pool
        self.expected_s = 0.0
        self.lock = threading.RLock()
        self._queried = -profile.poll_s
        self._ended = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def meet(
        self,
        registered: Callable[[], Mapping[str, Registered]],
        retire: Callable[[Sequence[str]], None],
        scheduler: dict[str, Any],
    ) -> None:
        """Learn how to ask which workers have registered, and how to let them go."""
        self.registered, self.retire, self.scheduler = registered, retire, scheduler
        self._woken.set()

    def close(self) -> None:
        """End the thread, then whatever it kept."""
        self._ended.set()
        self._woken.set()
        if self._thread.ident:
            self._thread.join()
        self.dismiss()

    def want(self, workers: Mapping[str, int], expected_s: float) -> None:
        with self.lock:
            new = {pool for pool, count in workers.items() if count} - {p for p, n in self.wanted.items() if n}
            self.wanted, self.expected_s = dict(workers), expected_s
        if new:
            self._woken.set()

    def _loop(self) -> None:
        while not self._ended.is_set():
            may_query = self._until_query() <= 0.0  # Slurm is asked at most once per interval, also after a wake-up
            if may_query:
                self._queried = time.monotonic()
            try:
                self.tick(time.time(), may_query=may_query)
            except Exception:  # a supervisor that dies would leave a run waiting for ever
                say(f"the supervisor of the workers raised an error and continues:\n{traceback.format_exc()}")
            self._woken.wait(max(0.05, self._until_query()))
            self._woken.clear()

    def _until_query(self) -> float:
        return self._queried + self.profile.poll_s - time.monotonic()

    def wait_to_query(self) -> None:
        """Return when Slurm may be asked again."""
        time.sleep(max(0.0, self._until_query()))
        self._queried = time.monotonic()

    def tunnel(self) -> str | None:
        """The command that brings the scheduler's dashboard, which listens on its own node only, to a laptop."""
        port, host = self.scheduler.get("dashboard"), self.scheduler.get("host")
        return f"ssh -N -L {port}:127.0.0.1:{port} {host}   # then http://127.0.0.1:{port}/status" if port else None

    def tick(self, now: float, *, may_query: bool) -> None:
        """Compare what is wanted with what is there; ``may_query`` says that Slurm may be asked."""
        raise NotImplementedError

    def dismiss(self) -> None:
        raise NotImplementedError

    def count_workers(self, pool: str) -> int:
        raise NotImplementedError

    def drain(self, worker: str) -> None:
        raise NotImplementedError

    def ending(self, worker: str, since: float) -> Ending | None:
        raise NotImplementedError

    def trouble(self) -> str | None:
        raise NotImplementedError

    def waits(self) -> tuple[str, ...]:
        raise NotImplementedError
