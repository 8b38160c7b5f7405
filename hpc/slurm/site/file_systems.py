"""Paths: the file systems behind the paths of a profile, as this machine sees them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...plan.profiles import Profile

__all__ = ["MEMORY", "SHARED", "PathStatus", "inspect_paths", "list_paths", "read_mounts"]

# Kinds of file systems that many nodes share: slow and crowded as scratch, and right for programs and results.
SHARED = frozenset(
    "afs beegfs beegfs_nodev ceph cifs gfs2 glusterfs gpfs juicefs lustre moosefs nfs nfs4 ocfs2 orangefs panfs "
    "parastor pvfs2 smb3 sshfs wekafs yrfs".split()
)
MEMORY = frozenset({"ramfs", "tmpfs"})  # takes its space from the job's memory


@dataclass(frozen=True)
class PathStatus:
    """A path as it is on one machine."""

    exists: bool
    writable: bool = False
    executable: bool = False
    file_system: str = ""  # such as ext4, nfs4, lustre, tmpfs; "" if that is unknown

    @property
    def is_shared(self) -> bool:
        """Whether many nodes see it."""
        return self.file_system.removeprefix("fuse.").lower() in SHARED

    @property
    def is_memory(self) -> bool:
        """Whether its bytes are taken from memory."""
        return self.file_system in MEMORY


def list_paths(profile: Profile) -> list[str]:
    """Paths of a profile that a machine can be asked about: variables of the node cannot."""
    wanted = [profile.python, profile.slurm_conf, *(pool.scratch for pool in profile.pools.values())]
    return [path for path in wanted if path and "$" not in path.replace("$USER", "").replace("${USER}", "")]


def inspect_paths(paths: Iterable[str]) -> dict[str, PathStatus]:
    """Each path as this machine sees it."""
    mounts = read_mounts()
    return {path: _look(path, mounts) for path in paths}


def _look(text: str, mounts: Mapping[str, str]) -> PathStatus:
    found = text if "/" in text else shutil.which(text)
    if found is None:
        return PathStatus(exists=False)
    path = Path(os.path.expandvars(found))
    real = Path(os.path.realpath(path))
    system = next((mounts[str(folder)] for folder in (real, *real.parents) if str(folder) in mounts), "")
    return PathStatus(path.exists(), os.access(path, os.W_OK), os.access(path, os.X_OK), system)


def read_mounts(table: Path = Path("/proc/mounts")) -> dict[str, str]:
    """Kind of the file system at every mount point; of two at one point the later counts."""
    try:
        lines = [line.split() for line in table.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return {}
    return {line[1].replace("\\040", " "): line[2] for line in lines if len(line) > 2}
