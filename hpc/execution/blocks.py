"""One block on a worker: read its arrays, run the step's function, write whole shards, say what was done.

Safe to run twice, even at once: both copies compute the same bytes, and each file appears whole or not at all.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import time
import traceback
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PersonLevelError
from ..plan.devices import peak_memory_bytes
from ..plan.plans import Plan, read_plan
from ..plan.steps import Block, PlannedStep
from ..run.privacy import call_privately
from ..store.shards import write_file
from ..store.stores import locate, sync_folders, write_block
from .functions import call_function, load_function
from .parts import PartWriter

__all__ = ["STOP", "BlockBatch", "run_blocks"]

Arrays = dict[str, NDArray[Any]]
NONE: NDArray[Any] = np.empty(0)
SMALL_BYTES = 1 << 22  # a sliced array of this size is read once, like those every block reads whole
STOP = "stop"  # a file in the run folder: no further block starts
MARGIN_S = 2.0  # between a block's expected end and that of its allocation
FRAMES, MESSAGE = 3, 2000  # calls of a step's own code, and characters of its message, that a failure shows
LONGEST: dict[tuple[str, str], float] = {}  # the longest block this process ran, by run and step [s]
# A block that several MPI processes compute together: functions of (run folder, step, block), in the room above this.
GANG = {
    "compute": "citytide.hpc.gang.blocks:compute_in_gang",
    "memory": "citytide.hpc.gang.blocks:count_rank_memory",
}
FULL = {errno.ENOSPC: "no space left on the disk", errno.EDQUOT: "the quota is used up on the disk"}


def run_blocks(run: str, attempt: int, step: str, indices: list[int], expected_s: float = 0.0) -> list[dict[str, Any]]:
    """Run blocks of a step one after another and say of each what became of it.

    Parameters
    ----------
    expected_s
        How long a block is expected to take [s]: none starts that would not end before ``CITYTIDE_DEADLINE``. Blocks
        are handed out ahead, so one this process ran since may have taught it that they take longer.

    Returns
    -------
    list of dict
        One for each index, in order, by ``outcome``: ``done`` (the block's ledger line; its bytes are on disk),
        ``failed`` (what the step raised, as text), ``declined`` (no time left here), ``stopped`` (the run is being
        stopped, or a block before it failed).
    """
    plan = _plan(run, attempt)
    batch = BlockBatch(Path(run), plan.step(step))
    name, stop = _worker_name(), os.path.join(run, STOP)
    outcomes: list[dict[str, Any]] = []
    failed = False
    for place, index in enumerate(indices):
        if failed or os.path.exists(stop):
            outcomes.append({"outcome": "stopped", "block": index})
        elif not _has_time(max(expected_s, LONGEST.get((run, step), 0.0))):
            outcomes.append({"outcome": "declined", "block": index, "worker": name})
        else:
            try:
                compute = partial(batch.run_block, index, _last_in_row(indices, place))
                line = call_privately(compute, batch.folder, plan, step, index)
            except Exception as error:
                failed = True
                outcomes.append({"outcome": "failed", "block": index, **_describe(error, run)})
            else:
                LONGEST[run, step] = max(line["seconds"], LONGEST.get((run, step), 0.0))
                outcomes.append({"outcome": "done", "name": name, **line})
    try:
        sync_folders(batch.unsynced)
    except OSError as error:  # then nobody knows which names are on disk
        return [{"outcome": "failed", "block": indices[0], **_describe(error, run)}] + [
            {"outcome": "stopped", "block": index} for index in indices[1:]
        ]
    return outcomes


def _last_in_row(indices: list[int], place: int) -> int:
    """The last of the blocks that follow one another from here on."""
    index = indices[place]
    for following in indices[place + 1 :]:
        if following != index + 1:
            break
        index = following
    return index


def _has_time(expected_s: float) -> bool:
    """Whether a block that starts now ends before the allocation does."""
    deadline = os.environ.get("CITYTIDE_DEADLINE")
    return not deadline or time.time() + 1.1 * expected_s + MARGIN_S <= float(deadline)


def _worker_name() -> str:
    """The name Dask knows this worker by."""
    distributed = sys.modules.get("distributed")
    try:
        return str(distributed.get_worker().name) if distributed else ""
    except ValueError:
        return ""  # not in a worker


def _describe(error: Exception, run: str) -> dict[str, Any]:
    """An exception as text: what is pickled here need not be known where it is read."""
    own = () if isinstance(error, PersonLevelError) else traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in own if frame.filename != __file__]
    number = error.errno if isinstance(error, OSError) else None
    if number in FULL:
        message = f"{FULL[number]} of {run}: make space and run `citytide resume {run}`; nothing is lost"
    else:
        message = _message(error)
    return {
        "type": type(error).__name__,
        "message": message[:MESSAGE],
        "trace": "".join(traceback.format_list(frames[-FRAMES:])).rstrip(),
        "errno": number,
    }


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # a step's own kind of error, which cannot say what it is
        return ""


def _plain(values: Any) -> Any:
    """Scalars as JSON; a ragged list (a history per row) passes as it is."""
    return values.tolist() if isinstance(values, (np.ndarray, np.generic)) else values


def _count_rank_bytes(folder: Path, step: PlannedStep, block: Block) -> int:
    """Peaks of the processes that computed a block together [B]."""
    return int(load_function(GANG["memory"])(folder, step, block))


@lru_cache(maxsize=4)
def _plan(run: str, attempt: int) -> Plan:
    return read_plan(Path(run))


class BlockBatch:
    """Blocks of one step that run one after another, and what they share: rows read ahead, folders not yet synced."""

    def __init__(self, folder: Path, step: PlannedStep) -> None:
        self.folder, self.step = folder, step
        self.unsynced: set[str] = set()
        self._ahead: dict[tuple[str, str], tuple[int, NDArray[Any]]] = {}

    def run_block(self, index: int, last: int) -> dict[str, Any]:
        """Run one block and return its ledger line; those up to ``last`` are likely to be next."""
        started, clock = time.time(), time.perf_counter()
        folder, step, block = self.folder, self.step, self.step.block(index)
        _reset_peak()
        parts = PartWriter(folder, step.product, block, self.unsynced)
        results = parts.drain(self._compute(block, step.block(last).stop))
        scalars = {key: _plain(results.pop(key)) for key in step.scalars}
        computed = time.perf_counter() - clock - parts.seconds
        if step.product is None:
            shards = _write_npz(folder, f"work/{step.name}/{index}.npz", results, self.unsynced)
        else:
            shards = parts.shards
            shards |= write_block(folder, step.product, block.start, block.stop, results, unsynced=self.unsynced)
        memory_bytes = peak_memory_bytes() + (_count_rank_bytes(folder, step, block) if step.ranks else 0)
        job = os.environ.get("CITYTIDE_JOB")
        return {
            "step": step.name,
            "block": index,
            "worker": f"{os.environ.get('SLURMD_NODENAME') or os.uname().nodename}:{os.getpid()}",
            **({"job": job} if job else {}),
            "started": round(started, 3),
            "seconds": round(time.perf_counter() - clock, 6),
            "compute_seconds": round(computed, 6),
            "memory_bytes": memory_bytes,
            "shards": shards,
            "scalars": scalars,
        }

    def _compute(self, block: Block, until: int) -> Any:
        step = self.step
        if step.ranks:
            return load_function(GANG["compute"])(self.folder, step, block)
        function = load_function(step.function)
        if step.kind == "block":
            return call_function(function, self.read_arrays(block, until), step.params)
        below = self.folder / step.inputs[0]
        if step.kind == "combine":
            return function([_read_npz(below / f"{index}.npz") for index in range(block.start, block.stop)])
        return function(_read_npz(below / "0.npz"))

    def read_arrays(self, block: Block, until: int) -> Arrays:
        """The arrays that a block works on; a few blocks up to ``until`` may be read at once."""
        arrays: Arrays = {}
        for source in self.step.inputs:
            group, _, names = source.partition(":")
            if group.startswith("work/"):
                arrays |= _read_npz(self.folder / group / "0.npz")
                continue
            path = str(self.folder / group if group.endswith(".zarr") else locate(self.folder, group))
            sliced, whole = _open_group(path, self.step.dim, names)
            arrays |= whole
            for name, array in sliced.items():
                if isinstance(array, np.ndarray):
                    arrays[name] = array[block.start : block.stop]
                else:
                    arrays[name] = self._rows((path, name), array, block, until)
        return arrays

    def _rows(self, key: tuple[str, str], array: Any, block: Block, until: int) -> NDArray[Any]:
        """Rows of a large array: a few small blocks at once, since Zarr takes about as long for one row as for many."""
        at, rows = self._ahead.pop(key, (0, NONE))
        if not at <= block.start < block.stop <= at + len(rows):
            rows = NONE  # before the next are read
            most = SMALL_BYTES // max(1, array.nbytes // array.shape[0])
            at, stop = block.start, max(block.stop, min(until, block.start + most))
            rows = _frozen(np.asarray(array[at:stop]))
        if until > block.stop:
            self._ahead[key] = at, rows
        chosen: NDArray[Any] = rows[block.start - at : block.stop - at]
        return chosen


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
            sliced[name] = _frozen(np.asarray(array[...])) if array.nbytes <= SMALL_BYTES else array
        else:
            whole[name] = _frozen(np.asarray(array[...]))
    return sliced, whole


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """What blocks share may not be written to: the next one would read it."""
    array.flags.writeable = False
    return array


def _read_npz(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _write_npz(folder: Path, name: str, arrays: Mapping[str, NDArray[Any]], unsynced: set[str]) -> dict[str, str]:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path = folder / name
    digest = write_file(str(path), buffer.getbuffer())
    unsynced.update((str(path.parent), str(path.parent.parent), str(folder)))
    return {name: digest}


def _reset_peak() -> None:
    """Start VmHWM afresh, so that the peak is this block's; where the kernel forbids it, the worker's peak stands."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
