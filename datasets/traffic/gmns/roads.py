"""Roads of a GMNS folder, which needs no demand, for a city."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..layers import RoadLayer
from ..roads.classes import UNKNOWN
from ..roads.graph import UNSTATED, RoadEdge, RoadGraph
from .classes import show_class
from .network import GmnsNetwork, read_function, read_network
from .tables.columns import find_file

__all__ = ["keep_link_ids", "read_gmns_graph"]

_OF_TAGS = re.compile(r"Speeds of .* of speed_kph|Speeds of 0 and lanes of 0 of")  # notes of tags that are made here
_ALPHA, _BETA = 0.15, 4.0  # of every link of a city


def read_gmns_graph(
    folder: Path,
    mode: str = "car",
    *,
    crs: str | None = None,
    length_unit: str | None = None,
    speed_unit: str | None = None,
    zone_nodes: str | None = None,
    classes: str | None = None,
) -> RoadGraph:
    """Read the roads of a GMNS folder as directed edges; the key of an edge is its link's id.

    A link that touches a node which paths do not pass through is a connector of a zone and no road: it is left out.
    So is a link of capacity 0.

    Parameters
    ----------
    folder
        Holds ``node.csv`` and ``link.csv``.
    mode
        ``"car"`` or ``"all"``.
    crs, length_unit, speed_unit, zone_nodes, classes
        What the files may leave open, see :func:`~citytide.datasets.traffic.gmns.gmns.read_gmns`.

    Raises
    ------
    InputError
        If a row cannot be used, something that matters is not stated, or the nodes have no coordinates.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "node.csv").write_text("node_id,x_coord,y_coord\\n1,0,0\\n2,30,40\\n")
    ...     head = "link_id,from_node_id,to_node_id,directed,facility_type"
    ...     _ = (folder / "link.csv").write_text(f"{head}\\nN7,1,2,false,primary\\n")
    ...     graph = read_gmns_graph(folder, crs="EPSG:4547")
    >>> [(edge.source, edge.target, edge.tags["capacity_veh_h"]) for edge in graph.edges]
    [(1, 2, '3000.0'), (2, 1, '3000.0')]
    """
    network = read_network(
        folder,
        length_unit=length_unit,
        speed_unit=speed_unit,
        zone_nodes=zone_nodes,
        crs=crs,
        classes=classes,
        mode=mode,
        in_metres=True,
    )
    places, links, notes = network.places, network.links, network.notes
    if places.x is None or places.y is None:
        raise InputError(
            "node.csv has no columns x_coord and y_coord, and a city needs places",
            file=network.nodes.file,
            way_out="add them, in the crs of config.csv",
        )
    connector = ~(network.passable[links.tail] & network.passable[links.head])
    closed = network.widths.capacity == 0.0
    for gone, why in ((connector, "are connectors of zones"), (closed & ~connector, "have capacity 0")):
        if gone.any():
            notes.append(f"{int(gone.sum()):,} links {why}: left out.")
    kept = np.flatnonzero(~connector & ~closed).tolist()
    _note_lost(network, folder)
    number = network.node_ids.number
    edges = [
        RoadEdge(
            int(number[links.tail[k]]),
            int(number[links.head[k]]),
            int(links.link_id[k]),
            links.table.line[int(links.row[k])],
            _describe(network, k),
            not links.is_reverse[k],
        )
        for k in kept
    ]
    place = {int(one): (float(places.x[row]), float(places.y[row])) for row, one in enumerate(number.tolist())}
    return RoadGraph(UNSTATED if places.is_assumed else places.crs, place, edges, tuple(notes))


def _describe(network: GmnsNetwork, link: int) -> dict[str, str]:
    """What is known of a link, in tags; a class that matters for nothing else is the plainest one."""
    links, table = network.links, network.links.table
    row = int(links.row[link])
    metres, kmh = network.times.metres[link], network.times.speed_km_h[link]
    if metres == 0.0 and network.times.free_time[link] > 0.0:
        raise links.error(
            link, "the link has length 0 and takes time", "give a length: a city's links take length by speed"
        )
    word = network.words[link]
    tags = {
        "highway": "unclassified" if word == UNKNOWN else word,
        "oneway": "True",
        "length": repr(float(metres)),
        "lanes": repr(float(network.widths.lanes[link])),
        "capacity_veh_h": repr(float(network.widths.capacity[link])),
        "name": network.names[link] if network.names is not None else "",
    }
    if not np.isnan(kmh):
        tags["speed_kph"] = repr(float(kmh))
    if network.lines is not None and network.lines.drawn[link]:
        points = network.lines.vertices[link].tolist()
        tags["geometry"] = "LINESTRING (" + ", ".join(f"{x!r} {y!r}" for x, y in points) + ")"
    for name in ("bridge", "tunnel", "layer"):
        if name in table:
            tags[name] = table.columns[name][row].strip()
    return tags


def keep_link_ids(layer: RoadLayer, edges: Sequence[RoadEdge], folder: Path) -> RoadLayer:
    """Number the links of a layer as the folder does, ascending; ``edges`` are its links in the layer's order."""
    link_id = np.array([edge.key for edge in edges], dtype=np.int64)
    order = np.argsort(link_id, kind="stable")
    size = np.diff(layer.vertex_offset)[order]
    offset = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    vertex = np.arange(int(offset[-1])) + np.repeat(layer.vertex_offset[:-1][order] - offset[:-1], size)
    per_link = ("tail", "head", "kind", "lanes", "speed_km_h", "capacity_veh_h", "level", "length_m")
    files = (find_file(folder, name) for name in ("node.csv", "link.csv", "config.csv"))
    return replace(
        layer,
        **{name: getattr(layer, name)[order] for name in per_link},
        link_id=link_id[order],
        vertex_offset=offset,
        vertex_x=layer.vertex_x[vertex],
        vertex_y=layer.vertex_y[vertex],
        name=tuple(layer.name[k] for k in order.tolist()),
        sources=tuple(file for file in files if file is not None),
        notes=tuple(note for note in layer.notes if not _OF_TAGS.match(note)),
    )


def _note_lost(network: GmnsNetwork, folder: Path) -> None:
    """Note what a city does not keep."""
    table, notes = network.links.table, network.notes
    unknown = [k for k, word in enumerate(network.words) if word == UNKNOWN]
    if unknown:
        words = sorted({show_class(table, int(network.links.row[k])) or "none stated" for k in unknown})
        km = network.times.metres[unknown].sum() / 1000.0
        notes.append(
            f"The class of {len(unknown):,} links ({km:,.1f} km) is unknown ({', '.join(words[:5])}): taken as "
            "unclassified; their speeds and capacities are stated."
        )
    if not any(name in table for name in ("bridge", "tunnel", "layer")):
        notes.append(f"{table.file.name} states no bridges or tunnels: all links are taken to lie on the ground.")
    b, power, toll = read_function(network)
    other = int(((b != _ALPHA) | (power != _BETA)).sum())
    if other:
        notes.append(f"{other:,} links have their own vdf_alpha and vdf_beta; a city takes {_ALPHA:g} and {_BETA:g}.")
    if toll.any():
        notes.append("Tolls are not kept in a city.")
    if find_file(folder, "demand.csv") is not None:
        notes.append("demand.csv lies between zones and is not read: traffic-assignment reads it from this folder.")
