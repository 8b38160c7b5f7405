"""What is common to road maps of every format: how a street's tags are said, and whether a reading is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from dresses import OPEN, PLAIN, Dress, Measure
from road_world import DEMAND, GAP, JUNCTIONS, WAYS, Link, Way, list_links, measure_on_sphere_m, solve_links

from citytide.datasets.city.network import make_instance
from citytide.datasets.traffic.layers import DemandLayer, RoadLayer
from citytide.kernels.traffic.assignment import assign_traffic

MILE_KM = 1.609344
SPHERE = 5e-3  # how far lengths on a sphere may be off
MPH = {40.0: 25, 50.0: 30, 60.0: 40, 80.0: 50}  # a speed limit in miles that stands for one in kilometres
Places = Mapping[int, tuple[float, float]]
Tags = dict[str, str]

# Aspects of a street's tags that OpenStreetMap's words serve, in a map as in a table.
CLOSED = {
    "motor_vehicle=no": PLAIN, "motorcar=no": PLAIN, "vehicle=no": PLAIN, "access=no": PLAIN, "busway": PLAIN,
    "bus_guideway": PLAIN, "construction": PLAIN, "proposed": PLAIN, "abandoned": PLAIN, "raceway": PLAIN,
    "rest_area": PLAIN, "bridleway": PLAIN, "motor_vehicle=agricultural": OPEN, "access=private": OPEN,
    "access=yes, motorcar=no": PLAIN, "vehicle=yes, motor_vehicle=no": PLAIN,
}  # fmt: skip
ADMITTED = {
    "nothing": PLAIN, "access=no, motor_vehicle=yes": PLAIN, "access=no, motorcar=yes": PLAIN,
    "vehicle=no, motor_vehicle=yes": PLAIN, "motor_vehicle=no, motorcar=designated": PLAIN,
    "access=private, motorcar=yes": PLAIN, "motor_vehicle=destination": OPEN, "access=permissive": PLAIN,
}  # fmt: skip
LANES = {
    "with directions where they differ": PLAIN, "with directions everywhere": PLAIN, "directions only": OPEN,
    "lanes:psv beside": PLAIN, "lanes:bus beside": PLAIN, "bus:lanes beside": OPEN, "lanes:psv:forward beside": OPEN,
}  # fmt: skip
SPEEDS = {
    "numbers": PLAIN, "numbers with km/h": PLAIN, "mph": PLAIN, "one direction slower": OPEN, "one is 'none'": OPEN,
    "one is 5000": OPEN,
}  # fmt: skip
OSM_SENSES = {
    "yes": PLAIN, "1": PLAIN, "true": PLAIN, "-1": PLAIN, "oneway:motor_vehicle": PLAIN, "roundabout": PLAIN,
    "motorway": PLAIN, "oneway=yes, oneway:motor_vehicle=no": OPEN,
}  # fmt: skip


def alter_ways(dress: Dress) -> list[Way]:
    """The true ways under the options that change what is true, not only how it is said."""
    ways = {way.key: way for way in WAYS}
    if dress.get("speeds") == "mph":
        for key, way in ways.items():
            if way.speed_km_h:
                ways[key] = replace(way, speed_km_h=MPH[way.speed_km_h] * MILE_KM)
    if dress.get("speeds", "").startswith("one is"):
        ways["k"] = replace(ways["k"], speed_km_h=None)
    if dress.get("speeds") == "one direction slower":
        ways["a"] = replace(ways["a"], speed_back_km_h=40.0)
    if dress.get("senses") == "motorway":
        ways["n"] = replace(ways["n"], kind="motorway")
    if dress.get("senses") == "oneway=yes, oneway:motor_vehicle=no":
        ways["g"] = replace(ways["g"], senses=(True, True), lanes=(1, 1))
    return list(ways.values())


def say_tags(way: Way, dress: Dress) -> Tags:
    """The tags of a way as OpenStreetMap has them, apart from its direction."""
    tags = {"highway": way.kind, "name": f"{way.key} 路"} | _say_access(way, dress) | _say_lanes(way, dress)
    if way.level:
        tags |= {"bridge": "yes", "layer": str(way.level)}
    return tags | _say_speed(way, dress.get("speeds", "numbers"))


def _say_access(way: Way, dress: Dress) -> Tags:
    said = {"p": dress["closed"], "r": dress["admitted"]}.get(way.key, "nothing")
    if said == "nothing":
        return {}
    if "=" not in said:
        return {"highway": said}
    return dict(word.split("=") for word in said.split(", "))  # type: ignore[misc]


def _say_lanes(way: Way, dress: Dress) -> Tags:
    if way.lanes is None or not way.is_driven:
        return {}
    option, (along, against) = dress["lanes"], way.lanes
    total = {"lanes": f"{along + against:g}"}
    sides = {"lanes:forward": f"{along:g}", "lanes:backward": f"{against:g}"}
    differ = not way.is_oneway and along != against
    if along == 0.5 or (way.is_oneway and "beside" not in option):
        return total
    beside = option.removesuffix(" beside")
    if way.key == "n" and option.endswith("beside") and ":forward" not in option:
        if beside == "bus:lanes":
            return {"lanes": "3", "bus:lanes": "|".join(["yes"] * 2 + ["designated"])}
        return {"lanes": "3", beside: "1"}
    if way.key == "a" and beside == "lanes:psv:forward":
        side = "forward" if way.nodes[0] == 1 else "backward"
        return {"lanes": "5", f"lanes:{side}": "3", f"lanes:psv:{side}": "1"}
    if option == "directions only":
        return sides
    return total | sides if differ or (option == "with directions everywhere" and not way.is_oneway) else total


def _say_speed(way: Way, option: str) -> Tags:
    if way.key == "k" and option.startswith("one is"):
        return {"maxspeed": option.split()[-1].strip("'")}
    if way.key == "q" or way.speed_km_h is None:
        return {}
    if option == "mph":
        return {"maxspeed": f"{way.speed_km_h / MILE_KM:.0f} mph"}
    if way.speed_back_km_h:
        return {"maxspeed:forward": f"{way.speed_km_h:g}", "maxspeed:backward": f"{way.speed_back_km_h:g}"}
    return {"maxspeed": f"{way.speed_km_h:g}" + (" km/h" if option.endswith("km/h") else "")}


def say_sense(way: Way, option: str) -> Tags:
    """The tags by which OpenStreetMap tells the directions of a way."""
    along = way.senses[0]
    if way.key == "g" and option == "oneway=yes, oneway:motor_vehicle=no":
        return {"oneway": "yes", "oneway:motor_vehicle": "no"}
    if not way.is_oneway:
        return {"oneway": {"1": "0", "true": "false"}.get(option, "no")} if way.key in "cfk" else {}
    if way.key == "g" and option == "roundabout" and along:
        return {"junction": "roundabout"}
    if way.kind == "motorway" and along:
        return {}
    if not along:
        return {"oneway": "-1"}
    if option == "oneway:motor_vehicle":
        return {"oneway:motor_vehicle": "yes"}
    return {"oneway": option if option in ("1", "true") else "yes"}


def turn_some(ways: Sequence[Way], rng: np.random.Generator, *, may_turn: Callable[[Way], bool]) -> list[Way]:
    """Draw about half of the ways from their other end."""
    return [way.turned() if rng.random() < 0.5 and may_turn(way) else way for way in ways]


def shuffle(things: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    return [things[k] for k in rng.permutation(len(things))]


def measure_against(
    ways: Sequence[Way],
    place: Places,
    *,
    reach: float,
    length_tolerance: float,
    is_split: bool = False,
    change: Callable[[Link], Link] | None = None,
) -> Measure:
    """Compare a layer of roads with the truth: links, speeds, lanes, capacities, lengths, and the optimum.

    ``place`` gives the nodes in the plane or datum of the file, ``reach`` how far off a node may lie there. Lengths
    may differ from those over the ellipsoid by ``length_tolerance`` of themselves, or are those of osmnx, over a
    sphere. The optimum is compared to 1e-6, at the true lengths. If ``is_split``, the file cuts its streets at every
    vertex, and only sums and the optimum are compared.
    """
    truth = list_links(ways)
    if change is not None:
        truth = tuple(change(link) for link in truth)

    def measure(layer: RoadLayer) -> str | None:
        at = {node: _find_node(layer, place[node], reach) for node in JUNCTIONS}
        missing = [node for node, k in at.items() if k is None]
        if missing:
            return f"no node at junctions {missing}"
        scale = np.ones(layer.n_links)
        if is_split:
            length, right = layer.length_m.sum(), sum(link.length_m for link in truth)
            if abs(length / right - 1.0) > max(SPHERE, length_tolerance):
                return f"{length:,.1f} m of links, {right:,.1f} are right"
            return _compare_optimum(layer, truth, at, scale, 2 * max(SPHERE, length_tolerance))
        node = {k: node for node, k in at.items() if k is not None}
        return _compare_links(layer, truth, node, scale, length_tolerance) or _compare_optimum(
            layer, truth, at, scale, 1e-6
        )

    return measure


def _find_node(layer: RoadLayer, place: tuple[float, float], reach: float) -> int | None:
    distance = np.hypot(layer.x - place[0], layer.y - place[1])
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] <= reach else None


def _compare_links(
    layer: RoadLayer, truth: Sequence[Link], node: Mapping[int, int], scale: Any, length_tolerance: float
) -> str | None:
    if layer.n_links != len(truth):
        ends = [(node.get(int(a)), node.get(int(b))) for a, b in zip(layer.tail, layer.head, strict=True)]
        more = _subtract(ends, [(link.tail, link.head) for link in truth])
        less = _subtract([(link.tail, link.head) for link in truth], ends)
        return f"{layer.n_links} links, {len(truth)} are right; too many {more}, missing {less}"
    free = list(truth)
    for k in range(layer.n_links):
        ends = (node.get(int(layer.tail[k])), node.get(int(layer.head[k])))
        same = [link for link in free if (link.tail, link.head) == ends]
        if not same:
            return f"a link runs {ends[0]}-{ends[1]}, where none is true"
        link = min(same, key=lambda link: abs(link.length_m - layer.length_m[k]))
        free.remove(link)
        read = (layer.speed_km_h[k], layer.lanes[k], layer.capacity_veh_h[k])
        right = (link.speed_km_h, link.lanes, link.capacity)
        if not np.allclose(read, right, rtol=1e-9):
            told = " and ".join(f"{s:g} km/h, {n:g} lanes, {c:g} veh/h" for s, n, c in (read, right))
            return f"link {ends[0]}-{ends[1]} ({link.way.key}) has {told} are right"
        scale[k] = link.length_m / layer.length_m[k]
        off = abs(scale[k] - 1.0)
        if off > length_tolerance and abs(layer.length_m[k] / measure_on_sphere_m(link.nodes) - 1.0) > length_tolerance:
            return f"link {ends[0]}-{ends[1]} is {layer.length_m[k]:.2f} m long, right are {link.length_m:.2f}"
    return None


def _subtract(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    left = list(some)
    for other in others:
        if other in left:
            left.remove(other)
    return left


def _compare_optimum(
    layer: RoadLayer, truth: tuple[Link, ...], at: Mapping[int, int | None], scale: Any, tolerance: float
) -> str | None:
    pairs = sorted((at[o], at[d], volume) for (o, d), volume in DEMAND.items())  # type: ignore[type-var]
    origin, destination, volume = (np.array(column) for column in zip(*pairs, strict=True))
    demand = DemandLayer(origin.astype(np.int32), destination.astype(np.int32), volume.astype(np.float64))
    instance = make_instance("map", layer, demand)
    instance = replace(instance, free_time=instance.free_time * scale)
    network, closed = instance.network()
    answer = assign_traffic(network, instance.origin, instance.destination, instance.demand, gap=GAP, closed=closed)
    right = solve_links(truth)
    read = (answer.objective, float((answer.flow * answer.cost)[~closed].sum()))
    if not np.allclose(read, right, rtol=tolerance):
        read_as, right_as = (f"{objective:,.3f}, {total:,.3f}" for objective, total in (read, right))
        return f"objective and total time are {read_as}, right are {right_as}"
    return None
