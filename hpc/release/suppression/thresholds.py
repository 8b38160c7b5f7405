"""Cells of too few persons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..policy import Policy

__all__ = ["find_small_cells"]


def find_small_cells(counts: NDArray[Any], policy: Policy) -> NDArray[np.bool_]:
    """Which cells hold fewer persons than ``policy.min_cell``.

    ACRO calls this the minimum threshold (`safe_threshold`). A cell of nobody is small too, unless ``policy.zeros`` is
    ``"show"``.

    Parameters
    ----------
    counts
        Persons in each cell, of any shape.

    Examples
    --------
    >>> find_small_cells(np.array([0, 9, 10]), Policy()).tolist()
    [True, True, False]
    >>> find_small_cells(np.array([0, 9, 10]), Policy(zeros="show")).tolist()
    [False, True, False]
    """
    small = counts < policy.min_cell
    return small & (counts > 0) if policy.zeros == "show" else small
