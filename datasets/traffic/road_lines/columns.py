"""Columns of road lines: what each heading means, by the words of OpenStreetMap, HERE, TomTom, AequilibraE, Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...errors import InputError
from ...maps.features import Features
from ...text.headings import refuse_flags
from .headings import CLASS_NAMES, LANES_OF_BOTH, NAMES
from .unread import refuse_unread, split_name

__all__ = ["Column", "RoadColumns", "find_road_columns", "spread_tags"]

_OTHER_LINES = ("railway", "waterway", "aerialway", "barrier", "man_made", "power", "natural", "boundary", "landuse")
_ONE_DIRECTION = re.compile(r"per.?dir|each.?(?:dir|way)|one.?(?:dir|way)|per.?way|/.?dir|单向|每方向|每向")
_BOTH_DIRECTIONS = re.compile(r"total|both|two.?way|sum|双向|合计|总")
_COUNTS = frozenset({"1", "-", "n", "no", "no.", "nr", "number", "count", "lanes", "条", "个", "车道"})
_BAGS = ("other_tags", "all_tags", "tags")
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*"((?:[^"\\]|\\.)*)"')
_FUNCTIONS = ("road_function", "roadfunction", "function")  # OS Open Roads, where the class is one of administration
_SHAPE = ("wkt", "geometry", "geom", "the_geom")
_DBF = 10  # letters that a shapefile keeps of a name


@dataclass(frozen=True)
class Column:
    """One column: its name in the file, the name it is known by, the unit in its heading, and its cells."""

    heading: str
    known: str
    unit: str | None
    cells: list[str]


@dataclass(frozen=True)
class RoadColumns:
    """Columns by what they hold; ``no_road`` tells rows that are some other line, such as a railway."""

    found: Features
    by: dict[str, Column]
    no_road: list[bool]
    notes: tuple[str, ...] = field(default=())

    def __contains__(self, what: str) -> bool:
        return what in self.by

    def cell(self, what: str, row: int) -> str:
        """A cell, stripped; empty where the column is missing."""
        return self.by[what].cells[row].strip() if what in self.by else ""


def spread_tags(found: Features) -> Features:
    """Give every tag that GDAL keeps in ``other_tags`` a column of its own.

    Raises
    ------
    InputError
        If a cell cannot be read.
    """
    bag = found.find(_BAGS)
    if bag is None or not any("=>" in cell or cell.lstrip().startswith("{") for cell in found.columns[bag]):
        return found
    held: list[dict[str, str]] = []
    for row, cell in enumerate(found.columns[bag]):
        text = cell.strip()
        if not text.startswith("{") and _PAIR.sub("", text).strip(", \n"):
            raise found.error(
                row,
                f"{bag} is cut off, or no pairs of tags, near {text[-30:]!r}",
                'save the file as GeoPackage, which keeps long texts, or write tags as "oneway"=>"yes"',
            )
        try:
            tags = json.loads(text) if text.startswith("{") else dict(_PAIR.findall(text))
            held.append({str(key).lower(): str(value) for key, value in tags.items()})
        except (ValueError, AttributeError):
            raise found.error(row, f"{bag} is {text[:40]!r}", 'write tags as "oneway"=>"yes", or as JSON') from None
    columns = {name: cells for name, cells in found.columns.items() if name != bag}
    for key in dict.fromkeys(key for tags in held for key in tags):
        before = columns.get(key, [""] * len(found))
        columns[key] = [cell if cell.strip() else tags.get(key, "") for cell, tags in zip(before, held, strict=True)]
    return replace(found, columns=columns)


def find_road_columns(found: Features) -> RoadColumns:
    """Find what each column of a table of road lines holds.

    Raises
    ------
    InputError
        If no column holds the class of road, two hold one thing and differ, or one changes the answer and is not read.
    """
    columns: dict[str, list[Column]] = {}
    read: set[str] = set()
    known = {name: what for what, names in NAMES.items() for name in names}
    for heading, cells in found.columns.items():
        stem, unit = split_name(heading)
        stem = _lengthen(stem, found, [*known, *CLASS_NAMES])
        what = known.get(stem)
        if what == "lanes" and unit is not None:
            what, stem = _read_lane_unit(found, heading, unit)
        if what is None and ":" in stem:
            what = stem  # a tag of OpenStreetMap that speaks of a direction, a lane or a time
        if what is not None:
            read.add(heading)
        if what is not None and any(cell.strip() for cell in cells):
            columns.setdefault(what, []).append(Column(heading, stem, unit, cells))
    if "highway" not in columns:
        named = [name for name in _FUNCTIONS if name in found.columns] or CLASS_NAMES
        classes = [name for name in named if any(cell.strip() for cell in found.columns.get(name, []))]
        columns["highway"] = [Column(name, name, None, found.columns[name]) for name in classes]
    _drop_loose_ends(columns)
    notes = _drop_sorted_ends(found, columns)
    by = {what: _agree(found, what, held) for what, held in columns.items() if held}
    if "highway" not in by:
        raise InputError(
            "the roads have no class",
            file=found.file,
            way_out=f"name a column highway, with words such as primary; the columns are {', '.join(found.columns)}",
        )
    read |= {column.heading for held in columns.values() for column in held}
    refuse_unread(found, set(by), read)
    notes += refuse_flags(found, [*read, *_SHAPE])
    return RoadColumns(found, by, _find_other_lines(found, by["highway"].cells), notes)


def _read_lane_unit(found: Features, heading: str, unit: str) -> tuple[str, str]:
    """What brackets behind the heading of a column of lanes say: of which direction they count."""
    for pattern, what, stem in ((_ONE_DIRECTION, "lanes:direction", "lanes_per_direction"),
                                (_BOTH_DIRECTIONS, "lanes", LANES_OF_BOTH[0])):  # fmt: skip
        if pattern.search(unit):
            return what, stem
    if unit.strip() in _COUNTS:
        return "lanes", "lanes"
    raise InputError(
        f"heading {heading!r} does not say which lanes count",
        file=found.file,
        line=None if found.line is None else 1,
        way_out="name it lanes_per_direction, or lanes_total for both directions together",
    )


def _lengthen(stem: str, found: Features, known: Iterable[str]) -> str:
    """The whole name of a column that a shapefile has cut."""
    if found.file.suffix.lower() != ".shp" or len(stem) != _DBF or stem in known:
        return stem
    whole = [name for name in known if name.startswith(stem)]
    return whole[0] if len(whole) == 1 else stem


def _drop_loose_ends(columns: dict[str, list[Column]]) -> None:
    """OpenStreetMap tells in a tag source where its data come from: only with target beside it is it a node."""
    loose = {what: [column for column in columns.get(what, []) if column.known in ("source", "target")]
             for what in ("from", "to")}  # fmt: skip
    for what in ("from", "to"):
        others = [column for column in columns.get(what, []) if column not in loose[what]]
        if what in columns and (others or not (loose["from"] and loose["to"])):
            columns[what] = others


def _drop_sorted_ends(found: Features, columns: dict[str, list[Column]]) -> tuple[str, ...]:
    """An undirected graph of osmnx sorts u and v; from and to beside them tell how the line is driven."""
    named = {what: [column.known for column in columns.get(what, [])] for what in ("from", "to")}
    if sorted(named["from"]) != ["from", "u"] or sorted(named["to"]) != ["to", "v"]:
        return ()
    for what in ("from", "to"):
        columns[what] = [column for column in columns[what] if column.known == what]
    return (f"{found.file.name}: u and v are not read: from and to tell how lines are driven.",)


def _agree(found: Features, what: str, held: list[Column]) -> Column:
    """The one column of a thing; several that say the same in every row are one."""
    first = held[0]
    for other in held[1:] if what != "name" else ():
        same = [one.strip().lower() == two.strip().lower() for one, two in zip(first.cells, other.cells, strict=True)]
        if not all(same) or first.unit != other.unit:
            raise InputError(
                f"columns {first.heading!r} and {other.heading!r} both hold the {_say(what)}",
                file=found.file,
                line=None if found.line is None else 1,
                way_out="remove one of them, or rename it if it holds something else",
            )
    return first


def _say(what: str) -> str:
    return {"highway": "class of road", "from": "node that a line comes from", "to": "node that a line goes to"}.get(
        what, what.replace(":", " ")
    )


def _find_other_lines(found: Features, classes: list[str]) -> list[bool]:
    """Rows without a class of road that are a railway, a river or the like."""
    held = [found.columns[name] for name in _OTHER_LINES if name in found.columns]
    return [not word.strip() and any(cells[row].strip() for cells in held) for row, word in enumerate(classes)]
