"""Road networks that osmnx saved as ``.graphml``: a mode filter, defaults by road class, one connected core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...place.crs import agree_crs
from ..demand.files import DemandPart, read_demand_table
from ..demand.pairs import PairDemand, read_pairs
from ..demand.rides import DEFAULT_TOTAL_VEH_H, has_rides, make_ride_demand, read_total
from ..instances import Instance
from ..roads.classes import MODES
from ..roads.core import CORE_SHARE, RoadCore, read_core
from ..roads.graph import UNSTATED, read_road_graph
from ..roads.tag_values import split_values

__all__ = ["read_graphml"]


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
    crs: str | None = None,
    length_unit: str | None = None,
    classes: str | None = None,
    core_share: float | str = CORE_SHARE,
) -> Instance:
    """Read an osmnx road graph with a demand.

    An edge goes when all of its highway tags are closed to the mode, or its access tags are; of what is left the
    largest strongly connected part is kept, so every node reaches every other. Speeds are ``speed_kph`` or
    ``travel_time`` of osmnx, else the speed limit, else those of the class. Travel times follow the BPR function, 0.15
    and 4.

    Parameters
    ----------
    file
        An osmnx ``.graphml``.
    demand
        A CSV of rides (``lng, lat, elng, elat``: see :func:`~citytide.datasets.traffic.demand.rides.make_ride_demand`),
        or of ``origin, destination, demand`` [veh h-1] with node ids of OpenStreetMap, or as a matrix or OMX.
    demand_total
        Vehicles per hour that the demand is scaled to: 30,000 for rides if omitted; a table is left as it is.
    demand_period, demand_mode, demand_matrix, demand_mapping
        Which part of the demand is meant, where it has several: see
        :func:`~citytide.datasets.traffic.demand.files.read_entries`.
    datum
        Datum of the rides: ``"wgs84"``, ``"gcj02"``, or ``"auto"``, which asks the roads.
    mode
        ``"car"`` or ``"all"``.
    crs
        CRS to assume if the file names none.
    length_unit
        Unit of the lengths: m (if omitted), km, mile, ft.
    classes
        What unknown words of road class mean: ``"word=primary,other=drop"``.
    core_share
        Least share of the open kilometres that the connected part must hold.

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
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}", way_out=f"choose one of {', '.join(MODES)}")
    if demand is None:
        raise InputError(
            "a road graph brings no demand", file=file, way_out="name a CSV of rides or pairs with demand=FILE"
        )
    graph = read_road_graph(file)
    if graph.crs != UNSTATED or crs is not None:
        graph = replace(graph, crs=agree_crs(graph.crs if graph.crs != UNSTATED else None, crs, file=file))
    core = read_core(file, graph, mode=mode, classes=classes, core_share=core_share, length_unit=length_unit)
    total = read_total(demand_total, "demand_total")
    part = DemandPart(demand_period, demand_mode, demand_matrix, demand_mapping)
    pairs, described = _load_demand(core, graph.crs, Path(demand), part, total, datum)
    n_links = len(core.edges)
    return Instance(
        name=file.stem,
        n_nodes=core.node_id.size,
        tail=core.tail,
        head=core.head,
        free_time=60.0 * core.length_km / core.speed_km_h,
        capacity=core.capacity_veh_h,
        b=np.full(n_links, 0.15),
        power=np.full(n_links, 4.0),
        length=core.length_km,
        toll=np.zeros(n_links),
        link_id=core.rank + 1,
        node_id=core.node_id,
        passable=np.ones(core.node_id.size, dtype=np.bool_),
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=core.x,
        y=core.y,
        crs=graph.crs,
        units={"time": "min", "length": "km", "flow": "veh h-1", "toll": "1"},
        link_name=tuple(" / ".join(split_values(edge.tags.get("name", ""))) for edge in core.edges),
        sources=(file, Path(demand)),
        notes=(*core.notes, *described),
    )


def _load_demand(
    core: RoadCore, crs: str, demand: Path, part: DemandPart, total: float | None, datum: str
) -> tuple[PairDemand, tuple[str, ...]]:
    table = read_demand_table(demand)
    if table is not None and has_rides(table):
        part.refuse("a table of rides", demand)
        if crs != "EPSG:4326":
            raise InputError(
                f"the roads are in {crs}, the rides in degrees",
                file=demand,
                way_out="save the graph unprojected (EPSG:4326)",
            )
        size = DEFAULT_TOTAL_VEH_H if total is None else total
        rides = make_ride_demand(table, core.x, core.y, core.lines, total=size, datum=datum)
        return rides.pairs, rides.notes
    pairs, notes = read_pairs(demand if table is None else table, core.node_id, part)
    if total is None:
        return pairs, notes
    if not pairs.demand.size:
        raise InputError("a demand of 0 cannot be scaled", file=demand, way_out="omit demand_total, or give trips")
    scale = total / pairs.demand.sum()
    scaled = replace(pairs, demand=pairs.demand * scale, intrazonal=pairs.intrazonal * scale)
    return scaled, (
        *notes,
        f"Demand is scaled by {scale:.6g} to {total:,.10g} veh/h.",
    )
