"""Profiles: one YAML file that describes a site, checked against a schema, every value explained by file and line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .devices import Machine, parse_memory
from .documents import find_lines, read_document
from .errors import RunError

__all__ = ["Pool", "Profile", "explain_profile", "find_profiles", "load_profile", "size_pool"]

Memory = Annotated[
    int | Literal["auto"], BeforeValidator(lambda value: value if value == "auto" else parse_memory(value))
]
Walltime = Annotated[str, Field(pattern=r"^(\d+-)?\d{1,2}:\d{2}:\d{2}$")]
Name = Annotated[str, Field(pattern=r"^[\w.@+-]+$")]  # goes into a job script one day: no blanks, no shell text


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pool(Strict):
    """Workers of one kind. ``local`` uses the first block of fields, Slurm pools all of them."""

    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    threads: int = Field(default=1, ge=1)
    memory: Memory = "auto"
    scratch: str | None = None
    gpus: int = Field(default=0, ge=0)

    partition: Name | None = None
    account: Name | None = None
    qos: Name | None = None
    cores: int | None = Field(default=None, ge=1)
    walltime: Walltime | None = None
    max_jobs: int | None = Field(default=None, ge=1)
    interface: Name | None = None


class Limits(Strict):
    """What the site allows one user."""

    max_jobs: int | None = Field(default=None, ge=1)
    max_cores: int | None = Field(default=None, ge=1)


class Profile(Strict):
    """A site: its backend, its pools, and how a job finds its environment."""

    name: Name
    description: str = ""
    backend: Literal["local", "slurm-jobs", "slurm-allocation", "mpi"] = "local"
    pools: dict[str, Pool] = Field(default_factory=lambda: {"cpu": Pool()})
    environment: tuple[str, ...] = ()
    mpi_launcher: str | None = None
    limits: Limits = Limits()
    settings: dict[str, Any] = Field(default_factory=dict)

    def pool(self, name: str = "cpu") -> Pool:
        if name not in self.pools:
            raise RunError(f"profile {self.name!r} has no pool {name!r}; it has {', '.join(self.pools)}")
        return self.pools[name]


def _folders() -> list[Path]:
    home = Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser()
    named = os.environ.get("CITYTIDE_PROFILES")
    shipped = Path(__file__).parent.parent / "configs"
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
