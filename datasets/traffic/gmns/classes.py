"""Classes of GMNS links, and the capacity, lanes and speed that follow from them where cells are empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...text.tables import Table
from ..roads.classes import DROPPED, UNKNOWN, find_class, find_road_class, normalise_class, read_classes
from .tables.columns import read_column
from .tables.links import LinkRows

__all__ = [
    "CAPACITY_COLUMNS",
    "CLASS_COLUMNS",
    "Widths",
    "find_class_speeds",
    "find_road_classes",
    "is_closed_to_cars",
    "read_widths",
    "show_class",
]

Floats = npt.NDArray[np.float64]

CLASS_COLUMNS = ("facility_type", "link_type_name", "highway", "road_class")
_WHOLE = ("vdf_cap", "vdf_cap1")
CAPACITY_COLUMNS = ("capacity", "lanes", *_WHOLE)
_WORDS = {  # of functional classes, beside those that every reader of roads knows
    "freeway": "motorway", "expressway": "trunk", "highway": "trunk", "principal_arterial": "primary",
    "major_arterial": "primary", "arterial": "primary", "minor_arterial": "secondary", "major_collector": "secondary",
    "collector": "tertiary", "minor_collector": "tertiary", "local": "residential", "local_street": "residential",
    "ramp": "motorway_link", "freeway_ramp": "motorway_link", "on_ramp": "motorway_link", "off_ramp": "motorway_link",
    "sidewalk": "footway", "bike_path": "cycleway", "shared_use_path": "path",
}  # fmt: skip
_CAR_WORDS = re.compile(r"roads?|streets?|highways?|avenues?|boulevards?|arterials?|motorway|cars?|autos?|mixed|shared")
# Things that are not for cars, by any word of a class, and what OpenStreetMap calls them.
_NO_CAR_WORDS = (
    (re.compile(r"rail\w*|subway|metro|tram\w*|streetcar|lrt|train|monorail|funicular|ferr(?:y|ies)|boat|ship|canal|"
                r"river|waterway|runway|taxiway|aeroway|airway|apron|helipad|air|aerialway|gondola|pipeline|elevator|"
                r"escalator|platform|power|.*(?:铁路|轨道|地铁|轮渡|航道|跑道).*"), DROPPED),
    (re.compile(r"bus|buses|busway|brt|transit|transitway|.*公交.*"), "busway"),
    (re.compile(r"bikes?|bikeway|bicycles?|cycle\w*|.*(?:自行车|非机动).*"), "cycleway"),
    (re.compile(r"walk|walks|walkways?|sidewalks?|foot\w*|ped|pedestrians?|trails?|crosswalk|stairs?|.*步行.*"),
     "footway"),
)  # fmt: skip
_SOME_CARS = re.compile(r"only|hov\d*|hot|carpool|taxis?|trucks?|emergency|military|prohibited|closed|no|not")
_SAME = 1e-3  # relative difference of a capacity and its rounded form


@dataclass(frozen=True)
class Widths:
    """Capacity of each link [veh h-1] and its lanes."""

    capacity: Floats
    lanes: Floats


def show_class(table: Table, row: int) -> str:
    """The class of a row as it stands; empty where none is stated."""
    cells = (table.columns[name][row].strip() for name in CLASS_COLUMNS if name in table)
    return next((cell for cell in cells if cell), "")


def find_road_classes(table: Table, classes: str | None = None, mode: str = "car") -> list[str]:
    """The class of each row as a word of OpenStreetMap.

    See :func:`~citytide.datasets.traffic.roads.classes.find_road_class`.

    Parameters
    ----------
    table
        ``link.csv``.
    classes
        What unknown words are declared to mean.
    mode
        ``"car"`` or ``"all"``.

    Examples
    --------
    >>> from pathlib import Path
    >>> find_road_classes(Table(Path("link.csv"), {"facility_type": ["Minor Arterial", "sidewalk", "x"]}, [2, 3, 4]))
    ['secondary', 'drop', 'unknown']
    """
    meanings = {**_WORDS, **read_classes(classes)}
    known: dict[str, str] = {}
    words = []
    for row in range(len(table)):
        stated = [table.columns[name][row].strip() for name in CLASS_COLUMNS if name in table]
        stated = [cell for cell in stated if cell] or [""]
        for cell in stated:
            if cell not in known:
                known[cell] = _find_class(cell, meanings, mode)
            if not known[cell]:
                raise table.error(
                    row,
                    f"the class {cell!r} does not tell whether cars may drive there",
                    f"say what it is with classes={normalise_class(cell)}=CLASS, where CLASS is a word of "
                    f"OpenStreetMap such as primary, or {DROPPED} to leave such links out",
                )
        gone = [cell for cell in stated if known[cell] == DROPPED]
        if gone and len(gone) < len(stated):
            other = next(cell for cell in stated if known[cell] != DROPPED)
            raise table.error(
                row, f"the class is {other!r} and {gone[0]!r}, which is no road for cars", "keep one of the columns"
            )
        words.append(known[stated[0]])
    return words


def is_closed_to_cars(cell: str) -> bool:
    """Whether a class of road is one that no car drives on, or does not tell.

    Examples
    --------
    >>> is_closed_to_cars("Light rail"), is_closed_to_cars("primary"), is_closed_to_cars("7")
    (True, False, False)
    """
    return bool(cell.strip()) and _find_class(cell, _WORDS, "car") in ("", DROPPED)


def _find_class(cell: str, meanings: Mapping[str, str], mode: str) -> str:
    """The class that a cell means; empty where it does not tell whether cars may drive there."""
    word = normalise_class(cell)
    found = find_road_class([word], meanings, mode)
    if found != UNKNOWN:
        return found
    parts = re.split(r"[\W_]+", word)
    meant = [what for pattern, what in _NO_CAR_WORDS if any(map(pattern.fullmatch, parts))]
    if meant and not any(map(_CAR_WORDS.fullmatch, parts)):
        return find_road_class(meant[:1], meanings, mode)
    return "" if meant or any(map(_SOME_CARS.fullmatch, parts)) else UNKNOWN


def find_class_speeds(words: list[str]) -> Floats:
    """Free speeds by class [km h-1], NaN for a word that is no class."""
    return np.array([np.nan if word == UNKNOWN else find_class(word).speed_km_h for word in words])


def read_widths(links: LinkRows, words: list[str], notes: list[str]) -> Widths:
    """Read capacities and lanes.

    ``capacity`` counts vehicles per hour and lane. ``vdf_cap`` of DTALite counts the whole link or a lane: which of
    them follows from ``capacity``, and is refused where it does not.

    Raises
    ------
    InputError
        If a capacity is not stated and the class of road is unknown, or two columns contradict each other.
    """
    table = links.table
    lane, _ = read_column(table, ("capacity",))
    lanes, lanes_name = read_column(table, ("lanes",))
    width = np.where(np.isnan(lanes), 1.0, lanes)
    capacity = (lane * width)[links.row]
    whole, whole_name = read_column(table, _WHOLE)
    if whole_name:
        capacity = _join_whole(links, capacity, lane[links.row], whole[links.row], width[links.row], whole_name)
    wide = lanes[links.row]
    gap = np.isnan(capacity)
    if gap.any():
        for k in np.flatnonzero(gap).tolist():
            if words[k] == UNKNOWN:
                stated = show_class(table, int(links.row[k]))
                said = f"the class {stated!r} is unknown" if stated else "no facility_type is stated"
                cure = f"give a capacity, or say classes={stated or '(empty)'}=primary (or another class)"
                raise links.error(k, f"capacity is empty, and {said}", cure)
            road = find_class(words[k])
            wide[k] = road.lanes if np.isnan(wide[k]) else wide[k]
            capacity[k] = road.capacity_veh_h_lane * wide[k]
        notes.append(
            f"Capacities of {int(gap.sum()):,} of {gap.size:,} links are not stated and follow from the class of road."
        )
    unsaid = np.isnan(wide)
    if unsaid.any():
        heading = f"{lanes_name or 'lanes'}"
        notes.append(f"{heading} of {int(unsaid.sum()):,} links is not stated: their capacity was taken as the link's.")
    if (capacity == 0.0).any():
        notes.append(f"{int((capacity == 0.0).sum())} links have capacity 0 or no lanes and are closed.")
    return Widths(capacity, np.where(unsaid, 1.0, wide))


def _join_whole(links: LinkRows, capacity: Floats, lane: Floats, whole: Floats, width: Floats, name: str) -> Floats:
    both = ~np.isnan(lane) & ~np.isnan(whole)
    is_link = np.abs(whole - capacity) <= _SAME * np.maximum(whole, capacity)
    is_lane = np.abs(whole - lane) <= _SAME * np.maximum(whole, lane)
    wrong = both & ~is_link & ~is_lane
    if wrong.any():
        k = int(np.argmax(wrong))
        raise links.error(
            k,
            f"{name} is {whole[k]:g}, and capacity is {lane[k]:g} on {width[k]:g} lanes",
            "keep one of the columns, or make them agree",
        )
    only = ~np.isnan(whole) & np.isnan(lane)
    open_ones = only & (width != 1.0)
    told = both & (width != 1.0)
    if open_ones.any() and not (told.any() and (is_link[told].all() or is_lane[told].all())):
        k = int(np.argmax(open_ones))
        raise links.error(
            k,
            f"{name} is {whole[k]:g} on {width[k]:g} lanes, and nothing states whether it is of a lane or of the link",
            "give capacity, in vehicles per hour and lane",
        )
    per_lane = bool(open_ones.any() and is_lane[told].all())
    return np.where(only, whole * np.where(per_lane, width, 1.0), capacity)
