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

from ..errors import PersonLevelError, RunError
from ..plan.devices import peak_memory_bytes
from ..plan.plans import Plan, read_plan
from ..plan.ragged import PASS
from ..plan.steps import Block, PlannedStep
from ..ragged.placing import leave_rows, place_rows
from ..ragged.shuffling import gather_bucket, leave_split, select_declared
from ..run.privacy import call_privately
from ..run.records import read_json
from ..store.products import Product, Table
from ..store.release_request import ReleaseRequest
from ..store.sealed import Sealed, running_step
from ..store.shards import write_file
from ..store.stores import sync_folders, write_block
from ..store.tables import check_columns, fix_text, write_table
from ..store.withheld import split_masks
from .device_notes import collect_devices
from .functions import call_function, load_function
from .parts import PartWriter
from .reading import Arrays, BlockReader, read_npz

__all__ = ["STOP", "BlockBatch", "run_blocks"]

STOP = "stop"  # a file in the run folder: no further block starts
SEEN_S = 90.0  # a network file system may show a new file so much later
MARGIN_S = 2.0  # between a block's expected end and that of its allocation
OWN = f"{Path(__file__).parents[1]}{os.sep}"  # what calls a step's function is not the step's own code
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
    planned = _find_step(run, attempt, step)
    plan = _plan(run, attempt)
    batch = BlockBatch(Path(run), planned, plan.table(planned.table) if planned.table else None)
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
    frames = [frame for frame in own if not frame.filename.startswith(OWN)]
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


@lru_cache(maxsize=4)
def _ragged_product(run: str, name: str) -> Product:
    return read_plan(Path(run)).product(name)


def _find_step(run: str, attempt: int, name: str) -> PlannedStep:
    """A step as it was planned; one of a plan that was made since is read anew, once this node can see it."""
    deadline = time.monotonic() + SEEN_S
    while not any(step.name == name for step in _plan(run, attempt).steps) and time.monotonic() < deadline:
        _plan.cache_clear()
        if any(step.name == name for step in _plan(run, attempt).steps):
            break
        time.sleep(0.5)
    return _plan(run, attempt).step(name)


