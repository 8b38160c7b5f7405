"""Fitting: whether a partition has nodes for a job, and which of what it asks is too much."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ..query.notation import expand_nodes
from .findings import Ask, Finding, show_bytes
from .site import Node, Partition, Site

__all__ = ["fit_beside", "fit_nodes", "grown_cores", "has_features"]


def fit_nodes(ask: Ask, site: Site, partition: Partition) -> Iterator[Finding]:
    """Look for nodes of a partition that can hold a job."""
    nodes = site.nodes_of(partition)
    if not nodes:
        yield ask.finding(
            "error", "partition", f"partition {partition.name!r} has no nodes", _others(ask, site, partition)
        )
        return
    left = tuple(node for node in nodes if node.name not in _excluded(ask))
    if not left:
        yield ask.finding(
            "error", "exclude", f"every node of partition {partition.name!r} is excluded", "exclude fewer"
        )
        return
    yield from _examine_exclusions(ask, site)
    yield from _examine_memory(ask, site, partition)
    cores = grown_cores(ask, site, partition)
    fits = [node for node in left if all(test(node) for _, test in _tests(ask, site, partition, cores))]
    if not fits:
        yield from _name_what_is_too_much(ask, site, partition, left, cores)
    elif len(fits) < ask.nodes:
        yield ask.finding(
            "error",
            "nodes",
            f"partition {partition.name!r} has {len(fits)} nodes that fit, and the allocation asks for {ask.nodes}",
            f"ask for {len(fits)} nodes or fewer",
        )
    else:
        yield from _examine_states(ask, partition, fits)
        yield from _examine_waste(ask, site, partition, fits)


def fit_beside(asks: Sequence[Ask], site: Site) -> Iterator[Finding]:
    """Look whether the driver's job leaves room: on a cluster of one node, both stand there together."""
    driver = next((ask for ask in asks if ask.is_driver), None)
    below = site.partition(driver.request.partition) if driver else None
    if driver is None or below is None:
        return
    homes = _fitting(driver, site, below)
    for ask in asks:
        partition = site.partition(ask.request.partition)
        if ask.is_driver or partition is None:
            continue
        places = _fitting(ask, site, partition)
        if len(homes) != 1 or [node.name for node in places] != [node.name for node in homes]:
            continue
        node, whole = homes[0], site.gives_whole_nodes or partition.whole_nodes or below.whole_nodes
        cores = grown_cores(ask, site, partition) + grown_cores(driver, site, below)
        memory = (ask.memory or 0) + (driver.memory or 0) if site.counts_memory else 0
        if whole or cores > node.cores or memory > node.memory:
            yield ask.finding(
                "error",
                "",
                f"node {node.name} is the only one for these jobs and for the driver's, and it has no room for both",
                f"leave {driver.cores} cores and {show_bytes(driver.memory or 0)} of it free, or use slurm-allocation",
            )


def _fitting(ask: Ask, site: Site, partition: Partition) -> list[Node]:
    tests, barred = _tests(ask, site, partition, grown_cores(ask, site, partition)), _excluded(ask)
    return [
        node for node in site.nodes_of(partition) if node.name not in barred and all(test(node) for _, test in tests)
    ]


