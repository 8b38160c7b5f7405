"""The processes of a sandbox, found by its folder: process numbers are reused, so none is believed unseen."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Sequence
from pathlib import Path

import psutil

__all__ = ["daemon_pid", "end", "find_processes", "free_ports", "is_alive"]

PORTS = range(20000, 30000)  # below those that the kernel hands out to clients
KILL_S = 10.0


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listens on, drawn at random so that two sandboxes rarely meet."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return tuple(found)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def daemon_pid(folder: Path, name: str) -> int | None:
    """The process of a daemon by its pid file, if it lives and is this sandbox's."""
    try:
        pid = int((folder / "run" / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return None
    return pid if pid in find_processes(folder) else None


def find_processes(folder: Path, *, jobs_only: bool = False) -> list[int]:
    """Processes of a sandbox: its daemons and what its jobs started, but neither this process nor one above it."""
    spared = {0, *(process.pid for process in [psutil.Process(), *psutil.Process().parents()])}
    return [
        process.pid
        for process in psutil.process_iter()
        if process.pid not in spared and (kind := _kind(process, folder)) and (kind == "job" or not jobs_only)
    ]


def _kind(process: psutil.Process, folder: Path) -> str:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        name = process.name()
        environment = process.environ()
        words = process.cmdline()
    except psutil.Error:
        return ""
    ours = environment.get("SLURM_CONF") == str(folder / "slurm.conf")
    if name in ("munged", "mariadbd", "slurmctld", "slurmd", "slurmdbd", "slurmstepd"):
        return "daemon" if ours or any(f"{folder}/" in word for word in words) else ""
    return "job" if ours and "SLURMD_NODENAME" in environment else ""


def end(pids: Sequence[int], *, grace_s: float) -> None:
    """End processes: with a request first if there is a grace, then by force."""
    processes = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    for process in processes if grace_s else ():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=grace_s) if grace_s else ([], processes)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=KILL_S)
