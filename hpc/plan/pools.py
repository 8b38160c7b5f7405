"""Pools: what workers of one kind get, and the driver's small job. Any text here may come to stand in a job script."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .devices import parse_memory

__all__ = ["NODES", "DriverJob", "Limits", "Name", "Pool", "PoolName", "Request", "Strict", "Text", "parse_walltime"]

DEFAULT_JOBS = 8  # of a Slurm pool that does not say how many it may have
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d{1,3}):(\d{2}):(\d{2})", re.ASCII)
_DIRECTIVE = re.compile(r"--([A-Za-z][A-Za-z0-9-]*)(?:=([^\s\"'\\#]*))?", re.ASCII)
_SCRATCH = re.compile(r"(?:/|\$\{?[A-Za-z_]\w*\}?(?:/|$))(?:[^$]|\$\{[A-Za-z_]\w*\}|\$[A-Za-z_]\w*)*", re.ASCII)
NODES = r"^[A-Za-z0-9][A-Za-z0-9_.-]*(\[[0-9,-]+\][A-Za-z0-9_.-]*)*$"  # node7, rack[1-3]n[01,04]
# By these a run finds its jobs, their logs and their order again.
_OURS = (
    "job-name", "output", "error", "open-mode", "requeue", "no-requeue", "dependency", "array", "wait", "wrap",
    "test-only", "parsable", "hold", "input",
)  # fmt: skip
_KEYS = {
    "partition": "partition", "account": "account", "qos": "qos", "constraint": "constraint", "exclude": "exclude",
    "time": "walltime", "mem": "memory", "cpus-per-task": "cores", "nodes": "nodes", "ntasks": "workers",
}  # fmt: skip


def check_text(text: str) -> str:
    """A text of one line that is safe to show and, quoted, to hand to a shell."""
    if not text.strip():
        raise ValueError("the value must not be empty: write one, or omit the key")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise ValueError("line breaks and control characters are not allowed; write one line (a list: one per entry)")
    return text


def parse_walltime(text: str) -> int:
    """Seconds meant by ``"HH:MM:SS"`` or ``"D-HH:MM:SS"``.

    Examples
    --------
    >>> parse_walltime("12:00:00"), parse_walltime("1-00:30:00")
    (43200, 88200)
    """
    found = _WALLTIME.fullmatch(text) if isinstance(text, str) else None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 99, 0)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if minutes > 59 or seconds > 59 or total == 0:
        raise ValueError('write the walltime as "HH:MM:SS" or "D-HH:MM:SS", such as "12:00:00" or "2-00:00:00"')
    return total


def _check_walltime(value: Any) -> Any:
    if isinstance(value, int):  # YAML 1.1 reads 12:00:00 as a number to base 60
        raise ValueError('put the walltime into quotes, such as "12:00:00": YAML reads it as a number without them')
    parse_walltime(value)
    return value


def _check_directive(text: str) -> str:
    found = _DIRECTIVE.fullmatch(check_text(text))
    if found is None:
        raise ValueError("write an option of sbatch as --name or --name=value, without blanks or quotes")
    if found[1] in _KEYS:
        raise ValueError(f"--{found[1]} has a key of its own: {_KEYS[found[1]]}")
    if any(option.startswith(found[1]) for option in _OURS):  # sbatch takes any unique beginning
        raise ValueError(f"--{found[1]} is set by citytide, which finds its jobs and their logs by it; omit it")
    return text


def _check_scratch(text: str) -> str:
    if not _SCRATCH.fullmatch(check_text(text)):
        raise ValueError(
            "name a folder by its absolute path; it may hold variables of the node such as $TMPDIR or /local/$USER"
        )
    return text


def _check_command(text: str) -> str:
    if check_text(text).startswith("-"):
        raise ValueError("name a program or a path; it cannot begin with '-'")
    return text


def _check_pool_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,31}", text, re.ASCII) or text == "driver":
        raise ValueError(
            "a pool's name must be up to 32 letters, digits, _ and -, begin with a letter, and not `driver`, got "
            f"{text!r}: names of jobs hold it"
        )
    return text


Memory = Annotated[
    int | Literal["auto"], BeforeValidator(lambda value: value if value == "auto" else parse_memory(value))
]
Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, Field(pattern=r"^[\w.@+][\w.@+-]*$", max_length=128)]  # no blanks, no shell text, no option
Nodes = Annotated[str, Field(pattern=NODES)]
Constraint = Annotated[str, Field(pattern=r"^[A-Za-z0-9_(\[][\w.,:=&|*()\[\]-]*$", max_length=512)]
Walltime = Annotated[str, BeforeValidator(_check_walltime)]
Directive = Annotated[str, AfterValidator(_check_directive)]
Skipped = Annotated[str, Field(pattern=r"^--?[A-Za-z][A-Za-z0-9-]*$")]
Scratch = Annotated[str, AfterValidator(_check_scratch)]
Command = Annotated[str, AfterValidator(_check_command)]
PoolName = Annotated[str, AfterValidator(_check_pool_name)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Request(Strict):
    """What any job asks Slurm for."""

    partition: Name | None = None
    account: Name | None = None
    qos: Name | None = None
    constraint: Constraint | None = None
    cores: int | None = Field(default=None, ge=1)
    memory: Memory = "auto"
    walltime: Walltime | None = None
    skip_directives: tuple[Skipped, ...] = ()
    extra_directives: tuple[Directive, ...] = ()
    exclude: tuple[Nodes, ...] = ()

    @property
    def walltime_s(self) -> int | None:
        """The walltime in seconds."""
        return None if self.walltime is None else parse_walltime(self.walltime)


class Pool(Request):
    """Workers of one kind. ``local`` uses workers, threads, memory and scratch; Slurm pools all fields.

    Of a Slurm pool, ``cores``, ``memory``, ``gpus`` and ``workers`` are those of one job (or node); ``gpu_memory`` is
    that of one GPU.
    """

    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    threads: int = Field(default=1, ge=1)
    scratch: Scratch | None = None
    gpus: int = Field(default=0, ge=0)
    gpu_type: Name | None = None
    gpu_memory: Annotated[int, BeforeValidator(parse_memory)] | None = None
    nodes: int = Field(default=1, ge=1)
    max_jobs: int | None = Field(default=None, ge=1)
    interface: Name | None = None
    idle_hold_s: float = Field(default=300, ge=0, allow_inf_nan=False)
    prologue: tuple[Text, ...] = ()

    @property
    def workers_per_job(self) -> int:
        """Worker processes of one job: as many as asked for, or one per GPU, or one."""
        return (self.gpus or 1) if self.workers == "auto" else self.workers

    @property
    def job_cores(self) -> int:
        """Cores of one job."""
        return self.cores or self.threads * self.workers_per_job


class DriverJob(Request):
    """The small job that drives a run; what it leaves open it takes from the first pool."""

    cores: int = Field(default=1, ge=1)
    memory: Memory = 2 * 1024**3
    prologue: tuple[Text, ...] = ()


class Limits(Strict):
    """What the site allows one user."""

    max_jobs: int | None = Field(default=None, ge=1)
    max_cores: int | None = Field(default=None, ge=1)
    node_hours: float | None = Field(default=None, gt=0, allow_inf_nan=False)
