"""Rows of a TNTP network file: one link each."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .tntp_header import Header

__all__ = ["Links", "read_links"]

Floats = npt.NDArray[np.float64]

_COLUMNS = (
    "init_node",
    "term_node",
    "capacity",
    "length",
    "free_flow_time",
    "b",
    "power",
    "speed",
    "toll",
    "link_type",
)
_NEEDED = 7  # columns up to power
_TOLL = 8
_UNREAD = ("speed", "speed_limit", "link_type", "type", "")  # of no weight in the answer, in every file
_SPELLINGS = {
    "init_node": ("init_node", "init", "from", "from_node", "tail", "tail_node", "a_node", "inode", "start_node"),
    "term_node": ("term_node", "term", "to", "to_node", "head", "head_node", "b_node", "jnode", "end_node"),
    "length": ("length", "len", "distance", "dist"),
    "free_flow_time": ("free_flow_time", "free-flow_time", "fftt", "fft", "ftime", "free_time", "fft_time"),
    "b": ("b", "alpha"),
    "power": ("power", "beta"),
    "toll": ("toll", "tolls"),
    "lanes": ("lanes", "number_of_lanes", "n_lanes", "num_lanes"),
}  # fmt: skip


class Links(NamedTuple):
    """Columns as the file holds them, (link,) each; the line of each row; notes."""

    init_node: Floats
    term_node: Floats
    capacity: Floats
    length: Floats
    free_time: Floats
    b: Floats
    power: Floats
    toll: Floats
    line: list[int]
    notes: list[str]


def read_links(header: Header) -> Links:
    """Read the rows of a TNTP network file.

    Columns go by the names above the rows where these are known, else by their place.

    Raises
    ------
    InputError
        If a row is cut off or holds what is no number, or the names tell of columns that cannot be placed.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    ended: list[bool] = []
    names: list[str] = []
    for number, line in enumerate(header.body.split("\n"), start=header.body_line):
        bare, mark, comment = line.partition("~")
        bare, end, _ = bare.partition(";")
        row = bare.split()
        if row:
            rows.append(row)
            lines.append(number)
            ended.append(bool(end))
        elif mark and not rows:
            cells = comment.strip(" \t;").split("\t" if "\t" in comment.strip(" \t;") else None)
            said = ["_".join(cell.lower().split()) for cell in cells]
            if sum(_recognise(name) is not None for name in said) > 2:  # other comments may stand below the names
                names = said
    stated = header.count("NUMBER OF LINKS")
    if stated is not None and len(rows) < stated:
        raise InputError(
            f"<NUMBER OF LINKS> promises {stated} links, the file holds {len(rows)}",
            file=header.file,
            line=header.lines["NUMBER OF LINKS"],
            way_out="the file is cut off: fetch it again, or correct the header",
        )
    if not rows:
        raise InputError("the file holds no links", file=header.file, way_out="fetch it again")
    width = len(rows[0])
    for row, number, complete in zip(rows, lines, ended, strict=True):
        if len(row) != width or len(row) < _NEEDED or (ended[0] and not complete):
            wanted = max(width, _NEEDED)
            unended = ended[0] and not complete
            raise InputError(
                f"the row holds {len(row)} of {wanted} columns" + (" and lacks its ';'" if unended else ""),
                file=header.file,
                line=number,
                way_out="is the file cut off? A row is init node, term node, capacity, length, time, b, power, ...",
            )
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise _not_a_number(header, rows, lines, width) from None
    column_of, notes = _place_columns(header, names, width)
    held: dict[str, npt.NDArray[np.float64]] = {}
    for name, column in column_of.items():
        values = table[:, column]
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            row_number = int(np.argmax(bad))
            raise InputError(
                f"{name} is {rows[row_number][column]}",
                file=header.file,
                line=lines[row_number],
                way_out="give a finite number from 0 up",
            )
        held[name] = np.ascontiguousarray(values)
    toll = held.get("toll", np.zeros(len(rows)))
    if "lanes" in held:
        held["capacity"] = held["capacity"] * held["lanes"]
    init_node, term_node, capacity, length, free_time, b, power = (held[name] for name in _COLUMNS[:_NEEDED])
    return Links(init_node, term_node, capacity, length, free_time, b, power, toll, lines, notes)


def _place_columns(header: Header, names: list[str], width: int) -> tuple[dict[str, int], list[str]]:
    """Return the column of each name that is read, up to ``toll``, ``lanes`` only where capacities count one lane."""
    by_place = {name: place for place, name in enumerate(_COLUMNS[:_NEEDED])}
    if len(names) != width or not any(_recognise(said) in by_place for said in names):
        others = re.search(r"lanes|critical", _original(header)) and "toll" not in _original(header)
        tolls = width > _TOLL and not others
        return by_place | ({"toll": _TOLL} if tolls else {}), []
    known = {name: place for place, said in enumerate(names) if (name := _recognise(said)) is not None}
    needed = {name: place for name, place in known.items() if name in by_place}
    if len(needed) < _NEEDED:
        moved = [name for name, place in needed.items() if place != by_place[name]]
        if moved:
            raise InputError(
                f"column {names[needed[moved[0]]]!r} stands in place {needed[moved[0]] + 1}, and others are not known: "
                f"{', '.join(names)}",
                file=header.file,
                line=header.body_line,
                way_out=f"name the columns {', '.join(_COLUMNS)}",
            )
        needed = by_place
    found = needed | ({"toll": known["toll"]} if "toll" in known else {})
    per_lane = re.search(r"lane", names[found["capacity"]]) is not None
    if per_lane and "lanes" not in known:
        raise InputError(
            f"column {names[found['capacity']]!r} counts one lane, and no column is called lanes",
            file=header.file,
            line=header.body_line,
            way_out="add a column lanes, or give capacities of whole links",
        )
    if per_lane:
        return found | {"lanes": known["lanes"]}, ["Capacities are those of one lane times the lanes."]
    beside = [said for place, said in enumerate(names[_NEEDED:], start=_NEEDED) if place not in found.values()]
    unread = [said for said in beside if said not in _UNREAD]
    return found, [f"{header.file.name}: columns not read: {', '.join(unread)}."] if unread else []


def _original(header: Header) -> str:
    return header.values.get("ORIGINAL HEADER", "").lower()


def _recognise(said: str) -> str | None:
    bare = re.split(r"[(\[]", said)[0].strip("_ ")
    if bare.startswith("capacity"):
        return "capacity"
    return next((name for name, spellings in _SPELLINGS.items() if bare in spellings), None)


def _not_a_number(header: Header, rows: list[list[str]], lines: list[int], width: int) -> InputError:
    names = _COLUMNS + tuple(f"column {k + 1}" for k in range(len(_COLUMNS), width))
    for row, number in zip(rows, lines, strict=True):
        for name, text in zip(names, row, strict=False):
            try:
                float(text)
            except ValueError:
                return InputError(f"{name} is {text!r}", file=header.file, line=number, way_out="give a number")
    return InputError("the rows cannot be read", file=header.file, way_out="fetch the file again")
