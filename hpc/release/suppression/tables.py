"""What a table shows, with the totals that everybody can form from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kept import Kept

__all__ = ["ShownTable", "add_totals", "match_rows"]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class ShownTable:
    """Labels and counts of a table.

    Parameters
    ----------
    labels
        By name; (row,).
    values, shown
        Counts, and which of them are shown; (count, row).
    origin
        The row of the table from which a row comes: for a total that was formed, its smallest
        part; (row,).
    """

    labels: Mapping[str, NDArray[np.str_]]
    values: Integers
    shown: Booleans
    origin: Integers

    @classmethod
    def from_columns(
        cls, columns: Mapping[str, NDArray[Any]], labels: Sequence[str], counts: Sequence[str], withheld: Booleans
    ) -> ShownTable:
        """A table of exact columns, of which some cells are withheld."""
        values = np.array([columns[name] for name in counts], np.int64).reshape(withheld.shape)
        names = {name: np.asarray(columns[name], np.str_) for name in labels}
        return cls(names, values, ~withheld, np.arange(withheld.shape[1]))

    @classmethod
    def from_kept(cls, kept: Kept, counts: Sequence[str]) -> ShownTable:
        """An earlier release; a count that it does not have is not shown."""
        size = len(next(iter(kept.exact.values())))
        zero = np.zeros(size, np.int64)
        had = kept.line["table"]["counts"]
        values = np.array([kept.exact[name] if name in had else zero for name in counts], np.int64)
        out = [np.ma.getmaskarray(kept.released[name]) if name in had else np.ones(size, bool) for name in counts]
        names = {name: np.asarray(kept.exact[name], np.str_) for name in kept.line["table"]["labels"]}
        return cls(names, values.reshape(len(counts), size), ~np.array(out).reshape(len(counts), size), np.arange(size))


def add_totals(table: ShownTable, other: ShownTable, names: Sequence[str], total: str) -> ShownTable:
    """The table with further rows: totals over those of its labels over which the other table has totals.

    No row is added where the table has one of its own.

    Labels that the table does not have are taken as totals.

    Examples
    --------
    >>> ages = {"age": np.array(["0-17", "18-"])}
    >>> table = ShownTable(ages, np.array([[12, 30]]), np.ones((1, 2), bool), np.arange(2))
    >>> plain = ShownTable({}, np.array([[50]]), np.ones((1, 1), bool), np.arange(1))
    >>> wider = add_totals(table, plain, ["age"], "all")
    >>> wider.labels["age"].tolist(), wider.values.tolist()
    (['0-17', '18-', 'all'], [[12, 30, 42]])
    """
    size = table.origin.size
    labels = {name: table.labels.get(name, np.full(size, total)) for name in names}
    is_total = {name: labels[name] == total for name in names}
    pieces = [ShownTable(labels, table.values, table.shown, table.origin)]
    own = [name for name in table.labels if name not in other.labels or (other.labels[name] == total).any()]
    for over in (over for number in range(1, len(own) + 1) for over in combinations(own, number)):
        parts = np.flatnonzero(~np.any([is_total[name] for name in over], axis=0))
        if parts.size:
            pieces.append(_sum_over(pieces[0], parts, over, total))
    joined = ShownTable(
        {name: np.concatenate([piece.labels[name] for piece in pieces]) for name in names},
        np.concatenate([piece.values for piece in pieces], axis=1),
        np.concatenate([piece.shown for piece in pieces], axis=1),
        np.concatenate([piece.origin for piece in pieces]),
    )
    first = _number(joined, joined)[0]
    keep = np.sort(np.unique(first, return_index=True)[1])  # rows of the table itself come before formed ones
    return ShownTable(
        {name: column[keep] for name, column in joined.labels.items()},
        joined.values[:, keep],
        joined.shown[:, keep],
        joined.origin[keep],
    )


def _sum_over(table: ShownTable, parts: Integers, over: Sequence[str], total: str) -> ShownTable:
    labels = {name: np.full(parts.size, total) if name in over else table.labels[name][parts] for name in table.labels}
    piece = ShownTable(labels, table.values[:, parts], table.shown[:, parts], table.origin[parts])
    group = _number(piece, piece)[0]
    one = np.unique(group, return_index=True)[1]
    values = np.array([np.bincount(group, weights=row) for row in piece.values], np.int64)
    hidden = np.array([np.bincount(group, weights=~row) for row in piece.shown])
    # Withholding the smallest part takes the total away.
    smallest = np.lexsort((piece.values.sum(axis=0), group))
    origin = piece.origin[smallest[np.searchsorted(group[smallest], np.arange(one.size))]]
    return ShownTable({name: column[one] for name, column in labels.items()}, values, hidden == 0, origin)


def _number(table: ShownTable, other: ShownTable) -> tuple[Integers, Integers]:
    """One number for each row of two tables with the same labels, equal for rows that agree."""
    size = table.origin.size
    number = np.zeros(size + other.origin.size, np.int64)
    for name, column in table.labels.items():
        code = np.unique(np.concatenate([column, other.labels[name]]), return_inverse=True)[1]
        number = np.unique(number * (code.max(initial=0) + 1) + code, return_inverse=True)[1].astype(np.int64)
    return number[:size], number[size:]


def match_rows(table: ShownTable, other: ShownTable) -> tuple[Integers, Integers]:
    """Rows of two tables that have the same labels."""
    ours, theirs = _number(table, other)
    _, first, second = np.intersect1d(ours, theirs, return_indices=True)
    return first, second
