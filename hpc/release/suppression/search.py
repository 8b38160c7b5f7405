"""Search for other values of withheld cells that agree with all that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack

__all__ = ["Effort", "search_moves"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Rule = tuple[Any, Floats, Floats]  # matrix (line, cell), and between what each line may change
WIDEST = 150  # cells for which whole numbers are searched for; in more, an answer counts if it happens to be whole
ROUNDS = 10  # of random directions, at most
NODES = 20  # of branch and bound: a search that needs more counts as one that found nothing
FEW = 50  # random directions are tried until one settles less than a fiftieth of the cells
GAP = 0.9  # any answer that differs will do, so the best one is not waited for
WHOLE_COST = 50  # a search for whole numbers, in searches without


@dataclass
class Effort:
    """How much may still be searched. It counts work and no time, so the same table ends in the same way anywhere.

    Parameters
    ----------
    left
        Cells of all searches together: those of one search count once, or 50 times if whole numbers are searched for.
    """

    left: int = 400_000

    def spend(self, n_cells: int, whole: bool) -> bool:
        """Take the work of one search; whether there was as much left."""
        cost = n_cells * (WHOLE_COST if whole else 1)
        if cost > self.left:
            return False
        self.left -= cost
        return True


def search_moves(
    entries: tuple[Integers, Integers, Floats],
    lines: tuple[Floats, Floats],
    bounds: tuple[Integers, Integers],
    known: Booleans,
    asked: Booleans,
    effort: Effort | None = None,
) -> Booleans:
    """Which cells can move by a whole number from their true values while every line keeps to its bounds.

    Each whole answer of the solver is a table that agrees with what is shown, so it settles every cell in which it
    differs from the true one. Only cells that are still open after a few answers in random directions are asked for
    one by one. A cell for which nothing is found within the effort counts as one that cannot move. HiGHS gives the same
    answers on any number of threads, and nothing here looks at a clock.

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
    effort
        What may be spent on all searches together, and is less afterwards.

    Examples
    --------
    >>> two = np.array([0, 0]), np.array([0, 1]), np.array([1.0, 1.0])
    >>> still, all_asked, none = (np.zeros(1), np.zeros(1)), np.ones(2, bool), np.zeros(2, bool)
    >>> search_moves(two, still, (np.array([-1, 0]), np.array([3, 1])), none, all_asked)
    array([ True,  True])
    >>> search_moves(two, still, (np.array([-1, 0]), np.array([3, 0])), none, all_asked)
    array([False, False])
    """
    row, column, coefficient = entries
    effort = effort or Effort()
    n_cells = known.size
    place = row.astype(np.int32), column.astype(np.int32)  # HiGHS of SciPy 1.14 takes no longer ones
    rule = csr_array((coefficient, place), shape=(lines[0].size, n_cells)), *lines
    moved = known.copy()
    random = np.random.default_rng(n_cells)
    for _ in range(ROUNDS):
        if moved.all() or not effort.spend(n_cells, whole=False):
            break
        direction = random.choice([-1.0, 1.0], n_cells) * random.uniform(1, 2, n_cells)
        answer = _solve(np.where(moved, direction / n_cells, direction), rule, bounds, whole=False)
        if _settle(answer, moved) <= n_cells / FEW:
            break
    for cell, sign in ((cell, sign) for cell in np.flatnonzero(~moved & asked).tolist() for sign in (-1, 1)):
        if not moved[cell]:
            _settle(_move_one(cell, sign, rule, bounds, effort), moved)
    return moved


def _settle(answer: Floats | None, moved: Booleans) -> int:
    """Mark the cells in which an answer differs from the true table, and count those that are new."""
    if answer is None or not _is_whole(answer):
        return 0
    new = (np.rint(answer) != 0) & ~moved
    moved |= new
    return int(new.sum())


def _move_one(cell: int, sign: int, rule: Rule, bounds: tuple[Integers, Integers], effort: Effort) -> Floats | None:
    """The change of fewest persons in which one cell goes up or down by one, if there is any.

    Such a change hardly ever needs the search for whole numbers: it goes round through few cells.
    """
    matrix, low, high = rule
    n_cells = bounds[0].size
    down, up = np.zeros(2 * n_cells), np.concatenate([bounds[1], -bounds[0]]).astype(np.float64)
    for place, wanted in ((cell, sign > 0), (n_cells + cell, sign < 0)):
        if wanted and up[place] < 1:
            return None
        down[place] = up[place] = float(wanted)
    if not effort.spend(n_cells, whole=False):
        return None
    both = hstack([matrix, -matrix], format="csr"), low, high
    answer = _solve(np.ones(2 * n_cells), both, (down, up), whole=False)
    if answer is not None and not _is_whole(answer):
        if n_cells > WIDEST or not effort.spend(n_cells, whole=True):
            return None
        answer = _solve(np.ones(2 * n_cells), both, (down, up), whole=True)
    return None if answer is None else answer[:n_cells] - answer[n_cells:]


def _solve(cost: Floats, rule: Rule, bounds: tuple[Any, Any], whole: bool) -> Floats | None:
    """A change of least cost, or at least a good one; None if there is none."""
    answer = milp(
        cost,
        integrality=np.full(cost.size, whole),
        constraints=LinearConstraint(*rule),
        bounds=Bounds(*bounds),
        options={"node_limit": NODES, "mip_rel_gap": GAP},
    )
    return None if answer.x is None else np.asarray(answer.x)


def _is_whole(values: Floats) -> bool:
    return bool(np.allclose(values, np.rint(values), rtol=0, atol=1e-6))
