# mypy: allow-untyped-defs, allow-untyped-calls
"""The values of a field in a few cells, such as those of warning points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, place_beside
from ...engines import Sweeps, cuda, empty_for, is_device_array

__all__ = ["READ_CELLS", "read_cells"]


def _read_cells(found, field, cell):
    at, member = cuda.grid(2)
    if member < found.shape[0] and at < found.shape[1]:
        y = cell[at] // field.shape[2]
        found[member, at] = field[member, y, cell[at] - y * field.shape[2]]


READ_CELLS = Sweeps(gpu=_read_cells)


def read_cells(field: Any, cell: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Read the values of each member in these cells into host memory.

    Parameters
    ----------
    field
        (member, y, x), in host memory or a GPU's, of which only these cells are brought back.
    cell
        (cell,) flat indices of (y, x).

    Returns
    -------
    (member, cell) array

    Examples
    --------
    >>> read_cells(np.arange(12.0).reshape(2, 2, 3), np.array([5, 0])).tolist()
    [[5.0, 0.0], [11.0, 6.0]]
    """
    if not is_device_array(field):
        return np.asarray(field.reshape(len(field), -1)[:, cell])
    if not cell.size:
        return np.empty((int(field.shape[0]), 0), field.dtype)
    found = empty_for(field, (int(field.shape[0]), cell.size))
    return np.asarray(fetch(READ_CELLS("cuda", found, field, place_beside(field, cell.astype(np.int64)))))
