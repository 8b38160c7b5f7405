"""What a run record says beside its own words: when, where, on what, with which versions, from which files."""

from __future__ import annotations

import getpass
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..identity.sources import hash_files, list_digest

__all__ = ["describe_place", "describe_versions", "now", "read_json", "stamp_inputs", "write_json"]

PACKAGES = ("numpy", "numba", "scipy", "zarr", "numcodecs", "xarray", "dask", "distributed", "pandas", "pyarrow",
            "pyproj", "numba-cuda", "cupy-cuda12x", "cupy-cuda13x")  # fmt: skip


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def stamp_inputs(paths: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Name, path, size and SHA-256 of every file a run reads; a store is a folder of files, hashed as a whole."""
    return [{"name": name, "path": str(path.resolve()), **_weigh(path)} for name, path in paths.items()]


def _weigh(path: Path) -> dict[str, Any]:
    files = hash_files(path)
    if not path.is_dir():
        return {"sha256": list_digest(files), "bytes": path.stat().st_size}
    total = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return {"sha256": list_digest(files), "bytes": total, "files": len(files)}


def describe_place() -> dict[str, Any]:
    """Host, user, platform and versions."""
    return {
        "host": os.uname().nodename,
        "user": _user(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "packages": _packages(),
    }


def describe_versions() -> dict[str, str]:
    """What can change a result's last bits: processor and package versions."""
    return {"cpu": _cpu(), "python": platform.python_version(), **_packages()}


def _packages() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    return dict(data)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
