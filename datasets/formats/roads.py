"""Roads from osmnx, OpenStreetMap and the common map formats, as links with lines, levels and lanes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..city.layers import ROAD_KINDS, RoadLayer
from ..errors import InputError
from ..graphml import keep_core, read_lengths, read_lines, read_rates, refuse_twins, split_words
from ..place import agree_crs
from ..road_classes import DROPPED, ROAD_CLASSES
from ..road_graph import RoadEdge, RoadGraph, read_road_graph

__all__ = ["open_roads"]

# What tables write for "there is none", in lower case; a column of whole numbers with gaps says 0.0.
_NONE = frozenset({"no", "", "false", "0", "0.0", "f", "n", "none", "nan", "null", "-", "否", "无"})
_AT_GROUND = frozenset({"building_passage"})  # a tunnel to the mapper, a street to water


def open_roads(file: str | Path, *, crs: str | None = None, mode: str = "car") -> RoadLayer:
    """Read roads.

    What is closed to the mode goes; of the rest the largest strongly connected part is kept, so every node reaches
    every other. Speeds, lanes and capacities come from tags, or from the class of road, which the notes say.

    Parameters
    ----------
    file
        osmnx ``.graphml``, OpenStreetMap ``.osm.pbf``, or lines in ``.gpkg``, ``.shp``, ``.geojson`` or ``.csv`` (WKT)
        with columns named as OpenStreetMap's tags (``highway, name, oneway, lanes, maxspeed, bridge, tunnel,
        layer``).
    crs
        Of a file that names none.
    mode
        ``"car"`` or ``"all"``.

    Returns
    -------
    RoadLayer
        Of an osmnx file, ``link_id`` is the rank, from 1, of (u, v, key) among all edges, as in
        :func:`~citytide.datasets.graphml.read_graphml`; so it is of other files, with their nodes numbered by place.

    Raises
    ------
    InputError
        If the file cannot be used, with the line where there is one; or the mode is not known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "roads.csv"
    ...     _ = file.write_text('highway,bridge,wkt\\nprimary,yes,"LINESTRING (0 0, 30 40)"\\n')
    ...     roads = open_roads(file, crs="EPSG:4547")
    >>> roads.length_m.tolist(), roads.level.tolist(), roads.link_id.tolist()
    ([50.0, 50.0], [1, 1], [1, 2])
    """
    file = Path(file)
    if mode not in DROPPED:
        raise InputError(f"mode is {mode!r}", file=file, way_out=f"choose one of {', '.join(DROPPED)}")
    graph = _read_graph(file, crs)
    held = agree_crs(graph.crs if graph.crs != "unstated" else None, crs, file=file)
    edges = sorted(graph.edges, key=lambda edge: (edge.source, edge.target, edge.key))
    refuse_twins(file, edges)
    rank, node_id = keep_core(edges, DROPPED[mode])
    if not rank.size:
        raise InputError(
            f"no roads for mode {mode!r} make a connected network", file=file, way_out="choose another mode"
        )
    kept = [edges[k] for k in rank.tolist()]
    notes = [f"Of {len(edges):,} edges, {len(kept):,} are the largest strongly connected part of the {mode} network."]
    index = {node: k for k, node in enumerate(node_id.tolist())}
    x, y = (np.array([graph.place[node][axis] for node in node_id.tolist()]) for axis in (0, 1))
    speed, lanes, capacity = read_rates(kept, notes)
    lines = read_lines(graph, kept)
    points = np.concatenate(lines)
    return RoadLayer(
        crs=held,
        node_id=node_id,
        x=x,
        y=y,
        link_id=rank + 1,
        tail=np.array([index[edge.source] for edge in kept], dtype=np.int32),
        head=np.array([index[edge.target] for edge in kept], dtype=np.int32),
        kind=np.array([_find_kind(edge) for edge in kept], dtype=np.uint8),
        lanes=lanes,
        speed_km_h=speed,
        capacity_veh_h=capacity,
        level=np.array([_find_level(edge) for edge in kept], dtype=np.int8),
        length_m=read_lengths(file, graph, kept) * 1000.0,
        vertex_offset=np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64),
        vertex_x=np.ascontiguousarray(points[:, 0]),
        vertex_y=np.ascontiguousarray(points[:, 1]),
        name=tuple(" / ".join(split_words(edge.tags.get("name", ""))) for edge in kept),
        sources=(file,),
        notes=tuple(notes),
    )


def _read_graph(file: Path, crs: str | None) -> RoadGraph:
    name = file.name.lower()
    if name.endswith(".graphml"):
        return read_road_graph(file)
    if name.endswith(".osm.pbf"):
        from .osm_pbf import read_osm_graph

        return read_osm_graph(file)
    from .road_lines import read_line_graph

    return read_line_graph(file, crs=crs)


def _find_kind(edge: RoadEdge) -> int:
    """The slowest of the edge's classes, as its speed follows from it."""
    words = split_words(edge.tags.get("highway", ""))
    known = [word for word in words if word in ROAD_CLASSES]
    if known:
        word = min(known, key=lambda w: ROAD_CLASSES[w].speed_km_h * ROAD_CLASSES[w].capacity_veh_h_lane)
    else:
        word = next((word for word in words if word in ROAD_KINDS), "other")
    return ROAD_KINDS.index(word) if word in ROAD_KINDS else 0


def _find_level(edge: RoadEdge) -> int:
    """Bridge +1, tunnel -1, else the sign of the layer.

    Of a road merged from parts, one part is enough: there the road is cut or stays dry.
    """
    if _is_set(split_words(edge.tags.get("tunnel", "")), _NONE | _AT_GROUND):
        return -1
    if _is_set(split_words(edge.tags.get("bridge", "")), _NONE):
        return 1
    layers = [float(word) for word in split_words(edge.tags.get("layer", "")) if re.fullmatch(r"[-+]?\d+(\.0)?", word)]
    return int(np.sign(min(layers, default=0.0) or max(layers, default=0.0)))


def _is_set(words: Iterable[str], none: frozenset[str]) -> bool:
    return any(word.strip().lower() not in none for word in words)
