"""Placement: whether a partition has nodes for a job, and which of what it asks for is too much."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ..query.notation import expand_nodes
from .findings import Finding, JobRequest, show_bytes
from .site import Node, Partition, Site

__all__ = ["check_nodes", "check_room_for_driver", "grown_cores", "has_features"]


def check_nodes(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    """Check for nodes of a partition that can hold a job."""
    nodes = site.nodes_of(partition)
    if not nodes:
        yield job.finding(
            "error", "partition", f"partition {partition.name!r} has no nodes", _others(job, site, partition)
        )
        return
    left = tuple(node for node in nodes if node.name not in _excluded(job))
    if not left:
        yield job.finding(
            "error", "exclude", f"every node of partition {partition.name!r} is excluded", "exclude fewer"
        )
        return
    yield from _examine_exclusions(job, site)
    yield from _examine_memory(job, site, partition)
    cores = grown_cores(job, site, partition)
    fits = [node for node in left if all(test(node) for _, test in _tests(job, site, partition, cores))]
    if not fits:
        yield from _name_what_is_too_much(job, site, partition, left, cores)
    elif len(fits) < job.nodes:
        yield job.finding(
            "error",
            "nodes",
            f"partition {partition.name!r} has {len(fits)} nodes that fit, and the allocation asks for {job.nodes}",
            f"ask for {len(fits)} nodes or fewer",
        )
    else:
        yield from _examine_states(job, partition, fits)
        yield from _examine_waste(job, site, partition, fits)


def check_room_for_driver(requests: Sequence[JobRequest], site: Site) -> Iterator[Finding]:
    """Check whether the driver's job leaves room: on a cluster of one node, both stand there together."""
    driver = next((job for job in requests if job.is_driver), None)
    below = site.partition(driver.request.partition) if driver else None
    if driver is None or below is None:
        return
    homes = _find_nodes(driver, site, below)
    for job in requests:
        partition = site.partition(job.request.partition)
        if job.is_driver or partition is None:
            continue
        rooms = _find_nodes(job, site, partition)
        if len(homes) != 1 or [node.name for node in rooms] != [node.name for node in homes]:
            continue
        node, whole = homes[0], site.gives_whole_nodes or partition.whole_nodes or below.whole_nodes
        cores = grown_cores(job, site, partition) + grown_cores(driver, site, below)
        memory = (job.memory or 0) + (driver.memory or 0) if site.counts_memory else 0
        if whole or cores > node.cores or memory > node.memory:
            yield job.finding(
                "error",
                "",
                f"node {node.name} is the only one for these jobs and for the driver's, and it has no room for both",
                f"leave {driver.cores} cores and {show_bytes(driver.memory or 0)} of it free, or use slurm-allocation",
            )


def _find_nodes(job: JobRequest, site: Site, partition: Partition) -> list[Node]:
    tests, barred = _tests(job, site, partition, grown_cores(job, site, partition)), _excluded(job)
    return [
        node for node in site.nodes_of(partition) if node.name not in barred and all(test(node) for _, test in tests)
    ]


