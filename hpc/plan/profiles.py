"""Profiles: one YAML file that describes a site, checked against a schema, every value explained by file and line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..errors import RunError
from .devices import Machine
from .documents import find_lines, read_document
from .pools import Command, DriverJob, Limits, Name, Pool, PoolName, Strict, Text

__all__ = ["DriverJob", "Pool", "Profile", "explain_profile", "find_profiles", "load_profile", "size_pool"]


class Profile(Strict):
    """A site: its backend, its pools, and how a job finds its environment."""

    name: Name
    description: str = ""
    backend: Literal["local", "slurm-jobs", "slurm-allocation", "mpi"] = "local"
    pools: dict[PoolName, Pool] = Field(default_factory=lambda: {"cpu": Pool()}, min_length=1)
    driver: DriverJob = DriverJob()
    environment: tuple[Text, ...] = ()
    python: Command | None = None
    slurm_conf: Command | None = None
    poll_s: float = Field(default=10, ge=1, allow_inf_nan=False)
    mpi_launcher: Text | None = None
    limits: Limits = Limits()
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("description")
    @classmethod
    def _one_line(cls, text: str) -> str:
        return " ".join(text.split())

    @model_validator(mode="after")
    def _fits_slurm(self) -> Self:
        if self.backend.startswith("slurm"):
            wrong = list(_examine(self))
            if wrong:
                raise ValidationError.from_exception_data(
                    "Profile",
                    [
                        InitErrorDetails(
                            type=PydanticCustomError("missing", "{text}", {"text": text}), loc=at, input=""
                        )
                        for at, text in wrong
                    ],
                )
        return self

    def pool(self, name: str = "cpu") -> Pool:
        if name not in self.pools:
            raise RunError(f"profile {self.name!r} has no pool {name!r}; it has {', '.join(self.pools)}")
        return self.pools[name]

    def driver_job(self) -> DriverJob:
        """The driver's job with what it leaves open taken from the first pool; its walltime from the longest."""
        first, asked = next(iter(self.pools.values())), self.driver
        longest = max(self.pools.values(), key=lambda pool: pool.walltime_s or 0)
        open_fields = {"account": first.account, "walltime": longest.walltime}
        if asked.partition is None:
            open_fields |= {"partition": first.partition, "qos": first.qos}
        return asked.model_copy(
            update={name: value for name, value in open_fields.items() if getattr(asked, name) is None}
        )


def _examine(profile: Profile) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a Slurm backend needs and a profile lacks: the key it is about, and a sentence."""
    whole = profile.backend == "slurm-allocation"
    if whole and len(profile.pools) > 1:
        yield ("pools",), "slurm-allocation runs in one allocation of one pool: keep one pool, or use slurm-jobs"
    if profile.driver.memory == "auto":
        yield ("driver", "memory"), "say how much memory the driver's job gets, such as 2GB"
    for name, pool in profile.pools.items():
        at, workers = ("pools", name), pool.workers_per_job
        if pool.memory == "auto":
            yield (
                at,
                "say how much memory a job gets, such as `memory: 8GB`; Slurm ends a job that takes more than asked",
            )
        if pool.walltime is None:
            yield at, 'say how long a job may run, such as `walltime: "12:00:00"`'
        if pool.gpus and workers != pool.gpus:
            yield (
                (*at, "workers"),
                f"{workers} workers do not fit {pool.gpus} GPUs: one per GPU, which is `workers: auto`",
            )
        if pool.gpu_type and not pool.gpus:
            yield (*at, "gpu_type"), f"gpu_type {pool.gpu_type} asks for a kind of GPU and gpus for none: add `gpus: 1`"
        if pool.gpu_memory and not pool.gpus:
            yield (
                (*at, "gpu_memory"),
                f"gpu_memory {pool.gpu_memory} tells of GPUs and gpus asks for none: add `gpus: 1`",
            )
        if pool.job_cores < pool.threads * workers:
            yield (
                (*at, "cores"),
                f"{pool.job_cores} cores are too few for {workers} workers of {pool.threads} threads: ask for "
                f"{pool.threads * workers}, or omit cores",
            )
        if whole and pool.job_cores % workers:
            yield (*at, "cores"), f"{pool.job_cores} cores cannot be shared evenly by {workers} workers of a node"
        if not whole and pool.nodes > 1:
            yield (
                (*at, "nodes"),
                f"nodes {pool.nodes}: a job of slurm-jobs has one node; use slurm-allocation, or max_jobs",
            )
        cores, allowed = pool.job_cores * pool.nodes, profile.limits
        if allowed.max_jobs and pool.max_jobs and pool.max_jobs > allowed.max_jobs:
            yield (*at, "max_jobs"), f"{pool.max_jobs} jobs are more than limits.max_jobs allows ({allowed.max_jobs})"
        if allowed.max_cores and cores > allowed.max_cores:
            yield (
                (*at, "cores"),
                f"{cores} cores of one job are more than limits.max_cores allows ({allowed.max_cores})",
            )


def _folders() -> list[Path]:
    home = Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser()
    named = os.environ.get("CITYTIDE_PROFILES")
    shipped = Path(__file__).parents[2] / "configs"
    return [*([Path(named)] if named else []), home / "citytide" / "profiles", shipped, shipped / "slurm"]


def find_profiles() -> dict[str, Path]:
    """Every profile by name: $CITYTIDE_PROFILES before the user's own before the shipped ones."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def _path_of(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise RunError(f"profile file {name} does not exist")
        return Path(name)
    found = find_profiles()
    if name not in found:
        raise RunError(f"there is no profile {name!r}; known: {', '.join(found)}, or give the path of a .yaml file")
    return found[name]


def load_profile(name: str) -> Profile:
    """Read and check a profile.

    Raises
    ------
    RunError
        Naming the file, the line, the key and what is allowed.
    """
    return read_document("profile", _path_of(name), Profile)


@dataclass(frozen=True)
class Explained:
    """A value and where it comes from."""

    key: str
    value: Any
    source: str


def explain_profile(name: str) -> list[Explained]:
    """Every value of a profile with the file and line that set it, or the schema's default."""
    path, profile = _path_of(name), load_profile(name)
    lines = dict(find_lines(path.read_text(encoding="utf-8")))

    def visit(value: Any, key: str) -> Iterator[Explained]:
        if isinstance(value, dict) and value:
            for part, inner in value.items():
                yield from visit(inner, f"{key}.{part}" if key else part)
        else:
            yield Explained(key, value, f"{path}:{lines[key]}" if key in lines else "default")

    return list(visit(profile.model_dump(), ""))


def size_pool(pool: Pool, machine: Machine) -> tuple[int, int]:
    """Workers and memory per worker [B] that a local pool gets on this machine.

    Raises
    ------
    RunError
        If the pool asks for memory that is not there.
    """
    workers = max(1, machine.cores // pool.threads) if pool.workers == "auto" else pool.workers
    share = int(0.8 * machine.memory_bytes) // workers
    memory = share if pool.memory == "auto" else pool.memory
    if workers * memory > machine.memory_bytes:
        raise RunError(
            f"the pool asks for {workers} workers of {memory / 1e9:.3g} GB, but this machine has "
            f"{machine.memory_bytes / 1e9:.3g} GB: ask for fewer workers, less memory, or `memory: auto`"
        )
    return workers, memory
