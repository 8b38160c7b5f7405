"""Demand in every form on a road graph, and a GMNS folder without demand as the roads of a city."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, dress_plainly, find_level
from road_files import place_nodes
from road_gmns import ASPECTS as GMNS_ASPECTS
from road_gmns import write_config, write_links, write_nodes
from road_graphml import ASPECTS as GRAPHML_ASPECTS
from road_graphml import write as write_graphml
from road_maps import measure_against as measure_map
from road_osm import prepare as prepare_roads
from road_tables import DEMAND_FORMS, NUMBER, TableLink, list_table_links, measure_against, prepare, write_demand
from road_world import WAYS, Link, list_links, measure_on_sphere_m

from citytide.datasets.traffic.roads.classes import ROAD_CLASSES

NODE = {number: node for node, number in NUMBER.items()}
TRIP_ASPECTS = {
    "demand": DEMAND_FORMS,
    "named": {"demand": PLAIN, "trips": PLAIN, "demand and trips": FALSE, "not at all": FALSE},
    "numbers": {"small": PLAIN, "large": PLAIN},
    "order": {"by number": PLAIN, "shuffled": PLAIN},
    "zone_nodes": {"not said": PLAIN, "pass": OPEN, "block": OPEN},
}  # fmt: skip


def write_trips(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = dress_plainly(GRAPHML_ASPECTS, numbers=dress["numbers"], order=dress["order"])
    case = write_graphml(worn, rng, folder)
    number = {node: 9_000_000_000 + 37 * node if dress["numbers"] == "large" else node for node in NODE.values()}
    file, said = write_demand(dress["demand"], folder, {zone: number[node] for zone, node in NODE.items()}, rng)
    settings: dict[str, Any] = {"network": str(case.settings["file"])}
    for name in dress["named"].split(" and ") if dress["named"] != "not at all" else []:
        settings[name] = str(file)
    settings |= said if dress["named"] != "not at all" else {}
    if dress["zone_nodes"] != "not said":
        settings["zone_nodes"] = dress["zone_nodes"]
    links = tuple(_tabulate(link) for link in list_links(WAYS))
    measure = measure_against(links, settings, is_blocked=dress["zone_nodes"] == "block")
    return Case(settings, measure, find_level(TRIP_ASPECTS, dress, list(TRIP_ASPECTS)))


def _tabulate(link: Link) -> TableLink:
    return TableLink(
        NUMBER[link.tail], NUMBER[link.head], link.nodes, measure_on_sphere_m(link.nodes), link.speed_km_h,
        link.capacity, 1, 0.15, 4.0, 0.0, link.way.key,
    )  # fmt: skip


ROAD_ASPECTS = {
    "units": {"config.csv": PLAIN, "settings": PLAIN, "nothing": FALSE, "settings, a thousand times off": FALSE},
    "written in": GMNS_ASPECTS["written in"],
    "capacity": {"stated": PLAIN, "empty": PLAIN, "no column": PLAIN},
    "lanes": {"stated": PLAIN, "not there": OPEN},
    "rows": {"one a direction": PLAIN, "undirected": PLAIN, "dir_flag -1": OPEN},
    "numbers": {"whole": PLAIN, "links are text": PLAIN, "large": PLAIN, "nodes are text": OPEN},
    "lines": {"in link.csv": PLAIN, "none": OPEN},
    "plane": {
        "EPSG:4326 in config.csv": PLAIN, "EPSG:4547 in config.csv": PLAIN, "EPSG:4326, declared": PLAIN,
        "EPSG:4326": OPEN,
    },
    "uses": {"none": PLAIN, "auto": PLAIN, "empty": PLAIN, "WALK, BIKE on one": OPEN},
    "zones": {"none": PLAIN, "zone_id, pass declared": PLAIN, "zone_id": OPEN},
    "order": {"as given": PLAIN, "shuffled": PLAIN},
    "spelled": {"small": PLAIN, "byte order mark": PLAIN, "crlf": PLAIN},
}  # fmt: skip


def write_gmns_roads(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = dress_plainly(GMNS_ASPECTS) | dress
    kinds = {way.key: way.kind for way in WAYS}
    town = folder / "town"
    town.mkdir()
    links = list_table_links(is_uniform=True)
    if dress["lanes"] == "not there":
        links = tuple(replace(link, lanes=1) for link in links)
    settings: dict[str, Any] = {"file": town} | write_config(worn, town)
    if dress["plane"].endswith("declared"):
        settings["crs"] = "EPSG:4326"
    if dress["zones"].endswith("declared"):
        settings["zone_nodes"] = "pass"
    write_nodes(worn, town, rng)
    write_links(worn | {"delay": "not there"}, links, town, rng, kinds)
    lengths = {(link.way, link.tail, link.head): link for link in links}

    def state(link: Link) -> Link:
        row = lengths[link.way.key, NUMBER[link.tail], NUMBER[link.head]]
        assumed = ROAD_CLASSES[link.way.kind]
        if dress["capacity"] == "stated":
            return replace(link, lanes=float(row.lanes), capacity=row.capacity * row.lanes)
        lanes = float(row.lanes if dress["lanes"] == "stated" else assumed.lanes)
        return replace(link, lanes=lanes, capacity=assumed.capacity_veh_h_lane * lanes)

    crs = dress["plane"].split()[0].strip(",")
    measure = measure_map(
        WAYS, place_nodes(crs), reach=1e-6 if crs == "EPSG:4326" else 0.1, length_tolerance=1e-6, change=state
    )
    return Case(settings, measure, find_level(ROAD_ASPECTS, dress, list(ROAD_ASPECTS)))


TRIPS = Field(TRIP_ASPECTS, lambda dress: list(TRIP_ASPECTS), write_trips, prepare)
GMNS_ROADS = Field(ROAD_ASPECTS, lambda dress: list(ROAD_ASPECTS), write_gmns_roads, prepare_roads)
