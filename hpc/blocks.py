"""One block on a worker: read its arrays, run the step's function, write whole shards, say what was done.

Safe to run twice, even at once: both copies compute the same bytes, and each file appears whole or not at all.
"""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .devices import peak_memory_bytes
from .errors import RunError
from .plans import Block, Plan, PlannedStep, read_plan
from .stores import hash_file, locate, sync_folder, write_block

__all__ = ["load_function", "run_block"]

Arrays = dict[str, NDArray[Any]]
SMALL_BYTES = 1 << 22  # a sliced array of this size is read once, like those every block reads whole
STOP = "stop"  # a file in the run folder: no further block starts


def load_function(path: str) -> Callable[..., Any]:
    """The top-level function that ``"package.module:name"`` names."""
    module, _, name = path.partition(":")
    if module == "__main__":
        raise RunError(f"{path}: a step's function must stand in an importable module, not in the script being run")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


def run_block(run: str, attempt: int, name: str, index: int) -> dict[str, Any] | None:
    """Run block ``index`` of step ``name``; returns its ledger line, or None when the run is being stopped."""
    folder = Path(run)
    if (folder / STOP).exists():
        return None
    started, clock = time.time(), time.perf_counter()
    step = _plan(run, attempt).step(name)
    block = step.block(index)
    _reset_peak()
    results = _compute(folder, step, block)
    scalars = {key: _plain(results.pop(key)) for key in step.scalars}
    computed = time.perf_counter() - clock
    try:
        if step.product is None:
            shards = _write_npz(folder / "work" / step.name / f"{index}.npz", results)
        else:
            shards = write_block(folder, step.product, block.start, block.stop, results)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OSError(errno.ENOSPC, "no space left on the disk", run) from None
        raise
    return {
        "step": step.name,
        "block": index,
        "worker": f"{os.uname().nodename}:{os.getpid()}",
        "started": round(started, 3),
        "seconds": round(time.perf_counter() - clock, 6),
        "compute_seconds": round(computed, 6),
        "memory_bytes": peak_memory_bytes(),
        "shards": shards,
        "scalars": scalars,
    }


def _compute(folder: Path, step: PlannedStep, block: Block) -> Arrays:
    function = load_function(step.function)
    if step.kind == "block":
        return dict(function(_block_arrays(folder, step, block), **step.params))
    below = folder / step.inputs[0]
    if step.kind == "combine":
        return dict(function([_read_npz(below / f"{index}.npz") for index in range(block.start, block.stop)]))
    return dict(function(_read_npz(below / "0.npz")))


def _plain(values: Any) -> Any:
    """Scalars as JSON; a ragged list (a history per row) passes as it is."""
    return values.tolist() if isinstance(values, np.ndarray) else values


@lru_cache(maxsize=4)
def _plan(run: str, attempt: int) -> Plan:
    return read_plan(Path(run))


def _block_arrays(folder: Path, step: PlannedStep, block: Block) -> Arrays:
    arrays: Arrays = {}
    for source in step.inputs:
        group, _, names = source.partition(":")
        if group.startswith("work/"):
            arrays |= _read_npz(folder / group / "0.npz")
            continue
        path = folder / group if group.endswith(".zarr") else locate(folder, group)
        sliced, whole = _open_group(str(path), step.dim, names)
        arrays |= whole
        arrays |= {name: np.asarray(array[block.start : block.stop]) for name, array in sliced.items()}
    return arrays


@lru_cache(maxsize=8)
def _open_group(path: str, dim: str, names: str) -> tuple[Mapping[str, Any], Arrays]:
    """Arrays without the blocked dim are the same for every block: a worker reads them once."""
    import zarr

    group = zarr.open_group(path, mode="r")
    sliced, whole = {}, {}
    for name, array in sorted(group.arrays()):
        if names and name not in names.split(","):
            continue
        dims = getattr(array.metadata, "dimension_names", None) or ("",)
        if dims[0] == dim:
            sliced[name] = np.asarray(array[...]) if array.nbytes <= SMALL_BYTES else array
        else:
            whole[name] = np.asarray(array[...])
    return sliced, whole


def _read_npz(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid4().hex}.partial")
    partial.write_bytes(buffer.getbuffer())
    digest = hash_file(partial, sync=True)
    os.replace(partial, path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)
    return {f"work/{path.parent.name}/{path.name}": digest}


def _reset_peak() -> None:
    """Start VmHWM afresh, so that the peak is this block's; where the kernel forbids it, the worker's peak stands."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
