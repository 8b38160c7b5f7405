"""Road networks that osmnx saved as ``.graphml``: a mode filter, defaults by road class, one connected core."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .demand import PairDemand, read_pairs
from .demand_files import DemandPart, read_demand_table
from .errors import InputError
from .instances import Instance
from .rides import DEFAULT_TOTAL_VEH_H, has_rides, make_ride_demand, read_total
from .road_classes import DROPPED, find_class
from .road_graph import RoadEdge, RoadGraph, read_road_graph

__all__ = [
    "keep_core", "read_graphml", "read_lengths", "read_lines", "read_rates", "refuse_twins", "split_words",
]  # fmt: skip

_KM_PER_MILE = 1.609344


def read_graphml(
    file: str | Path,
    *,
    demand: str | Path | None = None,
    demand_total: float | str | None = None,
    demand_period: str | None = None,
    demand_mode: str | None = None,
    demand_matrix: str | None = None,
    demand_mapping: str | None = None,
    datum: str = "auto",
    mode: str = "car",
) -> Instance:
    """Read an osmnx road graph with a demand.

    An edge goes when all of its highway tags are closed to the mode; of what is left the largest strongly connected
    part is kept, so every node reaches every other. Travel times follow the BPR function, 0.15 and 4.

    Parameters
    ----------
    file
        An osmnx ``.graphml``.
    demand
        A CSV of rides (``lng, lat, elng, elat``: see :func:`~.rides.make_ride_demand`), or of
        ``origin, destination, demand`` [veh h-1] with node ids of OpenStreetMap: see
        :func:`~.demand_files.read_entries`.
    demand_total
        Vehicles per hour that the demand is scaled to: 30,000 for rides when left out; a table is left as it is.
    demand_period, demand_mode, demand_matrix, demand_mapping
        Which part of a table of pairs is meant, where it has several.
    datum
        Of the rides: ``"wgs84"``, ``"gcj02"``, or ``"auto"``, which asks the roads.
    mode
        ``"car"`` or ``"all"``.

    Returns
    -------
    Instance
        ``link_id`` is the rank, from 1, of (u, v, key) among all edges of the file.

    Raises
    ------
    InputError
        If a file cannot be used, with the line; or an option is not known.
    """
    file = Path(file)
    if mode not in DROPPED:
        raise InputError(f"mode is {mode!r}", way_out=f"choose one of {', '.join(DROPPED)}")
    if demand is None:
        raise InputError(
            "a road graph brings no demand", file=file, way_out="name a CSV of rides or pairs with demand=FILE"
        )
    graph = read_road_graph(file)
    edges = sorted(graph.edges, key=lambda edge: (edge.source, edge.target, edge.key))
    refuse_twins(file, edges)
    notes: list[str] = []
    rank, node_id = keep_core(edges, DROPPED[mode])
    if not rank.size:
        raise InputError(
            f"no roads for mode {mode!r} make a connected network", file=file, way_out="choose another mode"
        )
    kept = [edges[k] for k in rank.tolist()]
    notes.append(
        f"Of {len(edges):,} edges, {len(kept):,} are the largest strongly connected part of the {mode} network."
    )
    index = {node: k for k, node in enumerate(node_id.tolist())}
    tail = np.array([index[edge.source] for edge in kept], dtype=np.int32)
    head = np.array([index[edge.target] for edge in kept], dtype=np.int32)
    x, y = (np.array([graph.place[node][axis] for node in node_id.tolist()]) for axis in (0, 1))
    length = read_lengths(file, graph, kept)
    speed, _, capacity = read_rates(kept, notes)
    total = read_total(demand_total, "demand_total")
    part = DemandPart(demand_period, demand_mode, demand_matrix, demand_mapping)
    pairs, described = _load_demand(graph, kept, node_id, Path(demand), part, total, datum)
    return Instance(
        name=file.stem,
        n_nodes=node_id.size,
        tail=tail,
        head=head,
        free_time=60.0 * length / speed,
        capacity=capacity,
        b=np.full(tail.size, 0.15),
        power=np.full(tail.size, 4.0),
        length=length,
        toll=np.zeros(tail.size),
        link_id=rank + 1,
        node_id=node_id,
        passable=np.ones(node_id.size, dtype=np.bool_),
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=x,
        y=y,
        crs=graph.crs,
        units={"time": "min", "length": "km", "flow": "veh h-1", "toll": "1"},
        link_name=tuple(" / ".join(split_words(edge.tags.get("name", ""))) for edge in kept),
        sources=(file, Path(demand)),
        notes=(*notes, *described),
    )


def split_words(text: str) -> list[str]:
    """osmnx writes one value plainly and several as a Python list."""
    text = text.strip()
    if text.startswith("["):
        try:
            return [str(word) for word in ast.literal_eval(text)]
        except (ValueError, SyntaxError):
            pass
    return [text] if text else []


def refuse_twins(file: Path, edges: list[RoadEdge]) -> None:
    """Refuse an edge that is given twice."""
    for one, other in pairwise(edges):
        if (one.source, one.target, one.key) == (other.source, other.target, other.key):
            raise InputError(
                f"edge {one.source}-{one.target} with key {one.key} is given twice, first on line {one.line}",
                file=file,
                line=other.line,
                way_out="save the graph again with osmnx.save_graphml",
            )


def keep_core(edges: list[RoadEdge], dropped: frozenset[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ranks of the edges kept and ids of their nodes, both ascending."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rank = np.array(
        [
            k
            for k, edge in enumerate(edges)
            if not dropped.issuperset(split_words(edge.tags.get("highway", "")) or [""])
        ],
        dtype=np.int64,
    )
    if not rank.size:
        return rank, rank
    ends = np.array([(edges[k].source, edges[k].target) for k in rank.tolist()], dtype=np.int64)
    node_id, place = np.unique(ends, return_inverse=True)
    place = place.reshape(ends.shape)
    links = csr_array((np.ones(rank.size), (place[:, 0], place[:, 1])), shape=(node_id.size, node_id.size))
    _, part = connected_components(links, connection="strong")
    core = part == np.bincount(part).argmax()
    inside = core[place[:, 0]] & core[place[:, 1]]
    return rank[inside], node_id[core]


def read_lengths(file: Path, graph: RoadGraph, edges: list[RoadEdge]) -> npt.NDArray[np.float64]:
    """Lengths [km]."""
    length = np.zeros(len(edges))
    for k, edge in enumerate(edges):
        text = edge.tags.get("length", "")
        try:
            length[k] = float(text) / 1000.0
        except ValueError:
            length[k] = np.nan
        if not 0.0 <= length[k] < np.inf:
            raise InputError(
                f"edge {edge.source}-{edge.target} has length {text!r}",
                file=file,
                line=edge.line,
                way_out="osmnx writes metres: run osmnx.distance.add_edge_lengths and save again",
            )
    return length


def read_rates(
    edges: list[RoadEdge], notes: list[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Free speeds [km h-1], lanes and capacities [veh h-1], from tags, or from the table of classes."""
    speed, widths, capacity = np.zeros(len(edges)), np.zeros(len(edges)), np.zeros(len(edges))
    without_speed = without_lanes = 0
    for k, edge in enumerate(edges):
        road = find_class(split_words(edge.tags.get("highway", "")))
        limits = [limit for limit in map(_speed, split_words(edge.tags.get("maxspeed", ""))) if limit]
        without_speed += not limits
        speed[k] = min(limits, default=road.speed_km_h)
        lanes = [
            float(n) for n in split_words(edge.tags.get("lanes", "")) if re.fullmatch(r"\d+(\.\d+)?", n) and float(n)
        ]
        without_lanes += not lanes
        # The tag counts both directions of a two-way road; a road is as wide as its narrowest part.
        share = 1.0 if edge.tags.get("oneway", "False").strip().lower() in ("true", "yes", "1") else 0.5
        width = max(1.0, min(lanes) * share) if lanes else float(road.lanes)
        widths[k] = width
        capacity[k] = width * road.capacity_veh_h_lane
    notes.append(
        f"Speeds of {without_speed:,} and lanes of {without_lanes:,} of {len(edges):,} links are not in the source and "
        "follow from the class of road; so do all capacities per lane."
    )
    return speed, widths, capacity


