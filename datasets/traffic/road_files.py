"""Roads from osmnx, OpenStreetMap and the common map formats, as links with lines, levels and lanes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..maps.features import FEATURE_SUFFIXES
from ..maps.osm_extract import OSM_SUFFIXES
from ..place.crs import agree_crs
from .gmns.roads import keep_link_ids, read_gmns_graph
from .layers import ROAD_KINDS, RoadLayer
from .osm.extract_roads import read_osm_graph
from .roads.classes import MODES
from .roads.core import CORE_SHARE, read_core
from .roads.graph import UNSTATED, RoadEdge, RoadGraph, read_road_graph
from .roads.tag_values import split_values

__all__ = ["open_roads"]

# What tables write for "there is none", in lower case; a column of whole numbers with gaps says 0.0.
_NONE = frozenset({"no", "", "false", "0", "0.0", "f", "n", "none", "nan", "null", "-", "否", "无"})
_AT_GROUND = frozenset({"building_passage"})  # a tunnel to the mapper, a street to water


def open_roads(
    file: str | Path,
    *,
    crs: str | None = None,
    mode: str = "car",
    length_unit: str | None = None,
    speed_unit: str | None = None,
    oneway: str | None = None,
    zone_nodes: str | None = None,
    classes: str | None = None,
    core_share: float | str = CORE_SHARE,
) -> RoadLayer:
    """Read roads.

    What is closed to the mode by its class or its access tags goes; of the rest the largest strongly connected part
    is kept, so every node reaches every other. Speeds, lanes and capacities come from tags, or from the class of road,
    which the notes say.

    Parameters
    ----------
    file
        osmnx ``.graphml``, OpenStreetMap ``.osm.pbf``, ``.osm`` or ``.osm.bz2``, or lines in ``.gpkg``, ``.shp``,
        ``.geojson`` or ``.csv`` (WKT) with columns named as OpenStreetMap's tags (``highway, name, oneway, lanes,
        maxspeed, bridge, tunnel, layer``); or a folder of GMNS tables.
    crs
        CRS to assume if the file names none.
    mode
        ``"car"`` or ``"all"``.
    length_unit, speed_unit
        Units of the lengths (``m, km, mile, ft``) and speeds (``km/h, mph, m/s``) that a table states.
    oneway
        What a table's column of directions means: as letters ``"osm-letters"`` (F, T, B) or ``"boolean"`` (t, f), as
        numbers ``"link-direction"`` (1, 0, -1) or ``"navigation"`` (0 to 3).
    zone_nodes
        For a GMNS folder: ``"block"`` if links to the nodes of zones are no roads, ``"pass"`` if they are.
    classes
        What unknown words of road class mean: ``"word=primary,other=drop"``; ``drop`` leaves such roads out.
    core_share
        Least share of the open kilometres that the connected part must hold.

    Returns
    -------
    RoadLayer
        For an osmnx file, ``link_id`` is the rank, from 1, of (u, v, key) among all edges, as in
        :func:`~citytide.datasets.traffic.osm.graphml.read_graphml`; so it is of other files, with their
        nodes numbered by place.
        For a GMNS folder it is the folder's own.

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
    ...     roads = open_roads(file, crs="local")
    >>> roads.length_m.tolist(), roads.level.tolist(), roads.link_id.tolist()
    ([50.0, 50.0], [1, 1], [1, 2])
    """
    file = Path(file)
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}", file=file, way_out=f"choose one of {', '.join(MODES)}")
    said = {"crs": crs, "length_unit": length_unit, "speed_unit": speed_unit, "oneway": oneway, "classes": classes}
    said |= {"zone_nodes": zone_nodes}
    graph = _read_graph(file, mode, {name: text for name, text in said.items() if text is not None})
    held = agree_crs(graph.crs if graph.crs != UNSTATED else None, crs, file=file)
    core = read_core(file, replace(graph, crs=held), mode=mode, classes=classes, core_share=core_share,
                     length_unit=length_unit if _is_graphml(file) else None)  # fmt: skip
    points = np.concatenate(core.lines)
    layer = RoadLayer(
        crs=held,
        node_id=core.node_id,
        x=core.x,
        y=core.y,
        link_id=core.rank + 1,
        tail=core.tail,
        head=core.head,
        kind=np.array([ROAD_KINDS.index(word) if word in ROAD_KINDS else 0 for word in core.classes], dtype=np.uint8),
        lanes=core.lanes,
        speed_km_h=core.speed_km_h,
        capacity_veh_h=core.capacity_veh_h,
        level=np.array([_find_level(edge) for edge in core.edges], dtype=np.int8),
        length_m=core.length_km * 1000.0,
        vertex_offset=np.concatenate([[0], np.cumsum([len(line) for line in core.lines])]).astype(np.int64),
        vertex_x=np.ascontiguousarray(points[:, 0]),
        vertex_y=np.ascontiguousarray(points[:, 1]),
        name=tuple(" / ".join(split_values(edge.tags.get("name", ""))) for edge in core.edges),
        sources=(file,),
        notes=core.notes,
    )
    return keep_link_ids(layer, core.edges, file) if file.is_dir() else layer


def _is_graphml(file: Path) -> bool:
    return file.name.lower().endswith(".graphml")


def _read_graph(file: Path, mode: str, said: dict[str, str]) -> RoadGraph:
    """``said`` are the options that were given, of those that not every format has."""
    if file.is_dir():
        _refuse_options(file, said, ("crs", "length_unit", "speed_unit", "zone_nodes", "classes"))
        return read_gmns_graph(file, mode, **said)
    if _is_graphml(file):
        _refuse_options(file, said, ("crs", "length_unit", "classes"))
        return read_road_graph(file)
    if file.name.lower().endswith(OSM_SUFFIXES):
        _refuse_options(file, said, ("crs", "classes"))
        return read_osm_graph(file, mode, said.get("classes"))
    if file.suffix.lower() not in FEATURE_SUFFIXES:
        raise InputError(
            f"roads are not read from {file.suffix or 'a file without a suffix'}",
            file=file,
            way_out=f"give .graphml, {', '.join((*OSM_SUFFIXES, *FEATURE_SUFFIXES))}, or a folder of GMNS tables; "
            "check the name",
        )
    _refuse_options(file, said, ("crs", "length_unit", "speed_unit", "oneway", "classes"))
    from .road_lines.lines import read_line_graph

    return read_line_graph(file, **said)


def _refuse_options(file: Path, said: Iterable[str], known: tuple[str, ...]) -> None:
    for name in said:
        if name not in known:
            raise InputError(
                f"{name} means nothing to this format, which has a rule of its own",
                file=file,
                way_out=f"omit it; what can be said is {', '.join(known)}, mode, core_share",
            )


def _find_level(edge: RoadEdge) -> int:
    """Bridge +1, tunnel -1, else the sign of the layer.

    For a road merged from parts, one part is enough: there the road is interrupted or stays dry.
    """
    if _is_set(split_values(edge.tags.get("tunnel", "")), _NONE | _AT_GROUND):
        return -1
    if _is_set(split_values(edge.tags.get("bridge", "")), _NONE):
        return 1
    layers = [float(word) for word in split_values(edge.tags.get("layer", "")) if re.fullmatch(r"[-+]?\d+(\.0)?", word)]
    return int(np.sign(min(layers, default=0.0) or max(layers, default=0.0)))


def _is_set(words: Iterable[str], none: frozenset[str]) -> bool:
    return any(word.strip().lower() not in none for word in words)
