"""Access: whether accounts, qualities of service and their limits let a job of this user start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .findings import Finding, JobRequest, show_bytes, show_time
from .rights import Limit, Rights
from .site import Partition, Site

__all__ = ["check_access", "check_queue_limits", "count_jobs", "find_limits"]


def check_access(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    """Check whether one job may start: who may use the partition, what an account and a QOS allow."""
    yield from _examine_groups(job, site, partition)
    yield from _examine_account(job, site, partition)
    yield from _examine_qos(job, site, partition)
    for limit in find_limits(job, site, partition):
        yield from _examine_limit(job, limit)


def check_queue_limits(requests: Sequence[JobRequest], site: Site) -> Iterator[Finding]:
    """Check whether enough jobs may be in the queue together: the driver's and one per pool at least."""
    for job in requests:
        partition = site.partition(job.request.partition)
        if job.is_driver or partition is None:
            continue
        driver = next((one for one in requests if one.is_driver), None)
        together = 1 if driver is None else 2
        wanted = count_jobs(job) if driver is None else count_jobs(job) + 1
        for limit in find_limits(job, site, partition):
            for key, most in (("queued", limit.max_submitted), ("running", limit.max_jobs)):
                if most is not None and most < together:
                    yield job.finding(
                        "error",
                        "max_jobs",
                        f"{limit.owner} lets this user have {most} jobs {key}; a run needs its driver's and one more",
                        "ask the administrators for more, or use slurm-allocation, which is one job",
                    )
                elif most is not None and wanted > most:
                    yield job.finding(
                        "warning",
                        "max_jobs",
                        f"{limit.owner} lets this user have {most} jobs {key}, fewer than the {wanted} meant here",
                        f"set max_jobs to {most - together + 1}; what is more waits",
                    )
            if driver is not None:
                yield from _examine_sum(job, driver, limit)


def count_jobs(job: JobRequest) -> int:
    """Jobs a pool may have at once; one where the profile does not say."""
    return getattr(job.request, "max_jobs", None) or 1


def find_limits(job: JobRequest, site: Site, partition: Partition) -> list[Limit]:
    """Limits that are enforced on a job: of its account, its QOS and its partition's."""
    if not site.enforces_limits or isinstance(site.rights, str):
        return []
    rights, account = site.rights, _account(job, site.rights)
    names = filter(None, [partition.qos, _qos(job, rights, partition)])
    found = [one.limit for one in rights.of_account(account, partition.name)]
    return found + [rights.qos[name] for name in dict.fromkeys(names) if name in rights.qos]


def _account(job: JobRequest, rights: Rights) -> str | None:
    """The account that is charged: where accounts are not enforced, an unknown one gives way to the default."""
    return job.request.account if job.request.account in rights.accounts else rights.default_account


def _qos(job: JobRequest, rights: Rights, partition: Partition) -> str | None:
    """The QOS that a job gets: its own, its account's default, or Slurm's."""
    if job.request.qos is not None:
        return job.request.qos
    held = rights.of_account(_account(job, rights), partition.name)
    defaults = [one.default_qos for one in held if one.default_qos]
    return defaults[0] if defaults else "normal" if "normal" in rights.qos else None


