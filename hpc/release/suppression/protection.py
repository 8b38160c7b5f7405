"""Proof that a withheld cell has more than one possible value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lines import Lines
from .search import Effort, search_moves

__all__ = ["Attack", "find_computable"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
PIECE = 400  # cells that are searched at once: several small parts, or a piece of a large one
WIDEST = 20_000  # cells of a large part that is searched as a whole


@dataclass(frozen=True)
class Attack:
    """What whoever wants to compute withheld cells back knows, apart from the cells that are shown.

    Parameters
    ----------
    values
        True values; (cell,).
    low, high
        The least and greatest value that is looked for in a withheld cell; (cell,).
    lines
        What everybody knows of sums.
    step
        How far from its true value a cell is looked for.
    """

    values: Integers
    low: Integers
    high: Integers
    lines: Lines
    step: int

    @cached_property
    def room(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By how much each line may fall and rise from what it is."""
        lines = self.lines
        signed = np.where(lines.is_total, 1, -1) * self.values[lines.cell]
        gap = np.bincount(lines.line, signed, lines.low.size)
        return lines.low - gap, lines.high - gap

    @cached_property
    def matrix(self) -> Any:
        """What each line adds up, the total minus its parts; sparse (line, cell)."""
        from scipy.sparse import csc_array

        lines = self.lines
        signs = np.where(lines.is_total, 1, -1)
        return csc_array((signs, (lines.line, lines.cell)), shape=(lines.low.size, self.values.size))


def find_computable(attack: Attack, withheld: Booleans, proven: Booleans, effort: Effort | None = None) -> Booleans:
    """Which withheld cells have no second value that is proven possible.

    Parameters
    ----------
    attack
        Lines and bounds.
    withheld
        Cells that are not shown; (cell,).
    proven
        Cells for which a second value was found earlier; those found now are added. To withhold more cells never takes
        a possible value away.
    effort
        What may be spent on searches. A cell that nothing is spent on any more counts as one that can be computed.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lines = attack.lines
    inside = withheld[lines.cell]
    line, cell, is_total = lines.line[inside], lines.cell[inside], lines.is_total[inside]
    down, up = attack.values > attack.low, attack.values < attack.high
    alone = withheld.copy()
    alone[cell] = False
    proven |= alone & (down | up)
    if cell.size:
        n_cells, n_lines = withheld.size, lines.low.size
        links = coo_array((np.ones(cell.size), (cell, line + n_cells)), shape=(n_cells + n_lines,) * 2)
        part_of = connected_components(links, directed=False)[1]
        part = part_of[cell]
        n_linked = np.bincount(part[np.unique(line, return_index=True)[1]], minlength=part_of.max() + 1)
        single = (n_linked[part] == 1) & (lines.low[line] == lines.high[line])
        _prove_single_lines(line[single], cell[single], is_total[single], down, up, proven)
        _search_parts(
            attack, line[~single], cell[~single], is_total[~single], part[~single], proven, effort or Effort()
        )
    return withheld & ~proven


def _prove_single_lines(
    line: Integers, cell: Integers, is_total: Booleans, down: Booleans, up: Booleans, proven: Booleans
) -> None:
    """Cells of lines that share no withheld cell: one person more in a cell, and one more or fewer in another."""
    n_lines = int(line.max(initial=-1)) + 1
    parts_down, parts_up, total_down, total_up = (
        np.bincount(line, which & can[cell], n_lines)[line] for which in (~is_total, is_total) for can in (down, up)
    )
    others_down = parts_down - (~is_total & down[cell])
    others_up = parts_up - (~is_total & up[cell])
    part = (down[cell] & ((total_down > 0) | (others_up > 0))) | (up[cell] & ((total_up > 0) | (others_down > 0)))
    total = (down[cell] & (parts_down > 0)) | (up[cell] & (parts_up > 0))
    proven[cell[np.where(is_total, total, part)]] = True


def _search_parts(
    attack: Attack, line: Integers, cell: Integers, is_total: Booleans, part: Integers, proven: Booleans, effort: Effort
) -> None:
    """Linked cells: several small parts at once, a large part in pieces."""
    order = np.argsort(part, kind="stable")
    bounds = np.flatnonzero(np.diff(part[order], prepend=-1, append=-1))
    waiting: list[Integers] = []
    size = 0
    for first, end in [*pairwise(bounds), (0, 0)]:
        entries = order[first:end]
        n_cells = np.unique(cell[entries]).size
        if waiting and (size + n_cells > PIECE or not n_cells):
            chosen = np.concatenate(waiting)
            _search(attack, line[chosen], cell[chosen], is_total[chosen], proven, effort)
            waiting, size = [], 0
        if n_cells > PIECE:
            _search_pieces(attack, line[entries], cell[entries], is_total[entries], proven, effort)
        elif n_cells and not proven[cell[entries]].all():
            waiting.append(entries)
            size += n_cells


def _search_pieces(
    attack: Attack, line: Integers, cell: Integers, is_total: Booleans, proven: Booleans, effort: Effort
) -> None:
    """All at once, and then around each cell that is still open, while cells outside keep their true values."""
    cells = np.unique(cell)
    if not proven[cells].all() and cells.size <= WIDEST:
        _search(attack, line, cell, is_total, proven, effort, np.zeros(0, np.int64))
    for seed in cells:
        if not proven[seed] and effort.left > PIECE:
            entries = np.isin(cell, _grow(seed, PIECE, line, cell))
            _search(attack, line[entries], cell[entries], is_total[entries], proven, effort, np.array([seed]))


def _grow(seed: int, size: int, line: Integers, cell: Integers) -> Integers:
    """Cells around one, those first that share most lines with the ones before."""
    piece = np.array([seed])
    while piece.size < size:
        near = np.bincount(line[np.isin(cell, piece)], minlength=line.max() + 1) > 0
        links = np.bincount(cell, near[line])
        links[piece] = 0
        further = np.flatnonzero(links)
        if not further.size:
            break
        best = further[np.argsort(-links[further], kind="stable")]
        piece = np.concatenate([piece, best[: size - piece.size]])
    return piece


def _search(
    attack: Attack,
    line: Integers,
    cell: Integers,
    is_total: Booleans,
    proven: Booleans,
    effort: Effort,
    asked: Integers | None = None,
) -> None:
    cells, column = np.unique(cell, return_inverse=True)
    numbers, row = np.unique(line, return_inverse=True)
    values = attack.values[cells]
    proven[cells] |= search_moves(
        (row, column, np.where(is_total, 1.0, -1.0)),
        (attack.room[0][numbers], attack.room[1][numbers]),
        (np.maximum(attack.low[cells] - values, -attack.step), np.minimum(attack.high[cells] - values, attack.step)),
        proven[cells],
        np.isin(cells, cells if asked is None else asked),
        effort,
    )