def grown_cores(ask: Ask, site: Site, partition: Partition) -> int:
    """Cores that Slurm gives a job: where memory per core is limited, more memory takes more cores."""
    most = site.memory_rule("MaxMemPerCPU", partition)
    return max(ask.cores, -(-ask.memory // most)) if most and ask.memory else ask.cores


def _tests(ask: Ask, site: Site, partition: Partition, cores: int) -> list[tuple[str, Callable[[Node], bool]]]:
    return [
        ("constraint", lambda node: has_features(node.features, ask.request.constraint) is not False),
        ("gpus", lambda node: node.count_gpus(ask.gpu_type) >= ask.gpus),
        ("memory", lambda node: node.memory >= (ask.memory or 0)),
        ("cores", lambda node: min(node.cores, partition.max_cores_per_node or node.cores) >= cores),
    ]


def _name_what_is_too_much(
    ask: Ask, site: Site, partition: Partition, nodes: Sequence[Node], cores: int
) -> Iterator[Finding]:
    tests = _tests(ask, site, partition, cores)
    alone = [key for key, test in tests if not any(map(test, nodes))]
    elsewhere = _others(ask, site, partition)
    for key in alone:
        found, cure = _too_much(key, ask, partition, nodes, cores)
        yield ask.finding("error", key, found, f"{cure}{', or ' + elsewhere if elsewhere else ''}")
    if not alone:
        asked = f"{cores} cores and {show_bytes(ask.memory or 0)}" + (f" and {ask.gpus} GPUs" if ask.gpus else "")
        yield ask.finding(
            "error",
            "",
            f"no single node of partition {partition.name!r} has {asked} together",
            f"ask for less of one of them{', or ' + elsewhere if elsewhere else ''}",
        )


def _too_much(key: str, ask: Ask, partition: Partition, nodes: Sequence[Node], cores: int) -> tuple[str, str]:
    where = f"of partition {partition.name!r}"
    if key == "constraint":
        known = sorted({feature for node in nodes for feature in node.features})
        return f"no node {where} has the features {ask.request.constraint!r}", (
            f"its features are {', '.join(known)}" if known else "its nodes name no features: leave constraint away"
        )
    if key == "memory":
        most = max(node.memory for node in nodes)
        return f"{show_bytes(ask.memory or 0)} is more than any node {where} has for jobs ({show_bytes(most)})", (
            f"ask for {show_bytes(most)} or less"
        )
    if key == "cores":
        most = max(min(node.cores, partition.max_cores_per_node or node.cores) for node in nodes)
        grown = "" if cores == ask.cores else f" ({cores} after memory, by MaxMemPerCPU)"
        return f"{ask.cores} cores{grown} are more than any node {where} gives one job ({most})", (
            f"ask for {most} cores or fewer" + (", or for less memory" if grown else "")
        )
    kinds = sorted({kind for node in nodes for kind in node.gpus})
    if not kinds:
        return f"no node {where} has a GPU", "leave gpus away"
    most = max(node.count_gpus(ask.gpu_type) for node in nodes)
    if most == 0:
        named = ", ".join(kind or "without a type" for kind in kinds)
        return f"no node {where} has a GPU of type {ask.gpu_type!r}", f"its GPUs are {named}"
    return f"{ask.gpus} GPUs are more than any node {where} has ({most})", f"ask for {most} or fewer"


def _others(ask: Ask, site: Site, partition: Partition) -> str:
    """Partitions that could hold the job instead."""
    able = [
        one.name
        for one in site.partitions
        if one != partition
        and one.state == "UP"
        and not one.root_only
        and any(
            all(test(node) for _, test in _tests(ask, site, one, grown_cores(ask, site, one)))
            for node in site.nodes_of(one)
        )
    ]
    return f"take a partition that has such nodes: {', '.join(able)}" if able else ""


def _excluded(ask: Ask) -> set[str]:
    return {name for entry in ask.request.exclude for name in islice(expand_nodes(entry), 100_000)}


def _examine_exclusions(ask: Ask, site: Site) -> Iterator[Finding]:
    strange = sorted(_excluded(ask) - {node.name for node in site.nodes})
    if strange:
        yield ask.finding(
            "error",
            "exclude",
            f"there is no node {', '.join(strange[:5])}, and sbatch refuses a job that excludes an unknown node",
            "leave the name away",
        )


def _examine_memory(ask: Ask, site: Site, partition: Partition) -> Iterator[Finding]:
    request = ask.request
    if ask.memory is None:
        per_node = site.memory_rule("DefMemPerNode", partition)
        per_core = site.memory_rule("DefMemPerCPU", partition)
        granted = per_core * ask.cores if per_core else per_node
        if granted is None:
            yield ask.finding("unknown", "memory", "--mem is left away and the site states no default memory of a job")
        elif isinstance(request.memory, int) and granted < request.memory:
            yield ask.finding(
                "error",
                "memory",
                f"--mem is left away, so a job gets {show_bytes(granted)}, less than the "
                f"{show_bytes(request.memory)} that its workers would fill",
                f"set memory to {show_bytes(granted)} or less, or take --mem out of skip_directives",
            )
        return
    most = site.memory_rule("MaxMemPerNode", partition)
    if most and ask.memory > most:
        yield ask.finding(
            "error",
            "memory",
            f"{show_bytes(ask.memory)} is more than partition {partition.name!r} lets a job have on a node "
            f"(MaxMemPerNode {show_bytes(most)})",
            f"ask for {show_bytes(most)} or less",
        )
    grown = grown_cores(ask, site, partition)
    if grown > ask.cores:
        yield ask.finding(
            "warning",
            "memory",
            f"at {show_bytes(site.memory_rule('MaxMemPerCPU', partition) or 0)} a core, Slurm makes {grown} cores of "
            f"{ask.cores} for this memory, and charges them",
            f"ask for {grown} cores and use them, or for less memory",
        )
    if not site.counts_memory and not ask.is_driver:
        yield ask.finding(
            "warning",
            "memory",
            "this cluster does not share out memory (SelectTypeParameters names none): jobs on one node may together "
            "take more than it has",
            "keep cores and memory in the proportion of a node",
        )


def _examine_states(ask: Ask, partition: Partition, fits: Sequence[Node]) -> Iterator[Finding]:
    up = [node for node in fits if node.is_up]
    if len(up) >= ask.nodes:
        yield ask.finding(
            "ok", "", f"{len(up)} of {len(fits)} nodes of partition {partition.name!r} that fit can start a job"
        )
        return
    away = next(node for node in fits if not node.is_up)
    reason = f", {away.reason}" if away.reason else ""
    yield ask.finding(
        "warning",
        "partition",
        f"{len(up)} of the {len(fits)} nodes of partition {partition.name!r} that fit can start a job now "
        f"({away.name} is {away.state.lower()}{reason})",
        "jobs wait until an administrator brings nodes back",
    )


def _examine_waste(ask: Ask, site: Site, partition: Partition, fits: Sequence[Node]) -> Iterator[Finding]:
    least = min(node.cores for node in fits)
    if (partition.whole_nodes or site.gives_whole_nodes) and ask.cores < least:
        yield ask.finding(
            "warning",
            "cores",
            f"a job of partition {partition.name!r} takes whole nodes of {least} cores and uses {ask.cores}",
            "ask for all cores and memory of a node",
        )
    if not ask.gpus and all(node.gpus for node in fits) and not ask.is_driver:
        yield ask.finding(
            "warning",
            "gpus",
            f"every node of partition {partition.name!r} that fits has GPUs, and this pool would leave them idle",
            "set gpus, or take a partition without GPUs",
        )


def has_features(features: Sequence[str], constraint: str | None) -> bool | None:
    """Whether a node has what a constraint asks; None for one with counts or groups, which only Slurm can tell.

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
