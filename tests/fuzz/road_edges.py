"""Tables of links with their ends: edges as osmnx writes them to files, and link tables of AequilibraE."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from road_files import place_nodes, write_lines
from road_maps import LANES, MILE_KM, alter_ways, measure_against, say_tags, turn_some
from road_osm import prepare
from road_world import Link, Way, measure_on_sphere_m

from citytide.datasets.traffic.roads.classes import ROAD_CLASSES

FORMATS = {"csv": PLAIN, "geojson": PLAIN, "gpkg": PLAIN, "shp": PLAIN}
CRS = {"EPSG:4326": PLAIN, "EPSG:4547": PLAIN, "EPSG:32650": PLAIN}
EDGE_ASPECTS = {
    "format": FORMATS,
    "crs": CRS,
    "rows": {"one a direction": PLAIN, "one a road": PLAIN},
    "ends": {"u,v": PLAIN, "u,v,key": PLAIN, "from,to": PLAIN, "from,to against the lines": OPEN, "none": OPEN},
    "oneway": {"booleans": PLAIN, "True": PLAIN, "yes": OPEN, "1": OPEN, "not there": OPEN},
    "reversed": {"there": PLAIN, "not there": PLAIN},
    "length": {"in metres": PLAIN, "not there": PLAIN, "in kilometres": OPEN},
    "lanes": {option: level for option, level in LANES.items() if option != "directions only"},
    "speeds": {"numbers": PLAIN, "mph": PLAIN, "speed_kph": OPEN},
    "closed": {"busway": PLAIN, "construction": PLAIN, "not there": PLAIN},
    "order": {"by name": PLAIN, "shuffled": PLAIN},
}  # fmt: skip


def _place(dress: Dress, rows: list[dict[str, Any]], lines: list[tuple[int, ...]], rng: np.random.Generator,
           folder: Path) -> tuple[dict[str, Any], Any]:  # fmt: skip
    place = place_nodes(dress["crs"])
    order = rng.permutation(len(rows)) if dress["order"] == "shuffled" else np.arange(len(rows))
    file = write_lines(
        folder, dress["format"], [rows[k] for k in order], [[place[n] for n in lines[k]] for k in order],
        None if dress["format"] == "csv" else dress["crs"],
    )  # fmt: skip
    return {"file": file} | ({"crs": dress["crs"]} if dress["format"] == "csv" else {}), place


def _judge(ways: list[Way], dress: Dress, place: Any) -> Any:
    return measure_against(ways, place, reach=1e-6 if dress["crs"] == "EPSG:4326" else 0.1, length_tolerance=1e-3)


def write_edges(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = dict(dress)
    if worn["rows"] == "one a road":
        worn["reversed"] = "not there"
        worn["oneway"] = "booleans" if worn["oneway"] == "not there" else worn["oneway"]  # or nobody could tell
    ways = alter_ways(worn)
    rows: list[dict[str, Any]] = []
    lines: list[tuple[int, ...]] = []
    for way in ways:
        if not way.is_driven and worn["closed"] == "not there":
            continue
        for piece in way.pieces():
            sides = [side for side in (0, 1) if way.senses[side]]
            for side in sides if worn["rows"] == "one a direction" else sides[:1]:
                nodes = piece.nodes if side == 0 else piece.nodes[::-1]
                rows.append(_fill_edge(way, side, nodes, worn))
                against = worn["ends"].endswith("against the lines") and rng.random() < 0.5
                lines.append(nodes[::-1] if against else nodes)
    settings, place = _place(worn, rows, lines, rng, folder)
    level = find_level(EDGE_ASPECTS, worn, list(EDGE_ASPECTS))
    if level == PLAIN and worn["format"] == "shp" and any(len(name) > 10 for row in rows for name in row):
        level = OPEN
    if level == PLAIN and worn["reversed"] == "not there" and worn["rows"] == "one a direction":
        # Of which direction lanes:forward speaks, nobody tells.
        level = OPEN
    return Case(settings, _judge(ways, worn, place), level)


def _fill_edge(way: Way, side: int, nodes: tuple[int, ...], worn: Dress) -> dict[str, Any]:
    dress = worn | {"admitted": "nothing", "closed": "busway" if worn["closed"] == "not there" else worn["closed"]}
    tags: dict[str, Any] = dict(say_tags(way, dress | {"speeds": "mph" if worn["speeds"] == "mph" else "numbers"}))
    if worn["speeds"] == "speed_kph" and "maxspeed" in tags:
        tags["speed_kph"] = float(tags.pop("maxspeed"))
    first, last = ("from", "to") if worn["ends"].startswith("from") else ("u", "v")
    ends: dict[str, Any] = {} if worn["ends"] == "none" else {first: nodes[0], last: nodes[-1]}
    if worn["ends"] == "u,v,key":
        ends["key"] = int(way.key in "pq")  # beside another street
    said: dict[str, Any] = {
        "booleans": {"oneway": way.is_oneway}, "True": {"oneway": str(way.is_oneway)},
        "yes": {"oneway": "yes" if way.is_oneway else "no"}, "1": {"oneway": int(way.is_oneway)},
    }.get(worn["oneway"], {})  # fmt: skip
    if worn["reversed"] == "there":
        said["reversed"] = str(side == 1)
    length = measure_on_sphere_m(nodes)
    if worn["length"] != "not there":
        said["length"] = length / (1000.0 if worn["length"] == "in kilometres" else 1.0)
    return ends | {"osmid": 1000 + ord(way.key)} | said | tags


AEQUILIBRAE_ASPECTS = {
    "format": FORMATS,
    "crs": CRS,
    "drawn": {"as given": PLAIN, "either way": PLAIN},
    "direction": {"1/0/-1": PLAIN, "as text": PLAIN, "2": FALSE},
    "capacity": {"not there": PLAIN, "by direction": PLAIN, "empty": PLAIN},
    "speed": {"km/h declared": PLAIN, "mph declared": PLAIN, "not declared": OPEN, "not there": PLAIN},
    "kind": {"link_type": PLAIN, "highway": OPEN},
    "closed": {"not there": PLAIN, "modes": OPEN, "busway": PLAIN},
    "distance": {"in metres": PLAIN, "not there": PLAIN, "in kilometres": OPEN},
    "capitals": {"none": PLAIN, "all": OPEN},
    "order": {"by name": PLAIN, "shuffled": PLAIN},
}  # fmt: skip


def write_aequilibrae(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    ways = alter_ways({"speeds": "numbers"})
    drawn = turn_some(ways, rng, may_turn=lambda way: True) if dress["drawn"] == "either way" else ways
    rows: list[dict[str, Any]] = []
    lines: list[tuple[int, ...]] = []
    for way in drawn:
        if way.key == "q" or (not way.is_driven and dress["closed"] == "not there"):
            continue
        for piece in way.pieces():
            row = _fill_aequilibrae(way, piece.nodes, dress) | {"link_id": len(rows) + 1}
            rows.append({name.upper(): value for name, value in row.items()} if dress["capitals"] == "all" else row)
            lines.append(piece.nodes)
    settings, place = _place(dress, rows, lines, rng, folder)
    if dress["speed"].endswith(" declared") and "not" not in dress["speed"]:
        settings["speed_unit"] = dress["speed"].split()[0]
    truth = [way if dress["speed"] != "not there" else _forget_speed(way) for way in ways]
    measure = measure_against(
        truth, place, reach=1e-6 if dress["crs"] == "EPSG:4326" else 0.1, length_tolerance=1e-3,
        change=_state_capacity if dress["capacity"] == "by direction" else None,
    )  # fmt: skip
    return Case(settings, measure, find_level(AEQUILIBRAE_ASPECTS, dress, list(AEQUILIBRAE_ASPECTS)))


def _forget_speed(way: Way) -> Way:
    return replace(way, speed_km_h=None)


def _state_capacity(link: Link) -> Link:
    return replace(link, capacity=_capacity(link.way, not link.is_along))


def _capacity(way: Way, side: int) -> float:
    """Vehicles per hour that the table states, which no class of road gives."""
    return 37.0 + way.lanes_of(side) * ROAD_CLASSES[way.kind].capacity_veh_h_lane


def _fill_aequilibrae(way: Way, nodes: tuple[int, ...], dress: Dress) -> dict[str, Any]:
    direction = {(True, True): 0, (True, False): 1, (False, True): -1}[way.senses]
    if dress["direction"] == "2" and way.key == "g":
        direction = 2
    kind = "busway" if way.key == "p" and dress["closed"] == "busway" else way.kind
    row: dict[str, Any] = {
        "a_node": nodes[0], "b_node": nodes[-1],
        "direction": str(direction) if dress["direction"] == "as text" else direction,
        "modes": "bw" if not way.is_driven and dress["closed"] == "modes" else "cbtw",
        dress["kind"]: kind, "name": f"{way.key} 路",
    }  # fmt: skip
    length = measure_on_sphere_m(nodes)
    if dress["distance"] != "not there":
        row["distance"] = length / (1000.0 if dress["distance"] == "in kilometres" else 1.0)
    for side, end in ((0, "ab"), (1, "ba")):
        is_open = way.senses[side]
        row[f"lanes_{end}"] = way.lanes_of(side) if is_open else None
        if dress["speed"] != "not there":
            in_km_h = way.speed_of(side)
            row[f"speed_{end}"] = (in_km_h / MILE_KM if "mph" in dress["speed"] else in_km_h) if is_open else None
        if dress["capacity"] != "not there":
            row[f"capacity_{end}"] = _capacity(way, side) if is_open and dress["capacity"] != "empty" else None
    return row


EDGES = Field(EDGE_ASPECTS, lambda dress: list(EDGE_ASPECTS), write_edges, prepare)
AEQUILIBRAE = Field(AEQUILIBRAE_ASPECTS, lambda dress: list(AEQUILIBRAE_ASPECTS), write_aequilibrae, prepare)
