"""Columns of road lines that speak of what changes the answer, in words that are not known: refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import InputError
from ...maps.features import Features
from ...text.headings import split_heading

__all__ = ["refuse_unread", "split_name"]

_SPEEDS = ("speed", "speed:forward", "maxspeed", "maxspeed:forward", "speed_kph")
# What holds numbers of another kind: (names, what else says it, what is wrong, the way out).
_OF_OTHER_KIND = (
    (
        re.compile(r"sp(?:ee)?d_?(?:cat|class)\w*"), _SPEEDS, "holds classes of speed, which are not read",
        "give speed limits in a column maxspeed, or remove the column to take speeds by class of road",
    ),
    (
        re.compile(r"lane_?(?:cat|class)\w*"), ("lanes", "lanes:forward", "lanes:direction"),
        "holds classes of lanes, which are not read",
        "give numbers of lanes in a column lanes, or remove the column to take lanes by class of road",
    ),
    (
        re.compile(r"(?:travel|free|free_?flow|ff)_?(?:time|tt)(?:_\w+)?|(?:vdf_)?fftt\w*|minutes|t_?0(?:_?prt)?|"
                   r"time(?:_(?:min|mins|minutes|s|sec|secs|seconds|h|hours?|ab|ba))?|"
                   r".*(?:行程|旅行|运行|行驶)时间.*"),
        _SPEEDS, "holds travel times, which are not read",
        "give speeds in a column such as speed (km/h), or remove the column to take speeds by class of road",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class _Subject:
    """What names of columns may speak of; ``is_number`` where only numbers say it."""

    pattern: re.Pattern[str]
    is_number: bool
    what: str
    better: str


_SUBJECTS = (
    _Subject(re.compile(r"(?:bus|psv)_?lanes?(?:_|\d|$)|lanes?_(?:bus|psv)"), False, "bus lanes",
             "lanes:psv, with their number,"),
    _Subject(re.compile(r"speed|spd|vmax|v_max|(?:^|_)v_?0|kmh|kmph|km_h|(?:^|_)[km]ph(?:_|$)|(?:^|_)vit(?:esse)?(?:_|$)"
                        r"|velocid|velocita|geschw|hastighet|限速|车速|时速"), True, "speeds",
             "maxspeed, or speed (km/h)"),
    _Subject(re.compile(r"(?<!p)lane(?!t|ous)|through_la$|voies|fahrspur|fahrstreifen|spuren|carril|corsie|faixas|"
                        r"rijstro|korfalt|车道"), True, "lanes", "lanes, lanes:forward or lanes:backward"),
    _Subject(re.compile(r"capac|(?:^|_)cap(?!e|ital|tion)[a-z]{0,4}\d?(?:_|$)|通行能力"), True, "capacities",
             "capacity_veh_h or capacity_veh_h_lane"),
    _Subject(re.compile(r"one_?way(?!_?bi|_?psv|_?bus|_?foot)|einbahn|(?:^|_)senso?(?:_|$)|sentido|enkelriktad|单行|"
                        r"(?:^|_)(?:traf(?:fic)?|flow|travel|trav)?_?dir(?:ection|code|n)?(?:_|$)|行驶方向|通行方向"),
             False, "directions", "oneway"),
    _Subject(re.compile(r"(?:^|_)(?:modes?|allowed|permitted|prohibited|banned|vclass|acces)(?:_|$)|tsys|限行|禁行"),
             False, "who may drive", "motor_vehicle, with yes or no,"),
)  # fmt: skip
_ABOUT = re.compile(r"(?:^|_)(?:f?id|date|time|year|remarks?|notes?|units?)$|so?u?rce?$")  # names of remarks on values
_STATES_UNIT = re.compile(
    r"(?:max)?(?:speed|spd|length|len|distance|dist|capacity)(?:limit)?_?units?|(?:速度|长度|距离)单位"
)
_COMPASS = frozenset("n s e w ne nw se sw nb sb eb wb north south east west northbound southbound eastbound "
                     "westbound".split())  # fmt: skip
_CUT = ("motor_ve", "motorcar_", "vehicle_", "access_", "oneway_mo", "oneway_ve")  # tags of access in a shapefile
_CLOSING = ("closed", "is_closed", "blocked", "封闭", "通行状态", "开通状态")
_DIRECTIONS = frozenset({"oneway", "oneway:motor_vehicle", "dir_travel", "direction", "directed"})
_BACK = ("reverse_cost", "reverse_co", "rcost", "reversecost")
_MANY_TIMES = 100.0  # the cost of a way back that nobody should take, as tables for routing write it
_NOTHING = frozenset({"", "0", "0.0", "nan", "none", "null", "<na>"})
_DBF = 10  # letters that a shapefile keeps of a name


def split_name(heading: str) -> tuple[str, str | None]:
    """The name of a column in lower case with _ for spaces and hyphens, and the unit in brackets behind it.

    Examples
    --------
    >>> split_name("Free Speed (km/h)")
    ('free_speed', 'km/h')
    """
    stem, unit = split_heading(heading)
    return re.sub(r"[\s-]+", "_", stem), unit


def refuse_unread(found: Features, held: set[str], read: set[str]) -> None:
    """Refuse columns that may change the answer and are not read.

    Parameters
    ----------
    found
        The table.
    held
        What its columns hold, of what is known.
    read
        The headings of these columns.

    Raises
    ------
    InputError
        If there is one.
    """
    if not held & _DIRECTIONS:
        _refuse_costs(found)
    for heading, cells in found.columns.items():
        words = {cell.strip() for cell in cells if cell.strip().lower() not in _NOTHING}
        if heading in read or not words:
            continue
        stem = split_name(heading)[0]
        kind = next((row for row in _OF_OTHER_KIND if row[0].fullmatch(stem)), None)
        if _STATES_UNIT.fullmatch(stem):
            raise _error(
                found,
                f"column {heading!r} states a unit ({', '.join(sorted(words)[:3])}), and is not read",
                "write the unit in the heading, such as speed (mph), or declare speed_unit or length_unit; remove it",
            )
        if kind is not None and held.isdisjoint(kind[1]):
            raise _error(found, f"column {heading!r} {kind[2]}", kind[3])
        if kind is None:
            _refuse_alike(found, heading, stem, words, is_constant=len({cell.strip() for cell in cells}) == 1)
    for name, cells in found.columns.items():
        marks = list(dict.fromkeys(cell.strip() for cell in cells))
        if split_name(name)[0] in _CLOSING and len(marks) > 1:
            raise _error(
                found,
                f"column {name!r} marks roads ({', '.join(map(repr, marks[:4]))}) and is not read",
                "remove the rows of closed roads, and the column; or write motor_vehicle = no for them",
            )


def _error(found: Features, problem: str, way_out: str) -> InputError:
    return InputError(problem, file=found.file, line=None if found.line is None else 1, way_out=way_out)


def _refuse_alike(found: Features, heading: str, stem: str, words: set[str], *, is_constant: bool) -> None:
    is_shapefile = found.file.suffix.lower() == ".shp"
    are_numbers = any(re.match(r"[-+]?\.?\d", word) for word in words)
    for subject in _SUBJECTS:
        if not subject.pattern.search(stem) or (subject.is_number and (not are_numbers or _ABOUT.search(stem))):
            continue
        if not subject.is_number and {word.lower().rstrip(".") for word in words} <= _COMPASS:
            continue  # a part of the street's name
        if subject.what == "who may drive" and is_constant:
            continue
        keeps = "save the file as GeoPackage, which keeps whole names, and " if is_shapefile else ""
        raise _error(
            found,
            f"column {heading!r} may hold {subject.what}, and is not read",
            f"{keeps}name it {subject.better} if that is what it holds, or remove it",
        )
    if is_shapefile and len(stem) == _DBF and stem.startswith(_CUT) and "_con" not in stem:
        raise _error(
            found,
            f"column {heading!r} may hold who may drive, for its name is cut off, and is not read",
            "save the file as GeoPackage, which keeps whole names, or remove it",
        )


def _refuse_costs(found: Features) -> None:
    """Refuse costs of routing tables that close one direction: negative ones, and those of the way back."""
    costs = found.columns.get("cost")
    if costs is not None and any(_read(cell) < 0.0 for cell in costs):
        raise _error(found, "column 'cost' is negative for one-way roads, and is not read", _ONEWAY)
    for name in _BACK:
        backs = [_read(cell) for cell in found.columns.get(name, [])]
        if any(back < 0.0 for back in backs):
            raise _error(found, f"column {name!r} is negative for one-way roads, and is not read", _ONEWAY)
        known = sorted(back for back in backs if back > 0.0)
        heres = [_read(cell) for cell in costs] if costs is not None else known[:1] * len(backs)
        if any(back > _MANY_TIMES * here > 0.0 for back, here in zip(backs, heres, strict=False)):
            raise _error(found, f"column {name!r} is very large for one-way roads, and is not read", _ONEWAY)


_ONEWAY = "give a column oneway with yes, no or -1"


def _read(cell: str) -> float:
    """A number; NaN, which no comparison finds, where there is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")
