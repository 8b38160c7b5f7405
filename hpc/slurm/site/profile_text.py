"""The text of a detected profile: pools, and beside every value where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from ...plan.pools import DriverJob, Pool
from .findings import JobRequest
from .site import Node, Partition, Site

__all__ = ["Draft", "write_profile_text"]

_PLAIN = re.compile(r"[A-Za-z0-9/][\w./@+-]*", re.ASCII)


@dataclass(frozen=True)
class Draft:
    """A pool in the making, and why it is so."""

    kind: str
    partition: Partition
    nodes: tuple[Node, ...]  # those that can hold a job, the smallest first
    pool: Pool
    driver: DriverJob
    comments: dict[str, str]
    alone: bool = False  # no second job may stand beside it: the driver has to be in the same allocation

    @property
    def requests(self) -> list[JobRequest]:
        pool, driver = self.pool, self.driver
        memory = pool.memory if isinstance(pool.memory, int) else None
        job = JobRequest(f"pools.{self.kind}", pool, pool.job_cores, memory, 1, pool.gpus, pool.gpu_type)
        beside = driver.memory if isinstance(driver.memory, int) else None
        return [job] if self.alone else [job, JobRequest("driver", driver, driver.cores, beside, is_driver=True)]


def write_profile_text(drafts: Sequence[Draft], site: Site, *, python: str, refused: Sequence[str]) -> str:
    """The text of a profile: YAML with a comment beside every value."""
    return "\n".join([*_head(drafts, site, python), *_pools(drafts), *_tail(drafts, site, refused)]) + "\n"


def _head(drafts: Sequence[Draft], site: Site, python: str) -> Iterator[str]:
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", site.name).strip("-.") or "detected"
    slurm = f"Slurm {site.version}".strip()
    yield f"# Written by `citytide profile detect` from {_say(repr(site.name))}, {_say(slurm)}, for {_say(site.user)}."
    yield "# Read it, change what you know better, then compare it with the cluster: citytide profile check FILE."
    yield _line(0, "name", name, "the cluster's own name")
    yield _line(0, "description", f"detected: {', '.join(draft.kind for draft in drafts)}")
    if drafts[0].alone:
        yield _line(0, "backend", "slurm-allocation", "one ask for all: this user may not have two at one time")
    else:
        yield _line(
            0, "backend", "slurm-jobs", "workers come and go as jobs of their own; the other is slurm-allocation"
        )
    yield _line(0, "python", python, "the interpreter of every job: all nodes must see it")
    yield _line(0, "poll_s", 10, "seconds between two queries of the queue, one squeue each")
    yield "# environment:                       # lines for the shell of every job, before python starts"
    yield "#   - module load NAME"


def _pools(drafts: Sequence[Draft]) -> Iterator[str]:
    yield "pools:"
    for draft in drafts:
        pool = draft.pool
        yield f"  {draft.kind}:"
        for key in (
            "partition",
            "account",
            "qos",
            "cores",
            "workers",
            "threads",
            "memory",
            "gpus",
            "gpu_memory",
            "walltime",
            "max_jobs",
        ):
            value = getattr(pool, key)
            if value is None or (key == "gpus" and not value) or (key == "max_jobs" and draft.alone):
                continue
            yield _line(4, key, _memory(value) if "memory" in key else value, draft.comments.get(key, ""))
        if pool.gpus and pool.gpu_memory is None:
            yield "    # gpu_memory: 80GB               # of one GPU (nvidia-smi there); if omitted: no device=auto"
        yield "    # scratch: /local                # a disk of the node; if omitted: $TMPDIR, or else /tmp"
        yield "    # interface: ib0                 # the nodes' fast network; if omitted: the one Slurm names"


def _tail(drafts: Sequence[Draft], site: Site, refused: Sequence[str]) -> Iterator[str]:
    if not drafts[0].alone:
        driver = drafts[0].driver
        yield "driver:                              # the small job that looks after a run, off the login node"
        for key in ("partition", "account", "qos", "cores", "memory", "walltime"):
            value = getattr(driver, key)
            if value is not None:
                comment = "past it, a next driver job goes on by itself" if key == "walltime" else ""
                yield _line(2, key, _memory(value) if key == "memory" else value, comment)
    if isinstance(site.rights, str):
        yield f"# Accounts and limits: {_say(site.rights)}."
    for sentence in refused:
        yield f"# Left out: {_say(sentence)}."


def _memory(n: int) -> str:
    return f"{n // 1024**2}MiB"


def _say(text: str) -> str:
    """A text that cannot leave its comment."""
    return " ".join("".join(char if " " <= char <= "~" else " " if char.isspace() else "?" for char in text).split())


def _line(indent: int, key: str, value: object, comment: str = "") -> str:
    text = str(value)
    if isinstance(value, str) and not (_PLAIN.fullmatch(value) and yaml.safe_load(value) == value):
        text = json.dumps(value, ensure_ascii=False)
    filled = f"{' ' * indent}{key}: {text}"
    return f"{filled:<36} # {_say(comment)}" if comment else filled