class BlockBatch:
    """Blocks of one step that run one after another, and what they share: rows read ahead, folders not yet synced."""

    def __init__(self, folder: Path, step: PlannedStep, table: Table | None = None) -> None:
        self.folder, self.step, self.table = folder, step, table
        self.unsynced: set[str] = set()
        self._reader = BlockReader(folder, step)

    def run_block(self, index: int, last: int) -> dict[str, Any]:
        """Run one block and return its ledger line; those up to ``last`` are likely to be next."""
        started, clock = time.time(), time.perf_counter()
        folder, step, block = self.folder, self.step, self.step.block(index)
        _reset_peak()
        parts = PartWriter(folder, step.product, block, self.unsynced)
        with running_step(), collect_devices() as devices:
            results = parts.drain(self._compute(block, step.block(last).stop))
        _refuse_sealed(step, results)
        parts.refuse_incomplete(step, results)
        scalars = {key: _plain(results.pop(key)) for key in step.scalars}
        computed = time.perf_counter() - clock - parts.seconds
        shards, lengths = self._leave(block, results, parts)
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
            **({"lengths": lengths} if lengths else {}),
            **({"devices": devices} if devices else {}),
        }

    def _leave(self, block: Block, results: dict[str, Any], parts: PartWriter) -> tuple[dict[str, str], dict[str, int]]:
        """Write what the block computed: the hash of each file, and how many ragged rows there are by offsets."""
        folder, step, unsynced = self.folder, self.step, self.unsynced
        if step.kind == "table":
            files: dict[str, str] = results.pop("files")
            return files, {}
        if step.kind == "place":
            return place_rows(folder, step, self._product(), block, unsynced), {}
        if step.kind == "split":
            return leave_split(folder, step, block, results, unsynced), {}
        if step.fills:
            return leave_rows(folder, step, self._product(), block, results, unsynced)
        if step.product is None:
            if self.table is not None:
                results = check_columns(self.table, results, step.name)
            results = {name: fix_text(np.asanyarray(array), name) for name, array in results.items()}
            return _write_npz(folder, f"work/{step.name}/{block.index}.npz", results, unsynced), {}
        written = write_block(folder, step.product, block.start, block.stop, results, unsynced=unsynced)
        return parts.shards | written, {}

    def _product(self) -> Product:
        """The ragged product that the step fills or places."""
        return _ragged_product(str(self.folder), self.step.fills or str(self.step.product))

    def _compute(self, block: Block, until: int) -> Any:
        step = self.step
        if step.kind == "table":
            assert self.table is not None
            counts, files = write_table(self.folder, self.table, step.inputs[0], step.extent)
            return {**counts, "files": files}
        if step.ranks:
            return load_function(GANG["compute"])(self.folder, step, block)
        if step.kind == "place":
            return {}
        function = load_function(step.function)
        if step.kind in ("block", "ragged", "split"):
            return call_function(function, self.read_arrays(block, until), step.params)
        if step.kind == "gather":
            return self._compute_gathered(function, block)
        if step.kind == "release":
            return self._release(function)
        below = self.folder / step.inputs[0]
        if step.kind == "combine":
            return function([read_npz(below / f"{index}.npz") for index in range(block.start, block.stop)])
        return function(read_npz(below / "0.npz"))

    def _compute_gathered(self, function: Any, block: Block) -> dict[str, Any]:
        """The product's rows of one bucket of a shuffle."""
        product = self._product()
        offset = next(variable.name for variable in product.filled_by("blocks") if variable.instance_dimension)
        gathered = gather_bucket(self.folder, self.step, block, offset)
        own = gathered[offset]
        results = dict(call_function(function, gathered, self.step.params))
        return {offset: own} | (select_declared(product, results) if self.step.function == PASS else results)

    def _release(self, release_table: Any) -> dict[str, Any]:
        """What may be shown of the exact columns: the table's columns, some masked, and notes on them."""
        step, table = self.step, self.table
        assert table is not None
        exact, partial = (read_npz(self.folder / name / "0.npz") for name in step.inputs)
        request = ReleaseRequest.from_json(step.release)
        if request.cohort not in partial:
            raise PersonLevelError(
                f"a partial result that is released must tell who was counted, got no array {request.cohort!r} in what "
                f"{step.inputs[1]} left ({', '.join(partial)}): return it from `chunk` and `combine`"
            )
        run_id = str(read_json(self.folder / "run.json")["id"])
        try:
            released = release_table(
                exact, partial[request.cohort], request, run_id=run_id, step=step.name, folder=self.folder
            )
        except RunError as error:  # a rule that refuses: its words tell of no person
            raise PersonLevelError(str(error)) from None
        columns = {column.name for column in table.columns}
        shown = {name: values for name, values in released.columns.items() if name in columns}
        return {**shown, "notes": list(released.notes), "line": int(released.line)}

    def read_arrays(self, block: Block, until: int) -> Arrays:
        """The arrays that a block works on; a few blocks up to ``until`` may be read at once."""
        return self._reader.read(block, until)


def _refuse_sealed(step: PlannedStep, results: Mapping[str, Any]) -> None:
    if sealed := [name for name, value in results.items() if isinstance(value, Sealed)]:
        raise PersonLevelError(
            f"a step must return plain arrays, got {sealed[0]!r} of step {step.name!r} still sealed: take it out by "
            "unseal(arrays) first"
        )


def _write_npz(folder: Path, name: str, arrays: Mapping[str, NDArray[Any]], unsynced: set[str]) -> dict[str, str]:
    buffer = io.BytesIO()
    np.savez(buffer, **split_masks(arrays))  # type: ignore[arg-type]
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
