"""Folders of GMNS tables in random dresses, and what `traffic-assignment` makes of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from road_files import place_nodes, write_wkt
from road_tables import DEMAND_FORMS, NUMBER, ZONES, TableLink, list_table_links, measure_against, prepare, write_demand
from road_world import JUNCTIONS, measure_m

UNITS = {  # metres and km/h in one of each, and the words of config.csv
    "km, km/h": (1000.0, 1.0, "km", "kph"), "mile, mph": (1609.344, 1.609344, "mile", "mph"),
    "m, km/h": (1.0, 1.0, "m", "kph"), "ft, mph": (0.3048, 1.609344, "foot", "mph"),
    "m, m/s": (1.0, 3.6, "meter", "m/s"),
}  # fmt: skip
ASPECTS = {
    "time": {
        "length and speed": PLAIN, "vdf_fftt": PLAIN, "vdf_fftt beside other units": PLAIN,
        "vdf_length_mi, vdf_free_speed_mph": PLAIN, "VDF_fftt1": OPEN,
    },
    "units": {
        "config.csv": PLAIN, "settings": PLAIN, "nothing": FALSE, "settings, a thousand times off": FALSE,
        "config.csv, the setting contradicts": FALSE,
    },
    "written in": dict.fromkeys(UNITS, PLAIN) | {"m, m/s": OPEN},
    "zones": {
        "block": PLAIN, "pass": PLAIN, "not said": FALSE, "node_type": PLAIN, "node_type, block": PLAIN,
        "node_type, pass": OPEN,
    },
    "delay": {"vdf_alpha, vdf_beta": PLAIN, "VDF_alpha1, VDF_beta1": OPEN, "not there": PLAIN, "VDF_cap1": OPEN},
    "lanes": {"stated": PLAIN, "not there": PLAIN},
    "toll": {"none": PLAIN, "with a weight": PLAIN, "without a weight": OPEN, "weight 0": PLAIN},
    "distance": {"none": PLAIN, "with a weight": PLAIN},
    "uses": {"none": PLAIN, "auto": OPEN, "WALK, BIKE on one": OPEN, "empty": PLAIN, "truck only on one": OPEN},
    "turns": {
        "none": PLAIN, "movement.csv bans one": FALSE, "movement.csv bans none": OPEN, "restricted_turn_nodes": FALSE,
    },
    "rows": {
        "one a direction": PLAIN, "undirected": PLAIN, "dir_flag 0": OPEN, "dir_flag -1": OPEN,
        "one closed by capacity 0": PLAIN, "no directed, no dir_flag": OPEN,
    },
    "numbers": {"whole": PLAIN, "links are text": PLAIN, "large": PLAIN, "nodes are text": OPEN, "floats": OPEN},
    "lines": {"in link.csv": PLAIN, "none": PLAIN},
    "plane": {"EPSG:4326": PLAIN, "EPSG:4547 in config.csv": PLAIN},
    "order": {"as given": PLAIN, "shuffled": PLAIN},
    "spelled": {"small": PLAIN, "byte order mark": PLAIN, "capitals": OPEN, "Node.csv": OPEN, "crlf": PLAIN},
    "demand": DEMAND_FORMS,
    "named": {"demand.csv": PLAIN, "by the setting": PLAIN, "trips": PLAIN, "demand and trips": FALSE},
    "speeds": {"as they are": PLAIN, "one of 500": FALSE},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    names = list(ASPECTS)
    if _states_time(dress):
        names.remove("speeds")
        if dress["units"] == "nothing":
            names.remove("units")
    return names


def _states_time(worn: Dress) -> bool:
    return worn["time"] != "length and speed"


def settle(dress: Dress) -> Dress:
    worn = dict(dress)
    if worn["time"] == "vdf_length_mi, vdf_free_speed_mph" or worn["time"] == "vdf_fftt beside other units":
        worn["written in"] = "m, km/h"
        worn["speeds"] = "as they are"
    if _states_time(worn):
        worn["speeds"] = "as they are"
        if worn["units"] == "settings, a thousand times off":
            worn["units"] = "settings"
        if worn["units"].endswith("contradicts"):
            worn["units"] = "config.csv"
    if worn["demand"].startswith("omx") and worn["named"] == "demand.csv":
        worn["named"] = "by the setting"
    if worn["demand"].startswith("omx") and worn["numbers"] == "nodes are text":
        worn["numbers"] = "whole"
    if worn["delay"] == "VDF_cap1":
        worn["lanes"] = "not there"
    return worn


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = settle(dress)
    links = list(list_table_links(is_uniform=worn["delay"] == "not there"))
    if worn["lanes"] == "not there":
        links = [replace(link, lanes=1) for link in links]
    settings: dict[str, Any] = {"network": str(folder)}
    settings |= write_config(worn, folder)
    write_nodes(worn, folder, rng)
    first = write_links(worn, links, folder, rng)
    settings |= _write_demand(worn, folder, rng)
    if worn["turns"].startswith("movement"):
        kind, penalty = ("prohibited", -1) if worn["turns"].endswith("one") else ("left", 0)
        turn = {
            "mvmt_id": 1,
            "node_id": _name_node(NUMBER[4], worn),
            "ib_link_id": first["c"],
            "ob_link_id": first["d"],
        }
        _write(folder / "movement.csv", [turn | {"type": kind, "penalty": penalty, "ctrl_type": kind}])
    if worn["zones"] in ("block", "pass"):
        settings["zone_nodes"] = worn["zones"]
    elif "," in worn["zones"]:
        settings["zone_nodes"] = worn["zones"].split(", ")[1]
    if worn["toll"] in ("with a weight", "weight 0"):
        settings["toll_weight"] = 0.4 if worn["toll"] == "with a weight" else 0.0
    metres = UNITS[worn["written in"]][0]
    if worn["distance"] == "with a weight":
        settings["distance_weight"] = 0.3
    is_blocked = worn["zones"] in ("block", "node_type", "node_type, block")
    level = find_level(ASPECTS, worn, find_relevant(worn))
    if level == PLAIN and worn["distance"] == "with a weight" and worn["units"] == "nothing":
        level = OPEN  # the weight counts per unit of a length that nobody names
    measure = measure_against(
        links, settings, is_blocked=is_blocked, toll_weight=settings.get("toll_weight", 0.0),
        distance_weight=settings.get("distance_weight", 0.0), metres=metres,
    )  # fmt: skip
    return Case(settings, measure, level)


def _write(file: Path, rows: Sequence[dict[str, Any]], encoding: str = "utf-8", newline: str = "\n") -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.DictWriter(out, names, lineterminator=newline, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_table(worn: Dress, folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    if worn["spelled"] == "capitals":
        rows = [{key.upper(): value for key, value in row.items()} for row in rows]
    file = folder / (f"{name.capitalize()}.csv" if worn["spelled"] == "Node.csv" else f"{name}.csv")
    encoding = "utf-8-sig" if worn["spelled"] == "byte order mark" else "utf-8"
    _write(file, rows, encoding, "\r\n" if worn["spelled"] == "crlf" else "\n")


def _name_node(number: int, worn: Dress) -> Any:
    return {"large": 5_000_000_000 + number, "nodes are text": f"n{number}", "floats": f"{number}.0"}.get(
        worn["numbers"], number
    )


def _name_link(k: int, worn: Dress) -> Any:
    return f"{'AB'[k % 2]}-{k:03d}路" if worn["numbers"] == "links are text" else k + 1


def write_config(worn: Dress, folder: Path) -> dict[str, str]:
    _, _, length, speed = UNITS[worn["written in"]]
    row: dict[str, Any] = {"dataset_name": "town", "version_number": "0.96"}
    settings: dict[str, str] = {}
    option = worn["units"]
    if option.startswith("config"):
        row |= {"short_length": "m", "long_length": length, "speed": speed}
    units = dict(zip(("length_unit", "speed_unit"), worn["written in"].split(", "), strict=True))
    if option == "settings":
        settings = units
    if option == "settings, a thousand times off":
        settings = units | {"length_unit": "km" if units["length_unit"] in ("m", "ft") else "m"}
    if option.endswith("contradicts"):
        settings = {"length_unit": "ft" if units["length_unit"] != "ft" else "km"}
    if worn["plane"].endswith("config.csv"):
        row["crs"] = worn["plane"].split()[0]
    if len(row) > 2:
        _write(folder / "config.csv", [row])
    return settings


def write_nodes(worn: Dress, folder: Path, rng: np.random.Generator) -> None:
    place = place_nodes(worn["plane"].split()[0].strip(","))
    rows = []
    for node in JUNCTIONS:
        number = NUMBER[node]
        row: dict[str, Any] = {
            "node_id": _name_node(number, worn),
            "x_coord": place[node][0],
            "y_coord": place[node][1],
        }
        row["zone_id"] = _name_node(number, worn) if number in ZONES and worn["zones"] != "none" else ""
        if worn["zones"].startswith("node_type"):
            row["node_type"] = "centroid" if number in ZONES else "junction"
        rows.append(row)
    if worn["order"] == "shuffled":
        rows = [rows[k] for k in rng.permutation(len(rows))]
    _write_table(worn, folder, "node", rows)


def write_links(
    worn: Dress, links: Sequence[TableLink], folder: Path, rng: np.random.Generator,
    kinds: Mapping[str, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the table; return the name of each way's first link."""
    place = place_nodes(worn["plane"].split()[0].strip(","))
    first: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    pair_of: dict[tuple[str, frozenset[int]], int] = {}
    for link in links:
        twin = (link.way, frozenset((link.tail, link.head)))
        if worn["rows"] in ("undirected", "dir_flag 0") and twin in pair_of:
            row = rows[pair_of[twin]]
            row |= {"directed": 0} if worn["rows"] == "undirected" else {"dir_flag": 0}
            continue
        pair_of[twin] = len(rows)
        rows.append(_fill(worn, link, len(rows), place))
        rows[-1]["facility_type"] = kinds[link.way] if kinds else "road"
        if worn.get("capacity", "stated") != "stated":
            rows[-1]["capacity"] = ""
        first.setdefault(link.way, rows[-1]["link_id"])
    more = dict(rows[0]) | {"link_id": _name_link(len(rows), worn)}
    more |= {"from_node_id": _name_node(1, worn), "to_node_id": _name_node(5, worn), "geometry": ""}
    if worn["lines"] == "in link.csv":
        more["geometry"] = write_wkt([place[1], place[9]], "LINESTRING", 9)
    if worn["rows"] in ("undirected", "dir_flag 0"):
        more |= {"directed": 1} if worn["rows"] == "undirected" else {"dir_flag": 1}
    if worn["rows"] == "one closed by capacity 0":
        rows.append(_lengthen(more, worn, place) | {"capacity": 0})
    if worn["uses"].endswith("on one"):
        uses = worn["uses"].removesuffix(" on one").removesuffix(" only")
        rows.append(_lengthen(more, worn, place) | {"link_id": _name_link(len(rows), worn), "allowed_uses": uses})
    if worn["order"] == "shuffled":
        rows = [rows[k] for k in rng.permutation(len(rows))]
    if worn.get("capacity") == "no column":
        rows = [{key: value for key, value in row.items() if key != "capacity"} for row in rows]
    _write_table(worn, folder, "link", rows)
    return first


