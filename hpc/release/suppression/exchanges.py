"""Exchanges of persons at the corners of hypercubes: proof of a second value of withheld cells."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .hypercubes import Corners, Hypercubes
from .protection import Attack

__all__ = ["prove_by_hypercubes", "withhold_hypercubes"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
TRIES = 128  # hypercubes that are tried for each cell, at places drawn from a fixed seed
AT_ONCE = 8  # of them, before cells that are proven by then are left out
CANDIDATES = 4096  # hypercubes of which the one that costs least is withheld


def prove_by_hypercubes(cubes: Hypercubes, attack: Attack, withheld: Booleans, proven: Booleans) -> None:
    """Mark cells at the corners of a hypercube of withheld cells in which one person more or fewer is possible.

    Parameters
    ----------
    withheld
        Cells that are not shown; (cell,).
    proven
        Cells for which a second value was found; those found now are added.
    """
    random = np.random.default_rng(withheld.size)
    hidden = np.flatnonzero(withheld & cubes.present)
    groups = [_group_axis(cubes, hidden, number) for number in range(1, len(cubes.codes))]
    for _ in range(TRIES // AT_ONCE):
        is_open = np.flatnonzero(~proven[hidden])
        if not is_open.size:
            return
        at = np.tile(is_open, AT_ONCE)
        opposite = []
        for number, (order, first, size) in enumerate(groups, 1):
            drawn = first[at] + (random.random(at.size) * size[at]).astype(np.int64)
            opposite.append(cubes.codes[number][hidden[order[drawn]]])
        corners = cubes.find_corners(hidden[at], np.array(opposite))
        found = _list_possible(corners, attack, withheld)
        proven[found.cell[_keeps_lines(found, attack)]] = True


def _group_axis(cubes: Hypercubes, cells: Integers, number: int) -> tuple[Integers, Integers, Integers]:
    """Cells that differ in one dimension alone: their order, and for each where its group begins and ends in it."""
    others = [codes[cells] for other, codes in enumerate(cubes.codes) if other != number]
    sizes = [size for other, size in enumerate(cubes.sizes) if other != number]
    key = np.ravel_multi_index(tuple(others), tuple(sizes))
    order = np.argsort(key, kind="stable")
    first, end = (np.searchsorted(key[order], key, side) for side in ("left", "right"))
    return order, first, end - first


def _list_possible(corners: Corners, attack: Attack, withheld: Booleans) -> Corners:
    """Hypercubes of withheld cells in which the change, or its opposite, keeps every cell within its bounds."""
    cell, change = corners.cell, corners.change
    whole = (change != 0).all(axis=1) & (cell >= 0).all(axis=1)
    cell, change = cell[whole], change[whole]
    hidden = withheld[cell].all(axis=1)
    cell, change = cell[hidden], change[hidden]
    ways = [_stays_within(Corners(cell, sign * change), attack) for sign in (1, -1)]
    sign = np.where(ways[0], 1, -1)
    possible = ways[0] | ways[1]
    return Corners(cell[possible], (sign[:, None] * change)[possible])


def _stays_within(corners: Corners, attack: Attack) -> Booleans:
    changed = attack.values[corners.cell] + corners.change
    within = (changed >= attack.low[corners.cell]) & (changed <= attack.high[corners.cell])
    return np.asarray(within.all(axis=1))


def _keeps_lines(corners: Corners, attack: Attack) -> Booleans:
    """Which exchanges change no total by more than everybody knows of it."""
    from scipy.sparse import csc_array

    n_cubes, n_corners = corners.cell.shape
    start = np.arange(n_cubes + 1) * n_corners
    exchange = csc_array((corners.change.ravel(), corners.cell.ravel(), start), (attack.values.size, n_cubes))
    effect = (attack.matrix @ exchange).tocoo()
    low, high = attack.room
    line, cube = effect.coords
    broken = (effect.data < low[line]) | (effect.data > high[line])
    return np.asarray(np.bincount(cube[broken], minlength=n_cubes) == 0)


def withhold_hypercubes(
    cubes: Hypercubes, attack: Attack, withheld: Booleans, known: Booleans, proven: Booleans, cells: Integers
) -> bool:
    """Withhold for each of these cells, in place, the corners of the hypercube that costs least.

    That is the one with fewest further totals, then with fewest further cells, then with fewest persons in them.

    Returns
    -------
    bool
        Whether any cell was withheld or proven.
    """
    is_total = np.zeros(withheld.size, bool)
    is_total[attack.lines.cell[attack.lines.is_total]] = True
    helped = False
    for cell in cells.tolist():
        if proven[cell]:
            continue
        places = _list_opposite(cubes, cell)
        corners = _list_possible(cubes.find_corners(np.full(places.shape[1], cell), places), attack, withheld | ~known)
        further = ~withheld[corners.cell]
        persons = (further * attack.values[corners.cell]).sum(axis=1)
        order = np.lexsort((persons, further.sum(axis=1), (further & is_total[corners.cell]).sum(axis=1)))
        for first in range(0, min(order.size, 64), 16):
            chosen = order[first : first + 16]
            some = Corners(corners.cell[chosen], corners.change[chosen])
            kept = np.flatnonzero(_keeps_lines(some, attack))
            if kept.size:
                withheld[some.cell[kept[0]]] = proven[some.cell[kept[0]]] = helped = True
                break
    return helped


def _list_opposite(cubes: Hypercubes, cell: int) -> Integers:
    """Places opposite to a cell: all, or as many as are looked at, drawn from a fixed seed; (dimension - 1, place)."""
    sizes = cubes.sizes[1:]
    if np.prod([float(size) for size in sizes]) <= CANDIDATES:
        return np.array(list(product(*map(range, sizes))), np.int64).T
    random = np.random.default_rng(cell)
    return np.array([random.integers(0, size, CANDIDATES) for size in sizes])
