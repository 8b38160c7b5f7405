"""Scratch folders that killed jobs of a run left behind on this node, and on file systems it shares with others.

A job's own script removes its folder; one that is killed outright cannot. Another node's local disk is out of reach
from here: there, the next job of any run takes away what nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

__all__ = ["scratch_bases", "sweep_scratch"]


def scratch_bases(named: Iterable[str | None]) -> set[Path]:
    """Folders in which jobs lay their scratch: those that pools name, the job's own, and the usual one."""
    own = os.environ.get("CITYTIDE_SCRATCH")
    bases = {Path(os.path.expandvars(name)) for name in named if name}
    bases |= {Path(own).parent} if own else set()
    return {base for base in bases | {Path(os.environ.get("TMPDIR", "/tmp"))} if "$" not in str(base)}


def sweep_scratch(identity: str, bases: Iterable[Path]) -> list[Path]:
    """Remove a run's scratch folders that no living job holds, and return them."""
    own, gone = os.environ.get("CITYTIDE_SCRATCH"), []
    for base in bases:
        for folder in base.glob(f"citytide-{os.getuid()}-{identity}.*"):
            if str(folder) == own or folder.is_symlink() or not folder.is_dir() or _is_held(folder):
                continue
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder)
    return gone


def _is_held(folder: Path) -> bool:
    """Whether the job that made it lives: its shell holds a lock."""
    try:
        with (folder / ".held").open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True
