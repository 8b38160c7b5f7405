"""Preflight: what of a profile would never start on a site, and why, before a job is handed to Slurm."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from ...plan.profiles import Profile
from .access import check_access, check_queue_limits
from .file_systems import PathStatus
from .findings import Finding, JobRequest, list_job_requests, show_time
from .placement import check_nodes, check_room_for_driver, has_features
from .site import Partition, Site

__all__ = ["FILL_IN", "check_profile", "find_blanks"]

FILL_IN = "FILL-IN"  # stands in a template for what only the site knows
_CLOSED = {
    "DOWN": "is down: its jobs wait until an administrator opens it",
    "DRAIN": "is being drained: it takes no new jobs",
    "INACTIVE": "is inactive: it takes no new jobs and starts none",
}


def check_profile(profile: Profile, site: Site) -> list[Finding]:
    """Compare a profile with a site. Slurm and the disks are not asked here.

    Parameters
    ----------
    profile
        The profile.
    site
        What `read_site` found, with the status of the profile's paths.

    Returns
    -------
    list of Finding
        Errors (would never start, or end at once), warnings, what cannot be known from here, and what is well.
    """
    blanks = list(find_blanks(profile))
    if not profile.backend.startswith("slurm"):
        return [*blanks, Finding("ok", "backend", f"{profile.backend} asks nothing of Slurm")]
    requests = list(list_job_requests(profile))
    blank = {finding.where for finding in blanks}
    found = [*blanks]
    for job in requests:
        if f"{job.where}.partition" in blank or (job.is_driver and job.request.partition == FILL_IN):
            continue
        found += _check_job(job, site)
    found += check_queue_limits(requests, site)
    found += check_room_for_driver(requests, site)
    found += _check_paths(profile, site)
    found += _check_cluster(profile, site)
    return list(dict.fromkeys(one for one in found if one in blanks or one.where not in blank))


def find_blanks(profile: Profile) -> Iterator[Finding]:
    """Values of a template that are still to be filled in."""

    def visit(value: Any, key: str) -> Iterator[Finding]:
        if isinstance(value, dict):
            for part, inner in value.items():
                yield from visit(inner, f"{key}.{part}" if key else str(part))
        elif isinstance(value, list | tuple):
            for n, inner in enumerate(value):
                yield from visit(inner, f"{key}.{n}")
        elif isinstance(value, str) and FILL_IN in value:
            yield Finding("error", key, f"{value!r} is to be filled in", "the comment beside it says where to find it")

    yield from visit(profile.model_dump(), "")


def _check_job(job: JobRequest, site: Site) -> Iterator[Finding]:
    name = job.request.partition
    partition = site.partition(name)
    if partition is None:
        known = [one.name for one in site.partitions]
        close = difflib.get_close_matches(name or "", known, 1)
        found = "this cluster has no default partition" if name is None else f"there is no partition {name!r}"
        hint = f"did you mean {close[0]!r}? " if close else ""
        yield job.finding("error", "partition", found, f"{hint}the partitions are: {', '.join(known) or 'none'}")
        return
    if partition.state in _CLOSED:
        yield job.finding(
            "error", "partition", f"partition {partition.name!r} {_CLOSED[partition.state]}", "take another"
        )
    if partition.needs_reservation and not any("--reservation" in one for one in job.request.extra_directives):
        yield job.finding(
            "error",
            "partition",
            f"partition {partition.name!r} takes only jobs with a reservation",
            "name it in extra_directives: [--reservation=NAME]",
        )
    yield from _check_walltime(job, site, partition)
    yield from _check_node_count(job, partition)
    yield from check_access(job, site, partition)
    yield from check_nodes(job, site, partition)
    if has_features((), job.request.constraint) is None:
        yield job.finding(
            "unknown", "constraint", f"{job.request.constraint!r} is more than this check reads: only Slurm can tell"
        )


def _fate(site: Site) -> str:
    """What becomes of a job that is over a partition's limit: a trial by `sbatch --test-only` does not tell."""
    if site.refuses_over_limit:
        return "sbatch refuses it"
    return "sbatch accepts it, also with --test-only, and it waits for ever"