def _examine_groups(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    where = f"partition {partition.name!r}"
    if site.user == "root":
        return
    if partition.root_only:
        yield job.finding("error", "partition", f"{where} takes jobs of root alone", "take another partition")
    if partition.allow_groups and not set(partition.allow_groups) & set(site.groups):
        yield job.finding(
            "error",
            "partition",
            f"{where} is for the groups {', '.join(partition.allow_groups)}, and {site.user} is in none of them",
            "take another partition, or ask the administrators",
        )


def _examine_account(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    asked, where = job.request.account, f"partition {partition.name!r}"
    if partition.allow_accounts and not site.has_accounting:
        yield job.finding(
            "error",
            "partition",
            f"{where} is for the accounts {', '.join(partition.allow_accounts)}, and this cluster keeps none, so "
            "nobody's job starts there",
            "take another partition",
        )
        return
    if isinstance(site.rights, str):
        if site.has_accounting:
            yield job.finding(
                "unknown", "account", f"whether this user may charge {asked or 'a default account'}: {site.rights}"
            )
        elif asked:
            yield job.finding(
                "warning", "account", f"this cluster keeps no accounts, so {asked!r} is passed over", "omit it"
            )
    elif asked is not None and asked not in site.rights.accounts:
        known = ", ".join(site.rights.accounts) or "none"
        silent = f", which Slurm ignores silently here: it charges {site.rights.default_account or 'nobody'}"
        yield job.finding(
            "error" if site.enforces else "warning",
            "account",
            f"{site.user} has no account {asked!r}" + ("" if site.enforces else silent),
            f"the accounts are: {known}",
        )
        if site.enforces:
            return
    elif not site.rights.associations and site.enforces:
        yield job.finding("error", "account", f"{site.user} has no account on this cluster", "ask the administrators")
        return
    account = asked if isinstance(site.rights, str) else _account(job, site.rights)
    if account is None:
        if partition.allow_accounts and isinstance(site.rights, Rights):
            yield job.finding("error", "account", f"{where} requires an account", _one_of(partition.allow_accounts))
    elif partition.allow_accounts and account not in partition.allow_accounts:
        yield job.finding(
            "error", "account", f"{where} does not allow account {account!r}", _one_of(partition.allow_accounts)
        )
    elif not partition.allow_accounts and account in partition.deny_accounts:
        yield job.finding(
            "error", "account", f"{where} excludes account {account!r}", "take another account or partition"
        )


def _examine_qos(job: JobRequest, site: Site, partition: Partition) -> Iterator[Finding]:
    asked, where, qos = job.request.qos, f"partition {partition.name!r}", job.request.qos
    if isinstance(site.rights, str):
        if asked is not None:
            yield job.finding("unknown", "qos", f"whether there is a QOS {asked!r} for this user: {site.rights}")
    else:
        qos = _qos(job, site.rights, partition)
        associations = site.rights.of_account(_account(job, site.rights), partition.name)
        held = {name for one in associations for name in one.qos} or set(site.rights.qos)
        if asked is not None and asked not in held:
            strict = site.enforces_qos or bool(partition.allow_qos)
            yield job.finding(
                "error" if strict else "warning",
                "qos",
                f"{site.user} may not use QOS {asked!r}" + ("" if strict else ", which Slurm ignores silently here"),
                f"take one of: {', '.join(sorted(held)) or 'none'}",
            )
            return
    if qos is None:
        if partition.allow_qos:
            yield job.finding(
                "unknown", "qos", f"{where} allows only QOS {', '.join(partition.allow_qos)}, and none is named here"
            )
    elif partition.allow_qos and qos not in partition.allow_qos:
        yield job.finding("error", "qos", f"{where} does not allow QOS {qos!r}", _one_of(partition.allow_qos))
    elif not partition.allow_qos and qos in partition.deny_qos:
        yield job.finding("error", "qos", f"{where} excludes QOS {qos!r}", "take another QOS or partition")


def _examine_limit(job: JobRequest, limit: Limit) -> Iterator[Finding]:
    wall = job.request.walltime_s
    if limit.max_wall_s is not None and wall is not None and wall > limit.max_wall_s:
        yield job.finding(
            "error",
            "walltime",
            f"{show_time(wall)} is longer than {limit.owner} allows ({show_time(limit.max_wall_s)})",
            f'set walltime to "{show_time(limit.max_wall_s)}" or less',
        )
    for kind, key, asked in _amounts(job):
        most = min((table[kind] for table in (limit.per_job, limit.at_once) if kind in table), default=None)
        if most is not None and asked > most:
            shown = (show_bytes(asked), show_bytes(most)) if kind == "mem" else (str(asked), str(most))
            yield job.finding(
                "error",
                key,
                f"{shown[0]} is more than {limit.owner} allows a job ({kind} {shown[1]})",
                f"ask for {shown[1]} or less",
            )


def _examine_sum(job: JobRequest, driver: JobRequest, limit: Limit) -> Iterator[Finding]:
    """The driver's job runs beside every other."""
    beside = {kind: asked for kind, _, asked in _amounts(driver)}
    for kind, key, asked in _amounts(job):
        most = limit.at_once.get(kind)
        if most is not None and asked <= most < asked + beside.get(kind, 0):
            shown = show_bytes(most) if kind == "mem" else str(most)
            yield job.finding(
                "error",
                key,
                f"no room for one of these beside the driver's job: {limit.owner} allows {kind} {shown} at once",
                "ask for less, or use slurm-allocation, which is one job",
            )


def _amounts(job: JobRequest) -> list[tuple[str, str, int]]:
    found = [
        ("cpu", "cores", job.cores * job.nodes),
        ("node", "nodes", job.nodes),
        ("mem", "memory", (job.memory or 0) * job.nodes),
        ("gres/gpu", "gpus", job.gpus * job.nodes),
    ]
    if job.gpu_type:
        found.append((f"gres/gpu:{job.gpu_type}", "gpus", job.gpus * job.nodes))
    return [entry for entry in found if entry[2]]


def _one_of(names: Sequence[str]) -> str:
    return f"take one of: {', '.join(names)}"
