"""Road graphs as osmnx writes them, in random dresses, and what `open_roads` makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from pyproj import Transformer
from road_maps import ADMITTED, CLOSED, LANES, SPEEDS, Tags, alter_ways, measure_against, say_tags, shuffle, turn_some
from road_osm import prepare
from road_world import JUNCTIONS, PLACES, Way, measure_on_sphere_m

ASPECTS = {
    "crs": {
        "epsg:4326": PLAIN, "EPSG:4326": PLAIN, "epsg:32650": PLAIN, "epsg:4547": PLAIN, "PROJ text": PLAIN,
        "dict in text": PLAIN, "PROJ text of a plane": PLAIN, "WKT": OPEN, "none": FALSE, "none, declared": PLAIN,
        "contradicted": FALSE,
    },
    "closed": CLOSED,
    "admitted": ADMITTED,
    "lanes": LANES,
    "speeds": SPEEDS,
    "speed_kph": {"none": PLAIN, "as maxspeed": PLAIN, "imputed where none is tagged": PLAIN},
    "drawn": {"as given": PLAIN, "either way": PLAIN},
    "lengths": {"stated": PLAIN, "none": OPEN},
    "types": {"text": PLAIN, "typed": PLAIN, "typed, booleans in small letters": OPEN},
    "geometry": {"where it bends": PLAIN, "everywhere": PLAIN},
    "numbers": {"small": PLAIN, "large": PLAIN, "text": OPEN},
    "order": {"by number": PLAIN, "shuffled": PLAIN},
    "junction": {"oneway=True": PLAIN, "roundabout": PLAIN},
    "more": {"nothing": PLAIN, "bearing and grade": PLAIN, "a list of names": PLAIN, "lanes in a list": OPEN},
}  # fmt: skip
_CRS = {
    "PROJ text": "+proj=longlat +datum=WGS84 +no_defs", "dict in text": "{'init': 'epsg:4326'}",
    "PROJ text of a plane": "+proj=utm +zone=50 +ellps=WGS84 +datum=WGS84 +units=m +no_defs", "none": "",
    "none, declared": "", "contradicted": "epsg:4326",
}  # fmt: skip
_TYPES = {"length": "double", "oneway": "boolean", "reversed": "boolean", "speed_kph": "double", "osmid": "long",
          "travel_time": "double", "bearing": "double", "grade": "double"}  # fmt: skip
_IMPUTED = {"secondary": 46.7, "tertiary": 38.2, "primary": 55.5, "unclassified": 33.3, "residential": 27.8}


def move(crs: str) -> dict[int, tuple[float, float]]:
    """The nodes in another plane."""
    if crs == "EPSG:4326":
        return dict(PLACES)
    change = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return {node: change.transform(*place) for node, place in PLACES.items()}


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    ways = alter_ways(dress)
    drawn = turn_some(ways, rng, may_turn=lambda way: True) if dress["drawn"] == "either way" else ways
    option = dress["crs"]
    plane = {"epsg:32650": "EPSG:32650", "PROJ text of a plane": "EPSG:32650", "epsg:4547": "EPSG:4547"}.get(
        option, "EPSG:4326"
    )
    place = move(plane)
    if dress["speed_kph"].startswith("imputed"):
        ways = [_impute(way) for way in ways]
    number = {node: {"small": node, "large": 9_000_000_000 + 37 * node}.get(dress["numbers"], node) for node in place}
    name = (lambda node: f"n{node}") if dress["numbers"] == "text" else (lambda node: str(number[node]))
    edges: list[tuple[str, str, int, Tags]] = []
    used: dict[tuple[int, int], int] = {}
    for way in drawn:
        for piece in way.pieces():
            for side in (0, 1):
                if not way.senses[side]:
                    continue
                nodes = piece.nodes if side == 0 else piece.nodes[::-1]
                ends = (nodes[0], nodes[-1])
                key = used[ends] = used.get(ends, -1) + 1
                edges.append((name(ends[0]), name(ends[1]), key, _tag_edge(way, side, nodes, dress, place)))
    if dress["order"] == "shuffled":
        edges = shuffle(edges, rng)
    head: Tags = {"created_with": "OSMnx 1.9.4", "simplified": "True"}
    text = _CRS.get(option, option)
    if option == "WKT":
        from pyproj import CRS

        text = CRS("EPSG:4326").to_wkt()
    if text:
        head["crs"] = text
    file = folder / "town.graphml"
    points = [(name(node), {"x": repr(place[node][0]), "y": repr(place[node][1])}) for node in JUNCTIONS]
    is_typed = dress["types"] != "text"
    file.write_text(_compose(head, points, edges, is_typed), encoding="utf-8")
    settings: dict[str, object] = {"file": file}
    if option == "none, declared":
        settings["crs"] = "EPSG:4326"
    if option == "contradicted":
        settings["crs"] = "EPSG:4547"
    reach = 1e-7 if plane == "EPSG:4326" else 0.01
    measure = measure_against(ways, place, reach=reach, length_tolerance=1e-6 if dress["lengths"] == "stated" else 2e-3)
    return Case(settings, measure, find_level(ASPECTS, dress, list(ASPECTS)))


def _impute(way: Way) -> Way:
    """The speeds that osmnx puts where no speed is tagged."""
    return way if way.speed_km_h or way.kind not in _IMPUTED else replace(way, speed_km_h=_IMPUTED[way.kind])


def _tag_edge(way: Way, side: int, nodes: tuple[int, ...], dress: Dress, place: Mapping) -> Tags:
    tags = say_tags(way, dress)
    tags["osmid"] = str(1000 + ord(way.key))
    is_round = dress["junction"] == "roundabout" and way.key == "g"
    tags["oneway"] = str(way.is_oneway)
    if is_round:
        tags["junction"] = "roundabout"
    tags["reversed"] = str(side == 1)
    length = measure_on_sphere_m(nodes)
    if dress["lengths"] == "stated":
        tags["length"] = repr(length)
    if len(nodes) > 2 or dress["geometry"] == "everywhere":
        tags["geometry"] = "LINESTRING (" + ", ".join(f"{place[n][0]!r} {place[n][1]!r}" for n in nodes) + ")"
    if dress["speed_kph"] != "none" and way.is_driven and dress["speeds"] in ("numbers", "mph", "numbers with km/h"):
        speed = way.speed_of(side) if way.speed_km_h else None
        if speed is None and dress["speed_kph"].startswith("imputed"):
            speed = _IMPUTED.get(way.kind)
        if speed is not None:
            tags |= {"speed_kph": repr(speed), "travel_time": repr(length / speed * 3.6)}
    elif dress["speed_kph"].startswith("imputed") and way.is_driven and not way.speed_km_h:
        tags["speed_kph"] = repr(_IMPUTED[way.kind])
    if dress["more"] == "bearing and grade":
        tags |= {"bearing": "90.5", "grade": "0.013", "grade_abs": "0.013", "ref": "S3"}
    if dress["more"] == "a list of names":
        tags["name"] = "['一路', '二路']"
    if dress["more"] == "lanes in a list" and way.key == "c":
        tags["lanes"] = "['2', '2']"
    if dress["types"].endswith("small letters"):
        tags |= {key: tags[key].lower() for key in ("oneway", "reversed")}
    return tags


def _compose(
    head: Tags, points: list[tuple[str, Tags]], edges: list[tuple[str, str, int, Tags]], is_typed: bool
) -> str:
    keys: dict[tuple[str, str], str] = {}

    def put(holder: str, tags: Tags) -> str:
        text = ""
        for name, value in tags.items():
            number = keys.setdefault((holder, name), f"d{len(keys)}")
            text += f'<data key="{number}">{escape(value)}</data>\n'
        return text

    body = put("graph", head)
    body += "".join(f'<node id="{name}">\n{put("node", tags)}</node>\n' for name, tags in points)
    body += "".join(
        f'<edge source="{a}" target="{b}" id="{key}">\n{put("edge", tags)}</edge>\n' for a, b, key, tags in edges
    )
    declared = "".join(
        f'<key id="{number}" for="{holder}" attr.name="{name}" '
        f'attr.type="{_TYPES.get(name, "double" if holder == "node" else "string") if is_typed else "string"}"/>\n'
        for (holder, name), number in keys.items()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f'{declared}<graph edgedefault="directed">\n{body}</graph></graphml>\n'
    )


GRAPHML = Field(ASPECTS, lambda dress: list(ASPECTS), write, prepare)