def grown_cores(job: JobRequest, site: Site, partition: Partition) -> int:
    """Cores that Slurm gives a job: where memory per core is limited, more memory takes more cores."""
    most = site.memory_rule("MaxMemPerCPU", partition)
    return max(job.cores, -(-job.memory // most)) if most and job.memory else job.cores


def _tests(job: JobRequest, site: Site, partition: Partition, cores: int) -> list[tuple[str, Callable[[Node], bool]]]:
    return [
        ("constraint", lambda node: has_features(node.features, job.request.constraint) is not False),
        ("gpus", lambda node: node.count_gpus(job.gpu_type) >= job.gpus),
        ("memory", lambda node: node.memory >= (job.memory or 0)),
        ("cores", lambda node: min(node.cores, partition.max_cores_per_node or node.cores) >= cores),
    ]


def _name_what_is_too_much(
    job: JobRequest, site: Site, partition: Partition, nodes: Sequence[Node], cores: int
) -> Iterator[Finding]:
    tests = _tests(job, site, partition, cores)
    alone = [key for key, test in tests if not any(map(test, nodes))]
    elsewhere = _others(job, site, partition)
    for key in alone:
        found, cure = _too_much(key, job, partition, nodes, cores)
        yield job.finding("error", key, found, f"{cure}{', or ' + elsewhere if elsewhere else ''}")
    if not alone:
        asked = f"{cores} cores and {show_bytes(job.memory or 0)}" + (f" and {job.gpus} GPUs" if job.gpus else "")
        yield job.finding(
            "error",
            "",
            f"no single node of partition {partition.name!r} has {asked} together",
            f"ask for less of one of them{', or ' + elsewhere if elsewhere else ''}",
        )


def _too_much(key: str, job: JobRequest, partition: Partition, nodes: Sequence[Node], cores: int) -> tuple[str, str]:
    where = f"of partition {partition.name!r}"
    if key == "constraint":
        known = sorted({feature for node in nodes for feature in node.features})
        return f"no node {where} has the features {job.request.constraint!r}", (
            f"its features are {', '.join(known)}" if known else "its nodes name no features: omit constraint"
        )
    if key == "memory":
        most = max(node.memory for node in nodes)
        return f"{show_bytes(job.memory or 0)} is more than any node {where} has for jobs ({show_bytes(most)})", (
            f"ask for {show_bytes(most)} or less"
        )
    if key == "cores":
        most = max(min(node.cores, partition.max_cores_per_node or node.cores) for node in nodes)
        grown = "" if cores == job.cores else f" ({cores} after memory, by MaxMemPerCPU)"
        return f"{job.cores} cores{grown} are more than any node {where} gives one job ({most})", (
            f"ask for {most} cores or fewer" + (", or for less memory" if grown else "")
        )
    kinds = sorted({kind for node in nodes for kind in node.gpus})
    if not kinds:
        return f"no node {where} has a GPU", "omit gpus"
    most = max(node.count_gpus(job.gpu_type) for node in nodes)
    if most == 0:
        named = ", ".join(kind or "without a type" for kind in kinds)
        return f"no node {where} has a GPU of type {job.gpu_type!r}", f"its GPUs are {named}"
    return f"{job.gpus} GPUs are more than any node {where} has ({most})", f"ask for {most} or fewer"


def _others(job: JobRequest, site: Site, partition: Partition) -> str:
    """Partitions that could hold the job instead."""
    able = [
        one.name
        for one in site.partitions
        if one != partition
        and one.state == "UP"
        and not one.root_only
        and any(
            all(test(node) for _, test in _tests(job, site, one, grown_cores(job, site, one)))
            for node in site.nodes_of(one)
        )
    ]
    return f"take a partition that has such nodes: {', '.join(able)}" if able else ""


def _excluded(job: JobRequest) -> set[str]:
    return {name for entry in job.request.exclude for name in islice(expand_nodes(entry), 100_000)}


def _examine_exclusions(job: JobRequest, site: Site) -> Iterator[Finding]:
    strange = sorted(_excluded(job) - {node.name for node in site.nodes})
    if strange:
        yield job.finding(
            "error",
            "exclude",
            f"there is no node {', '.join(strange[:5])}, and sbatch refuses a job that excludes an unknown node",
            "omit the name",
        )


def _examine_memory(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    request = job.request
    if job.memory is None:
        per_node = site.memory_rule("DefMemPerNode", partition)
        per_core = site.memory_rule("DefMemPerCPU", partition)
        granted = per_core * job.cores if per_core else per_node
        if granted is None:
            yield job.finding("unknown", "memory", "--mem is omitted and the site states no default memory of a job")
        elif isinstance(request.memory, int) and granted < request.memory:
            yield job.finding(
                "error",
                "memory",
                f"--mem is omitted, so a job gets {show_bytes(granted)}, less than the "
                f"{show_bytes(request.memory)} that its workers would fill",
                f"set memory to {show_bytes(granted)} or less, or take --mem out of skip_directives",
            )
        return
    most = site.memory_rule("MaxMemPerNode", partition)
    if most and job.memory > most:
        yield job.finding(
            "error",
            "memory",
            f"{show_bytes(job.memory)} is more than partition {partition.name!r} lets a job have on a node "
            f"(MaxMemPerNode {show_bytes(most)})",
            f"ask for {show_bytes(most)} or less",
        )
    grown = grown_cores(job, site, partition)
    if grown > job.cores:
        yield job.finding(
            "warning",
            "memory",
            f"at {show_bytes(site.memory_rule('MaxMemPerCPU', partition) or 0)} a core, Slurm makes {grown} cores of "
            f"{job.cores} for this memory, and charges them",
            f"ask for {grown} cores and use them, or for less memory",
        )
    if not site.counts_memory and not job.is_driver:
        yield job.finding(
            "warning",
            "memory",
            "this cluster does not share out memory (SelectTypeParameters names none): jobs on one node may together "
            "take more than it has",
            "keep cores and memory in the proportion of a node",
        )


def _examine_states(job: JobRequest, partition: Partition, fits: Sequence[Node]) -> Iterator[Finding]:
    up = [node for node in fits if node.is_up]
    if len(up) >= job.nodes:
        yield job.finding(
            "ok", "", f"{len(up)} of {len(fits)} nodes of partition {partition.name!r} that fit can start a job"
        )
        return
    away = next(node for node in fits if not node.is_up)
    reason = f", {away.reason}" if away.reason else ""
    yield job.finding(
        "warning",
        "partition",
        f"{len(up)} of the {len(fits)} nodes of partition {partition.name!r} that fit can start a job now "
        f"({away.name} is {away.state.lower()}{reason})",
        "jobs wait until an administrator brings nodes back",
    )


def _examine_waste(job: JobRequest, site: Site, partition: Partition, fits: Sequence[Node]) -> Iterator[Finding]:
    least = min(node.cores for node in fits)
    if (partition.whole_nodes or site.gives_whole_nodes) and job.cores < least:
        yield job.finding(
            "warning",
            "cores",
            f"a job of partition {partition.name!r} takes whole nodes of {least} cores and uses {job.cores}",
            "ask for all cores and memory of a node",
        )
    if not job.gpus and all(node.gpus for node in fits) and not job.is_driver:
        yield job.finding(
            "warning",
            "gpus",
            f"every node of partition {partition.name!r} that fits has GPUs, and this pool would leave them idle",
            "set gpus, or take a partition without GPUs",
        )


def has_features(features: Sequence[str], constraint: str | None) -> bool | None:
    """Whether a node has what a constraint asks for; None for one with counts or groups, which only Slurm can tell.

    Examples
    --------
    >>> has_features(["amd", "fat"], "amd&fat"), has_features(["amd"], "intel|arm"), has_features([], "[rack1|rack2]")
    (True, False, None)
    """
    if constraint is None:
        return True
    if re.search(r"[\[\]()*]", constraint) or ("|" in constraint and re.search("[&,]", constraint)):
        return None
    held = [word in features for word in re.split("[&|,]", constraint)]
    return any(held) if "|" in constraint else all(held)
