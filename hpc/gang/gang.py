"""A gang: processes that compute one domain together and speak over MPI.

``python -m citytide.hpc.gang.gang FOLDER`` is what each rank runs;
:func:`citytide.hpc.gang.launch.launch_gang` starts it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DONE, FAILED, REFUSED, RunError
from .layout import Place, TileLayout

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ORDER", "Gang", "open_gang"]

ORDER = "gang.json"  # what the launcher asks of every rank
TAG = 11


class Gang:
    """The ranks, and what they find out together: the same bits on every rank and for any number of ranks.

    ``rows`` are those of the step's ``rank_dim`` that this rank has read, ``(start, stop)``; None without one.
    """

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()
        self.rows: tuple[int, int] | None = None
        self._asked_to_stop = False

    def find_maximum(self, values: ArrayLike) -> NDArray[Any]:
        """Greatest of each value over all ranks; NaN where any rank has NaN."""
        return self._reduce_extreme(np.asarray(values), "MAX", 1)

    def find_minimum(self, values: ArrayLike) -> NDArray[Any]:
        """Least of each value over all ranks; NaN where any rank has NaN."""
        return self._reduce_extreme(np.asarray(values), "MIN", -1)

    def _reduce_extreme(self, values: NDArray[Any], operation: str, sign: int) -> NDArray[Any]:
        if values.dtype.kind != "f":
            return self._reduce(values, operation)
        # MPI leaves open what becomes of NaN, and of -0 beside 0
        missing = np.isnan(values)
        found = self._reduce(np.where(missing, -sign * np.inf, values + 0.0).astype(values.dtype), operation)
        anywhere = self._reduce(missing.astype(np.uint8), "MAX").astype(bool)
        return np.where(anywhere, np.nan, found).astype(values.dtype)

    def add_up(self, counts: ArrayLike) -> NDArray[Any]:
        """Sum of each whole number over all ranks.

        Raises
        ------
        TypeError
            For other numbers: their sum would depend on how many ranks there are.
        """
        values = np.asarray(counts)
        if values.dtype.kind not in "iub":
            raise TypeError(
                f"add_up takes whole numbers, because float sums depend on the number of ranks; got {values.dtype}"
            )
        return self._reduce(values.astype(np.uint64 if values.dtype.kind == "u" else np.int64), "SUM")

    def _reduce(self, values: NDArray[Any], operation: str) -> NDArray[Any]:
        values = np.array(values, order="C")
        if self.size > 1:  # one rank needs no MPI
            from mpi4py import MPI

            self.comm.Allreduce(values.copy(), values, op=getattr(MPI, operation))
        return values

    def gather(self, layout: TileLayout, field: NDArray[Any], place: Place = "cell") -> NDArray[Any] | None:
        """The whole field (member, y, x), without ring, on rank 0; None on the others."""
        tile = layout.tiles[self.rank]
        mine = np.ascontiguousarray(field[tile.owned(place).within(tile.corner)])
        if self.rank:
            self.comm.Send(mine.reshape(-1).view(np.uint8), 0, TAG)
            return None
        whole = np.empty((*field.shape[:-2], *layout.whole(place)), field.dtype)
        whole[tile.owned(place).within((0, 0))] = mine
        for rank, other in enumerate(layout.tiles[1:], 1):
            target = whole[other.owned(place).within((0, 0))]
            buffer = np.empty(target.nbytes, np.uint8)
            self.comm.Recv(buffer, rank, TAG)
            target[...] = buffer.view(field.dtype).reshape(target.shape)
        return whole

    def is_stopping(self) -> bool:
        """Whether any rank was told to end (SIGTERM); all ranks ask at the same step, and all hear the same."""
        return bool(self.find_maximum(np.int64(self._asked_to_stop)))

    def note_stop(self, *_: Any) -> None:
        """Remember the wish; the next :meth:`is_stopping` tells everybody."""
        self._asked_to_stop = True


def open_gang(ranks: int) -> Gang:
    """All ranks that were started together.

    Raises
    ------
    RunError
        If MPI is not installed, or made a world of another size: a launcher of another MPI starts each rank as a world
        of its own, and all would compute everything.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise RunError(f"a gang needs MPI ({error}): pip install 'citytide[mpi]'") from error
    gang = Gang(MPI.COMM_WORLD)
    if gang.size != ranks:
        raise RunError(
            f"MPI made a world of {gang.size} where {ranks} ranks were asked for: start them with the mpiexec beside "
            f"{Path(sys.executable).name}, or with `srun --mpi=pmi2`"
        )
    return gang


def main(folder: Path) -> int:
    """Work as one rank; an error is left in the folder for the launcher, and ends the other ranks."""
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    gang = None
    try:
        gang = open_gang(order["ranks"])
        signal.signal(signal.SIGTERM, gang.note_stop)
        module, _, name = order["function"].partition(":")
        getattr(importlib.import_module(module), name)(gang, order["params"], folder)
        gang.comm.Barrier()
    except Exception as error:
        code = error.exit_code if isinstance(error, RunError) else FAILED
        rank = gang.rank if gang else 0
        report = {"rank": rank if gang else None, "error": f"{type(error).__name__}: {error}", "exit_code": code}
        report["traceback"] = traceback.format_exc()
        staged = folder / "errors" / f"{rank:05d}.{os.getpid()}.partial"
        staged.parent.mkdir(exist_ok=True)
        staged.write_text(json.dumps(report), encoding="utf-8")
        staged.replace(staged.with_suffix(".json"))
        if gang and gang.size > 1:
            gang.comm.Abort(code or REFUSED)
        return code
    return DONE


if __name__ == "__main__":
    # by its own name, so that a rank's function meets the same classes
    from citytide.hpc.gang.gang import main as work

    sys.exit(work(Path(sys.argv[1])))
