"""Where a sandbox may stand, and who may start one there."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import RunError
from .files import ROOM, SandboxPlan
from .packages import missing_packages
from .processes import find_processes

__all__ = ["MARKER", "check_folder", "current_user", "lock_folder"]

MARKER = "sandbox.json"
SOCKET_PATH = 108  # bytes of a Unix socket's path, with the closing zero


def check_folder(folder: Path, accounting: bool, sizes: Mapping[str, int]) -> None:
    missing = missing_packages(accounting=accounting)
    if missing:
        raise RunError(f"a sandbox needs Debian packages that are not here: apt-get install {' '.join(missing)}")
    for name, size in sizes.items():
        if size < 1:
            raise RunError(f"--{name} must be at least 1, got {size}")
    if len(os.fsencode(folder)) + ROOM >= SOCKET_PATH:
        longest = SOCKET_PATH - ROOM - 1
        raise RunError(f"{folder} is too long a path for the sockets in it: choose --dir of at most {longest} bytes")
    if set(str(folder)) & set(" \t\n\"'\\#,=[]%"):
        raise RunError(f"slurm.conf cannot hold the path {str(folder)!r}: choose --dir of letters, digits, . _ and -")


@contextmanager
def lock_folder(folder: Path, plan: SandboxPlan) -> Iterator[None]:
    """Hold a folder while a sandbox starts in it: of two that want it, one gets it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker = folder / MARKER
    if not marker.is_file() and any(folder.iterdir()):
        raise RunError(f"{folder} holds files that do not belong to a sandbox: choose a new or empty folder with --dir")
    folder.chmod(0o700)
    with marker.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"a sandbox is being started in {folder}: wait for it, or choose another --dir") from None
        if find_processes(folder):
            raise RunError(f"a sandbox runs in {folder} already: use it, or `citytide sandbox stop` it first")
        for path in folder.iterdir():  # of a sandbox that went down with its machine
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != marker:
                path.unlink()
        file.truncate(0)
        json.dump(plan.to_json(), file)
        file.flush()
        yield


def current_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise RunError(f"user number {os.geteuid()} has no name here, and Slurm needs one") from None