def _lengthen(row: dict[str, Any], worn: Dress, place: Any) -> dict[str, Any]:
    """A link from node 1 to node 5 with the length of its line, and free times that nobody would refuse to drive."""
    long = row | {"length": measure_m((1, 9)) / UNITS[worn["written in"]][0]}
    if "vdf_length_mi" in row:
        long["vdf_length_mi"] = measure_m((1, 9)) / 1609.344
    return long


def _fill(worn: Dress, link: TableLink, k: int, place: Any) -> dict[str, Any]:
    metres, km_h, _, _ = UNITS[worn["written in"]]
    row: dict[str, Any] = {
        "link_id": _name_link(k, worn), "from_node_id": _name_node(link.tail, worn),
        "to_node_id": _name_node(link.head, worn), "length": link.length_m / metres,
        "free_speed": (500.0 if worn["speeds"] == "one of 500" and k == 4 else link.speed_km_h) / km_h,
        "capacity": link.capacity, "name": f"{link.way} 路",
    }  # fmt: skip
    if worn["rows"] in ("one a direction", "one closed by capacity 0"):
        row["directed"] = 1
    elif worn["rows"] != "no directed, no dir_flag":
        row["directed" if worn["rows"] == "undirected" else "dir_flag"] = 1
    if worn["rows"] == "dir_flag -1" and k == 3:
        row |= {"from_node_id": row["to_node_id"], "to_node_id": row["from_node_id"], "dir_flag": -1}
    if worn["lanes"] == "stated":
        row["lanes"] = link.lanes
    if worn["lines"] == "in link.csv":
        row["geometry"] = write_wkt([place[node] for node in link.nodes], "LINESTRING", 9)
    if worn["delay"] == "vdf_alpha, vdf_beta":
        row |= {"vdf_alpha": link.alpha, "vdf_beta": link.beta}
    if worn["delay"] in ("VDF_alpha1, VDF_beta1", "VDF_cap1"):
        row |= {"VDF_alpha1": link.alpha, "VDF_beta1": link.beta}
    if worn["delay"] == "VDF_cap1":
        row |= {"VDF_cap1": link.capacity, "capacity": 2 * link.capacity}
    if worn["time"].startswith("vdf_fftt"):
        row["vdf_fftt"] = link.minutes
    if worn["time"] == "VDF_fftt1":
        row["VDF_fftt1"] = link.minutes
    if worn["time"] in ("vdf_length_mi, vdf_free_speed_mph", "vdf_fftt beside other units"):
        row |= {"vdf_length_mi": link.length_m / 1609.344, "vdf_free_speed_mph": link.speed_km_h / 1.609344}
    if worn["toll"] != "none":
        row["vdf_toll"] = link.toll
    if worn["uses"] != "none":
        row["allowed_uses"] = "" if worn["uses"] == "empty" else "auto"
    if worn["turns"] == "restricted_turn_nodes":
        row["restricted_turn_nodes"] = _name_node(6, worn) if k == 2 else ""
    return row


def _write_demand(worn: Dress, folder: Path, rng: np.random.Generator) -> dict[str, str]:
    zones = {zone: _name_node(zone, worn) for zone in ZONES}
    aside = folder / "of-day"
    aside.mkdir()
    file, settings = write_demand(worn["demand"], aside, zones, rng)
    if worn["named"] == "demand.csv":
        file.rename(folder / "demand.csv")
        return settings
    keys = {"by the setting": ("demand",), "trips": ("trips",)}.get(worn["named"], ("demand", "trips"))
    return settings | dict.fromkeys(keys, str(file))


GMNS = Field(
    ASPECTS, find_relevant, write, prepare,
    {"speeds": {"time": "length and speed"}, "distance": {"units": "config.csv"}},
)  # fmt: skip
