"""Classes of GMNS links, and the capacity, lanes and speed that follow from them where cells are empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .gmns_columns import read_column
from .gmns_links import LinkRows
from .road_classes import ROAD_CLASSES

__all__ = ["CAPACITY_COLUMNS", "CLASS_COLUMNS", "Widths", "find_class_speeds", "find_words", "read_widths"]

Floats = npt.NDArray[np.float64]

CLASS_COLUMNS = ("facility_type", "link_type_name", "highway", "road_class")
_WHOLE = ("vdf_cap", "vdf_cap1")
CAPACITY_COLUMNS = ("capacity", "lanes", *_WHOLE)
_WORDS = {
    "freeway": "motorway", "expressway": "trunk", "highway": "trunk", "principal arterial": "primary",
    "major arterial": "primary", "arterial": "primary", "minor arterial": "secondary", "major collector": "secondary",
    "collector": "tertiary", "minor collector": "tertiary", "local": "residential", "local street": "residential",
    "ramp": "motorway_link", "freeway ramp": "motorway_link", "on ramp": "motorway_link", "off ramp": "motorway_link",
}  # fmt: skip
_SAME = 1e-3  # relative difference of a capacity and its rounded form


@dataclass(frozen=True)
class Widths:
    """Capacity of each link [veh h-1] and its lanes."""

    capacity: Floats
    lanes: Floats


def find_words(links: LinkRows) -> list[str]:
    """The class of each link in OpenStreetMap's words; empty where none is stated, as it stands where unknown."""
    columns = [links.table.columns[name] for name in CLASS_COLUMNS if name in links.table]
    words = []
    for row in links.row.tolist():
        word = next((cell for column in columns if (cell := column[row].strip())), "")
        plain = " ".join(word.lower().replace("_", " ").replace("-", " ").split())
        joined = plain.replace(" ", "_")
        words.append(joined if joined in ROAD_CLASSES else _WORDS.get(plain, word))
    return words


def find_class_speeds(words: list[str]) -> Floats:
    """Free speeds by class [km h-1], NaN for a word that is no class."""
    return np.array([ROAD_CLASSES[word].speed_km_h if word in ROAD_CLASSES else np.nan for word in words])


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
            if words[k] not in ROAD_CLASSES:
                said = f"the class {words[k]!r} is unknown" if words[k] else "no facility_type is stated"
                raise links.error(k, f"capacity is empty, and {said}", "give a capacity, or a class such as primary")
            road = ROAD_CLASSES[words[k]]
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