def _speed(text: str) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", text.strip())
    if not found or not float(found[1]):
        return None
    return float(found[1]) * (_KM_PER_MILE if found[2] == "mph" else 1.0)


def read_lines(graph: RoadGraph, edges: list[RoadEdge]) -> list[npt.NDArray[np.float64]]:
    """The line of each edge on the map, (vertex, 2); straight where the file draws none."""
    roads = []
    for edge in edges:
        found = re.fullmatch(r"\s*LINESTRING\s*\(([-+.\deE ,]+)\)\s*", edge.tags.get("geometry", ""))
        if found:
            line = np.array(found[1].replace(",", " ").split(), dtype=np.float64).reshape(-1, 2)
        else:
            line = np.array([graph.place[edge.source], graph.place[edge.target]])
        roads.append(line)
    return roads


def _load_demand(
    graph: RoadGraph,
    edges: list[RoadEdge],
    node_id: npt.NDArray[np.int64],
    demand: Path,
    part: DemandPart,
    total: float | None,
    datum: str,
) -> tuple[PairDemand, tuple[str, ...]]:
    table = read_demand_table(demand)
    if table is not None and has_rides(table):
        part.refuse("a table of rides", demand)
        if graph.crs != "EPSG:4326":
            raise InputError(
                f"the roads are in {graph.crs}, the rides in degrees",
                file=demand,
                way_out="save the graph unprojected (EPSG:4326)",
            )
        x, y = (np.array([graph.place[node][axis] for node in node_id.tolist()]) for axis in (0, 1))
        size = DEFAULT_TOTAL_VEH_H if total is None else total
        rides = make_ride_demand(table, x, y, read_lines(graph, edges), total=size, datum=datum)
        return rides.pairs, rides.notes
    pairs, notes = read_pairs(demand if table is None else table, node_id, part)
    if total is None:
        return pairs, notes
    scale = total / pairs.demand.sum()
    scaled = replace(pairs, demand=pairs.demand * scale, intrazonal=pairs.intrazonal * scale)
    return scaled, (
        *notes,
        f"Demand is scaled by {scale:.6g} to {total:,.10g} veh/h.",
    )
