"""The programs a sandbox is made of, and the Debian packages that bring them."""

from __future__ import annotations

import os
import shutil

from ..errors import RunError

__all__ = ["command_path", "find_command", "missing_packages"]

PACKAGES = {"munged": "munge", "sbatch": "slurm-client", "slurmctld": "slurmctld", "slurmd": "slurmd"}  # Debian's
ACCOUNTING_PACKAGES = {"mariadb-install-db": "mariadb-server", "mariadbd": "mariadb-server", "slurmdbd": "slurmdbd"}


def missing_packages(*, accounting: bool = True) -> list[str]:
    """The Debian packages that a sandbox needs and this machine lacks."""
    needed = PACKAGES | (ACCOUNTING_PACKAGES if accounting else {})
    return sorted({package for command, package in needed.items() if _which(command) is None})


def command_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _which(command: str) -> str | None:
    return shutil.which(command, path=command_path())


def find_command(command: str) -> str:
    found = _which(command)
    if found is None:
        raise RunError(f"{command} is not on this machine: apt-get install {' '.join(missing_packages())}")
    return found
