"""Extracts of OpenStreetMap in random dresses, and what `open_roads` makes of them."""

from __future__ import annotations

import bz2
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from dresses import OPEN, PLAIN, Case, Dress, Field, find_level
from road_maps import (
    ADMITTED,
    CLOSED,
    LANES,
    OSM_SENSES,
    SPEEDS,
    Tags,
    alter_ways,
    measure_against,
    say_sense,
    say_tags,
    shuffle,
    turn_some,
)
from road_world import PLACES

from citytide.datasets.traffic.layers import RoadLayer
from citytide.datasets.traffic.road_files import open_roads

ASPECTS = {
    "format": {"osm.pbf": PLAIN, "osm": PLAIN, "osm.bz2": PLAIN},
    "senses": OSM_SENSES,
    "closed": CLOSED,
    "admitted": ADMITTED,
    "lanes": LANES,
    "speeds": SPEEDS,
    "drawn": {"as given": PLAIN, "either way": PLAIN},
    "crossing": {"no vertex": PLAIN, "a vertex of each": PLAIN},
    "cut": {"whole": PLAIN, "inner nodes missing": PLAIN, "a way without nodes": PLAIN},
    "split": {"one way": PLAIN, "at junctions": PLAIN},
    "relations": {"none": PLAIN, "a turn is banned": PLAIN, "a bus route": PLAIN},
    "beside": {
        "nothing": PLAIN, "a railway and a building": PLAIN, "an area": PLAIN, "a ferry": OPEN,
        "highways that are no roads": PLAIN,
    },
    "order": {"by number": PLAIN, "ways first": OPEN, "ways shuffled": PLAIN},
}  # fmt: skip
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="test">\n'


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    ways = alter_ways(dress)
    measure_ways = list(ways)
    if dress["drawn"] == "either way":
        ways = turn_some(ways, rng, may_turn=lambda way: True)
    rows = [
        (nodes, say_tags(way, dress) | say_sense(way, dress["senses"]))
        for way in ways
        for nodes in ([p.nodes for p in way.pieces()] if dress["split"] == "at junctions" else [way.nodes])
    ]
    place = dict(PLACES)
    if dress["crossing"] == "a vertex of each":
        rows = [(_cross(nodes, tags, place), tags) for nodes, tags in rows]
    rows += _list_others(dress, place)
    if dress["order"] == "ways shuffled":
        rows = shuffle(rows, rng)
    nodes = "".join(f'<node id="{n}" version="1" lat="{y:.7f}" lon="{x:.7f}"/>\n' for n, (x, y) in place.items())
    lines = "".join(_write_way(100 + k, refs, tags) for k, (refs, tags) in enumerate(rows))
    body = lines + nodes if dress["order"] == "ways first" else nodes + lines
    text = _HEAD + body + _write_relation(dress["relations"], rows) + "</osm>\n"
    file = _save(folder, text, dress["format"])
    measure = measure_against(measure_ways, PLACES, reach=2e-7, length_tolerance=1e-6)

    def measure_and_notes(layer: RoadLayer) -> str | None:
        problem = measure(layer)
        notes = " ".join(layer.notes).lower()
        if problem is None and dress["relations"] == "a turn is banned" and "restriction" not in notes:
            return "no note counts the turn restrictions"
        if problem is None and dress["cut"] == "inner nodes missing" and "extract" not in notes:
            return "no note counts the ways that leave the extract"
        return problem

    relevant = list(ASPECTS)
    return Case({"file": file}, measure_and_notes, find_level(ASPECTS, dress, relevant))


def _cross(nodes: tuple[int, ...], tags: Tags, place: dict[int, tuple[float, float]]) -> tuple[int, ...]:
    """Give the bridge, and the street below it, a vertex where they cross: two nodes at one place."""
    for ends, new in (((6, 8), 201), ((5, 9), 202)):
        for a, b in (ends, ends[::-1]):
            if nodes == (a, b):
                place[new] = CROSSING
                return (a, new, b)
    return nodes


def _find_crossing() -> tuple[float, float]:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = (PLACES[n] for n in (6, 8, 5, 9))
    below = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
    t = ((x1 - x3) * (y3 - y4) - (y1 - y3) * (x3 - x4)) / below
    return round(x1 + t * (x2 - x1), 7), round(y1 + t * (y2 - y1), 7)


CROSSING = _find_crossing()


def _list_others(dress: Dress, place: dict[int, tuple[float, float]]) -> list[tuple[tuple[int, ...], Tags]]:
    rows: list[tuple[tuple[int, ...], Tags]] = []
    if dress["cut"] == "inner nodes missing":
        rows.append(((1, 907, 908, 909, 2), {"highway": "primary", "lanes": "6", "maxspeed": "80"}))
    if dress["cut"] == "a way without nodes":
        rows.append(((911, 912), {"highway": "primary"}))
    beside = dress["beside"]
    if beside == "a railway and a building":
        rows += [((1, 9), {"railway": "rail"}), ((1, 2, 5, 1), {"building": "yes"})]
    if beside == "an area":
        rows.append(((1, 2, 5, 4, 1), {"highway": "pedestrian", "area": "yes"}))
    if beside == "a ferry":
        rows.append(((1, 9), {"route": "ferry"}))
    if beside == "highways that are no roads":
        words = ("abandoned", "no", "crossing", "ladder", "platform", "elevator", "steps", "corridor", "razed")
        rows += [((1, 9), {"highway": word}) for word in words]
    return rows


def _write_way(number: int, refs: tuple[int, ...], tags: Tags) -> str:
    body = "".join(f'<nd ref="{ref}"/>' for ref in refs)
    body += "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
    return f'<way id="{number}" version="1">{body}</way>\n'


def _write_relation(option: str, rows: list[tuple[tuple[int, ...], Tags]]) -> str:
    if option == "none":
        return ""
    numbers = [k for k, (refs, _) in enumerate(rows, start=100) if 5 in (refs[0], refs[-1])][:2]
    roles = ("from", "to") if option == "a turn is banned" else ("", "")
    members = "".join(f'<member type="way" ref="{n}" role="{role}"/>' for n, role in zip(numbers, roles, strict=True))
    tags = {"type": "restriction", "restriction": "no_left_turn"}
    if option == "a turn is banned":
        members += '<member type="node" ref="5" role="via"/>'
    else:
        tags = {"type": "route", "route": "bus"}
    told = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
    return f'<relation id="1" version="1">{members}{told}</relation>\n'


def _save(folder: Path, text: str, suffix: str) -> Path:
    plain = folder / "town.osm"
    plain.write_text(text, encoding="utf-8")
    if suffix == "osm":
        return plain
    file = folder / f"town.{suffix}"
    if suffix == "osm.bz2":
        file.write_bytes(bz2.compress(text.encode()))
    else:
        import osmium

        with osmium.SimpleWriter(str(file)) as writer:
            for thing in osmium.FileProcessor(str(plain)):
                writer.add(thing)
    plain.unlink()
    return file


def prepare(settings: dict[str, Any]) -> RoadLayer:
    options = {key: value for key, value in settings.items() if key != "file"}
    return open_roads(settings["file"], **options)


OSM = Field(ASPECTS, lambda dress: list(ASPECTS), write, prepare)
