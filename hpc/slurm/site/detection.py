"""Detection: a profile drafted from a live cluster, one pool for each kind of partition that this user may use."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from ...errors import RunError
from ...plan.gpu.cards import list_gpus
from ...plan.pools import DriverJob, Pool
from ..query.notation import MEBIBYTE
from .access import check_access, check_queue_limits, find_limits
from .findings import JobRequest, show_bytes, show_time
from .placement import check_nodes, check_room_for_driver
from .profile_text import Draft, write_profile_text
from .rights import Limit
from .site import Node, Partition, Site

__all__ = ["detect_profile"]

HEADROOM = 0.9  # of a node's memory: the rest is for the file system's cache and for what Slurm counts besides
MOST_CORES = 16  # of one job: smaller jobs start sooner between others'
MOST_JOBS = 64
USUAL_S = 4 * 3600  # of one job, where the site sets no default: short jobs start sooner
SHORTEST_S = 600  # a default below this is meant for trials: a worker would spend it on starting
DRIVER_S = 24 * 3600
DRIVER_MEMORY = 2 * 1024**3
BIG = 1.8  # times the memory of the usual node
_NAME = re.compile(r"[\w.@+][\w.@+-]{0,127}", re.ASCII)


def detect_profile(site: Site, *, python: str = sys.executable) -> str:
    """Write a profile for a site, in which `check_profile` finds no error on that site.

    Raises
    ------
    RunError
        If no partition takes jobs of this user.
    """
    drafts: dict[str, Draft] = {}
    refused: list[str] = []
    for kind in ("cpu", "gpu", "bigmem"):
        usual = drafts["cpu"].nodes[0].memory if "cpu" in drafts else None
        for partition in sorted(site.partitions, key=_order(kind, site)):
            nodes = _alike(_nodes_for(kind, partition, site, usual))
            draft = _draft(kind, partition, nodes, site) if nodes else None
            if isinstance(draft, Draft):
                drafts[kind] = draft
                break
            if draft:
                refused.append(draft)
    if not drafts:
        raise RunError(
            f"no partition of {site.name or 'this cluster'} takes jobs of {site.user or 'this user'}: "
            f"{'; '.join(dict.fromkeys(refused)) or 'none has a node that is up'}"
        )
    if any(draft.alone for draft in drafts.values()):
        first = next(iter(drafts.values()))
        drafts = {first.kind: replace(first, alone=True)}
    return write_profile_text(list(drafts.values()), site, python=python, refused=list(dict.fromkeys(refused)))


def _order(kind: str, site: Site) -> Callable[[Partition], tuple[float, ...]]:
    """Best partition of a kind first: made for it, then the default one, then the one with most nodes."""

    def rank(partition: Partition) -> tuple[float, ...]:
        nodes = [node for node in site.nodes_of(partition) if node.is_up]
        with_gpus = sum(bool(node.gpus) for node in nodes)
        memory = min((node.memory for node in nodes), default=0)
        if kind == "gpu":
            return len(nodes) - with_gpus, -sum(node.count_gpus() for node in nodes)
        if kind == "bigmem":
            return with_gpus, -memory, -len(nodes)
        return float(with_gpus == len(nodes)), not partition.is_default, -len(nodes)

    return rank


def _nodes_for(kind: str, partition: Partition, site: Site, usual: int | None) -> list[Node]:
    nodes = [node for node in site.nodes_of(partition) if node.is_up and node.cores and node.memory]
    if kind == "gpu":
        return [node for node in nodes if node.count_gpus()]
    if kind == "bigmem":
        return [node for node in nodes if usual and node.memory >= BIG * usual and not node.gpus]
    return [node for node in nodes if not node.gpus] or nodes


def _alike(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes that hold what the most common one holds (the smaller of two equally common), smallest first."""

    def size(node: Node) -> tuple[int, int, int]:
        return node.count_gpus(), node.cores, node.memory

    counted = Counter(map(size, nodes))
    best = min(counted, key=lambda one: (-counted[one], one), default=(0, 0, 0))
    larger = [node for node in nodes if all(has >= wants for has, wants in zip(size(node), best, strict=True))]
    return tuple(sorted(larger, key=size))


