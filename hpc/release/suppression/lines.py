"""Lines of a table: a total and the cells that it covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lines", "RowLines", "concatenate_lines", "find_row_lines", "make_lines"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class RowLines:
    """Rows that are totals of others: each line has one total and at least one part.

    Parameters
    ----------
    total
        The row that is the total; (line,).
    start
        Where the parts of a line begin; (line + 1,).
    part
        Rows that the totals cover; (part,).
    """

    total: Integers
    start: Integers
    part: Integers


@dataclass(frozen=True)
class Lines:
    """What everybody knows of cells: in each line the total minus its parts lies between ``low`` and ``high``.

    Parameters
    ----------
    line, cell, is_total
        Of each entry: its line (ascending), its cell, and whether that is the total; (entry,).
    low, high
        Both 0 where the total is the sum of its parts. Persons who stand in several parts make the sum larger than the
        total, and persons who stand in none make it smaller; (line,).
    """

    line: Integers
    cell: Integers
    is_total: Booleans
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def find_row_lines(
    labels: Sequence[NDArray[np.str_]], total: str, owners: Integers | None = None, parts: Integers | None = None
) -> RowLines:
    """Find the rows that are totals, and the rows that each covers.

    A row with ``total`` in one label column covers the rows that have other values there and agree in the other
    columns. A row with ``total`` in several columns is also a total over each of them and over several together.

    Parameters
    ----------
    labels
        One array per label column; (row,).
    owners, parts
        Rows that may be totals, and rows that may be parts; all if omitted.

    Examples
    --------
    >>> lines = find_row_lines([np.array(["f", "m", "all"])], "all")
    >>> lines.total.tolist(), lines.part.tolist()
    ([2], [0, 1])
    """
    n_rows = labels[0].size if labels else 0
    is_total = np.array([column == total for column in labels]).reshape(len(labels), n_rows)
    rows = np.arange(n_rows)
    owners, parts = (rows if chosen is None else chosen for chosen in (owners, parts))
    bearing = [number for number in range(len(labels)) if is_total[number, owners].any()]
    if not bearing:
        return RowLines(*(np.zeros(0, np.int64) for _ in range(3)))
    codes = np.array([np.unique(column, return_inverse=True)[1] for column in labels], dtype=np.int64)
    found = list(_join_subsets(codes, is_total, bearing, owners, parts))
    sizes = np.concatenate([size for _, size, _ in found])
    return RowLines(
        np.concatenate([line_total for line_total, _, _ in found]),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.concatenate([part for _, _, part in found]),
    )


def _join_subsets(
    codes: Integers, is_total: Booleans, bearing: list[int], owners: Integers, parts: Integers
) -> Iterator[tuple[Integers, Integers, Integers]]:
    """Totals, numbers of parts and parts of the lines over each set of label columns."""
    for over in (list(over) for size in range(1, len(bearing) + 1) for over in combinations(bearing, size)):
        owner = owners[is_total[over][:, owners].all(axis=0)]
        part = parts[~is_total[over][:, parts].any(axis=0)]
        others = [number for number in range(len(codes)) if number not in over]
        key = _number_rows(codes[others])
        part = part[np.argsort(key[part], kind="stable")]
        first, end = (np.searchsorted(key[part], key[owner], side) for side in ("left", "right"))
        owner, first, size = (values[end > first] for values in (owner, first, end - first))
        before = np.concatenate([[0], np.cumsum(size)])[:-1]
        yield owner, size, part[np.arange(size.sum()) - np.repeat(before - first, size)]


def _number_rows(codes: Integers) -> Integers:
    """One number for each row, the same for rows that agree in every column."""
    number = np.zeros(codes.shape[1], np.int64)
    for column in codes:
        number = np.unique(number * (column.max(initial=0) + 1) + column, return_inverse=True)[1].astype(np.int64)
    return number


def make_lines(total: Integers, start: Integers, part: Integers, values: Integers) -> Lines:
    """Lines of cells, and what their values show: whether each total is the sum of its parts.

    Examples
    --------
    >>> lines = make_lines(np.array([2]), np.array([0, 2]), np.array([0, 1]), np.array([4, 5, 9]))
    >>> lines.low.tolist(), lines.high.tolist(), lines.is_total.tolist()
    ([0.0], [0.0], [True, False, False])
    """
    n_lines = total.size
    size = np.diff(start) if n_lines else np.zeros(0, np.int64)
    line = np.repeat(np.arange(n_lines), size + 1)
    is_total = np.zeros(line.size, bool)
    is_total[np.concatenate([[0], np.cumsum(size + 1)])[:-1]] = True
    cell = np.empty(line.size, np.int64)
    cell[is_total], cell[~is_total] = total, part
    gap = np.bincount(line, np.where(is_total, values[cell], -values[cell]), n_lines)
    return Lines(line, cell, is_total, np.where(gap >= 0, 0.0, -np.inf), np.where(gap <= 0, 0.0, np.inf))


def concatenate_lines(several: Sequence[Lines]) -> Lines:
    """All lines of several sets."""
    before = np.concatenate([[0], np.cumsum([lines.low.size for lines in several])])
    return Lines(
        np.concatenate([lines.line + first for lines, first in zip(several, before[:-1], strict=True)]),
        np.concatenate([lines.cell for lines in several]),
        np.concatenate([lines.is_total for lines in several]),
        np.concatenate([lines.low for lines in several]),
        np.concatenate([lines.high for lines in several]),
    )
