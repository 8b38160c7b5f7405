"""Further cells to withhold, so that no withheld cell can be computed from those that are shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ..policy import Policy
from .exchanges import prove_by_hypercubes, withhold_hypercubes
from .hypercubes import Hypercubes
from .lines import Lines
from .protection import Attack, find_computable
from .search import Effort

__all__ = ["withhold_further"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
LARGE = np.iinfo(np.int64).max // 2
HYPERCUBE_ROUNDS = 10  # rounds after which whole hypercubes are withheld
MANY = 50  # cells that can be computed, from which on each gets a cell more, or a hypercube, in a round
SINGLE_ROUNDS = 25  # rounds in which one cell a part is added; then one in every line of a cell that can be computed


def withhold_further(
    values: Integers,
    withheld: Booleans,
    lines: Lines,
    policy: Policy,
    *,
    known: Booleans | None = None,
    cubes: Hypercubes | None = None,
) -> Booleans:
    """Withhold more cells until every withheld one has at least two possible values.

    First by lines, for tables of any size: where the withheld cells of a line with a shown total are one cell, or hold
    together fewer than ``min_cell`` persons above their least possible numbers, the smallest shown cell of the line is
    withheld too, and a total only if nothing else is left. Then each group of withheld cells that lines link is
    checked: a solver looks for other whole numbers that agree with all that is shown. A cell
    for which there are none gets another cell of its lines withheld, until there are. Large groups are searched in
    pieces. Where there are many such cells, or this goes on for long, the corners of a hypercube are withheld around
    each, and where there is none, all cells in its lines. How much is searched is bounded by work and not by time, so
    the same table always loses the same cells.

    Parameters
    ----------
    values
        Exact counts; (cell,).
    withheld
        Cells that are withheld for reasons of their own; (cell,).
    lines
        Totals and their parts.
    policy
        Minimum cell, and whether zeros are shown.
    known
        Cells that an earlier release has shown: they cannot be withheld any more.
    cubes
        Where the cells stand in the table. Without it, cells of a large table are searched for by the solver alone.

    Returns
    -------
    NDArray[np.bool_]
        All cells to withhold; (cell,).

    Raises
    ------
    RunError
        If cells that are known already tell a withheld one, whatever is withheld now.

    Examples
    --------
    >>> from .lines import make_lines
    >>> counts = np.array([4, 12, 20, 36])
    >>> line = make_lines(np.array([3]), np.array([0, 3]), np.array([0, 1, 2]), counts)
    >>> withhold_further(counts, counts < 10, line, Policy()).tolist()
    [True, True, False, False]
    """
    known = np.zeros(values.size, bool) if known is None else known
    asked, withheld = withheld, withheld & ~known
    floor = 1 if policy.zeros == "show" else 0
    low = np.minimum(floor, values)
    # A small cell stays small in what the solver looks for, so that its value is open to those who know that it is. A
    # small total may grow: its parts tell that it is small.
    small = withheld & (values < policy.min_cell) & (policy.min_cell - 1 > floor)
    small[lines.cell[lines.is_total]] = False
    high = np.where(small, policy.min_cell - 1, LARGE)
    step = max(2 * policy.min_cell, 10)
    attack, proven, effort = Attack(values, low, high, lines, step), np.zeros(values.size, bool), Effort()
    rounds = 0
    while True:
        _close_lines(values, low, withheld, known, lines, policy.min_cell)
        if cubes is not None:
            prove_by_hypercubes(cubes, attack, withheld, proven)
        computable = find_computable(attack, withheld, proven, effort)
        if not computable.any():
            return asked | withheld
        if cubes is not None and (rounds >= HYPERCUBE_ROUNDS or computable.sum() >= MANY):
            if withhold_hypercubes(cubes, attack, withheld, known, proven, np.flatnonzero(computable)):
                continue
        if not _widen(computable, values, withheld, known, lines, each_line=rounds > SINGLE_ROUNDS):
            if (attack.high < LARGE).any():
                attack = replace(attack, high=np.full(values.size, LARGE))
                continue
            raise RunError(
                "a withheld count must not be computable from what earlier releases have shown, but "
                f"{int(computable.sum())} cells would be, whatever else is withheld: ask for the table of the earlier "
                "release again, or for fewer labels"
            )
        rounds += 1


def _close_lines(
    values: Integers, low: Integers, withheld: Booleans, known: Booleans, lines: Lines, min_cell: int
) -> None:
    """Withhold cells in place until no line tells a withheld cell by itself."""
    n_lines, is_part = lines.low.size, ~lines.is_total
    owners = np.zeros(values.size, bool)
    owners[lines.cell[lines.is_total]] = True
    room = (values - low)[lines.cell]
    free = ~known[lines.cell] & (values[lines.cell] > 0)
    while True:
        out = withheld[lines.cell]
        total_out = np.bincount(lines.line, out & lines.is_total, n_lines) > 0
        n_parts = np.bincount(lines.line, out & is_part, n_lines)
        spare = np.bincount(lines.line, np.where(out & is_part, room, 0), n_lines)
        told = np.where(total_out, n_parts == 0, (n_parts == 1) | ((n_parts > 0) & (spare < min_cell)))
        chosen = _choose(told, ~out & free, values, owners, lines)
        if not chosen.size:
            return
        withheld[chosen] = True


def _choose(lacking: Booleans, candidate: Booleans, values: Integers, owners: Booleans, lines: Lines) -> Integers:
    """In each line that lacks one the best further cell: no total, of use to most lines, of fewest persons."""
    entries = np.flatnonzero(candidate & lacking[lines.line])
    cell, line = lines.cell[entries], lines.line[entries]
    uses = np.bincount(cell, minlength=values.size)[cell]
    order = np.lexsort((cell, values[cell], -uses, owners[cell], line))
    first = np.flatnonzero(np.diff(line[order], prepend=-1))
    return np.unique(cell[order[first]])


def _widen(
    computable: Booleans, values: Integers, withheld: Booleans, known: Booleans, lines: Lines, *, each_line: bool
) -> bool:
    """Withhold more around cells that can be computed; whether there was anything left to withhold."""
    owners = np.zeros(values.size, bool)
    owners[lines.cell[lines.is_total]] = True
    candidate = ~withheld[lines.cell] & ~known[lines.cell]
    reached, before = computable, 0
    while True:
        near = np.bincount(lines.line, reached[lines.cell], lines.low.size) > 0
        if (candidate & near[lines.line]).any():
            break
        if near.sum() == before:
            return False
        before = int(near.sum())
        reached = reached.copy()
        reached[lines.cell[near[lines.line]]] = True
    if each_line:
        withheld[lines.cell[candidate & near[lines.line]]] = True
        return True
    positive = candidate & (values[lines.cell] > 0)
    chosen = _choose(near, positive if (positive & near[lines.line]).any() else candidate, values, owners, lines)
    withheld[chosen[np.argmin(values[chosen])] if computable.sum() < MANY else chosen] = True
    return True
