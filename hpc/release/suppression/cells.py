"""Cells of a table, together with those that earlier releases have shown of the same persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ..kept import Kept
from ..policy import CountedTable
from .lines import Lines, concatenate_lines, find_row_lines, make_lines

__all__ = ["Cells", "find_lines", "join_earlier"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Cells by count and row: the rows of the table first, then those that only earlier releases have.

    Parameters
    ----------
    labels
        One array per label column; (row,). A table without a column counts as the total over it.
    values
        Persons in each cell; (count, row).
    present
        Which cells a table has; (count, row).
    withheld
        Which cells an earlier release has withheld; (count, row). Those of the table itself are False.
    known
        Which cells an earlier release has shown; (count, row).
    tables
        The rows of each table: this one first.
    """

    labels: tuple[NDArray[np.str_], ...]
    values: Integers
    present: Booleans
    withheld: Booleans
    known: Booleans
    tables: tuple[Integers, ...]


def join_earlier(columns: Mapping[str, NDArray[Any]], table: CountedTable, earlier: Sequence[Kept]) -> Cells:
    """The cells of a table and of earlier releases of the same persons.

    An earlier release whose counts differ in a cell that both have counts something else, and is left out.

    Parameters
    ----------
    columns
        Labels and exact counts.
    earlier
        Releases of the same cohort and measure.
    """
    names = list(dict.fromkeys([*table.labels, *(name for kept in earlier for name in kept.line["table"]["labels"])]))
    n_rows = len(next(iter(columns.values())))
    labels = [_read_label(columns, table.labels, name, table.total, n_rows) for name in names]
    values = np.array([columns[name] for name in table.counts], np.int64).reshape(len(table.counts), n_rows)
    none = np.zeros(values.shape, bool)
    cells = Cells(tuple(labels), values, ~none, none, none.copy(), (np.arange(n_rows),))
    for kept in earlier:
        cells = _join(cells, names, table, kept)
    return cells


def _read_label(columns: Mapping[str, Any], own: Sequence[str], name: str, total: str, n_rows: int) -> NDArray[np.str_]:
    return np.asarray(columns[name] if name in own else np.full(n_rows, total), np.str_)


def _join(cells: Cells, names: Sequence[str], table: CountedTable, kept: Kept) -> Cells:
    own = kept.line["table"]["labels"]
    shared = [name for name in table.counts if name in kept.line["table"]["counts"]]
    if not shared:
        return cells
    size = len(kept.exact[shared[0]])
    labels = [_read_label(kept.exact, own, name, table.total, size) for name in names]
    row = _find_rows(cells.labels, labels)
    new = row < 0
    n_before, n_new = cells.values.shape[1], int(new.sum())
    row[new] = n_before + np.arange(n_new)
    wider = ((0, 0), (0, n_new))
    values, present = np.pad(cells.values, wider), np.pad(cells.present, wider)
    withheld, known = np.pad(cells.withheld, wider), np.pad(cells.known, wider)
    for name in shared:
        column = table.counts.index(name)
        exact = np.asarray(kept.exact[name], np.int64)
        out = np.ma.getmaskarray(kept.released[name])
        if (present[column, row] & (values[column, row] != exact)).any():
            return cells
        values[column, row] = exact
        present[column, row] = True
        withheld[column, row[new]] = out[new]
        known[column, row] |= ~out
    withheld &= ~known
    joined = tuple(np.concatenate([old, more[new]]) for old, more in zip(cells.labels, labels, strict=True))
    return Cells(joined, values, present, withheld, known, (*cells.tables, row))


def _find_rows(labels: Sequence[NDArray[np.str_]], wanted: Sequence[NDArray[np.str_]]) -> Integers:
    """The row of ``labels`` with each wanted combination, or -1."""
    number = np.zeros(labels[0].size + wanted[0].size, np.int64)
    for column, further in zip(labels, wanted, strict=True):
        code = np.unique(np.concatenate([column, further]), return_inverse=True)[1]
        number = np.unique(number * (code.max(initial=0) + 1) + code, return_inverse=True)[1].astype(np.int64)
    ours, theirs = number[: labels[0].size], number[labels[0].size :]
    order = np.argsort(ours, kind="stable")
    place = np.minimum(np.searchsorted(ours[order], theirs), max(ours.size - 1, 0))
    found = ours[order][place] == theirs if ours.size else np.zeros(theirs.size, bool)
    return np.where(found, order[place] if ours.size else -1, -1)


def find_lines(cells: Cells, table: CountedTable) -> Lines:
    """What everybody knows of sums: totals over labels within each table and between tables, and sums of counts.

    Raises
    ------
    RunError
        If a count is declared as the sum of others and is not.
    """
    n_counts, n_rows = cells.values.shape
    flat = cells.values.ravel()
    found: list[Lines] = []
    for rows in cells.tables:
        covers = find_row_lines(cells.labels, table.total, None, np.sort(rows))
        sizes = np.diff(covers.start)
        owner = np.repeat(np.arange(covers.total.size), sizes)
        for column in range(n_counts):
            here = cells.present[column]
            whole = here[covers.total] & (np.bincount(owner, ~here[covers.part], covers.total.size) == 0)
            start = np.concatenate([[0], np.cumsum(sizes[whole])])
            shift = column * n_rows
            found.append(make_lines(covers.total[whole] + shift, start, covers.part[whole[owner]] + shift, flat))
    for name, parts in table.sums.items():
        total, *columns = (table.counts.index(count) for count in (name, *parts))
        rows = np.flatnonzero(cells.present[[total, *columns]].all(axis=0))
        part = (np.array(columns)[None, :] * n_rows + rows[:, None]).ravel()
        lines = make_lines(total * n_rows + rows, np.arange(rows.size + 1) * len(columns), part, flat)
        if np.isinf(lines.low).any() or np.isinf(lines.high).any():
            raise RunError(
                f"sums must hold in every row, but {name} is not {' + '.join(parts)} in "
                f"{int((np.isinf(lines.low) | np.isinf(lines.high)).sum())} rows: correct CountedTable(sums=...)"
            )
        found.append(lines)
    return concatenate_lines(found)
