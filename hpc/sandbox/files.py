"""What a sandbox's daemons read: slurm.conf, gres.conf, slurmdbd.conf of a Slurm with one machine for all its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["GPU_DEVICES", "ROOM", "SandboxPlan", "write_files"]

GPU_NODES = 2  # the first two nodes have GPUs
GPU_DEVICES = ("/dev/null", "/dev/zero")  # any character device will do, and these two are everywhere
ROOM = 40  # characters of the longest socket below the folder: spool/node4/node4_<job>.<step>


@dataclass(frozen=True)
class SandboxPlan:
    """What one sandbox is made of; kept in its folder as ``sandbox.json``."""

    user: str
    host: str
    address: str = "127.0.0.1"
    named: bool = True  # the host's name leads to the address
    nodes: int = 4
    cpus: int = 4
    memory_mb: int = 4000
    accounting: bool = True
    options: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()  # of the controller, of accounting, and of one slurmd after the other
    created: str = ""
    cluster: str = "sandbox"

    @property
    def node_names(self) -> tuple[str, ...]:
        return tuple(f"node{number}" for number in range(1, self.nodes + 1))

    @property
    def gpu_nodes(self) -> tuple[str, ...]:
        return self.node_names[:GPU_NODES]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "options": dict(self.options), "ports": list(self.ports)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SandboxPlan:
        return cls(**{**data, "ports": tuple(data["ports"])})


def write_files(folder: Path, plan: SandboxPlan) -> None:
    """Write the configuration and make the folders that the daemons expect to find."""
    for name in ("log", "run", "state", *(f"{kind}/{node}" for kind in ("spool", "tmp") for node in plan.node_names)):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for number, device in enumerate(GPU_DEVICES):
        link = folder / f"gpu{number}"
        link.unlink(missing_ok=True)
        link.symlink_to(device)
    _write(folder / "slurm.conf", _slurm_conf(folder, plan))
    _write(folder / "gres.conf", _gres_conf(folder, plan))
    if plan.accounting:
        _write(folder / "slurmdbd.conf", _slurmdbd_conf(folder, plan))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)  # slurmdbd refuses a file that others may read


def _slurm_conf(folder: Path, plan: SandboxPlan) -> str:
    settings = {**_settings(folder, plan), **(_accounting(folder, plan) if plan.accounting else {})}
    known = {key.lower(): key for key in settings}
    for key, value in plan.options.items():
        settings[known.get(key.lower(), key)] = value
    lines = [f"{key}={value}" for key, value in settings.items()]
    return "\n".join([*lines, *_node_lines(plan), *_partition_lines(plan)]) + "\n"


def _settings(folder: Path, plan: SandboxPlan) -> dict[str, str]:
    return {
        "ClusterName": plan.cluster,
        "SlurmctldHost": f"{plan.host}({plan.address})",
        "SlurmUser": plan.user,
        "SlurmdUser": plan.user,
        "AuthType": "auth/munge",
        # Short-lived credentials: a requeued job waits for the old one to expire, 2 minutes by default.
        "AuthInfo": f"socket={folder}/munge.sock,cred_expire=5",
        "CredType": "cred/munge",
        # Off the network if possible: told so, Slurm listens where the host's name leads.
        **({"CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny"} if plan.named else {}),
        "SlurmctldPort": str(plan.ports[0]),
        "SlurmctldPidFile": f"{folder}/run/slurmctld.pid",
        "SlurmctldLogFile": f"{folder}/log/slurmctld.log",
        "SlurmdPidFile": f"{folder}/run/slurmd-%n.pid",
        "SlurmdLogFile": f"{folder}/log/slurmd-%n.log",
        "SlurmdSpoolDir": f"{folder}/spool/%n",
        "StateSaveLocation": f"{folder}/state",
        "TmpFS": f"{folder}/tmp/%n",
        "SlurmdParameters": "config_overrides",  # nodes state more CPUs and memory than the machine has
        # cgroups belong to the machine: processes are tracked by their parents, memory by polling.
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/linux",
        "JobAcctGatherFrequency": "1",
        "JobAcctGatherParams": "OverMemoryKill",
        "EnforcePartLimits": "NO",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core_Memory",
        "DefMemPerCPU": "500",
        "GresTypes": "gpu",
        "AccountingStorageType": "accounting_storage/none",
        "JobCompType": "jobcomp/filetxt",
        "JobCompLoc": f"{folder}/log/jobs.log",
        "PreemptType": "preempt/partition_prio",
        "PreemptMode": "REQUEUE",
        "ReturnToService": "2",
        "SchedulerParameters": "bf_interval=1,sched_interval=1,sched_min_interval=0",
        "KillWait": "3",
        "SlurmdTimeout": "20",
        "MessageTimeout": "10",
        "MailProg": "/bin/true",
        "PropagateResourceLimits": "NONE",
        "SlurmctldDebug": "info",
        "SlurmdDebug": "info",
    }


def _accounting(folder: Path, plan: SandboxPlan) -> dict[str, str]:
    return {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": plan.address,
        "AccountingStoragePort": str(plan.ports[1]),
        "AccountingStoragePass": f"{folder}/munge.sock",  # sacct asks the default socket without it
        "AccountingStorageTRES": "gres/gpu",
        "AccountingStoreFlags": "job_comment",
    }


def _node_lines(plan: SandboxPlan) -> list[str]:
    lines = []
    for number, name in enumerate(plan.node_names):
        memory = plan.memory_mb * 2 if number and name == plan.node_names[-1] else plan.memory_mb
        gpus = f" Gres=gpu:{len(GPU_DEVICES)} Feature=gpunode" if name in plan.gpu_nodes else ""
        lines.append(
            f"NodeName={name} NodeHostname={plan.host} NodeAddr={plan.address} Port={plan.ports[2 + number]} "
            f"CPUs={plan.cpus} Sockets=1 CoresPerSocket={plan.cpus} ThreadsPerCore=1 RealMemory={memory}{gpus} "
            "State=UNKNOWN"
        )
    return lines


def _partition_lines(plan: SandboxPlan) -> list[str]:
    everywhere = ",".join(plan.node_names)
    partitions = {
        "debug": f"Nodes={everywhere} Default=YES MaxTime=1-00:00:00",
        "tiny": f"Nodes={everywhere} MaxTime=1 DefaultTime=1",
        "gpu": f"Nodes={','.join(plan.gpu_nodes)} MaxTime=1-00:00:00",
        "bigmem": f"Nodes={plan.node_names[-1]} MaxTime=1-00:00:00",
        "spare": f"Nodes={everywhere} MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE",  # yields to the others
    }
    common = "DefaultTime=5 PriorityTier=10 PreemptMode=OFF State=UP"
    lines = []
    for name, words in partitions.items():
        given = {word.partition("=")[0] for word in words.split()}
        rest = [word for word in common.split() if word.partition("=")[0] not in given]
        lines.append(" ".join([f"PartitionName={name}", words, *rest]))
    return lines


def _gres_conf(folder: Path, plan: SandboxPlan) -> str:
    last = len(GPU_DEVICES) - 1
    return f"NodeName={','.join(plan.gpu_nodes)} Name=gpu File={folder}/gpu[0-{last}]\n"


def _slurmdbd_conf(folder: Path, plan: SandboxPlan) -> str:
    settings = {
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={folder}/munge.sock",
        "DbdAddr": plan.address,
        "DbdHost": "localhost",
        "DbdPort": str(plan.ports[1]),
        "SlurmUser": plan.user,
        "PidFile": f"{folder}/run/slurmdbd.pid",
        "LogFile": f"{folder}/log/slurmdbd.log",
        "DebugLevel": "info",
        "StorageType": "accounting_storage/mysql",
        "StorageHost": "localhost",  # over the database's socket: it has no port
        "StorageUser": plan.user,
        "StorageLoc": "slurm_acct",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())
