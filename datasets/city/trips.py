"""Trips on a city's roads, from a table of rides or of pairs of nodes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..place.transformation import transform
from ..traffic.demand.files import DemandPart, read_demand_table
from ..traffic.demand.pairs import read_pairs
from ..traffic.demand.rides import DEFAULT_TOTAL_VEH_H, has_rides, make_ride_demand, read_total
from ..traffic.layers import DemandLayer, RoadLayer

__all__ = ["read_trips"]


def read_trips(
    roads: RoadLayer,
    file: Path,
    *,
    total: str | float | None = None,
    datum: str = "auto",
    period: str | None = None,
    mode: str | None = None,
    matrix: str | None = None,
    mapping: str | None = None,
) -> DemandLayer:
    """Read rides (``lng, lat, elng, elat``) or demand between nodes, as pairs, a matrix or OMX.

    Parameters
    ----------
    roads
        With ids of nodes as the table of pairs names them, in a CRS on earth for rides.
    file
        The table; see :func:`~citytide.datasets.traffic.demand.rides.make_ride_demand` and
        :func:`~citytide.datasets.traffic.demand.pairs.read_pairs`.
    total
        Vehicles per hour that the demand is scaled to: 30,000 for rides if omitted; pairs stay as they are.
    datum
        The datum of the rides: ``"wgs84"``, ``"gcj02"``, or ``"auto"``, which compares them with the roads.
    period, mode, matrix, mapping
        Which part of a demand between nodes is meant, where it has several.

    Raises
    ------
    InputError
        If the table cannot be used, with the line.
    """
    wanted = read_total(total, "demand.total")
    part = DemandPart(period, mode, matrix, mapping)
    table = read_demand_table(file)
    if table is None or not has_rides(table):
        pairs, notes = read_pairs(file if table is None else table, roads.node_id, part)
        demand = pairs.demand
        if wanted is not None:
            if not demand.size:
                raise InputError(
                    "a demand of 0 cannot be scaled", file=file, way_out="omit demand.total, or give trips"
                )
            demand = demand * (wanted / demand.sum())
        return DemandLayer(pairs.origin, pairs.destination, demand, (file,), notes)
    part.refuse("a table of rides", file)
    longitude, latitude = transform(roads.x, roads.y, roads.crs, "EPSG:4326", file=file)
    x, y = transform(roads.vertex_x, roads.vertex_y, roads.crs, "EPSG:4326", file=file)
    lines = [np.column_stack([x[a:b], y[a:b]]) for a, b in pairwise(roads.vertex_offset.tolist())]
    rides = make_ride_demand(table, longitude, latitude, lines, total=wanted or DEFAULT_TOTAL_VEH_H, datum=datum)
    pairs = rides.pairs
    return DemandLayer(pairs.origin, pairs.destination, pairs.demand, (file,), rides.notes)
