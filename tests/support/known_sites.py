"""Clusters to hold profiles against: one recorded from Slurm 22.05, and ones made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from citytide.hpc.plan.profiles import Profile
from citytide.hpc.slurm.query.answers import parse_show
from citytide.hpc.slurm.site.site import Node, Partition, Site, describe_site

GIB = 1024**3


def recorded_site(**changed: Any) -> Site:
    """Four nodes: st1 and st2 with GPUs (st2 drained), st3 with much memory, st4 down."""
    folder = Path(__file__).parent / "recorded"
    texts = [(folder / f"{what}.txt").read_text(encoding="utf-8") for what in ("partition", "node", "config")]
    return replace(describe_site(*map(parse_show, texts)), **{"user": "ada", "host": "login", **changed})


def made_site(*nodes: Node, partitions: tuple[Partition, ...] = (), **changed: Any) -> Site:
    """A cluster of one partition `work` with all nodes, if nothing else is said."""
    nodes = nodes or (Node("n1", 8, 16 * GIB), Node("n2", 8, 16 * GIB))
    settings = {"SelectTypeParameters": "CR_CORE_MEMORY", "AccountingStorageType": "accounting_storage/slurmdbd"}
    return Site(
        name=changed.pop("name", "made"),
        user="ada",
        host="login",
        partitions=partitions or (Partition("work", is_default=True),),
        nodes=tuple(node if node.partitions else replace(node, partitions=("work",)) for node in nodes),
        settings=settings | changed.pop("settings", {}),
        **changed,
    )


def made_profile(pool: dict[str, Any] | None = None, **changed: Any) -> Profile:
    """One pool of small jobs, and a driver; ``pool`` and the others replace keys."""
    cpu = {"cores": 2, "memory": "1GiB", "walltime": "00:30:00"} | (pool or {})
    document = {"name": "made", "backend": "slurm-jobs", "pools": {"cpu": cpu}, "driver": {"memory": "512MiB"}}
    return Profile.model_validate(document | changed)
