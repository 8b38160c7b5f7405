"""The processes of a sandbox, found by its folder: process numbers are reused, so none is believed unseen."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

__all__ = ["daemon_pid", "end", "find_jobs", "find_processes", "free_ports", "home_address"]

PORTS = range(20000, 30000)  # below those that the kernel hands out to clients
LOOPBACK = "127.0.0.1"
KILL_S = 10.0
POLL_S = 0.1
DAEMONS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd")


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listens on, drawn at random so that two sandboxes do not meet."""
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


def home_address(host: str) -> tuple[str, bool]:
    """An address that stays on this machine, and whether the host's name leads to it."""
    try:
        address = socket.gethostbyname(host)
    except OSError:
        return LOOPBACK, False
    return (address, True) if address.startswith("127.") else (LOOPBACK, False)


def daemon_pid(folder: Path, name: str) -> int | None:
    """The process of a daemon by its pid file, if it lives and is this sandbox's."""
    try:
        process = psutil.Process(int((folder / "run" / f"{name}.pid").read_text()))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process.pid if _is_daemon(process, folder) else None


def find_jobs(folder: Path) -> list[int]:
    """What the jobs of a sandbox started and has not ended, but neither this process nor one above it."""
    found = [process for process in psutil.process_iter() if _is_of_job(process, folder)]
    for process in psutil.process_iter():
        if _is_step(process, folder):
            with contextlib.suppress(psutil.Error):
                found += process.children(recursive=True)
    return _spare_ours(found)


def find_processes(folder: Path) -> list[int]:
    """Daemons and jobs of a sandbox, but neither this process nor one above it."""
    daemons = [p for p in psutil.process_iter() if _is_daemon(p, folder) or _is_step(p, folder)]
    return sorted({*_spare_ours(daemons), *find_jobs(folder)})


def _spare_ours(processes: Iterable[psutil.Process]) -> list[int]:
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    return sorted({p.pid for p in processes if p.pid not in spared and not _is_zombie(p)})


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_daemon(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.name() not in DAEMONS or _is_zombie(process):
            return False
        if any(f"{folder}/" in word for word in process.cmdline()):
            return True
        return process.environ().get("SLURM_CONF") == str(folder / "slurm.conf")  # slurmdbd takes no path
    except psutil.Error:
        return False


def _is_step(process: psutil.Process, folder: Path) -> bool:
    """Whether this is the parent of a job's processes; its title lies over its environment, so its log must do."""
    try:
        if process.name() != "slurmstepd":
            return False
        files = Path(f"/proc/{process.pid}/fd")
        return any(_leads_into(file, folder) for file in files.iterdir())
    except (psutil.Error, OSError):
        return False


def _leads_into(link: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.readlink(link).startswith(f"{folder}/")
    return False


def _is_of_job(process: psutil.Process, folder: Path) -> bool:
    """A shell of somebody who uses the sandbox has SLURM_CONF too, but no node's name."""
    try:
        environment = process.environ()
    except psutil.Error:
        return False
    return environment.get("SLURM_CONF") == str(folder / "slurm.conf") and "SLURMD_NODENAME" in environment


def end(pids: Iterable[int], *, grace_s: float) -> None:
    """End processes: with a request first if there is a grace, then by force."""
    left = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.append(psutil.Process(pid))
    if grace_s:
        left = _send(signal.SIGTERM, left, grace_s)
    _send(signal.SIGKILL, left, KILL_S)


def _send(number: signal.Signals, processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Signal processes and wait; what is left of them. A zombie is gone: its parent may take seconds to see it."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    deadline = time.monotonic() + timeout_s
    while (left := [p for p in processes if p.is_running() and not _is_zombie(p)]) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return left
