"""OpenStreetMap extracts: roads as a graph, hospitals and the like as points."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...kernels.space.datum import compute_distances_m
from ..city.layers import FacilityLayer
from ..errors import InputError
from ..road_graph import RoadEdge, RoadGraph
from ..road_senses import find_senses
from .facilities import find_facility_kind

__all__ = ["read_osm_facilities", "read_osm_graph"]

_KEPT = ("highway", "name", "oneway", "lanes", "maxspeed", "bridge", "tunnel", "layer", "junction")
_NO_ROADS = frozenset(
    {"proposed", "construction", "raceway", "bus_stop", "platform", "elevator", "rest_area", "services"}
)
_CLOSED = frozenset({"no", "private"})  # access: what osmnx leaves out of every network
_KINDS = (("amenity", None), ("emergency", "ambulance_station"))


def _open(file: Path) -> Any:
    try:
        import osmium
    except ImportError:
        raise InputError(
            "osmium, which reads this format, is not installed", file=file, way_out='pip install "citytide[geo]"'
        ) from None
    if not file.is_file():
        raise InputError("the file is missing", file=file, way_out="check the name and the folder")
    return osmium


def _read(file: Path, osmium: Any, filters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """(id, tags, [(node, longitude, latitude), ...]) of every node and way that the filters let through."""
    found: list[tuple[Any, ...]] = []
    try:
        processor = osmium.FileProcessor(str(file)).with_locations()
        for one in filters:
            processor = processor.with_filter(one)
        for item in processor:
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_node():
                found.append((f"n{item.id}", tags, [(item.id, item.location.lon, item.location.lat)]))
            elif item.is_way():
                places = [(node.ref, node.lon, node.lat) for node in item.nodes if node.location.valid()]
                found.append((f"w{item.id}", tags, places))
    except RuntimeError as error:
        raise InputError(f"the extract cannot be read ({error})", file=file, way_out="fetch it again") from None
    return found


def read_osm_graph(file: Path) -> RoadGraph:
    """Read the roads of an ``.osm.pbf``: ways are cut where they meet, both directions are edges of their own.

    Raises
    ------
    InputError
        If osmium is not installed, the file cannot be read, or holds no road.
    """
    osmium = _open(file)
    ways = [
        (identity, tags, places)
        for identity, tags, places in _read(file, osmium, (osmium.filter.KeyFilter("highway"),))
        if identity[0] == "w" and tags["highway"] not in _NO_ROADS and len(places) > 1
        if tags.get("area") != "yes" and tags.get("access") not in _CLOSED
    ]
    if not ways:
        raise InputError("the extract has no roads", file=file, way_out="is it cut to another place?")
    met = Counter(node for _, _, places in ways for node, _, _ in places)
    for _, _, places in ways:
        for end in (places[0][0], places[-1][0]):
            met[end] += 1
    place: dict[int, tuple[float, float]] = {}
    edges: list[RoadEdge] = []
    for _, tags, places in sorted(ways, key=lambda way: int(way[0][1:])):
        kept = {key: tags[key] for key in _KEPT if key in tags}
        forward, backward = find_senses(tags)
        kept["oneway"] = str(not (forward and backward))
        cuts = [k for k, (node, _, _) in enumerate(places) if met[node] > 1]
        for low, high in pairwise(cuts):
            part = places[low : high + 1]
            for node, x, y in (part[0], part[-1]):
                place[node] = (x, y)
            for way, along in [(part, True)] * forward + [(part[::-1], False)] * backward:
                edges.append(_make_edge(way, kept, len(edges), along))
    return RoadGraph("EPSG:4326", place, edges)


def _make_edge(part: list[tuple[int, float, float]], tags: dict[str, str], key: int, along: bool) -> RoadEdge:
    x, y = np.array([[lon, lat] for _, lon, lat in part]).T
    length = float(compute_distances_m(x[:-1], y[:-1], x[1:], y[1:]).sum())
    drawn = "LINESTRING (" + ", ".join(f"{lon!r} {lat!r}" for _, lon, lat in part) + ")"
    return RoadEdge(part[0][0], part[-1][0], key, 0, {**tags, "length": repr(length), "geometry": drawn}, along)


def read_osm_facilities(file: Path) -> FacilityLayer:
    """Read what OpenStreetMap tags as hospital, clinic, school, shelter, fire, police or ambulance station.

    Raises
    ------
    InputError
        If osmium is not installed, the file cannot be read, or holds none.
    """
    osmium = _open(file)
    found = []
    for identity, tags, places in _read(file, osmium, (osmium.filter.KeyFilter("amenity", "emergency"),)):
        words = [tags.get(key, "") for key, only in _KINDS if only in (None, tags.get(key))]
        kind = next((place for word in words if (place := find_facility_kind(word))), 0)
        if kind and places:
            middle = np.mean([[x, y] for _, x, y in places[: -1 if len(places) > 1 else None]], axis=0)
            beds = tags.get("beds") or tags.get("capacity") or ""
            found.append((identity, kind, tags.get("name", ""), *middle, float(beds) if beds.isdecimal() else np.nan))
    if not found:
        raise InputError("the extract has no facilities", file=file, way_out="is it cut to another place?")
    ids, kinds, names, x, y, capacity = zip(*sorted(found, key=lambda row: row[0]), strict=True)
    return FacilityLayer(
        "EPSG:4326", ids, np.array(kinds, np.uint8), names, np.array(x), np.array(y), np.array(capacity),
        sources=(file,),
        notes=("Facilities: (c) OpenStreetMap contributors, ODbL; those mapped as relations are left out.",),
    )  # fmt: skip
