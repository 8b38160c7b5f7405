"""A look at this machine before a run is tried on it."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunError
from ..plan.devices import describe_machine
from ..plan.profiles import find_profiles, load_profile
from ..run.index import index_folder

__all__ = ["Finding", "examine"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at, what was found, and what to do if it is not well."""

    what: str
    found: str
    ok: bool = True
    cure: str = ""


def examine() -> list[Finding]:
    """All findings, good and bad."""
    return list(_examine())


def _examine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", version, sys.version_info >= (3, 11), "install Python 3.11 or newer")
    machine = describe_machine()
    yield Finding("cores", str(machine.cores))
    enough = machine.available_bytes > 1e9
    yield Finding(
        "memory",
        f"{machine.available_bytes / 1e9:.1f} of {machine.memory_bytes / 1e9:.1f} GB free",
        enough,
        "a run needs about 1 GB: close something or ask for a larger job",
    )
    yield Finding(
        "gpu",
        f"{len(machine.gpus)}: {'; '.join(map(str, machine.gpus))}" if machine.gpus else "none; kernels run on the CPU",
    )
    yield _writable("run index", index_folder(), "set CITYTIDE_HOME to a folder you may write to")
    yield _writable("scratch", Path(tempfile.gettempdir()), "set TMPDIR to a folder on a local disk")
    layer = os.environ.get("NUMBA_THREADING_LAYER", "default")
    yield Finding(
        "numba threads", layer, layer != "workqueue", "unset NUMBA_THREADING_LAYER: workqueue aborts under threads"
    )
    fonts = importlib.util.find_spec("matplotlib") is not None
    yield Finding("plots", "matplotlib" if fonts else "missing", fonts, "pip install matplotlib")
    data = os.environ.get("CITYTIDE_DATA")
    found = data is None or Path(data).is_dir()
    yield Finding(
        "data folder", data or "CITYTIDE_DATA is not set; the cache is used", found, "let CITYTIDE_DATA name a folder"
    )
    for name, path in find_profiles().items():
        try:
            load_profile(str(path))
            yield Finding(f"profile {name}", str(path))
        except RunError as error:
            yield Finding(f"profile {name}", str(path), False, str(error))


def _writable(what: str, folder: Path, cure: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding(what, str(folder))
    except OSError as error:
        return Finding(what, f"{folder}: {error.strerror}", False, cure)
