"""Roads of OpenStreetMap extracts as a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...maps.osm_extract import read_osm_items
from ...place.distortion import measure_geodesics_m
from ..roads.access import find_access, is_barred
from ..roads.classes import normalise_class, read_classes
from ..roads.directions import find_directions
from ..roads.graph import RoadEdge, RoadGraph
from ..roads.vocabulary import NO_ROADS
from .restrictions import count_restrictions

__all__ = ["read_osm_graph"]

# What is kept of a way: these tags, and those that begin so up to the first colon.
_KEPT = ("highway", "name", "bridge", "tunnel", "layer", "junction", "area", "toll")
_ROOTS = (
    "access", "vehicle", "motor_vehicle", "motorcar", "bicycle", "foot", "oneway", "lanes", "maxspeed", "psv", "bus",
    "busway", "hov", "taxi",
)  # fmt: skip
_CHANGING = frozenset({"reversible", "alternating"})


def read_osm_graph(file: Path, mode: str = "car", classes: str | None = None) -> RoadGraph:
    """Read the roads of an ``.osm.pbf``, ``.osm`` or ``.osm.bz2``.

    Ways are cut where they meet, and where their nodes are not in the file; both directions are edges of their own.
    What is no road, or closed to the mode by its access tags, is left out; cars do not pass bollards and the like.
    ``classes`` tells which words mean motorways, which are one-way.

    Raises
    ------
    InputError
        If osmium is not installed, the file cannot be read, or holds no road.
    """
    items, meanings = read_osm_items(file, "highway", "barrier"), read_classes(classes)
    found = [
        (int(identity[1:]), tags, places)
        for identity, tags, places in items
        if identity[0] == "w" and normalise_class(tags.get("highway", "no")) not in NO_ROADS
        if tags.get("area") != "yes"
    ]
    opened = [way for way in found if any(find_access(way[1], mode))]
    barred = {
        int(identity[1:]): tags["barrier"]
        for identity, tags, _ in items
        if identity[0] == "n" and "barrier" in tags and mode == "car" and is_barred(tags)
    }
    ways = [(number, tags, part) for number, tags, places in opened for part in _split(places, barred)]
    if not ways:
        raise InputError("the extract has no roads", file=file, way_out="check that the extract covers the city")
    met = Counter(node for _, _, places in ways for node, _, _ in places)
    for _, _, places in ways:
        for end in (places[0][0], places[-1][0]):
            met[end] += 1
    place: dict[int, tuple[float, float]] = {}
    edges: list[RoadEdge] = []
    for number, tags, places in sorted(ways, key=lambda way: way[0]):
        kept = {key: text for key, text in tags.items() if key in _KEPT or key.partition(":")[0] in _ROOTS}
        forward, backward = _find_senses(file, number, tags, meanings)
        kept |= {"oneway": str(not (forward and backward)), "osmid": str(number)}
        cuts = [k for k, (node, _, _) in enumerate(places) if met[node] > 1]
        for low, high in pairwise(cuts):
            part = places[low : high + 1]
            for node, x, y in (part[0], part[-1]):
                place[node] = (x, y)
            for way, along in [(part, True)] * forward + [(part[::-1], False)] * backward:
                edges.append(_make_edge(way, kept, len(edges), along))
    return RoadGraph("EPSG:4326", place, edges, _describe(file, found, opened, barred, mode))


def _split(
    places: Sequence[tuple[int, float, float] | None], barred: Container[int]
) -> list[list[tuple[int, float, float]]]:
    """The parts of a way between nodes that are missing or cannot be passed; a straight line across is no road."""
    parts: list[list[tuple[int, float, float]]] = [[]]
    for place in places:
        if place is None or place[0] in barred:
            parts.append([])
        else:
            parts[-1].append(place)
    return [part for part in parts if len(part) > 1]


def _find_senses(file: Path, number: int, tags: dict[str, str], classes: Mapping[str, str]) -> tuple[bool, bool]:
    try:
        return find_directions(tags, classes)
    except InputError as error:
        raise InputError(f"way {number}: {error}", file=file) from None


def _describe(file: Path, found: list[Any], opened: list[Any], barred: Mapping[int, str], mode: str) -> tuple[str, ...]:
    notes = []
    if closed := len(found) - len(opened):
        notes.append(f"{closed:,} ways are closed to the mode {mode} by their access tags and left out.")
    if cut := sum(None in places for _, _, places in opened):
        notes.append(f"{cut:,} ways have nodes that the extract does not hold, and end there.")
    on_roads = {place[0] for _, _, places in opened for place in places if place is not None}
    if barriers := Counter(kind for node, kind in sorted(barred.items()) if node in on_roads):
        shown = ", ".join(f"{kind} {count:,}" for kind, count in sorted(barriers.items()))
        notes.append(f"{barriers.total():,} barriers cannot be passed by cars ({shown}): ways end before them.")
    if changing := sum(tags.get("oneway", "") in _CHANGING for _, tags, _ in opened):
        notes.append(f"{changing:,} ways change their direction by the hour, and are read as two-way.")
    restrictions = count_restrictions(file)
    if restrictions:
        shown = ", ".join(f"{kind} {count:,}" for kind, count in sorted(restrictions.items()))
        notes.append(
            f"{restrictions.total():,} turn restrictions are not honoured ({shown}): a route may turn where it is "
            "forbidden."
        )
    return tuple(notes)


def _make_edge(part: list[tuple[int, float, float]], tags: dict[str, str], key: int, along: bool) -> RoadEdge:
    x, y = np.array([[lon, lat] for _, lon, lat in part]).T
    length = float(measure_geodesics_m(x[:-1], y[:-1], x[1:], y[1:]).sum())
    drawn = "LINESTRING (" + ", ".join(f"{lon!r} {lat!r}" for _, lon, lat in part) + ")"
    return RoadEdge(part[0][0], part[-1][0], key, 0, {**tags, "length": repr(length), "geometry": drawn}, along)
