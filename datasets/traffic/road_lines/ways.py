"""In which directions road lines may be driven, in the spellings of many tables; said as OpenStreetMap's ``oneway``."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from .columns import Column, RoadColumns

__all__ = ["ONEWAY_READINGS", "read_ways"]

# What can be declared with oneway=, by the columns that it explains.
ONEWAY_READINGS = {
    "osm-letters": "F along the line, T against it, B both",
    "boolean": "t one-way along the line, f both ways",
    "link-direction": "direction 1 along the line, -1 against it, 0 both",
    "navigation": "direction 0 or 1 both ways, 2 along the line, 3 against it",
}
_ALONG, _AGAINST, _BOTH, _CLOSED, _UNSAID = "yes", "-1", "no", "closed", ""

_ARROWS = {"->": _ALONG, "→": _ALONG, ">": _ALONG, "<-": _AGAINST, "←": _AGAINST, "<": _AGAINST, "<->": _BOTH,
           "↔": _BOTH, "<>": _BOTH}  # fmt: skip
_WORDS = _ARROWS | dict.fromkeys(
    ("yes", "y", "true", "1", "是", "单向", "单行", "forward", "one-way", "oneway"), _ALONG
)
_WORDS |= dict.fromkeys(("-1", "reverse", "backward", "逆向", "反向", "逆行"), _AGAINST)
_WORDS |= dict.fromkeys(("no", "n", "false", "0", "b", "否", "双向", "both", "reversible", "alternating"), _BOTH)
_WORDS |= dict.fromkeys(("正向", "顺向", "顺行"), _ALONG)
_EMPTY = frozenset({"", "none", "nan", "null", "-", "<na>"})
_LETTERS = _ARROWS | {"f": _ALONG, "t": _AGAINST, "b": _BOTH, "n": _CLOSED}
_TURNS = _ARROWS | {"ft": _ALONG, "tf": _AGAINST, "b": _BOTH, "n": _CLOSED}
_BOOLEAN = {"t": _ALONG, "f": _BOTH, "y": _ALONG, "n": _BOTH}
_LINK_DIRECTION = {"1": _ALONG, "0": _BOTH, "-1": _AGAINST}
_NAVIGATION = {"0": _BOTH, "1": _BOTH, "2": _ALONG, "3": _AGAINST}
_TABLES = {
    "osm-letters": _LETTERS,
    "boolean": _BOOLEAN,
    "link-direction": _LINK_DIRECTION,
    "navigation": _NAVIGATION,
}
_DIRECTED = dict.fromkeys(("true", "1", "t", "yes", "y"), _ALONG) | dict.fromkeys(("false", "0", "f", "no", "n"), _BOTH)


def read_ways(held: RoadColumns, declared: str | None) -> tuple[list[str], list[bool], tuple[str, ...]]:
    """Read the columns that tell directions.

    Parameters
    ----------
    held
        The columns.
    declared
        ``oneway``: what the letters or numbers mean, where the column can be read in two ways.

    Returns
    -------
    oneway : list of str
        ``yes``, ``no``, ``-1`` as OpenStreetMap writes it; empty where the table does not say.
    closed : list of bool
        Rows that nobody may drive.
    notes : tuple of str

    Raises
    ------
    InputError
        If a column can be read in two ways and nothing is declared, a word is not known, or two columns contradict.
    """
    file = held.found.file
    if declared is not None and declared not in ONEWAY_READINGS:
        raise InputError(f"oneway is {declared!r}", file=file, way_out=f"choose one of {', '.join(ONEWAY_READINGS)}")
    said: list[tuple[Column, list[str]]] = []
    is_explained = declared is None
    notes: list[str] = []
    for what in ("oneway", "dir_travel", "direction", "directed"):
        if what not in held:
            continue
        column = held.by[what]
        words = [cell.strip().lower().removesuffix(".0") for cell in column.cells]
        table = _choose_table(held, what, column, set(words) - _EMPTY, declared)
        is_explained |= table is _TABLES.get(declared or "") or (what, declared) == ("dir_travel", "osm-letters")
        unknown = next((k for k, word in enumerate(words) if word not in _EMPTY and word not in table), None)
        if unknown is not None and what == "direction" and said:
            notes.append(
                f"{file.name}: column {column.heading} is not read: {said[0][0].heading} tells the directions."
            )
            continue
        if unknown is not None:
            raise held.found.error(
                unknown,
                f"{column.heading} is {column.cells[unknown].strip()!r}",
                "write yes, no or -1 (against the line's direction), or remove the column if it tells something else",
            )
        said.append((column, [table.get(word, _UNSAID) for word in words]))
    if not is_explained:
        raise InputError(
            f"oneway={declared} is declared ({ONEWAY_READINGS[declared or '']}), and no column is read with it",
            file=file,
            way_out="omit oneway, or check the name of the column and its words",
        )
    if not said:
        return [_UNSAID] * len(held.found), [False] * len(held.found), tuple(notes)
    first = list(said[0][1])
    for column, directions in said[1:]:
        for row, direction in enumerate(directions):
            if direction and first[row] and direction != first[row]:
                raise held.found.error(
                    row,
                    f"{said[0][0].heading} is {said[0][0].cells[row].strip()!r}, and {column.heading} is "
                    f"{column.cells[row].strip()!r}, which says another direction",
                    "remove the column that should not count",
                )
            first[row] = first[row] or direction
    closed = [direction == _CLOSED for direction in first]
    return ["no" if shut else direction for direction, shut in zip(first, closed, strict=True)], closed, tuple(notes)


def _choose_table(
    held: RoadColumns, what: str, column: Column, words: set[str], declared: str | None
) -> dict[str, str]:
    """What each word of a column means."""
    file, line = held.found.file, None if held.found.line is None else 1
    if what == "directed":
        return _DIRECTED
    if what == "direction" and declared == "osm-letters" and words & {"f", "t", "b"}:
        return _LETTERS
    if what == "direction":
        return _choose_numbers(held, column, words, declared, file, line)
    if what == "dir_travel":
        return _LETTERS | _TURNS
    if words & {"ft", "tf"}:
        return _TURNS
    if not words & {"f", "t"}:
        is_partly_empty = any(cell.strip().lower() in _EMPTY for cell in column.cells)
        if declared == "boolean" and words <= {"y", "n"}:
            return _BOOLEAN
        if "n" in words and ("b" in words or (words <= {"n"} and is_partly_empty)):
            beside = "B" if "b" in words else "empty cells"
            raise InputError(
                f"column {column.heading!r} holds N and {beside}: N may be no, or closed in both directions",
                file=file,
                line=line,
                way_out="write yes, no or -1, and remove rows of closed roads, or declare oneway=boolean if N is no",
            )
        return _WORDS
    if "b" in words and declared != "boolean":
        return _LETTERS
    if declared == "osm-letters":
        return _LETTERS
    if declared == "boolean":
        return _BOOLEAN
    letters = " and ".join(word.upper() for word in sorted(words & {"f", "t"}))
    raise InputError(
        f"column {column.heading!r} holds {letters}, which may be letters of direction or the t and f of a database",
        file=file,
        line=line,
        way_out="declare oneway=osm-letters (F along, T against the line) or oneway=boolean (t one-way, f not)",
    )


def _choose_numbers(
    held: RoadColumns, column: Column, words: set[str], declared: str | None, file: Path, line: int | None
) -> dict[str, str]:
    """AequilibraE writes 1, 0, -1; Chinese navigation data 0 and 1, 2, 3."""
    if declared == "link-direction":
        return _LINK_DIRECTION
    if declared == "navigation":
        return _NAVIGATION
    named = held.by.values()
    if any(one.known in ("a_node", "b_node") or one.known.endswith(("_ab", "_ba")) for one in named):
        return _LINK_DIRECTION
    if "2" in words and words <= {"1", "2"}:
        raise InputError(
            f"column {column.heading!r} holds no other numbers than 1 and 2: 1 may be both ways and 2 along the line, "
            "or 1 one-way and 2 both ways",
            file=file,
            line=line,
            way_out="declare oneway=navigation (1 both, 2 along, 3 against), or write oneway = yes, no or -1",
        )
    if words & {"2", "3"}:
        return _NAVIGATION
    if "-1" in words or words == {"0"}:
        return _LINK_DIRECTION
    if not words <= {"0", "1"}:
        known = _WORDS | {"ft": _ALONG, "tf": _AGAINST}
        return {word: direction for word, direction in known.items() if word not in ("n", "y")}  # N is the north
    raise InputError(
        f"column {column.heading!r} holds only 0 and 1: 1 may be along the line, or both ways",
        file=file,
        line=line,
        way_out="declare oneway=link-direction (1 along, 0 both, -1 against) or oneway=navigation (0 and 1 both, 2 "
        "along, 3 against)",
    )
