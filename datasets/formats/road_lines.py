"""Lines of a map file as a road graph: their ends are the nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...kernels.space.datum import compute_distances_m
from ..errors import InputError
from ..place import is_geographic
from ..road_graph import RoadEdge, RoadGraph
from .features import read_features

__all__ = ["read_line_graph"]

# What a column may be called, by OpenStreetMap's tag.
_TAGS = {
    "highway": ("highway", "fclass", "class", "kind", "type", "road_class", "道路等级", "等级"),
    "name": ("name", "road_name", "名称", "道路名称", "路名"),
    "oneway": ("oneway", "one_way", "单行"),
    "lanes": ("lanes", "n_lanes", "车道数", "车道"),
    "maxspeed": ("maxspeed", "speed", "speed_km_h", "限速"),
    "bridge": ("bridge", "桥"),
    "tunnel": ("tunnel", "隧道"),
    "layer": ("layer", "层"),
}
_FORWARD = frozenset({"yes", "y", "true", "1", "f", "ft", "是"})
_BACKWARD = frozenset({"-1", "t", "tf", "reverse"})
_BOTH = frozenset({"", "no", "n", "false", "0", "b", "none", "nan", "null", "-", "否", "reversible", "alternating"})
_PLACES = 7  # decimals of a degree (1 cm), or as many of a metre: ends closer than that are one node


def read_line_graph(file: Path, *, crs: str | None = None) -> RoadGraph:
    """Read lines whose columns are named as OpenStreetMap's tags; a line that is not one-way is two edges.

    Raises
    ------
    InputError
        If the file cannot be used, or a feature is no line.
    """
    import shapely

    found = read_features(file, crs=crs)
    kinds = shapely.get_type_id(found.geometry)
    wrong = ~np.isin(kinds, [shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING])
    wrong |= shapely.is_empty(found.geometry)
    if wrong.any():
        raise found.error(int(np.argmax(wrong)), "the feature is no line", "give a layer of roads as lines")
    columns = {tag: column for tag, names in _TAGS.items() if (column := found.find(names))}
    if "highway" not in columns:
        raise InputError(
            "the roads have no class",
            file=file,
            way_out=f"name a column highway, with words such as primary; the columns are {', '.join(found.columns)}",
        )
    geographic = is_geographic(found.crs)
    decimals = _PLACES if geographic else 2
    parts, feature = shapely.get_parts(found.geometry, return_index=True)
    lines = [shapely.get_coordinates(part) for part in parts]
    ends = np.round([[*line[0], *line[-1]] for line in lines], decimals).reshape(-1, 2)
    places, place = np.unique(ends, axis=0, return_inverse=True)
    node = place.reshape(-1, 2) + 1
    edges: list[RoadEdge] = []
    for k, line in enumerate(lines):
        row = int(feature[k])
        tags = {tag: found.columns[column][row].strip() for tag, column in columns.items()}
        sense = tags.get("oneway", "").lower().removesuffix(".0")
        if sense not in _FORWARD | _BACKWARD | _BOTH:
            raise found.error(
                row, f"{columns['oneway']} is {tags['oneway']!r}", "write yes, no or -1 (against the line's direction)"
            )
        one_way = sense in _FORWARD | _BACKWARD
        tags["oneway"] = str(one_way)
        tags["length"] = repr(_measure(line, geographic))
        at = found.line[row] if found.line is not None else row + 1
        ways = [line[::-1]] if sense in _BACKWARD else [line] if one_way else [line, line[::-1]]
        for way in ways:
            start, end = node[k] if way is line else node[k][::-1]
            drawn = "LINESTRING (" + ", ".join(f"{x!r} {y!r}" for x, y in way.tolist()) + ")"
            edges.append(RoadEdge(int(start), int(end), len(edges), at, {**tags, "geometry": drawn}, way is line))
    return RoadGraph(found.crs, {k + 1: (float(x), float(y)) for k, (x, y) in enumerate(places.tolist())}, edges)


def _measure(line: np.ndarray, geographic: bool) -> float:
    x, y = line.T
    if geographic:
        return float(compute_distances_m(x[:-1], y[:-1], x[1:], y[1:]).sum())
    return float(np.hypot(np.diff(x), np.diff(y)).sum())
