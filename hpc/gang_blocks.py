"""A block that a gang computes: the worker starts the ranks, each reads the arrays, rank 0 hands back the result.

The gang's folder is ``RUN/work/gang-STEP/BLOCK``: its checkpoints and its log stand there, and a worker that takes the
block up after a kill finds them.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Pack, load_function
from .errors import FAILED, RunError
from .gang_launch import Launcher, launch_gang
from .plans import Block, PlannedStep, read_plan

if TYPE_CHECKING:
    from .gang import Gang

__all__ = ["compute_in_gang", "work_on_block"]

RESULT = "result.npz"
LOCK = "gang.lock"
OTHERS_END_S = 60.0  # to wait for an older gang of the same block, whose worker is gone


def compute_in_gang(folder: Path, step: PlannedStep, block: Block) -> dict[str, Any]:
    """Compute a block with ``step.ranks`` processes and return its arrays.

    On several nodes of an allocation the ranks are started by srun, else by the environment's mpiexec.

    Raises
    ------
    RunError
        If the ranks cannot be started, or with what one of them says.
    """
    place = folder / "work" / f"gang-{step.name}" / str(block.index)
    launcher: Launcher = "srun" if int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) > 1 else "mpiexec"
    # ranks share what the worker and its allocation have: the worker itself waits for them
    shared = ("--overlap", "--overcommit", "--mem=0", "--cpu-bind=none") if launcher == "srun" else ()
    end = launch_gang(
        f"{__name__}:work_on_block", {"run": str(folder.resolve()), "step": step.name, "block": block.index},
        step.ranks, place, launcher=launcher, options=shared,
    )  # fmt: skip
    if end.exit_code:
        raise RunError("; ".join(end.errors), exit_code=end.exit_code)
    with np.load(place / RESULT, allow_pickle=False) as file:
        return dict(file)


def work_on_block(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """What each rank does."""
    run = Path(params["run"])
    step = read_plan(run).step(params["step"])
    block = step.block(params["block"])
    lock = _lock(folder) if gang.rank == 0 else None
    gang.comm.Barrier()
    arrays = Pack(run, step).read_arrays(block, block.stop)
    result = load_function(step.function)(gang, arrays, folder, **step.params)
    if gang.rank == 0:
        staged = folder / f"{RESULT}.partial"
        with staged.open("wb") as file:
            np.savez(file, **result)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(folder / RESULT)
    if lock is not None:
        lock.close()


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
