"""Rows of a TNTP network file: one link each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .header import Header

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
    "init_node": ("init_node", "init", "from", "from_node", "tail", "tail_node", "a_node", "inode", "start_node", "i",
                  "anode", "a", "node_a", "from_node_id"),
    "term_node": ("term_node", "term", "to", "to_node", "head", "head_node", "b_node", "jnode", "end_node", "j",
                  "bnode", "node_b", "to_node_id"),
    "capacity": ("capacity", "cap", "lane_capacity", "link_capacity", "capacity_per_lane", "capacity_lane",
                 "capacity_veh_h_lane"),
    "length": ("length", "len", "distance", "dist", "link_length"),
    "free_flow_time": ("free_flow_time", "free-flow_time", "fftt", "fft", "ftime", "free_time", "fft_time",
                       "freeflow_time", "free_flow_travel_time", "freeflow_travel_time", "free_travel_time",
                       "freeflowtime", "fftime", "t0", "time"),
    "b": ("b", "alpha", "bpr_alpha", "vdf_alpha"),
    "power": ("power", "beta", "bpr_beta", "vdf_beta", "p", "pow"),
    "toll": ("toll", "tolls", "link_toll"),
    "lanes": ("lanes", "number_of_lanes", "n_lanes", "num_lanes"),
}  # fmt: skip
_ENDINGS = re.compile(  # units at the ends of names
    r"_(?:veh|vph|h|hr|hours?|min|mins|minutes?|s|sec|seconds?|m|km|mi|miles?|ft|feet|cents?|usd|eur|rmb|veh_h|veh_hr|per_hour)$"
)
_CHANGING = re.compile(  # names beside those that are read whose numbers would change the answer
    r"cost|price|charge|fee(?:_|$)|penalt|delay|vdf|factor|weight|preload|base_|period|direct|mode|uses?(?:_|$)|clos|block|"
    r"alpha|beta|only|occup|pce|adjust|scale|toll"
)


class Links(NamedTuple):
    """Columns as the file holds them, (link,) each; the line of each row; notes; names."""

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
    names: str  # what stands above the rows, as it is written


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
    comments: list[str] = []  # above the rows
    for number, line in enumerate(header.body.split("\n"), start=header.body_line):
        bare, mark, comment = line.partition("~")
        bare, end, _ = bare.partition(";")
        row = bare.split()
        if row:
            rows.append(row)
            lines.append(number)
            ended.append(bool(end))
        elif mark and not rows:
            comments.append(comment.strip(" \t;"))
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
            n_expected = max(width, _NEEDED)
            unended = ended[0] and not complete
            raise InputError(
                f"the row holds {len(row)} of {n_expected} columns" + (" and lacks its ';'" if unended else ""),
                file=header.file,
                line=number,
                way_out="is the file cut off? A row is init node, term node, capacity, length, time, b, power, ...",
            )
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise _not_a_number(header, rows, lines, width) from None
    names = _find_names(comments, width)
    column_of, notes = _place_columns(header, names, width, table)
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
    return Links(init_node, term_node, capacity, length, free_time, b, power, toll, lines, notes, names)


def _place_columns(
    header: Header, said: str, width: int, table: npt.NDArray[np.float64]
) -> tuple[dict[str, int], list[str]]:
    """Return the column of each name that is read, up to ``toll``, ``lanes`` only where capacities count one lane."""
    by_place = {name: place for place, name in enumerate(_COLUMNS[:_NEEDED])}
    if not said:
        others = re.search(r"lanes|critical", _original(header)) and "toll" not in _original(header)
        tolls = width > _TOLL and not others
        return by_place | ({"toll": _TOLL} if tolls else {}), []
    names = next((cells for cells in _split_names(said) if len(cells) == width), None)
    if names is None:
        names = _find_known(said)
        if [_recognise(name) for name in names[:_NEEDED]] == list(by_place):  # others are missing behind them
            tolls = names[_TOLL : _TOLL + 1] == ["toll"] and width > _TOLL
            told = f"{header.file.name}: {len(names)} columns have names, and rows have {width}; they go by place."
            return by_place | ({"toll": _TOLL} if tolls else {}), [told]
        raise _unplaced(header, f"the names above the rows are no {width} columns: {' '.join(said.split())}")
    known: dict[str, int] = {}
    for place, name in enumerate(names):
        found = _recognise(name)
        if found in known:
            raise _unplaced(header, f"columns {names[known[found]]!r} and {name!r} are both the {found}")
        if found is not None:
            known[found] = place
    needed = {name: place for name, place in known.items() if name in by_place}
    if len(needed) < _NEEDED:
        missing = next(name for name in by_place if name not in needed)
        moved = next((name for name, place in needed.items() if place != by_place[name]), None)
        if moved is not None:
            problem = f"column {names[needed[moved]]!r} stands in place {needed[moved] + 1}, and others are not known: "
            raise _unplaced(header, problem + ", ".join(names))
        place = by_place[missing]
        raise _unplaced(header, f"column {names[place]!r} stands where {missing} is expected, in place {place + 1}")
    found_at = needed | ({"toll": known["toll"]} if "toll" in known else {})
    per_lane = re.search(r"lane", names[needed["capacity"]]) is not None
    if per_lane and "lanes" not in known:
        raise InputError(
            f"column {names[needed['capacity']]!r} counts one lane, and no column is called lanes",
            file=header.file,
            line=header.body_line,
            way_out="add a column lanes, or give capacities of whole links",
        )
    notes = []
    if per_lane:
        found_at["lanes"] = known["lanes"]
        notes.append("Capacities are those of one lane times the lanes.")
    beside = [(name, place) for place, name in enumerate(names) if place not in found_at.values()]
    for name, place in beside:
        if _CHANGING.search(name) and (table[:, place] != 0.0).any():
            raise InputError(
                f"column {name!r} may change the answer and is not read",
                file=header.file,
                line=header.body_line,
                way_out="work it into the columns that are read, and write 0 there; or rename it if it changes nothing",
            )
    unread = [name for name, _ in beside if name not in _UNREAD]
    return found_at, notes + ([f"{header.file.name}: columns not read: {', '.join(unread)}."] if unread else [])


def _unplaced(header: Header, problem: str) -> InputError:
    return InputError(
        problem, file=header.file, line=header.body_line, way_out=f"name the columns {', '.join(_COLUMNS)}"
    )


def _split_names(said: str) -> Iterator[list[str]]:
    """Ways to divide a line of names: at tabs, at two blanks or more, at any blank, and by the names that are known."""
    for mark in (r"\t", r"\t|\s{2,}", r"\s+"):
        yield ["_".join(cell.lower().split()) for cell in re.split(mark, said)]
        yield ["_".join(cell.lower().split()) for cell in re.split(mark, said) if cell.strip()]
    yield _find_known(said)


def _find_names(comments: list[str], width: int) -> str:
    """The comment that names most columns; prose may hold a few such words too, and may stand below the names."""
    found = ""
    for said in comments:
        n = _count_known(said)
        is_row = 2 * n >= len(_find_known(said)) or any(len(cells) == width for cells in _split_names(said))
        if is_row and n > max(2, _count_known(found)):
            found = said
    return found


def _count_known(said: str) -> int:
    return len({_recognise(name) for name in _find_known(said)} - {None})


def _find_known(said: str) -> list[str]:
    """Names of several words, the longest that is known first; words that are not known stand alone."""
    words = re.sub(r"\s*([(\[][^)\]]*[)\]])", r"\1", said.lower()).split()
    names: list[str] = []
    at = 0
    while at < len(words):
        for n in (4, 3, 2, 1):
            name = "_".join(words[at : at + n])
            if n == 1 or _recognise(name) is not None or name in _UNREAD:
                break
        names.append(name)
        at += min(n, len(words) - at)
    return names


def _original(header: Header) -> str:
    return header.values.get("ORIGINAL HEADER", "").lower()


def _recognise(said: str) -> str | None:
    bare = re.split(r"[(\[]", said)[0].strip("_ ")
    for name in (bare, _ENDINGS.sub("", bare)):
        found = next((known for known, spellings in _SPELLINGS.items() if name in spellings), None)
        if found is not None:
            return found
    return None


def _not_a_number(header: Header, rows: list[list[str]], lines: list[int], width: int) -> InputError:
    names = _COLUMNS + tuple(f"column {k + 1}" for k in range(len(_COLUMNS), width))
    for row, number in zip(rows, lines, strict=True):
        for name, text in zip(names, row, strict=False):
            try:
                float(text)
            except ValueError:
                return InputError(f"{name} is {text!r}", file=header.file, line=number, way_out="give a number")
    return InputError("the rows cannot be read", file=header.file, way_out="fetch the file again")