def _draft(kind: str, partition: Partition, nodes: tuple[Node, ...], site: Site) -> Draft | str:
    """A pool that passes every check, or a sentence that tells why there is none."""
    named = f"partition {partition.name!r}"
    if not _NAME.fullmatch(partition.name):
        return f"{named} has a name that a profile cannot hold"
    if partition.state != "UP" or partition.needs_reservation or partition.min_nodes > 1:
        return f"{named} does not take jobs of one node now"
    account = _choose_account(partition, site)
    qos = _choose_qos(partition, account, site)
    blank = JobRequest("", Pool(partition=partition.name, account=account, qos=qos), 1, None)
    limits = find_limits(blank, site, partition)
    alone = any(most is not None and most < 2 for one in limits for most in (one.max_jobs, one.max_submitted))
    sized = _size(kind, partition, nodes[0], site, limits, beside=0 if alone else 1)
    if sized is None:
        return f"{named} has no room for a useful job under its limits"
    draft = _finish(kind, partition, nodes, sized.model_copy(update={"account": account, "qos": qos}), limits, site)
    draft = replace(draft, alone=alone)
    faults = [
        finding
        for job in draft.requests
        for check in (check_access, check_nodes)
        for finding in check(job, site, partition)
        if finding.level == "error"
    ]
    faults += [finding for finding in check_queue_limits(draft.requests, site) if finding.level == "error"]
    if not faults and any(check_room_for_driver(draft.requests, site)):
        return replace(draft, alone=True)
    return f"{named}: {faults[0].found}" if faults else draft


