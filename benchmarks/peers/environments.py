"""An environment for each peer, made on demand: its own Python packages at pinned versions, none of ours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

__all__ = ["PEERS", "PeerError", "find_interpreter", "make_environment", "peers_folder"]

# What a peer's speed depends on is pinned; what else it draws in stands in the environment's ready.json.
PEERS: dict[str, tuple[str, ...]] = {
    "aequilibrae": ("aequilibrae==1.7.2", "numpy==2.4.6", "scipy==1.17.1", "pandas==3.1.1"),
    "duckdb": ("duckdb==2.0.1", "numpy==2.4.6"),
    "landlab": ("landlab==2.11.0", "requireit==0.8.0", "numpy==2.4.6"),
    "properscoring": ("properscoring==0.1", "numba==0.68.1", "numpy==2.4.6", "scipy==1.17.1"),
    "pysteps": ("pysteps==1.21.5", "opencv-python-headless==5.0.0.93", "numpy==2.4.6", "scipy==1.17.1"),
    "scipy": ("scipy==1.17.1", "numpy==2.4.6"),
}


class PeerError(RuntimeError):
    """A peer is unknown, has no environment, or it could not be made."""


def peers_folder() -> Path:
    """Where environments of peers stand: ``$CITYTIDE_HOME/peers``, by default ``~/.citytide/peers``."""
    return Path(os.environ.get("CITYTIDE_HOME", "~/.citytide")).expanduser() / "peers"


def _folder_of(peer: str) -> Path:
    if peer not in PEERS:
        raise PeerError(f"there is no peer {peer!r}; known: {', '.join(PEERS)}")
    asked = json.dumps([sorted(PEERS[peer]), sys.version_info[:2]]).encode()
    return peers_folder() / f"{peer}-{hashlib.sha256(asked).hexdigest()[:8]}"


def find_interpreter(peer: str) -> Path:
    """The peer's Python.

    Raises
    ------
    PeerError
        If there is no such peer, or its environment is not made.
    """
    folder = _folder_of(peer)
    if not (folder / "ready.json").exists():
        raise PeerError(f"peer {peer} has no environment yet: python -m citytide.benchmarks.peers make {peer}")
    return folder / "bin" / "python"


def make_environment(peer: str) -> Path:
    """Make the peer's environment unless it is there, and return its Python.

    A folder without ``ready.json`` is what an interrupted attempt left, and is made anew. Other versions asked for, or
    another Python, make another folder.

    Raises
    ------
    PeerError
        With pip's last words, if the packages cannot be had.
    """
    folder = _folder_of(peer)
    if (folder / "ready.json").exists():
        return folder / "bin" / "python"
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, "install", "--quiet", *PEERS[peer]], capture_output=True, text=True)
    if installed.returncode:
        raise PeerError(f"peer {peer} cannot be installed: {_last_line(installed.stderr)}")
    frozen = subprocess.run([*pip, "freeze"], capture_output=True, text=True, check=True).stdout.split()
    ready = {"peer": peer, "asked": PEERS[peer], "installed": frozen, "python": sys.version, "made": time.time()}
    partial = folder / "ready.json.partial"
    partial.write_text(json.dumps(ready, indent=1))
    os.replace(partial, folder / "ready.json")
    return python


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "pip said nothing"
