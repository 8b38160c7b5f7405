"""The summaries of two results, number by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .differences import Difference
from .labels import Picked

__all__ = ["compare_summaries"]

Row = Mapping[str, Any]


def compare_summaries(a: Sequence[Row], b: Sequence[Row], picked: Picked) -> tuple[list[Difference], list[str]]:
    """Compare the numbers of two summaries, whose rows are matched by their first column.

    Parameters
    ----------
    a, b
        ``summary`` of each ``result.json``.
    picked
        A label of A and one of B, by the name of that column.

    Returns
    -------
    differences : list of Difference
        One for each number of each row that is in both.
    sentences : list of str
        Rows that are in one run alone, and rows that are matched although their labels differ.

    Examples
    --------
    >>> a, b = {"scenario": "base", "tstt": 552.0}, {"scenario": "shut", "tstt": 498.0}
    >>> found, told = compare_summaries([a], [b], {})
    >>> found[0].largest, told
    (-54.0, ["summary: row 'base' of A is compared with row 'shut' of B."])
    """
    first, second = _index(a), _index(b)
    if not first or not second:
        return [], []
    key = next(iter(a[0]))
    told: list[str] = []
    pairs = [(label, label) for label in first if label in second]
    if key in picked:
        pairs = [picked[key]] if picked[key][0] in first and picked[key][1] in second else []
    elif not pairs and len(first) == len(second) == 1:
        pairs = [(next(iter(first)), next(iter(second)))]
    elif lone := sorted((set(first) | set(second)) - {label for label, _ in pairs}):
        told.append(f"summary: {len(lone):,} rows are in one run only: {', '.join(lone[:5])}.")
    told += [f"summary: row {one!r} of A is compared with row {two!r} of B." for one, two in pairs if one != two]
    found = []
    for one, two in pairs:
        for column, value in first[one].items():
            other = second[two].get(column)
            if column == key or not _is_number(value) or not _is_number(other):
                continue
            difference = Difference(column, "", (key,))
            difference.add(np.array([value], np.float64), np.array([other], np.float64), corner=(0,))
            difference.a, difference.b = value, other
            difference.at = {key: one if one == two else f"{one} -> {two}"}
            found.append(difference)
    return found, told


def _index(rows: Sequence[Row]) -> dict[str, Row]:
    return {str(next(iter(row.values()))): row for row in rows if row}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
