"""Columns of road lines: what each heading means, by the words of OpenStreetMap, HERE, TomTom, AequilibraE, Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..errors import InputError
from ..tables import is_number
from .features import Features
from .headings import refuse_flags, split_heading

__all__ = ["Column", "RoadColumns", "find_road_columns", "spread_tags"]

# What a column may be called, by what it holds. The first name is that of OpenStreetMap where it has one.
_NAMES: dict[str, tuple[str, ...]] = {
    "highway": ("highway", "fclass", "road_class", "roadclass", "mtfcc", "道路等级", "公路等级"),
    "name": ("name", "road_name", "street_name", "streetname", "st_name", "名称", "道路名称", "路名"),
    "oneway": ("oneway", "one_way", "is_oneway", "单行", "单行道", "单行线", "是否单行"),
    "oneway:motor_vehicle": ("oneway:motor_vehicle", "oneway_motor_vehicle", "oneway_mot"),
    "dir_travel": ("dir_travel",),
    "direction": ("direction", "dir", "方向", "通行方向", "交通方向"),
    "directed": ("directed",),
    "lanes": (
        "lanes", "n_lanes", "num_lanes", "numlanes", "nlanes", "no_lanes", "lane_count", "lanecount", "phys_lanes",
        "车道数", "车道", "双向车道数",
    ),
    "lanes:forward": ("lanes:forward", "lanes_forward", "lanes_ab", "from_lanes", "正向车道数"),
    "lanes:backward": ("lanes:backward", "lanes_backward", "lanes_ba", "to_lanes", "反向车道数", "逆向车道数"),
    "lanes:direction": ("lanes_per_direction", "单向车道数"),
    "maxspeed": ("maxspeed", "max_speed", "限速", "限速值", "最高限速", "道路限速"),
    "maxspeed:forward": ("maxspeed:forward", "maxspeed_forward", "正向限速"),
    "maxspeed:backward": ("maxspeed:backward", "maxspeed_backward", "反向限速", "逆向限速"),
    "speed": (
        "speed", "speedlimit", "speed_limit", "speed_lim", "spd_limit", "spd_lim", "posted_speed", "free_speed",
        "freespeed", "free_flow_speed", "freeflow_speed", "ffs", "vmax", "v_max", "design_speed", "速度", "设计速度",
        "自由流速度", "speed_kmh", "speed_km_h", "kmh", "kph", "speed_mph", "mph", "speed_ms", "speed_m_s", "speed_mps",
        "free_speed_kmh", "free_speed_mph", "speedlimit_mph", "speedlimit_kmh", "speed_limit_mph", "speed_limit_kmh",
    ),
    "speed:forward": ("speed_ab", "free_speed_ab", "fr_spd_lim", "from_speed_limit", "speed_forward"),
    "speed:backward": ("speed_ba", "free_speed_ba", "to_spd_lim", "to_speed_limit", "speed_backward"),
    "capacity": ("capacity", "cap", "capacity_veh_h", "capacity_veh_h_lane", "capacity_per_lane", "通行能力"),
    "capacity:forward": ("capacity_ab",),
    "capacity:backward": ("capacity_ba",),
    "length": ("length", "distance", "length_m", "length_km", "length_mi", "length_ft", "长度", "里程"),
    "from": ("u", "from", "from_node", "from_node_id", "a_node", "fnode", "fnode_", "source", "start_node",
             "ref_in_id"),
    "to": ("v", "to", "to_node", "to_node_id", "b_node", "tnode", "tnode_", "target", "end_node",
           "nref_in_id"),
    "reversed": ("reversed",),
    "key": ("key",),
    "bridge": ("bridge", "桥", "桥梁", "是否桥梁"),
    "tunnel": ("tunnel", "隧道", "是否隧道"),
    "layer": ("layer", "层"),
    "junction": ("junction",),
    "roundabout": ("roundabout",),
    "ar_auto": ("ar_auto",),
    "private": ("private",),
    "ferry_type": ("ferry_type",),
    "modes": ("modes",),
    "allowed_uses": ("allowed_uses", "allowed_use"),
    "reverse_cost": ("reverse_cost",),
    "covered": ("covered",), "access": ("access",), "vehicle": ("vehicle",), "motor_vehicle": ("motor_vehicle",),
    "motorcar": ("motorcar",), "service": ("service",), "area": ("area",), "busway": ("busway",), "psv": ("psv",),
    "bus": ("bus",), "speed_kph": ("speed_kph",), "turn:lanes": ("turn:lanes",),
}  # fmt: skip
# Names that mean the class of road where no better one is there.
_CLASS = (
    "class", "kind", "type", "road_type", "roadtype", "link_type", "func_class", "functional_class", "frc", "等级",
    "道路类型",
)  # fmt: skip
# What a table says that changes the answer and cannot be read: (names, what else says it, what is wrong, the way out).
_UNREAD: tuple[tuple[tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (
        ("speed_cat", "spd_cat"), ("speed", "speed:forward", "maxspeed", "maxspeed:forward", "speed_kph"),
        "holds classes of speed, which are not read",
        "give speed limits in a column maxspeed, or remove the column to take speeds by class of road",
    ),
    (
        ("lane_cat",), ("lanes", "lanes:forward", "lanes:direction"), "holds classes of lanes, which are not read",
        "give numbers of lanes in a column lanes, or remove the column to take lanes by class of road",
    ),
    (
        ("travel_time_ab", "travel_time_ba", "travel_time", "free_time", "free_flow_time", "fftt", "travel_time_min",
         "vdf_fftt"),
        ("speed", "speed:forward", "maxspeed", "maxspeed:forward", "speed_kph"),
        "holds travel times, which are not read",
        "give speeds in a column such as speed (km/h), or remove the column to take speeds by class of road",
    ),
)  # fmt: skip
# Names that speak of the same things in words that are not known here.
_ALIKE = (
    (re.compile(r"(?:^|_)(?:max_?)?(?:speed|spd)(?:_|$)|speed_?lim|限速|车速"), True, "speeds",
     "maxspeed, or speed (km/h)"),
    (re.compile(r"(?:^|_)n?lanes?(?:_|$)|车道"), True, "lanes", "lanes, lanes:forward or lanes:backward"),
    (re.compile(r"(?:^|_)(?:bus|psv)_lanes?(?:_|$)"), False, "bus lanes", "lanes:psv, with their number,"),
    (re.compile(r"capacit|通行能力"), True, "capacities", "capacity_veh_h or capacity_veh_h_lane"),
    (re.compile(r"one_?way(?!_?bic|_?psv|_?bus|_?foot)|单行"), False, "directions", "oneway"),
)  # fmt: skip
_CLOSING = ("closed", "is_closed", "blocked", "封闭", "通行状态", "开通状态")
_OTHER_LINES = ("railway", "waterway", "aerialway", "barrier", "man_made", "power", "natural", "boundary", "landuse")
_BAGS = ("other_tags", "all_tags", "tags")
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*"((?:[^"\\]|\\.)*)"')
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
    known = {name: what for what, names in _NAMES.items() for name in names}
    for heading, cells in found.columns.items():
        stem, unit = split_heading(heading)
        stem = _lengthen(re.sub(r"[\s-]+", "_", stem), found, [*known, *_CLASS])
        what = known.get(stem)
        if what is None and ":" in stem:
            what = stem  # a tag of OpenStreetMap that speaks of a direction, a lane or a time
        if what is not None:
            read.add(heading)
        if what is not None and any(cell.strip() for cell in cells):
            columns.setdefault(what, []).append(Column(heading, stem, unit, cells))
    if "highway" not in columns:
        classes = [name for name in _CLASS if any(cell.strip() for cell in found.columns.get(name, []))]
        columns["highway"] = [Column(name, name, None, found.columns[name]) for name in classes]
    _drop_loose_ends(columns)
    by = {what: _agree(found, what, held) for what, held in columns.items() if held}
    if "highway" not in by:
        raise InputError(
            "the roads have no class",
            file=found.file,
            way_out=f"name a column highway, with words such as primary; the columns are {', '.join(found.columns)}",
        )
    read |= {column.heading for held in columns.values() for column in held}
    _refuse_unread(found, by, read)
    notes = refuse_flags(found, [*read, *_SHAPE])
    return RoadColumns(found, by, _find_other_lines(found, by["highway"].cells), notes)


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


def _refuse_unread(found: Features, by: dict[str, Column], read: set[str]) -> None:
    line = None if found.line is None else 1
    if "reverse_cost" in by and not {"oneway", "dir_travel", "direction", "directed"} & set(by):
        if any(cell.strip().startswith("-") for cell in by["reverse_cost"].cells):
            raise InputError(
                "column 'reverse_cost' is negative for one-way roads, and is not read",
                file=found.file,
                line=line,
                way_out="give a column oneway with yes, no or -1",
            )
    for names, instead, problem, cure in _UNREAD:
        for name in names:
            cells = found.columns.get(name, [])
            if any(cell.strip() not in ("", "0", "0.0") for cell in cells) and not any(one in by for one in instead):
                raise InputError(f"column {name!r} {problem}", file=found.file, line=line, way_out=cure)
    for heading, cells in found.columns.items():
        held = {cell.strip() for cell in cells} - {"", "0", "0.0"}
        if heading in read or not held:
            continue
        stem = re.sub(r"[\s-]+", "_", split_heading(heading)[0])
        for pattern, is_numbers, what, better in _ALIKE:
            if pattern.search(stem) and not stem.endswith("_cat") and (not is_numbers or all(map(is_number, held))):
                raise InputError(
                    f"column {heading!r} may hold {what}, and is not read",
                    file=found.file,
                    line=line,
                    way_out=f"name it {better} if that is what it holds, or remove it",
                )
    for name in _CLOSING:
        words = list(dict.fromkeys(cell.strip() for cell in found.columns.get(name, [])))
        if len(words) > 1:
            raise InputError(
                f"column {name!r} marks roads ({', '.join(map(repr, words[:4]))}) and is not read",
                file=found.file,
                line=line,
                way_out="remove the rows of closed roads, and the column; or write motor_vehicle = no for them",
            )


def _find_other_lines(found: Features, classes: list[str]) -> list[bool]:
    """Rows without a class of road that are a railway, a river or the like."""
    held = [found.columns[name] for name in _OTHER_LINES if name in found.columns]
    return [not word.strip() and any(cells[row].strip() for cells in held) for row, word in enumerate(classes)]
