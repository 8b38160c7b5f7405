"""Trips on a city's roads, from a table of rides or of pairs of nodes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from ..demand import read_pairs
from ..place import transform
from ..rides import DEFAULT_TOTAL_VEH_H, has_rides, make_ride_demand, read_total
from ..tables import read_table
from .layers import DemandLayer, RoadLayer

__all__ = ["read_trips"]


def read_trips(roads: RoadLayer, file: Path, *, total: str | float | None = None, datum: str = "auto") -> DemandLayer:
    """Read a CSV of rides (``lng, lat, elng, elat``) or of ``origin, destination, demand`` between nodes.

    Parameters
    ----------
    roads
        With ids of nodes as the table of pairs names them, in a CRS on earth for rides.
    file
        The table; see :func:`~citytide.datasets.rides.make_ride_demand` and
        :func:`~citytide.datasets.demand.read_pairs`.
    total
        Vehicles per hour that the demand is scaled to: 30,000 for rides when left out; pairs are left as they are.
    datum
        Of the rides: ``"wgs84"``, ``"gcj02"``, or ``"auto"``, which asks the roads.

    Raises
    ------
    InputError
        If the table cannot be used, with the line.
    """
    wanted = read_total(total, "demand.total")
    table = read_table(file)
    if not has_rides(table):
        pairs = read_pairs(table, roads.node_id)
        demand, notes = pairs.demand, ()
        if wanted is not None:
            demand = demand * (wanted / demand.sum())
        return DemandLayer(pairs.origin, pairs.destination, demand, (file,), notes)
    longitude, latitude = transform(roads.x, roads.y, roads.crs, "EPSG:4326", file=file)
    x, y = transform(roads.vertex_x, roads.vertex_y, roads.crs, "EPSG:4326", file=file)
    lines = [np.column_stack([x[a:b], y[a:b]]) for a, b in pairwise(roads.vertex_offset.tolist())]
    rides = make_ride_demand(table, longitude, latitude, lines, total=wanted or DEFAULT_TOTAL_VEH_H, datum=datum)
    pairs = rides.pairs
    return DemandLayer(pairs.origin, pairs.destination, pairs.demand, (file,), rides.notes)