def _check_walltime(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    wall = job.request.walltime_s
    if {"--time", "-t"} & set(job.request.skip_directives) or wall is None:
        granted = partition.default_time_s or partition.max_time_s
        if wall is not None and granted is not None and granted < wall:
            yield job.finding(
                "error",
                "walltime",
                f"--time is omitted, so a job gets {show_time(granted)}, and the profile needs {show_time(wall)}",
                f'set walltime to "{show_time(granted)}" or less',
            )
    elif partition.max_time_s is not None and wall > partition.max_time_s:
        yield job.finding(
            "error",
            "walltime",
            f"{show_time(wall)} is longer than partition {partition.name!r} allows "
            f"({show_time(partition.max_time_s)}): {_fate(site)}",
            f'set walltime to "{show_time(partition.max_time_s)}" or less',
        )


def _check_node_count(job: JobRequest, partition: Partition) -> Iterator[Finding]:
    if partition.max_nodes is not None and job.nodes > partition.max_nodes:
        yield job.finding(
            "error",
            "nodes",
            f"{job.nodes} nodes are more than partition {partition.name!r} gives a job ({partition.max_nodes})",
            f"ask for {partition.max_nodes} or fewer",
        )
    if job.nodes < partition.min_nodes:
        yield job.finding(
            "error",
            "nodes",
            f"partition {partition.name!r} takes jobs of {partition.min_nodes} nodes or more, not of {job.nodes}",
            "take another partition, or slurm-allocation with so many nodes",
        )


def _check_paths(profile: Profile, site: Site) -> Iterator[Finding]:
    if profile.python:
        yield from _check_python(profile.python, site)
    if profile.slurm_conf and (place := site.paths.get(profile.slurm_conf)) and not place.exists:
        yield Finding("error", "slurm_conf", f"{profile.slurm_conf} is not here", "name the slurm.conf of this cluster")
    for name, pool in profile.pools.items():
        if pool.interface and site.interfaces and pool.interface not in site.interfaces:
            yield Finding(
                "error" if site.is_one_machine else "warning",
                f"pools.{name}.interface",
                f"there is no network interface {pool.interface!r} on this machine",
                f"`ip -brief address` on a node lists them; here: {', '.join(site.interfaces)}",
            )
        if pool.scratch in site.paths:
            yield from _check_scratch(f"pools.{name}.scratch", str(pool.scratch), site.paths[str(pool.scratch)], site)
        elif pool.scratch and "$" in pool.scratch:
            yield Finding("unknown", f"pools.{name}.scratch", f"{pool.scratch} is set on the nodes, not here")


def _check_python(python: str, site: Site) -> Iterator[Finding]:
    place = site.paths.get(python)
    if place is None:
        return
    if not place.exists or not place.executable:
        wrong = "is not here" if not place.exists else "cannot be executed"
        yield Finding(
            "error" if site.is_one_machine else "warning",
            "python",
            f"{python} {wrong}, and every job runs it",
            "name an interpreter that has citytide, on a file system that all nodes mount",
        )
    elif not (place.is_shared or site.is_one_machine):
        yield Finding(
            "warning",
            "python",
            f"{python} is on {place.file_system or 'a file system'} of this machine, which the nodes may not see",
            "install citytide into an environment on a shared file system and name its python",
        )


def _check_scratch(where: str, path: str, place: PathStatus, site: Site) -> Iterator[Finding]:
    if not place.exists or not place.writable:
        wrong = "is not here" if not place.exists else "cannot be written here"
        yield Finding(
            "error" if site.is_one_machine else "unknown",
            where,
            f"{path} {wrong}" + ("" if site.is_one_machine else "; whether the nodes have it is not known"),
            "make the folder, or omit scratch to use $TMPDIR or /tmp of the node" if site.is_one_machine else "",
        )
    elif place.is_shared:
        yield Finding(
            "warning",
            where,
            f"{path} is shared ({place.file_system}): workers would crowd its metadata server",
            "name a local disk of the nodes",
        )
    elif place.is_memory:
        yield Finding(
            "warning",
            where,
            f"{path} is kept in memory ({place.file_system}): what is spilled there is taken from the job's memory",
            "name a local disk of the nodes, or ask for that much more memory",
        )


def _check_cluster(profile: Profile, site: Site) -> Iterator[Finding]:
    """What the cluster's configuration means for any run, and what it hides."""
    if not site.has_accounting:
        yield Finding(
            "warning",
            "site",
            "this cluster keeps no accounting, so how an ended job ended is read from squeue and logs alone",
            "none is needed; messages are less exact",
        )
    age = site.settings.get("MinJobAge", "").split()
    if age and age[0].isdigit() and 0 < int(age[0]) < 3 * profile.poll_s and not site.has_accounting:
        yield Finding(
            "warning",
            "poll_s",
            f"squeue forgets an ended job after {age[0]} s, and it is asked every {profile.poll_s:g} s",
            f"set poll_s to {max(1, int(age[0]) // 3)}",
        )
    plugins = site.settings.get("JobSubmitPlugins", "(null)")
    if plugins not in ("", "(null)"):
        yield Finding(
            "unknown",
            "site",
            f"jobs pass a filter of the site ({plugins}), which may change or refuse them and is not readable",
            "if sbatch complains about a directive, omit it by skip_directives",
        )
    if not site.is_one_machine:
        yield Finding(
            "unknown",
            "site",
            "disks, network interfaces and software of the nodes cannot be seen from here",
            "a first small run tells; a worker that cannot start is explained by `citytide status`",
        )
