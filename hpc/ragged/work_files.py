"""Columns that a block leaves in ``RUN/work/STEP/INDEX``: one ``.npy`` file each, of which any rows are read alone.

They are not compressed, and a reader holds no more than the rows that it asked for.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import FAILED, RunError
from ..store.shards import write_file

__all__ = ["column_names", "leave_columns", "place_of", "read_rows"]


def place_of(run: Path, step: str, index: int) -> Path:
    """The folder of what a block of a step left."""
    return run / "work" / step / str(index)


def leave_columns(
    run: Path, step: str, index: int, columns: Mapping[str, NDArray[Any]], unsynced: set[str]
) -> dict[str, str]:
    """Write what a block leaves, and return the hash of each file by its path in the run folder."""
    place, written = place_of(run, step, index), {}
    for name, values in columns.items():
        head = io.BytesIO()
        values = np.ascontiguousarray(values)
        described = {"descr": npy.dtype_to_descr(values.dtype), "fortran_order": False, "shape": values.shape}
        npy.write_array_header_1_0(head, described)
        body = [values.reshape(-1).view("u1").data] if values.nbytes else []
        path = place / f"{name}.npy"
        written[str(path.relative_to(run))] = write_file(str(path), head.getvalue(), *body)
    unsynced.update(map(str, (place, place.parent, place.parent.parent, run)))
    return written


def column_names(place: Path) -> list[str]:
    """Names of the columns that a block left."""
    return sorted(path.name.removesuffix(".npy") for path in place.glob("*.npy"))


def read_rows(path: Path, start: int, stop: int) -> NDArray[Any]:
    """Rows ``[start, stop)`` of a column.

    Raises
    ------
    RunError
        If the file is not what was written.
    """
    with path.open("rb") as file:
        shape, dtype = _read_head(file, path)
        row = int(np.prod(shape[1:], dtype=np.int64))
        if not 0 <= start <= stop <= shape[0]:
            raise RunError(f"{path}: rows {start}:{stop} were asked for, but it holds {shape[0]}", exit_code=FAILED)
        file.seek(start * row * dtype.itemsize, os.SEEK_CUR)
        values = np.fromfile(file, dtype, (stop - start) * row)
    if len(values) < (stop - start) * row:
        raise _damaged(path, f"it ends before row {stop}")
    rows: NDArray[Any] = values.reshape(stop - start, *shape[1:])
    return rows


def _read_head(file: Any, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    return shape, dtype


def _damaged(path: Path, why: str) -> RunError:
    run = path.parents[3]
    return RunError(
        f"{path} is not what was written ({why}): `citytide data verify {run}` finds what is damaged, and resume "
        "computes it again",
        exit_code=FAILED,
    )
