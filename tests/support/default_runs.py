"""Stores that runs with default settings write, and what each of their arrays holds.

``python tests/support/default_runs.py FOLDER`` records the stores under FOLDER in default_runs.json: do so only when
a change of results is meant, and say so in CHANGELOG.md.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import zarr

RECORD = Path(__file__).with_suffix(".json")
STORES = (
    "city.zarr", "traffic-assignment/assignment.zarr", "inundation/flood.zarr", "flood-warning/flood.zarr",
    "flood-warning/forecast.zarr",
)  # fmt: skip
DECIDE_BITS = ("llvmlite", "numba", "numcodecs", "numpy", "pyproj", "scipy", "shapely", "xarray", "zarr")
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def describe_machine() -> dict[str, str]:
    """What the last bits depend on: the type of the CPU, Python, and the packages that compute and write."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if sys.platform == "linux" else []
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    cpu = " ".join(told.get(key, "") for key in ("vendor_id", "cpu family", "model")).strip() or platform.machine()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"cpu": cpu, "python": python, **{name: version(name) for name in DECIDE_BITS}}


def hash_files(folder: Path, pattern: str = "**/*") -> str:
    """SHA-256 over names, in order, and bytes of the files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.glob(pattern) if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def summarize(values: np.ndarray) -> dict[str, Any]:
    """Shape and type, and for numbers what is not finite, the sum of magnitudes, the sum and order statistics."""
    told: dict[str, Any] = {"shape": list(values.shape), "dtype": str(values.dtype)}
    if values.dtype.kind not in "fiub":
        return told | {"text": hashlib.sha256("\0".join(map(str, values.ravel().tolist())).encode()).hexdigest()}
    flat = values.ravel().astype(np.float64)
    finite = np.sort(flat[np.isfinite(flat)])
    told["not_finite"] = int(flat.size - finite.size)
    if finite.size:
        at = [round(share * (finite.size - 1)) for share in SHARES]
        told |= {"size": float(np.abs(finite).sum()), "sum": float(finite.sum())}
        told["ordered"] = [float(finite[0]), *finite[at].tolist(), float(finite[-1])]
    return told


def describe_store(store: Path) -> dict[str, Any]:
    """Hash of a store's own metadata, and hash and summary of each array."""
    arrays = {
        name: {"sha256": hash_files(store / name), **summarize(np.asarray(array[...]))}
        for name, array in sorted(zarr.open_group(store, mode="r").arrays())
    }
    return {"metadata": hash_files(store, "*"), "arrays": arrays}


def record_stores(folder: Path) -> None:
    """Write default_runs.json from the stores under ``folder``, one array a line."""
    lines = ['{"machine": ' + json.dumps(describe_machine()) + ', "stores": {']
    for name in STORES:
        told = describe_store(folder / name)
        arrays = ",\n".join(f"  {json.dumps(array)}: {json.dumps(held)}" for array, held in told["arrays"].items())
        end = "" if name == STORES[-1] else ","
        lines += [f' "{name}": {{"metadata": "{told["metadata"]}", "arrays": {{', arrays, f" }}}}{end}"]
    RECORD.write_text("\n".join([*lines, "}}"]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record_stores(Path(sys.argv[1]))
