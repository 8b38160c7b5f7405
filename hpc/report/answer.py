"""What a run answers, as the report lays it out: headline, tiles, summary and lists, and the tables beside them.

All words come from ``result.json``, which the question wrote (``hpc/run/result.py``); a run of an earlier version, or
a file that somebody changed, may lack any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .formatting import make_column, make_columns, unit_text

__all__ = ["describe_answer", "describe_table", "is_number", "list_items", "list_values"]

MOST_SHOWN = 50  # rows of a list, if it does not say


def describe_answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs of a result.

    Examples
    --------
    >>> told = describe_answer({"headline": "Most go to A.", "summary": [{"place": "A"}, {"place": "B"}]})
    >>> told["headlines"], told["summary_title"]
    ([('', 'Most go to A.')], '2 rows')
    """
    told = _columns(result.get("columns"))
    summary = _summary(result, told)
    return {
        "headlines": _headlines(result.get("headline")),
        "tiles": _tiles(result),
        "tiles_note": str(result.get("tiles_note") or ""),
        "summary": summary,
        "summary_title": str(result.get("summary_title") or f"{len(summary):,} row{'s' if len(summary) != 1 else ''}"),
        "summary_note": str(result.get("summary_note") or ""),
        "columns": make_columns(summary, told),
        "lists": [described for given in list_items(result.get("lists")) if (described := _list(given, result))],
    }


def list_values(value: object) -> list[Any]:
    """The values of a JSON array; none of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def list_items(value: object) -> list[dict[str, Any]]:
    """The objects in a JSON array."""
    return [item for item in list_values(value) if isinstance(item, dict)]


def is_number(value: object) -> bool:
    """Whether a JSON value is a number, and not NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _columns(value: object) -> dict[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): column for key, column in value.items() if isinstance(column, Mapping)}


def _summary(result: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the summary, with what the result tells by row beside them."""
    rows = [dict(row) for row in list_items(result.get("summary"))]
    for key in list_values(result.get("by_row")):
        values = result.get(key) if isinstance(key, str) else None
        if isinstance(values, Mapping):
            for row in rows:
                row.setdefault(key, values.get(str(next(iter(row.values()), ""))))
    for key in [key for key, column in told.items() if column.get("is_yes_or_no")]:
        for row in rows:
            if row.get(key) in (0, 1):
                row[key] = bool(row[key])
    return rows


def _headlines(own: object) -> list[tuple[str, str]]:
    """Product and sentence."""
    if isinstance(own, Mapping):
        return [(str(name), str(text)) for name, text in own.items() if text]
    return [("", own)] if isinstance(own, str) and own else []


def _tiles(result: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Heading, value and exact text."""
    return [
        (str(tile.get("heading", "")), tile["value"], str(tile.get("exact") or tile["value"]))
        for tile in list_items(result.get("tiles"))
        if isinstance(tile.get("value"), int | float | str)
    ]


def _list(given: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any] | None:
    """A further list: its first rows, and how many there are; None of no rows."""
    rows, most = list_items(result.get(str(given.get("key")))), given.get("most_shown")
    shown = rows[: most if isinstance(most, int) and most > 0 else MOST_SHOWN]
    if not rows:
        return None
    columns = make_columns(shown, _columns(given.get("columns")))
    return {"title": str(given.get("title") or ""), "columns": columns, "rows": shown, "n": len(rows)}


def describe_table(content: Mapping[str, Any]) -> dict[str, Any]:
    """A table of the folder ``tables``; a column with ``is_identifier`` is written as it came."""
    rows = [list(row) for row in list_values(content.get("rows")) if isinstance(row, list)]
    columns = []
    for position, column in enumerate(list_values(content.get("columns"))):
        named: Mapping[str, Any] = column if isinstance(column, Mapping) else {"name": column}
        cells: Sequence[object] = [row[position] for row in rows if position < len(row)]
        unit = unit_text(str(named.get("unit") or ""))
        is_identifier = named.get("is_identifier") is True
        columns.append(make_column(str(position), str(named.get("name", "")), unit, cells, 7, is_identifier))
    return {
        "title": str(content.get("title", "")),
        "caption": str(content.get("caption", "")),
        "columns": columns,
        "rows": [{str(position): cell for position, cell in enumerate(row)} for row in rows],
    }
