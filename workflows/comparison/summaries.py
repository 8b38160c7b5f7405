"""The summaries of two results, number by number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from .differences import Difference
from .labels import Picked

__all__ = ["compare_summaries", "list_lone_rows"]

Row = Mapping[str, Any]


def compare_summaries(a: Sequence[Row], b: Sequence[Row], picked: Picked) -> tuple[list[Difference], list[str]]:
    """Compare the numbers of two summaries, whose rows are matched by the first column of A.

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
        Labels that name several rows, rows that are in one run alone, and rows that are matched although their labels
        differ.

    Examples
    --------
    >>> a, b = {"scenario": "base", "tstt": 552.0}, {"scenario": "shut", "tstt": 498.0}
    >>> found, told = compare_summaries([a], [b], {})
    >>> found[0].largest, told
    (-54.0, ["summary: row 'base' of A is compared with row 'shut' of B."])
    """
    if not a or not b:
        return [], []
    key = next((name for row in a for name in row), "")
    (first, twice), (second, twice_b) = _index(a, key), _index(b, key)
    told: list[str] = []
    if repeated := sorted(twice | twice_b):
        told.append(f"summary: {len(repeated):,} labels name several rows, not compared: {_name(repeated)}.")
    pairs = [(label, label) for label in first if label in second]
    if key in picked:
        labels = _find(picked[key][0], first), _find(picked[key][1], second)
        pairs = [(one, two) for one, two in [labels] if one is not None and two is not None]
    elif not pairs and len(first) == len(second) == 1 and not repeated:
        pairs = [(next(iter(first)), next(iter(second)))]
    elif lone := list_lone_rows(a, b, picked):
        told.append(f"summary: {len(lone):,} rows are in one run only: {_name(lone)}.")
    told += [f"summary: row {one!r} of A is compared with row {two!r} of B." for one, two in pairs if one != two]
    found = []
    for one, two in pairs:
        place = {key: one if one == two else f"{one} -> {two}"}
        for column in dict.fromkeys([*first[one], *second[two]]):
            value, other = first[one].get(column), second[two].get(column)
            if column == key or not (_is_number(value) or _is_number(other)):
                continue  # texts are remarks
            found.append(_compare(column, value, other, place))
    return found, told


def list_lone_rows(a: Sequence[Row], b: Sequence[Row], picked: Picked) -> list[str]:
    """Labels of rows that one summary alone has; none where rows are picked, or there is one row in each."""
    key = next((name for row in a for name in row), "")
    first, second = ({str(row[key]) for row in rows if key in row} for rows in (a, b))
    if key in picked or not a or not b or len(a) == len(b) == 1:
        return []
    return sorted(first ^ second)


def _compare(column: str, value: Any, other: Any, place: dict[str, str]) -> Difference:
    """A number of both summaries, or of one alone: then the difference has no size."""
    difference = Difference(column, "", tuple(place))
    sized = [float(cell) if _is_number(cell) else math.nan for cell in (value, other)]
    difference.add(np.array(sized[:1]), np.array(sized[1:]), corner=(0,))
    difference.a, difference.b, difference.at = value, other, place
    return difference


def _index(rows: Sequence[Row], key: str) -> tuple[dict[str, Row], set[str]]:
    """Rows by their label, and the labels that several rows have, which name none."""
    counts = Counter(str(row[key]) for row in rows if key in row)
    twice = {label for label, count in counts.items() if count > 1}
    return {str(row[key]): row for row in rows if key in row and str(row[key]) not in twice}, twice


def _find(label: str, rows: Mapping[str, Row]) -> str | None:
    """A label as the rows spell it: 1 and 1.0 are one."""
    if label in rows:
        return label
    with suppress(ValueError):
        return next((row for row in rows if float(row) == float(label)), None)
    return None


def _name(labels: Sequence[str]) -> str:
    return ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)  # yes and no count as 1 and 0
