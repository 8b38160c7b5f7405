"""A block that a gang computes: the worker starts the ranks, each reads the arrays, rank 0 hands back the result.

The gang's folder is ``RUN/work/gang-STEP/BLOCK``: its checkpoints and its log stand there, and a worker that takes the
block up after a kill finds them.
"""

from __future__ import annotations

import fcntl
import os
import time
import zipfile
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FAILED, PersonLevelError, RunError
from ..execution.blocks import BlockBatch
from ..execution.functions import call_function, load_function
from ..execution.parts import Part, Parts
from ..plan.devices import peak_memory_bytes
from ..plan.plans import read_plan
from ..plan.steps import Block, PlannedStep
from ..run.privacy import call_privately, is_person_level
from ..run.records import read_json, write_json
from ..store.stores import sync_folder
from .launch import Launcher, launch_gang

if TYPE_CHECKING:
    from .gang import Gang

__all__ = ["compute_in_gang", "count_rank_memory", "work_on_block"]

RESULT, PARTS, MEMORY = "result.npz", "parts", "memory.json"
LOCK = "gang.lock"
OTHERS_END_S = 60.0  # to wait for an older gang of the same block, whose worker is gone


def compute_in_gang(folder: Path, step: PlannedStep, block: Block) -> Parts:
    """Compute a block with ``step.ranks`` processes, yield the parts that they kept, and return the rest.

    On several nodes of an allocation the ranks are started by srun, else by the environment's mpiexec.

    Raises
    ------
    RunError
        If the ranks cannot be started, or with what one of them says.
    """
    place = _place(folder, step, block)
    launcher: Launcher = "srun" if int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) > 1 else "mpiexec"
    # ranks share what the worker and its allocation have: the worker itself waits for them
    shared = ("--overlap", "--overcommit", "--mem=0", "--cpu-bind=none") if launcher == "srun" else ()
    end = launch_gang(
        f"{__name__}:work_on_block", {"run": str(folder.resolve()), "step": step.name, "block": block.index},
        step.ranks, place, launcher=launcher, options=shared,
    )  # fmt: skip
    if end.exit_code:
        if is_person_level(read_plan(folder), step.name):
            raise PersonLevelError("; ".join(end.errors))
        raise RunError("; ".join(end.errors), exit_code=end.exit_code)
    yield from _read_parts(place / PARTS)
    with np.load(place / RESULT, allow_pickle=False) as file:
        return dict(file)


def count_rank_memory(folder: Path, step: PlannedStep, block: Block) -> int:
    """Peaks of all ranks that computed a block, added up [B]."""
    return int(sum(read_json(_place(folder, step, block) / MEMORY)["peak_bytes"]))


def _place(folder: Path, step: PlannedStep, block: Block) -> Path:
    return folder / "work" / f"gang-{step.name}" / str(block.index)


def work_on_block(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """What each rank does."""
    run = Path(params["run"])
    plan = read_plan(run)
    step = plan.step(params["step"])
    compute = partial(_compute, gang, run, step, step.block(params["block"]), folder)
    call_privately(compute, run, plan, step.name, params["block"], rank=gang.rank)


def _compute(gang: Gang, run: Path, step: PlannedStep, block: Block, folder: Path) -> None:
    lock = _lock(folder) if gang.rank == 0 else None
    gang.comm.Barrier()
    arrays = BlockBatch(run, step).read_arrays(block, block.stop)
    result = call_function(load_function(step.function), arrays, step.params, before=(gang,), after=(folder,))
    if isinstance(result, Generator):
        result = _keep_parts(result, folder / PARTS)
    if gang.rank == 0:
        _write_durably(folder / RESULT, result)
    peaks = gang.comm.gather(peak_memory_bytes(), 0)
    if gang.rank == 0:
        write_json(folder / MEMORY, {"peak_bytes": peaks})
    if lock is not None:
        lock.close()


def _keep_parts(parts: Parts, folder: Path) -> Any:
    """Keep what rank 0 yields until the worker asks; a gang that goes on from a checkpoint after it finds it there."""
    while True:
        try:
            name, at, values = next(parts)
        except StopIteration as end:
            return end.value
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        _write_durably(place / f"{at}.npz", {"values": values})
        for inside in (place, folder, folder.parent):  # a checkpoint that counts on it is synced too
            sync_folder(inside)
        del values


def _read_parts(folder: Path) -> Iterator[Part]:
    for place in sorted(folder.glob("*")):
        for path in sorted(place.glob("*.npz"), key=lambda path: int(path.stem)):
            try:
                with np.load(path, allow_pickle=False) as file:
                    values = file["values"]
            except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
                raise RunError(
                    f"{path} is not what was written ({error or type(error).__name__}); remove {folder.parent} to "
                    "begin again",
                    exit_code=FAILED,
                ) from error
            yield Part(place.name, int(path.stem), values)
            del values


def _write_durably(path: Path, arrays: Mapping[str, Any]) -> None:
    staged = path.with_suffix(".partial")
    with staged.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)


def _lock(folder: Path) -> Any:
    """Keep others out of the folder; an older gang that lost its worker ends at its next output."""
    lock = (folder / LOCK).open("w")
    deadline = time.monotonic() + OTHERS_END_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise RunError(
                    f"{folder}: another gang computes this block; end its processes, then resume", exit_code=FAILED
                ) from None
            time.sleep(0.5)
