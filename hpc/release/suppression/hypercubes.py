"""Hypercubes: cells at the corners of a box, where persons can be exchanged without a change to any total.

The hypercube method of tau-ARGUS withholds such corners. Here each exchange is also held against all lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Corners", "Hypercubes", "make_hypercubes"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
MOST_DIMENSIONS = 8  # of a hypercube, which has 256 corners then


@dataclass(frozen=True)
class Corners:
    """Cells that change together, and by what: one hypercube a row, -1 for a corner that the table does not have.

    Parameters
    ----------
    cell, change
        (hypercube, corner); ``change`` is 1 or -1, and 0 for what is no hypercube.
    """

    cell: Integers
    change: Integers


@dataclass(frozen=True)
class Hypercubes:
    """Cells by their place in each dimension that has totals.

    Parameters
    ----------
    codes
        Place of each cell in each dimension; (dimension, cell). The first one is what never changes in a hypercube.
    signs
        Of each further dimension what a change of 1 in one place means in another: -1 for two parts of one total, 1 for
        a part and its total, 0 if they have none in common; (place, place). None for a label.
    totals
        The place of the total in each further dimension.
    present
        Cells that the table has; (cell,).
    """

    codes: Integers
    signs: tuple[Integers | None, ...]
    totals: tuple[int, ...]
    present: Booleans

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Places of each dimension."""
        return tuple(int(codes.max(initial=0)) + 1 for codes in self.codes)

    @cached_property
    def _sorted(self) -> tuple[Integers, Integers]:
        cells = np.flatnonzero(self.present)
        keys = np.ravel_multi_index(tuple(self.codes[:, cells]), self.sizes)
        order = np.argsort(keys, kind="stable")
        return keys[order], cells[order]

    def find_cells(self, codes: Sequence[Integers]) -> Integers:
        """The cell in each place, or -1."""
        keys, cells = self._sorted
        wanted = np.ravel_multi_index(tuple(codes), self.sizes)
        at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
        return np.where(keys[at] == wanted, cells[at], -1)

    def find_corners(self, cell: Integers, opposite: Integers) -> Corners:
        """The hypercubes between cells and the places opposite to them; (dimension - 1, cell)."""
        own = self.codes[:, cell]
        factors = [
            self._weigh(number, here, there) for number, (here, there) in enumerate(zip(own[1:], opposite, strict=True))
        ]
        found, change = [], []
        for turned in product((False, True), repeat=len(factors)):
            places = [there if turn else here for turn, here, there in zip(turned, own[1:], opposite, strict=True)]
            found.append(self.find_cells([own[0], *places]))
            weights = [factor for turn, factor in zip(turned, factors, strict=True) if turn]
            change.append(np.prod(weights, axis=0, dtype=np.int64) if weights else np.ones(cell.size, np.int64))
        is_one = np.prod(factors, axis=0) != 0
        return Corners(np.array(found).T, np.array(change).T * is_one[:, None])

    def _weigh(self, number: int, here: Integers, there: Integers) -> Integers:
        signs, total = self.signs[number], self.totals[number]
        if signs is not None:
            return signs[here, there]
        return np.where(here == there, 0, np.where((here == total) | (there == total), 1, -1))


def make_hypercubes(
    labels: Sequence[NDArray[np.str_]],
    total: str,
    present: Booleans,
    counts: Sequence[str] = ("",),
    sums: Mapping[str, Any] | None = None,
) -> Hypercubes | None:
    """The hypercubes of a table; None if nothing in it has a total.

    Parameters
    ----------
    labels
        One array per label column; (row,).
    total
        The label that stands for all others.
    present
        Cells that the table has; (count, row).
    counts, sums
        Names of the counts, and those that are the sum of others.

    Examples
    --------
    >>> sex, age = np.array(["f", "m", "all"] * 3), np.repeat(["0-17", "18-", "all"], 3)
    >>> cubes = make_hypercubes([sex, age], "all", np.ones((1, 9), bool))
    >>> corners = cubes.find_corners(np.array([0]), np.array([[2], [1]]))  # f 0-17 and m 18-
    >>> corners.cell.tolist(), corners.change.tolist()
    ([[0, 3, 1, 4]], [[1, -1, -1, 1]])
    """
    n_counts, n_rows = present.shape
    columns = [np.unique(column, return_inverse=True) for column in labels]
    bearing = [number for number, (names, _) in enumerate(columns) if total in names]
    rest = np.zeros(n_rows, np.int64)
    for number in sorted({*range(len(columns))} - {*bearing}):
        rest = np.unique(rest * columns[number][0].size + columns[number][1], return_inverse=True)[1].astype(np.int64)
    count = np.repeat(np.arange(n_counts), n_rows)
    codes = [np.tile(rest, n_counts), *(np.tile(columns[number][1], n_counts) for number in bearing)]
    signs: list[Integers | None] = [None] * len(bearing)
    totals = [int(np.searchsorted(columns[number][0], total)) for number in bearing]
    if sums:
        codes, signs, totals = [*codes, count], [*signs, _relate_counts(counts, sums)], [*totals, -1]
    else:
        codes[0] = codes[0] * n_counts + count
    n_places = float(np.prod([float(one.max(initial=0)) + 1 for one in codes]))
    if not 1 < len(codes) <= MOST_DIMENSIONS + 1 or n_places > np.iinfo(np.int64).max // 2:
        return None
    return Hypercubes(np.array(codes, np.int64), tuple(signs), tuple(totals), present.ravel())


def _relate_counts(counts: Sequence[str], sums: Mapping[str, Any]) -> Integers:
    signs = np.zeros((len(counts), len(counts)), np.int64)
    for name, parts in sums.items():
        total, part = counts.index(name), [counts.index(one) for one in parts]
        signs[np.ix_(part, part)] = -1
        signs[total, part] = signs[part, total] = 1
    np.fill_diagonal(signs, 0)
    return signs
