"""A block that a gang computes: the worker starts the ranks, each reads its arrays, rank 0 hands back the result.

One rank is no process of its own: the worker itself computes the block, and needs no MPI.

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
from typing import Any

import numpy as np

from ..errors import FAILED, PersonLevelError, RunError
from ..execution.device_notes import collect_devices, note_device
from ..execution.functions import call_function, load_function
from ..execution.parts import Part, Parts
from ..plan.devices import peak_memory_bytes
from ..plan.plans import read_plan
from ..plan.steps import Block, PlannedStep
from ..run.privacy import call_privately, is_person_level
from ..run.records import read_json, write_json
from ..store.sealed import running_step
from ..store.stores import sync_folder
from .gang import Gang
from .launch import Launcher, launch_gang
from .rows import read_rank_arrays
from .solo import SoloComm

__all__ = ["compute_in_gang", "count_rank_memory", "work_on_block"]

RESULT, PARTS, MEMORY = "result.npz", "parts", "memory.json"
LOCK = "gang.lock"
OTHERS_END_S = 60.0  # to wait for an older gang of the same block, whose worker is gone


def compute_in_gang(folder: Path, step: PlannedStep, block: Block) -> Parts:
    """Compute a block with ``step.ranks`` processes, yield the parts that they kept, and return the rest.

    One rank computes in this process. Several are started by srun on the nodes of an allocation of several, else by
    the environment's mpiexec.

    Raises
    ------
    RunError
        If the ranks cannot be started, or with what one of them says.
    """
    place = _place(folder, step, block)
    params = {"run": str(folder.resolve()), "step": step.name, "block": block.index}
    if step.ranks == 1:
        place.mkdir(parents=True, exist_ok=True)
        with _lock(place):
            _compute(Gang(SoloComm()), folder, step, block, place)
    else:
        _launch(folder, step, params, place)
    for engine, card in read_json(place / MEMORY).get("devices", {}).items():
        note_device(engine, card)
    yield from _read_parts(place / PARTS)
    with np.load(place / RESULT, allow_pickle=False) as file:
        return dict(file)


def _launch(run: Path, step: PlannedStep, params: Mapping[str, Any], place: Path) -> None:
    launcher: Launcher = "srun" if int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) > 1 else "mpiexec"
    # ranks share what the worker and its allocation have: the worker itself waits for them
    shared = ("--overlap", "--overcommit", "--mem=0", "--cpu-bind=none") if launcher == "srun" else ()
    end = launch_gang(f"{__name__}:work_on_block", params, step.ranks, place, launcher=launcher, options=shared)
    if end.exit_code:
        if is_person_level(read_plan(run), step.name):
            raise PersonLevelError("; ".join(end.errors))
        raise RunError("; ".join(end.errors), exit_code=end.exit_code)


def count_rank_memory(folder: Path, step: PlannedStep, block: Block) -> int:
    """Peaks of all ranks that computed a block in processes of their own, added up [B]."""
    if step.ranks == 1:
        return 0
    return int(sum(read_json(_place(folder, step, block) / MEMORY)["peak_bytes"]))


def _place(folder: Path, step: PlannedStep, block: Block) -> Path:
    return folder / "work" / f"gang-{step.name}" / str(block.index)


def work_on_block(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """What each rank does."""
    run = Path(params["run"])
    plan = read_plan(run)
    step = plan.step(params["step"])
    work = partial(_work_together, gang, run, step, step.block(params["block"]), folder)
    call_privately(work, run, plan, step.name, params["block"], rank=gang.rank)


def _work_together(gang: Gang, run: Path, step: PlannedStep, block: Block, folder: Path) -> None:
    lock = _lock(folder) if gang.rank == 0 else None  # after an error it is held until this process ends
    gang.comm.Barrier()
    _compute(gang, run, step, block, folder)
    if lock is not None:
        lock.close()


def _compute(gang: Gang, run: Path, step: PlannedStep, block: Block, folder: Path) -> None:
    arrays = read_rank_arrays(gang, run, step, block)
    with running_step(), collect_devices() as devices:
        result = call_function(load_function(step.function), arrays, step.params, before=(gang,), after=(folder,))
        if isinstance(result, Generator):
            result = _keep_parts(result, folder / PARTS)
    if gang.rank == 0:
        _write_durably(folder / RESULT, result)
    peaks = gang.comm.gather(peak_memory_bytes(), 0)
    if gang.rank == 0:
        write_json(folder / MEMORY, {"peak_bytes": peaks, "devices": devices})


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
