# mypy: allow-untyped-defs, allow-untyped-calls
"""Sums of a field over the cells of each member, in double precision, where the field lives."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, is_numbas, place_beside
from ...engines import Sweeps, cuda

__all__ = ["SUM_COLUMNS", "sum_cells"]


def _sum_columns(sums, field, ring):
    """A thread adds up a column: threads side by side read cells side by side."""
    x, member = cuda.grid(2)
    if member < sums.shape[0] and x < sums.shape[1]:
        for y in range(ring, field.shape[1] - ring):
            sums[member, x] += field[member, y, x + ring]


SUM_COLUMNS = Sweeps(gpu=_sum_columns)


def sum_cells(field: Any, ring: int = 0) -> npt.NDArray[np.float64]:
    """Sum of each member's cells.

    Parameters
    ----------
    field
        (member, y, x), in host memory or a GPU's; there the order of the sum differs from the host's.
    ring
        Width of the ring that is left out, in cells.

    Returns
    -------
    (member,) array of float

    Examples
    --------
    >>> sum_cells(np.ones((2, 4, 5), np.float32), ring=1).tolist()
    [6.0, 6.0]
    """
    n_members, n_y, n_x = (int(n) for n in field.shape)
    if not is_numbas(field):
        inside = field[:, ring : n_y - ring, ring : n_x - ring]
        return np.asarray(fetch(inside.sum(axis=(1, 2), dtype=np.float64)))
    sums = place_beside(field, np.zeros((n_members, n_x - 2 * ring)))
    return np.asarray(fetch(SUM_COLUMNS("cuda", sums, field, ring)).sum(axis=1))
