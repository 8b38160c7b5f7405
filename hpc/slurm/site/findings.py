"""Findings of a check of a profile against a cluster, and the jobs that are checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...plan.pools import DriverJob, Pool
from ...plan.profiles import Profile
from ..query.notation import MEBIBYTE

__all__ = ["Finding", "JobRequest", "Level", "list_job_requests", "show_bytes", "show_time"]

# error: would never start, or end at once. warning: starts, but not as meant. unknown: nobody can tell from here.
Level = Literal["error", "warning", "unknown", "ok"]


@dataclass(frozen=True)
class Finding:
    """One sentence about one key of a profile, with the way out."""

    level: Level
    where: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.found}" + (f"; {self.cure}" if self.cure else "")


@dataclass(frozen=True)
class JobRequest:
    """What one job of a pool, or the driver's, asks of Slurm."""

    where: str
    request: Pool | DriverJob
    cores: int
    memory: int | None  # bytes per node, as sbatch is told them; None where --mem is omitted
    nodes: int = 1
    gpus: int = 0
    gpu_type: str | None = None
    is_driver: bool = False

    def finding(self, level: Level, key: str, found: str, cure: str = "") -> Finding:
        return Finding(level, f"{self.where}.{key}" if key else self.where, found, cure)


def list_job_requests(profile: Profile) -> Iterator[JobRequest]:
    """One per pool, and the driver's where it is a job of its own."""
    for name, pool in profile.pools.items():
        yield _ask(f"pools.{name}", pool, pool.job_cores, nodes=pool.nodes, gpus=pool.gpus, gpu_type=pool.gpu_type)
    if profile.backend == "slurm-jobs":
        driver = profile.driver_job()
        yield _ask("driver", driver, driver.cores, is_driver=True)


def _ask(
    where: str,
    request: Pool | DriverJob,
    cores: int,
    *,
    nodes: int = 1,
    gpus: int = 0,
    gpu_type: str | None = None,
    is_driver: bool = False,
) -> JobRequest:
    skips = "--mem" in request.skip_directives
    memory = None if skips or request.memory == "auto" else -(-request.memory // MEBIBYTE) * MEBIBYTE
    return JobRequest(where, request, cores, memory, nodes, gpus, gpu_type, is_driver)


def show_bytes(n: int) -> str:
    """A size to read: ``3.9 GiB``, or MiB where that is plainer."""
    return f"{n / 1024**3:.4g} GiB" if n >= 1024**3 else f"{n / MEBIBYTE:.4g} MiB"


def show_time(seconds: int) -> str:
    """A walltime as a profile writes it."""
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock
