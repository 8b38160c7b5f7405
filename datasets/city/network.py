"""A city's roads and trips, as traffic kernels take them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..traffic.instances import Instance
from ..traffic.layers import DemandLayer, RoadLayer
from .city import open_city

__all__ = ["make_instance", "read_city_network"]


def make_instance(name: str, roads: RoadLayer, demand: DemandLayer) -> Instance:
    """Join roads and trips; travel times follow the BPR function, 0.15 and 4.

    Examples
    --------
    >>> from citytide.datasets.synthetic.city import make_city
    >>> city = make_city(seed=1, size="2km")
    >>> instance = make_instance(city.name, city.roads, city.demand)
    >>> bool((instance.free_time > 0).all())
    True
    """
    n_links = roads.n_links
    length = roads.length_m / 1000.0
    return Instance(
        name=name,
        n_nodes=roads.n_nodes,
        tail=roads.tail,
        head=roads.head,
        free_time=60.0 * length / roads.speed_km_h,
        capacity=roads.capacity_veh_h,
        b=np.full(n_links, 0.15),
        power=np.full(n_links, 4.0),
        length=length,
        toll=np.zeros(n_links),
        link_id=roads.link_id,
        node_id=roads.node_id,
        passable=np.ones(roads.n_nodes, dtype=np.bool_),
        origin=demand.origin,
        destination=demand.destination,
        demand=demand.demand_veh_h,
        intrazonal_demand=0.0,
        x=roads.x,
        y=roads.y,
        crs=roads.crs,
        units={"time": "min", "length": "km", "flow": "veh h-1", "toll": "1"},
        link_name=roads.name if any(roads.name) else None,
        sources=roads.sources + demand.sources,
        notes=roads.notes + demand.notes,
    )


def read_city_network(path: Path) -> Instance:
    """Read roads and trips from a ``city.zarr``.

    Raises
    ------
    InputError
        If this is no city, or one without trips.
    """
    city = open_city(path, layers=("roads", "demand"))
    if city.demand is None:
        raise InputError(
            "the city has no demand", file=path, way_out="build it with --demand FILE, or with --synthetic"
        )
    return replace(make_instance(city.name, city.roads, city.demand), sources=(path,))