def _size(
    kind: str, partition: Partition, node: Node, site: Site, limits: Sequence[Limit], *, beside: int
) -> Pool | None:
    """Cores, memory and GPUs of one job: a share of a node, with headroom, under every limit."""

    def cap(key: str, reserve: int) -> list[int]:
        alone = [one.per_job[key] for one in limits if key in one.per_job]
        return alone + [one.at_once[key] - beside * reserve for one in limits if key in one.at_once]

    gpus = 1 if kind == "gpu" else 0
    if gpus and min(cap("gres/gpu", 0), default=1) < 1:
        return None
    usable = min(node.cores, partition.max_cores_per_node or node.cores)
    whole = partition.whole_nodes or site.gives_whole_nodes
    if beside and not whole and sum(one.is_up for one in site.nodes_of(partition)) == 1:
        usable = min(usable, node.cores - 1)  # the driver's job has to stand on the same node
    if whole:
        gpus, cores = min([gpus and node.count_gpus(), *cap("gres/gpu", 0)]), usable
    elif gpus:
        cores = min(MOST_CORES, usable, max(1, node.cores // node.count_gpus()))
    else:
        cores = min(MOST_CORES, usable)
    cores = min([cores, *cap("cpu", 1)])
    if cores < 1:
        return None
    share = 1.0 if whole or kind == "bigmem" else gpus / node.count_gpus() if gpus else cores / node.cores
    rules = [site.memory_rule("MaxMemPerNode", partition) or node.memory]
    if per_core := site.memory_rule("MaxMemPerCPU", partition):
        rules.append(per_core * cores)
    memory = min([int(HEADROOM * node.memory * share), *rules, *cap("mem", DRIVER_MEMORY)])
    if beside and sum(one.is_up for one in site.nodes_of(partition)) == 1:
        memory = min(memory, max(node.memory - DRIVER_MEMORY, node.memory // 2))
    memory = memory // (100 * MEBIBYTE) * 100 * MEBIBYTE or memory // MEBIBYTE * MEBIBYTE
    tops = [top for top in (partition.max_time_s, *(one.max_wall_s for one in limits)) if top is not None]
    default = partition.default_time_s
    wall = min([default if default and default >= SHORTEST_S else USUAL_S, *tops])
    if memory < MEBIBYTE or wall < 1:
        return None
    gpus = min(gpus, cores)
    workers = gpus or next(n for n in range(max(1, cores // 4), 0, -1) if cores % n == 0)
    cores -= cores % workers
    return Pool(
        partition=partition.name,
        workers="auto" if gpus or workers == 1 else workers,
        threads=cores // workers,
        cores=cores,
        memory=memory,
        gpus=gpus,
        walltime=show_time(wall),
    )


def _finish(
    kind: str, partition: Partition, nodes: tuple[Node, ...], pool: Pool, limits: Sequence[Limit], site: Site
) -> Draft:
    """Add how many jobs, the driver's job, and a comment to every value."""
    node, memory = nodes[0], int(pool.memory)
    per_node = max(1, min(node.cores // pool.job_cores, node.memory // memory))
    most = [MOST_JOBS, len(nodes) * per_node]
    most += [n - 1 for one in limits for n in (one.max_jobs, one.max_submitted) if n is not None]
    tops = [top for top in (partition.max_time_s, *(one.max_wall_s for one in limits)) if top is not None]
    per_core = site.memory_rule("MaxMemPerCPU", partition)
    driver = DriverJob(
        partition=partition.name,
        account=pool.account,
        qos=pool.qos,
        memory=min([DRIVER_MEMORY, memory, *([per_core] if per_core else [])]),
        walltime=show_time(min([DRIVER_S, *tops])),
    )
    top = "it sets no longest" if partition.max_time_s is None else f"its longest is {show_time(partition.max_time_s)}"
    default = partition.default_time_s
    comments = {
        "partition": f"{len(site.nodes_of(partition))} nodes"
        + (", the default" if partition.is_default else "")
        + f"; {len(nodes)} up with {node.cores} cores and {show_bytes(node.memory)} or more",
        "cores": "a whole node: jobs do not share nodes here"
        if partition.whole_nodes or site.gives_whole_nodes
        else f"of {node.cores} on a node, for one job",
        "workers": "processes of one job, which share its memory"
        if pool.workers != "auto"
        else "one per job, or per GPU",
        "threads": "of one worker",
        "memory": f"of {show_bytes(node.memory)} on a node, for one job; the job is ended if it takes more",
        "gpus": f"of {node.count_gpus()} on a node, one worker each",
        "walltime": f"the partition's default is {show_time(default)}, {top}" if default else top,
        "max_jobs": "at one time; no more are needed to fill the nodes above",
    }
    if kind == "gpu" and any(node.gpus):
        comments["gpus"] += f"; types: {', '.join(sorted(kind or 'not named' for kind in node.gpus))}"
    update: dict[str, int] = {"max_jobs": max(1, min(most))}
    if pool.gpus and (known := _find_gpu_memory(nodes)):
        update["gpu_memory"] = known
        comments["gpu_memory"] = "of one GPU, as nvidia-smi lists it on this node"
    return Draft(kind, partition, nodes, pool.model_copy(update=update), driver, comments)


def _find_gpu_memory(nodes: Sequence[Node]) -> int:
    """Memory of the smallest GPU here [B] if this machine is one of the nodes; Slurm does not tell that of others."""
    if os.uname().nodename.partition(".")[0] not in {node.name.partition(".")[0] for node in nodes}:
        return 0
    return min((gpu.memory_bytes for gpu in list_gpus()), default=0)


def _choose_account(partition: Partition, site: Site) -> str | None:
    if isinstance(site.rights, str):
        return None
    known = [site.rights.default_account, *site.rights.accounts]
    fit = [name for name in known if name and _NAME.fullmatch(name) and name not in partition.deny_accounts]
    return next((name for name in fit if not partition.allow_accounts or name in partition.allow_accounts), None)


def _choose_qos(partition: Partition, account: str | None, site: Site) -> str | None:
    """A QOS only where the default one would not be let in."""
    if isinstance(site.rights, str):
        return None
    held = site.rights.of_account(account, partition.name)
    names = [
        *(one.default_qos for one in held if one.default_qos),
        "normal",
        *(name for one in held for name in one.qos),
    ]
    fit = [name for name in names if _NAME.fullmatch(name) and name not in partition.deny_qos]
    allowed = {name for one in held for name in one.qos}
    chosen = next(
        (name for name in fit if name in allowed and (not partition.allow_qos or name in partition.allow_qos)), None
    )
    return chosen if partition.allow_qos or partition.deny_qos else None
