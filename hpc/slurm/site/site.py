"""A live cluster as Slurm describes it: partitions, nodes, rules, and what this user may ask for."""

from __future__ import annotations

import getpass
import grp
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import psutil

from ...errors import RunError
from ..query.notation import MEBIBYTE, NOTHING, Row, list_gpus, parse_minutes, split_list
from .file_systems import PathStatus, inspect_paths
from .rights import Rights, read_rights

__all__ = ["Node", "Partition", "Shows", "Site", "describe_site", "read_site"]

_MEMORY_RULES = ("MaxMemPerNode", "MaxMemPerCPU", "DefMemPerNode", "DefMemPerCPU")
# Words of a node's state with which no job starts there until a person has looked.
_AWAY = {"DOWN", "DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "INVAL", "NOT_RESPONDING", "UNKNOWN", "FUTURE"}


class Shows(Protocol):
    """What is asked of Slurm: `citytide.hpc.slurm.query.controller.Controller` answers it."""

    def show(self, what: str) -> list[dict[str, str]]: ...


@dataclass(frozen=True)
class Node:
    """A compute node: what one job can get there at most."""

    name: str
    cores: int
    memory: int  # bytes
    gpus: Mapping[str, int] = field(default_factory=dict)  # by type; "" where the site names none
    features: tuple[str, ...] = ()
    state: str = "IDLE"
    reason: str = ""
    partitions: tuple[str, ...] = ()
    host: str = ""

    @property
    def is_up(self) -> bool:
        """Whether jobs can start there, now or when running ones have ended."""
        words = self.state.upper().rstrip("*~#!%$@^-").split("+")
        return not self.state.endswith("*") and not _AWAY & set(words)

    def count_gpus(self, kind: str | None = None) -> int:
        """GPUs of a type, or all."""
        return sum(n for name, n in self.gpus.items() if kind is None or name == kind)


@dataclass(frozen=True)
class Partition:
    """A queue and its rules; None is no limit, and an empty tuple lets everybody in."""

    name: str
    state: str = "UP"
    is_default: bool = False
    max_time_s: int | None = None
    default_time_s: int | None = None
    min_nodes: int = 0
    max_nodes: int | None = None
    max_cores_per_node: int | None = None
    memory_rules: Mapping[str, int] = field(default_factory=dict)  # MaxMemPerNode and its like, in bytes
    allow_accounts: tuple[str, ...] = ()
    deny_accounts: tuple[str, ...] = ()
    allow_qos: tuple[str, ...] = ()
    deny_qos: tuple[str, ...] = ()
    allow_groups: tuple[str, ...] = ()
    qos: str | None = None
    root_only: bool = False
    needs_reservation: bool = False
    whole_nodes: bool = False


@dataclass(frozen=True)
class Site:
    """All that is known of a cluster before a job is handed to it."""

    name: str = ""
    version: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    host: str = ""
    partitions: tuple[Partition, ...] = ()
    nodes: tuple[Node, ...] = ()
    settings: Row = field(default_factory=dict)  # `scontrol show config`, as it stands
    rights: Rights | str = "accounting was not asked"  # or why they are unknown
    paths: Mapping[str, PathStatus] = field(default_factory=dict)  # the profile's paths as this machine sees them
    interfaces: tuple[str, ...] = ()  # network interfaces of this machine

    @property
    def enforces(self) -> frozenset[str]:
        """What of accounting is enforced: associations, limits, qos, safe, wckeys."""
        words = split_list(self.settings.get("AccountingStorageEnforce", ""))
        return frozenset(word.lower() for word in words if word not in ("0", "nojobs", "nosteps"))

    @property
    def enforces_limits(self) -> bool:
        """Whether jobs over a limit of their account or QOS are held back."""
        return bool(self.enforces & {"limits", "safe", "all"})

    @property
    def enforces_qos(self) -> bool:
        """Whether a job needs a QOS that its user may use."""
        return bool(self.enforces & {"qos", "all"})

    @property
    def has_accounting(self) -> bool:
        """Whether ended jobs are kept in a data base."""
        kind = self.settings.get("AccountingStorageType", "accounting_storage/none")
        return not kind.endswith("/none") and kind not in NOTHING

    @property
    def refuses_over_limit(self) -> bool:
        """Whether sbatch refuses what no partition allows; else such a job waits for ever."""
        return self.settings.get("EnforcePartLimits", "NO").upper() in ("ALL", "ANY", "YES")

    @property
    def counts_memory(self) -> bool:
        """Whether memory is shared out among jobs, and not only compared with the node's size."""
        return "MEMORY" in self.settings.get("SelectTypeParameters", "").upper()

    @property
    def gives_whole_nodes(self) -> bool:
        """Whether any job takes all of a node."""
        return self.settings.get("SelectType", "").endswith("linear")

    @property
    def is_one_machine(self) -> bool:
        """Whether every node is this host: then what is seen here is seen there."""
        return bool(self.nodes) and all(node.host == self.host for node in self.nodes)

    def memory_rule(self, key: str, partition: Partition) -> int | None:
        """A rule such as MaxMemPerCPU in bytes: the partition's own, else that of the cluster."""
        own = partition.memory_rules.get(key)
        return own if own is not None else read_memory(self.settings.get(key, ""))

    def partition(self, name: str | None) -> Partition | None:
        """The partition of a name, or the default one."""
        return next((one for one in self.partitions if (one.is_default if name is None else one.name == name)), None)

    def nodes_of(self, partition: Partition) -> tuple[Node, ...]:
        """Nodes of a partition, up or not."""
        return tuple(node for node in self.nodes if partition.name in node.partitions)


def read_site(controller: Shows, *, paths: Iterable[str] = ()) -> Site:
    """JobRequest Slurm and its accounting, and look at paths of this machine.

    Raises
    ------
    RunError
        If Slurm does not answer.
    """
    try:
        partitions, nodes, config = (controller.show(what) for what in ("partition", "node", "config"))
    except (OSError, RuntimeError) as error:
        raise RunError(
            f"Slurm does not answer, so nothing is known of this cluster ({error}): try again where `sinfo` works, "
            "on a login node"
        ) from None
    site, user = describe_site(partitions, nodes, config), getpass.getuser()
    groups = tuple(entry.gr_name for entry in grp.getgrall() if entry.gr_gid in {os.getgid(), *os.getgroups()})
    return replace(
        site,
        user=user,
        groups=groups,
        host=socket.gethostname(),
        rights=read_rights(user) if site.has_accounting else "this cluster keeps no accounts",
        paths=inspect_paths(paths),
        interfaces=tuple(psutil.net_if_addrs()),
    )


def describe_site(partitions: Iterable[Row], nodes: Iterable[Row], config: Sequence[Row]) -> Site:
    """Put together what `scontrol show partition`, `node` and `config` told."""
    settings = {key: value for row in config for key, value in row.items()}
    return Site(
        name=settings.get("ClusterName", ""),
        version=settings.get("SLURM_VERSION", ""),
        partitions=tuple(_partition(row) for row in partitions),
        nodes=tuple(_node(row) for row in nodes),
        settings=settings,
    )


def _partition(row: Row) -> Partition:
    def count(key: str) -> int | None:
        value = row.get(key, "")
        return None if not value.isdigit() or value == "0" else int(value)

    def names(key: str) -> tuple[str, ...]:
        value = row.get(key, "")
        return () if value == "ALL" else tuple(split_list(value))

    return Partition(
        name=row["PartitionName"],
        state=row.get("State", "UP"),
        is_default=row.get("Default") == "YES",
        max_time_s=parse_minutes(row.get("MaxTime", "")),
        default_time_s=parse_minutes(row.get("DefaultTime", "")),
        min_nodes=count("MinNodes") or 0,
        max_nodes=count("MaxNodes"),
        max_cores_per_node=count("MaxCPUsPerNode"),
        memory_rules={key: n for key in _MEMORY_RULES if (n := read_memory(row.get(key, ""))) is not None},
        allow_accounts=names("AllowAccounts"),
        deny_accounts=names("DenyAccounts"),
        allow_qos=names("AllowQos"),
        deny_qos=names("DenyQos"),
        allow_groups=names("AllowGroups"),
        qos=None if row.get("QoS", "") in NOTHING else row["QoS"],
        root_only=row.get("RootOnly") == "YES",
        needs_reservation=row.get("ReqResv") == "YES",
        whole_nodes=row.get("OverSubscribe") == "EXCLUSIVE" or row.get("ExclusiveUser") == "YES",
    )


def read_memory(text: str) -> int | None:
    """Bytes of a count of MiB; None for no rule."""
    return int(text) * MEBIBYTE if text.isdigit() and text != "0" else None


def _node(row: Row) -> Node:
    cores = int(row.get("CPUEfctv") or row.get("CPUTot") or 0)
    spared = int(row.get("MemSpecLimit", "0") or 0)  # kept for the system: no job gets it
    return Node(
        name=row["NodeName"],
        cores=cores,
        memory=max(0, int(row.get("RealMemory", "0")) - spared) * MEBIBYTE,
        gpus=list_gpus(row.get("Gres", "")),
        features=tuple(split_list(row.get("ActiveFeatures", ""))),
        state=row.get("State", "UNKNOWN"),
        reason=row.get("Reason", ""),
        partitions=tuple(split_list(row.get("Partitions", ""))),
        host=row.get("NodeHostName", ""),
    )
