"""Road lines as shapefile, GeoPackage, GeoJSON or CSV in random dresses, and what `open_roads` makes of them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from road_files import CROSSING, FEET, place_nodes, shake_ends, write_lines
from road_maps import CLOSED, LANES, MILE_KM, alter_ways, measure_against, say_sense, say_tags, turn_some
from road_osm import prepare
from road_world import JUNCTIONS, Way

BY_CLASS = tuple(option for option in CLOSED if "=" not in option)
NO_ROADS = ("abandoned", "no", "crossing", "ladder", "footway", "Steps", "proposed")
CHINESE = {"primary": "主干路", "secondary": "次干路", "trunk": "快速路"}
ASPECTS = {
    "format": {"csv": PLAIN, "geojson": PLAIN, "gpkg": PLAIN, "shp": PLAIN},
    "crs": {
        "EPSG:4326": PLAIN, "EPSG:4547": PLAIN, "EPSG:32650": PLAIN, "EPSG:3857": PLAIN, "feet": PLAIN,
        "GCJ-02": PLAIN, "not said": FALSE, "contradicted": FALSE, "degrees, latitude first": FALSE,
        "degrees, said to be metres": FALSE, "metres, said to be degrees": FALSE,
    },
    "columns": {"OSM": PLAIN, "capitals": OPEN, "fclass": OPEN, "road_class": OPEN, "type": OPEN, "Chinese": OPEN},
    "senses": {
        "yes": PLAIN, "1": PLAIN, "true": PLAIN, "True": PLAIN, "-1": PLAIN, "roundabout": PLAIN, "motorway": PLAIN,
        "F/T/B": PLAIN, "F/T, not declared": FALSE, "F/T, declared": PLAIN, "t/f, not declared": FALSE,
        "t/f, declared": PLAIN, "from,to": OPEN, "u,v": OPEN, "DIR_TRAVEL": OPEN, "DIRECTION": OPEN,
        "oneway:motor_vehicle": OPEN, "two rows a road": PLAIN, "booleans": PLAIN, "numbers": PLAIN,
    },
    "lanes": LANES | {"lanes:psv:forward beside": OPEN},
    "speeds": {
        "numbers": PLAIN, "numbers with km/h": PLAIN, "mph": PLAIN, "one direction slower": OPEN, "one is 'none'": OPEN,
        "one is 5000": OPEN, "speed, km/h declared": PLAIN, "speed, mph declared": PLAIN, "speed, m/s declared": PLAIN,
        "speed, not declared": FALSE, "speed, one of 500": FALSE, "speed_mph": OPEN, "speed_kmh": OPEN,
        "speedlimit": OPEN,
    },
    "types": {"text": PLAIN, "numbers": PLAIN},
    "classes": {
        "OSM": PLAIN, "Capitals": PLAIN, "Chinese": OPEN, "unknown word": FALSE, "unknown word declared": PLAIN,
        "unknown word dropped": PLAIN, "A Road": OPEN,
    },
    "closed": {option: level if option in BY_CLASS else OPEN for option, level in sorted(
        CLOSED.items(), key=lambda item: item[0] not in BY_CLASS)},
    "no roads": {"none": PLAIN, "some": PLAIN},
    "drawn": {"as given": PLAIN, "either way": PLAIN},
    "ends": {"exact": PLAIN, "1 mm off": PLAIN, "4 mm off": PLAIN, "3 m off": FALSE},
    "cut": {"one line a way": PLAIN, "at junctions": PLAIN, "at vertices": PLAIN},
    "crossing": {"no vertex": PLAIN, "a vertex of each": PLAIN},
    "digits": {"all": PLAIN, "centimetres": PLAIN},
    "order": {"by name": PLAIN, "shuffled": PLAIN},
    "encoding": {"utf-8": PLAIN, "utf-8-sig": PLAIN, "gbk": PLAIN},
    "separator": {",": PLAIN, ";": OPEN, "tab": OPEN},
    "geometry": {"LINESTRING": PLAIN, "MULTILINESTRING": PLAIN, "LINESTRING Z": OPEN},
    "geometry column": {"wkt": PLAIN, "WKT": PLAIN, "geometry": OPEN},
}  # fmt: skip
ONLY_CSV = ("encoding", "separator", "geometry column")
SPELLED = {
    "fclass": {"highway": "fclass"}, "road_class": {"highway": "road_class"}, "type": {"highway": "type"},
    "Chinese": {"highway": "道路等级", "lanes": "车道数", "maxspeed": "限速", "name": "道路名称", "oneway": "单行"},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    return [name for name in ASPECTS if name not in ONLY_CSV or dress["format"] == "csv"]


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    if worn["format"] == "geojson" and worn["crs"] in ("feet", "EPSG:3857"):
        worn["crs"] = "EPSG:4547"
    if worn["format"] == "csv" and worn["crs"] == "contradicted":
        worn["crs"] = "EPSG:4326"
    if worn["format"] == "geojson" and worn["crs"] == "not said":
        worn["crs"] = "EPSG:4326"  # which GeoJSON says by being GeoJSON
    if worn["ends"] != "exact":
        worn["digits"] = "all"  # rounding to centimetres may carry ends farther apart than a centimetre
    if worn["cut"] == "at vertices":
        worn["crossing"] = "no vertex"  # a bridge in pieces that end on the street below cannot be told from a junction
    if worn["classes"] in ("unknown word dropped",):
        worn["closed"] = "busway"
    if worn["senses"] in ("True", "true", "t/f, declared", "t/f, not declared", "booleans", "two rows a road"):
        worn["drawn"] = "as given"
    if worn["senses"] == "two rows a road" and worn["speeds"] == "one direction slower":
        worn["speeds"] = "numbers"
    if worn["senses"] in ("two rows a road", "from,to", "u,v"):
        worn["cut"] = "at junctions"
        worn["lanes"] = "with directions where they differ"
    if worn["columns"] == "Chinese" and worn["classes"] == "A Road":
        worn["classes"] = "OSM"
    return worn


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = settle(dress)
    ways = alter_ways(worn | {"speeds": "numbers"} if worn["speeds"].startswith("speed") else worn)
    drawn = turn_some(ways, rng, may_turn=lambda way: True) if worn["drawn"] == "either way" else ways
    rows: list[dict[str, Any]] = []
    lines: list[tuple[int, ...]] = []
    for way in drawn:
        for nodes in _cut(way, worn):
            if worn["senses"] == "two rows a road":
                for side in (0, 1):
                    if way.senses[side]:
                        rows.append(_fill(replace(way, senses=(True, False)), nodes, worn, side))
                        lines.append(nodes if side == 0 else nodes[::-1])
                continue
            turned = worn["senses"] in ("from,to", "u,v") and rng.random() < 0.5
            rows.append(_fill(way, nodes, worn))
            lines.append(nodes[::-1] if turned else nodes)
    if worn["no roads"] == "some":
        rows += [{_spell("highway", worn): word} for word in NO_ROADS]
        lines += [(1, 9)] * len(NO_ROADS)
    order = rng.permutation(len(rows)) if worn["order"] == "shuffled" else np.arange(len(rows))
    return _save([rows[k] for k in order], [lines[k] for k in order], ways, worn, rng, folder)


def _cut(way: Way, worn: Dress) -> list[tuple[int, ...]]:
    nodes = way.nodes
    if worn["crossing"] == "a vertex of each" and way.key in "on":
        nodes = (nodes[0], CROSSING, nodes[-1])
    if worn["cut"] == "at vertices":
        return list(itertools.pairwise(nodes))
    if worn["cut"] == "at junctions":
        ends = [k for k, node in enumerate(nodes) if node in JUNCTIONS]
        return [nodes[a : b + 1] for a, b in itertools.pairwise(ends)]
    return [nodes]


def _spell(name: str, worn: Dress) -> str:
    option = worn["columns"]
    return name.upper() if option == "capitals" else SPELLED.get(option, {}).get(name, name)


def _fill(way: Way, nodes: tuple[int, ...], worn: Dress, side: int = 0) -> dict[str, Any]:
    dress = worn | {"admitted": "nothing"}
    option = worn["speeds"]
    if option.startswith("speed"):
        dress |= {"speeds": "numbers"}
    tags: dict[str, Any] = dict(say_tags(way, dress))
    if worn["senses"] == "two rows a road" and way.lanes:
        tags = {k: v for k, v in tags.items() if not k.startswith("lanes")} | {"lanes": f"{way.lanes[side]:g}"}
    tags |= _say_sense(way, nodes, worn["senses"])
    tags |= _say_speed(tags.pop("maxspeed", None), way, option) if option.startswith("speed") else {}
    tags["highway"] = _say_class(tags["highway"], way, worn["classes"])
    if worn["types"] == "numbers":
        tags = {k: _make_number(v) for k, v in tags.items()}
    return {_spell(name, worn): value for name, value in tags.items()}


def _make_number(value: Any) -> Any:
    try:
        return int(value) if float(value) == int(float(value)) else float(value)
    except (TypeError, ValueError):
        return value


def _say_class(word: str, way: Way, option: str) -> str:
    if option == "Capitals":
        return word.capitalize()
    if option == "Chinese":
        return CHINESE.get(word, word)
    if option == "A Road":
        return {"primary": "A Road"}.get(word, word)
    if option == "unknown word dropped":
        return "Waldweg" if way.key == "p" else word
    if option.startswith("unknown word"):
        return "2_Klass" if word == "secondary" else word
    return word


def _say_speed(said: str | None, way: Way, option: str) -> dict[str, Any]:
    if said is None:
        return {}
    speed = float(said)
    if "mph" in option:
        return {option.split(",")[0]: f"{speed / MILE_KM!r}"}
    if "m/s" in option:
        return {"speed": f"{speed / 3.6!r}"}
    if option == "speed, one of 500":
        return {"speed": "500" if way.key == "k" else said}
    return {option.split(",")[0]: said}


def _say_sense(way: Way, nodes: tuple[int, ...], option: str) -> dict[str, Any]:
    both, along = not way.is_oneway, way.senses[0]
    letter = "both" if both else "along" if along else "against"
    if option.startswith("F/T"):
        two_way = "B" if option == "F/T/B" else ""
        return {"oneway": {"both": two_way, "along": "F", "against": "T"}[letter]}
    if option.startswith("t/f"):
        return {"oneway": "f" if both else "t"}
    if option == "True":
        return {"oneway": str(not both)}
    if option == "booleans":
        return {"oneway": not both}
    if option == "numbers":
        return {"oneway": {"both": 0, "along": 1, "against": -1}[letter]}
    if option == "DIR_TRAVEL":
        return {"DIR_TRAVEL": {"both": "B", "along": "F", "against": "T"}[letter]}
    if option == "DIRECTION":
        return {"DIRECTION": {"both": "1", "along": "2", "against": "3"}[letter]}
    if option in ("from,to", "u,v"):
        first, last = option.split(",")
        ends = {first: nodes[0], last: nodes[-1]}
        return ends | {"oneway": {"both": "no", "along": "yes", "against": "-1"}[letter]}
    return say_sense(way, option)


def _save(
    rows: list[dict[str, Any]], lines: list[tuple[int, ...]], ways: list[Way], worn: Dress, rng: np.random.Generator,
    folder: Path,
) -> Case:  # fmt: skip
    option = worn["crs"]
    crs = {
        "feet": FEET, "not said": "EPSG:4326", "contradicted": "EPSG:4326", "degrees, latitude first": "EPSG:4326",
        "degrees, said to be metres": "EPSG:4326", "metres, said to be degrees": "EPSG:4547",
    }.get(option, option)  # fmt: skip
    said = {"degrees, said to be metres": "EPSG:4547", "metres, said to be degrees": "EPSG:4326"}.get(option, crs)
    place = place_nodes(crs)
    shaken = {"exact": 0.0, "1 mm off": 0.001, "4 mm off": 0.004, "3 m off": 3.0}[worn["ends"]]
    points = [shake_ends([place[node] for node in nodes], shaken, crs, rng) for nodes in lines]
    if option == "degrees, latitude first":
        points = [[(y, x) for x, y in line] for line in points]
    in_degrees = crs in ("EPSG:4326", "GCJ-02")
    digits = {"all": 12, "centimetres": 7 if in_degrees else 2}[worn["digits"]]
    settings: dict[str, Any] = {}
    is_said_by_file = worn["format"] != "csv" and option not in ("not said", "GCJ-02")
    if (not is_said_by_file and option != "not said") or option == "contradicted":
        settings["crs"] = "EPSG:4547" if option == "contradicted" else said
    settings |= _declare(worn)
    csv_only = {"separator": "\t" if worn["separator"] == "tab" else worn["separator"], "encoding": worn["encoding"],
                "wkt": worn["geometry column"]} if worn["format"] == "csv" else {}  # fmt: skip
    file = write_lines(
        folder, worn["format"], rows, points, said if is_said_by_file else None, kind=worn["geometry"], digits=digits,
        **csv_only,
    )  # fmt: skip
    level = find_level(ASPECTS, worn, find_relevant(worn))
    is_cut_short = worn["format"] == "shp" and any(len(name.encode()) > 10 for row in rows for name in row)
    is_odd = worn["crs"] == "GCJ-02" and worn["format"] == "geojson"
    if level == PLAIN and (is_cut_short or is_odd):
        level = OPEN
    unit = 1e-5 if in_degrees else 1.0 if crs != FEET else 3.3
    coarse = 2e-5 if worn["digits"] == "centimetres" else 0.0
    tolerance = 1e-3 + coarse + (5e-3 if crs == "GCJ-02" else 0.0)
    measure = measure_against(
        ways, place, reach=0.05 * unit, length_tolerance=tolerance, is_split=worn["cut"] == "at vertices"
    )
    return Case(
        {"file": file, **settings}, measure, level, {"worn": str({k: v for k, v in worn.items() if v != dress_of(k)})}
    )


def dress_of(name: str) -> str:
    """The first option of an aspect."""
    return next(iter(ASPECTS[name]))


def _declare(worn: Dress) -> dict[str, str]:
    told: dict[str, str] = {}
    if worn["speeds"].endswith("declared") and "not" not in worn["speeds"]:
        told["speed_unit"] = worn["speeds"].split(", ")[1].removesuffix(" declared")
    if worn["speeds"] == "speed, one of 500":
        told["speed_unit"] = "km/h"
    if worn["senses"] == "F/T, declared":
        told["oneway"] = "osm-letters"
    if worn["senses"] == "t/f, declared":
        told["oneway"] = "boolean"
    if worn["classes"] == "unknown word declared":
        told["classes"] = "2_Klass=secondary"
    if worn["classes"] == "unknown word dropped":
        told["classes"] = "Waldweg=drop"
    return told


LINES = Field(ASPECTS, find_relevant, write, prepare, {name: {"format": "csv"} for name in ONLY_CSV})
