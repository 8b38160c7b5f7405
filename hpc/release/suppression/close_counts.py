"""Counts that differ by few persons from what an earlier release has shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ..differences import name_release
from ..kept import Kept
from ..policy import CountedTable, Policy
from .tables import ShownTable, add_totals, match_rows

__all__ = ["find_close_counts"]

Booleans = NDArray[np.bool_]


def find_close_counts(
    columns: Mapping[str, NDArray[Any]],
    table: CountedTable,
    policy: Policy,
    earlier: Sequence[Kept],
    withheld: Booleans,
) -> Booleans:
    """Which counts differ from an earlier release by at least one and fewer than ``min_cell`` persons.

    Compared are cells with the same labels that both tables show, and totals over a label that one of the tables has
    and the other does not. A count that is equal is close too if an amount that follows it is not: somebody gave more
    or less to it, and nothing tells how many did.

    Parameters
    ----------
    columns
        Exact labels and counts.
    earlier
        Releases of cohorts that hold this one, or that this one holds.
    withheld
        Cells that are not shown anyway; (count, row).

    Raises
    ------
    RunError
        If there are any and ``policy.on_difference`` is ``"refuse"``.
    """
    close = np.zeros(withheld.shape, bool)
    ours = ShownTable.from_columns(columns, table.labels, table.counts, withheld)
    for kept in earlier:
        theirs = ShownTable.from_kept(kept, table.counts)
        names = list(dict.fromkeys([*table.labels, *kept.line["table"]["labels"]]))
        mine = add_totals(ours, theirs, names, table.total)
        other = add_totals(theirs, ours, names, table.total)
        row, earlier_row = match_rows(mine, other)
        change = np.abs(mine.values[:, row] - other.values[:, earlier_row])
        found = mine.shown[:, row] & other.shown[:, earlier_row] & (change > 0) & (change < policy.min_cell)
        if found.any() and policy.on_difference == "refuse":
            raise RunError(
                f"counts of two releases must be equal or differ by at least {policy.min_cell} persons, but "
                f"{int(found.sum())} differ by fewer from {name_release(kept.line)}: ask for the same persons and "
                'records, or set on_difference="withhold" in the policy'
            )
        moved = _find_moved(columns, table, kept, mine, other) & mine.shown[:, row] & other.shown[:, earlier_row]
        if moved.any() and policy.on_difference == "refuse":
            raise RunError(
                f"sums over the persons of two releases must be equal where their counts are, but {int(moved.sum())} "
                f"are not those of {name_release(kept.line)}, and the difference may be of fewer than "
                f"{policy.min_cell} persons: ask for the same days, ages and records, or set "
                'on_difference="withhold" in the policy'
            )
        found |= moved
        for count, place in zip(*np.nonzero(found), strict=True):
            close[count, mine.origin[row[place]]] = True
    return close & ~withheld


def _find_moved(
    columns: Mapping[str, NDArray[Any]], table: CountedTable, kept: Kept, mine: ShownTable, other: ShownTable
) -> Booleans:
    """Counts that are equal in rows that both tables have, while an amount that follows them is not; (count, pair)."""
    row, earlier_row = match_rows(mine, other)
    moved = np.zeros((len(table.counts), row.size), bool)
    at, earlier_at = mine.origin[row], other.origin[earlier_row]
    own = (at == row) & (earlier_at == earlier_row)  # no totals that were formed
    for name in table.amounts:
        if name in kept.exact:
            differs = own & (np.asarray(columns[name])[at] != np.asarray(kept.exact[name])[earlier_at])
            for count in table.follows[name]:
                place = table.counts.index(count)
                moved[place] |= differs & (mine.values[place, row] == other.values[place, earlier_row])
    return moved
