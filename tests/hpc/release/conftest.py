"""A log of releases that keeps them in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.release.kept import Kept
from citytide.hpc.release.policy import CountedTable, Policy, ReleaseRequest
from citytide.hpc.release.release import Released, release_table


class MemoryLog:
    """What :class:`ReleaseLog` asks for, and a shorter way to ask for a release."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.n_runs = 0
        self.is_locked = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        self.is_locked = True
        yield
        self.is_locked = False

    def find(self, run_id: str, step: str) -> Kept | None:
        assert self.is_locked
        return next((kept for kept in self.kept if (kept.line["run_id"], kept.line["step"]) == (run_id, step)), None)

    def earlier(self, measure: str) -> list[Kept]:
        return [kept for kept in self.kept if kept.line["measure"] == measure]

    def spent(self) -> float:
        return sum(kept.line["epsilon"] for kept in self.kept)

    def append(self, entry: dict[str, Any], exact: Any, released: Any, cohort: Any) -> int:
        assert self.is_locked
        self.kept.append(Kept({**entry, "number": len(self.kept) + 1}, dict(exact), dict(released), cohort))
        return len(self.kept)

    def release(
        self, exact: dict[str, Any], cohort: Any, table: CountedTable, policy: Policy | None = None, **given: Any
    ) -> Released:
        """A release of a further run, or of the run that is named."""
        self.n_runs += 1
        run_id = given.pop("run_id", f"run-{self.n_runs}")
        request = ReleaseRequest(table, policy or Policy(), "key", **given)
        columns = {name: np.asarray(values) for name, values in exact.items()}
        return release_table(columns, cohort, request, run_id=run_id, step="count", folder=Path("run"), log=self)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def cohort() -> np.ndarray:
    """Some thousand persons in 64 buckets."""
    random = np.random.default_rng(5)
    return np.array([random.integers(20, 90, 64), random.integers(0, 2**60, 64)], np.uint64)
