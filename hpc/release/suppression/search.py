"""Search for other values of withheld cells that agree with all that is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["search_moves"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
NODES = 20  # of branch and bound: a search that needs more counts as one that found nothing
TOLERANCE = 1e-6
GAP = 0.9  # any answer that differs will do, so the best one is not waited for


def search_moves(
    entries: tuple[Integers, Integers, Floats],
    lines: tuple[Floats, Floats],
    bounds: tuple[Integers, Integers],
    known: Booleans,
    asked: Booleans,
    *,
    whole: bool = True,
) -> Booleans:
    """Which cells can move by a whole number from their true values while every line keeps to its bounds.

    Each answer of the solver is a whole table that agrees with what is shown, so it settles every cell in which it
    differs from the true one. Only cells that are still open after a few answers in random directions are asked for
    one by one.

    Parameters
    ----------
    entries
        Line, cell and coefficient of each entry.
    lines
        Least and greatest change of each line.
    bounds
        Least (<= 0) and greatest (>= 0) change of each cell.
    known
        Cells for which no move is needed any more.
    asked
        Cells that are asked for one by one if nothing else moves them.
    whole
        Whether the solver looks for whole numbers. If not, which takes far less time, an answer counts if it happens
        to be whole, as it is in tables of two dimensions.

    Examples
    --------
    >>> two = np.array([0, 0]), np.array([0, 1]), np.array([1.0, 1.0])
    >>> still, all_asked, none = (np.zeros(1), np.zeros(1)), np.ones(2, bool), np.zeros(2, bool)
    >>> search_moves(two, still, (np.array([-1, 0]), np.array([3, 1])), none, all_asked)
    array([ True,  True])
    >>> search_moves(two, still, (np.array([-1, 0]), np.array([3, 0])), none, all_asked)
    array([False, False])
    """
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_array

    row, column, coefficient = entries
    n_cells = known.size
    matrix = csr_array((coefficient, (row, column)), shape=(lines[0].size, n_cells))
    rule = LinearConstraint(matrix, *lines)
    moved = known.copy()
    random = np.random.default_rng(n_cells)
    found = True
    while found and not moved.all():
        direction = random.choice([-1.0, 1.0], n_cells) * random.uniform(1, 2, n_cells)
        found = _settle(np.where(moved, direction / n_cells, direction), rule, bounds, moved, whole)
    for cell, sign in ((cell, sign) for cell in np.flatnonzero(~moved & asked) for sign in (1.0, -1.0)):
        if not moved[cell]:
            _settle(np.where(np.arange(n_cells) == cell, sign, 0.0), rule, bounds, moved, whole, least=1 - TOLERANCE)
    return moved


def _settle(
    direction: Floats,
    rule: Any,
    bounds: tuple[Integers, Integers],
    moved: Booleans,
    whole: bool,
    *,
    least: float | None = None,
) -> bool:
    """Mark the cells in which one answer of the solver differs from the true table; whether there is a new one.

    With ``least``, whole numbers are only looked for if numbers that need not be whole go that far in the direction.
    """
    from scipy.optimize import Bounds, milp

    rules = {"constraints": rule, "bounds": Bounds(*bounds), "options": {"node_limit": NODES, "mip_rel_gap": GAP}}
    answer = milp(direction, **rules) if least is not None or not whole else None
    if answer is not None and (answer.x is None or (least is not None and -answer.fun < least)):
        return False
    if answer is None or (whole and not _is_whole(answer.x)):
        answer = milp(direction, integrality=np.ones(direction.size), **rules)
    if answer.x is None or not _is_whole(answer.x):
        return False
    new = (np.rint(answer.x) != 0) & ~moved
    moved |= new
    return bool(new.any())


def _is_whole(values: Floats) -> bool:
    return bool(np.allclose(values, np.rint(values), rtol=0, atol=TOLERANCE))
