"""Trips between zones of a city's streets: more from and to its dense parts, fewer far apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...traffic.demand.pairs import sort_pairs
from ...traffic.layers import ROAD_KINDS, DemandLayer, RoadLayer
from ..morton_order import sort_in_space

__all__ = ["make_trips"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_DETOUR = 1.35  # road distance over straight distance
_REACH_M = 3_500.0  # over which trips fall to 1/e, in a city much larger than that
_FAST = tuple(ROAD_KINDS.index(name) for name in ("motorway", "trunk", "motorway_link", "trunk_link"))


def make_trips(roads: RoadLayer, seed: int = 1, *, n_zones: int | None = None, load: float = 0.3) -> DemandLayer:
    """Make trips between zones by gravity.

    Parameters
    ----------
    roads
        Their crs must be in metres.
    seed
        The same seed gives the same bytes.
    n_zones
        Nodes that trips start and end at, off the expressways; ``2 * sqrt(links)`` when left out.
    load
        Demand over supply: vehicle-kilometres wanted over those that the streets can carry in an hour. 0.3 is a rush
        hour.

    Returns
    -------
    DemandLayer
        In vehicles per hour, to the hundredth; pairs with less are left out.

    Raises
    ------
    InputError
        If the city is too small for two zones, or ``load`` is not above 0.

    References
    ----------
    .. [1] Ortuzar & Willumsen (2011), Modelling Transport, section 5.6 (gravity model), doi:10.1002/9781119993308

    Examples
    --------
    >>> from citytide.datasets.synthetic.traffic.city_streets import make_streets
    >>> trips = make_trips(make_streets(1, "2km")[0], n_zones=5)
    >>> trips.origin.size
    20
    """
    if not 0.0 < load < 10.0:
        raise InputError(
            f"load must be above 0 and below 10, got {load}", way_out="give such a number; 0.3 is a rush hour"
        )
    zone = _choose_zones(roads, n_zones or max(2, round(2.0 * roads.n_links**0.5)))
    if zone.size < 2:
        raise InputError("the roads have fewer than two nodes", way_out="give a larger city")
    x, y = roads.x[zone], roads.y[zone]
    produce, attract = np.random.Generator(np.random.Philox(key=[seed, 500])).random((2, zone.size)) + 0.5
    near = _count_links_around(roads, x, y)
    apart = np.sqrt((x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2)
    reach = 1.0 / (1.0 / _REACH_M + 1.0 / max(0.6 * float(np.ptp(x) + np.ptp(y)) / 2.0, 1.0))
    trips = (produce * near**0.25)[:, None] * (attract * near**0.75)[None, :] * np.exp(-apart / reach)
    np.fill_diagonal(trips, 0.0)
    wanted = float((trips * apart).sum()) * _DETOUR
    supply = float((roads.capacity_veh_h * roads.length_m).sum()) * load
    demand = np.round(trips * (supply / max(wanted, 1e-9)), 2)
    start, end = (axis.ravel() for axis in np.meshgrid(zone, zone, indexing="ij"))
    pairs = sort_pairs(start, end, demand.ravel())
    note = f"Trips are made up (seed {seed}): gravity between {zone.size} zones, {pairs.demand.sum():,.0f} veh/h."
    return DemandLayer(pairs.origin, pairs.destination, pairs.demand, notes=(note,), is_synthetic=True)


def _choose_zones(roads: RoadLayer, n_zones: int) -> Ints:
    """Of each run of a Morton curve the node with the widest streets; off expressways, bridges and tunnels."""
    fast = np.isin(roads.kind, _FAST) | (roads.level != 0)
    through = np.zeros(roads.n_nodes, dtype=np.bool_)
    through[roads.tail[fast]] = through[roads.head[fast]] = True
    place = np.flatnonzero(~through)
    if place.size < 2:
        place = np.arange(roads.n_nodes)
    place = place[sort_in_space(roads.x[place], roads.y[place])]
    room = np.bincount(roads.tail, roads.capacity_veh_h, roads.n_nodes) + np.bincount(
        roads.head, roads.capacity_veh_h, roads.n_nodes
    )
    run = np.arange(place.size) * min(n_zones, place.size) // place.size
    best = place[np.lexsort((place, -room[place], run))]
    chosen: Ints = np.sort(best[np.unique(run, return_index=True)[1]])
    return chosen


def _count_links_around(roads: RoadLayer, x: Floats, y: Floats, reach_m: float = 800.0) -> Floats:
    """Links that start within reach of each place, over their mean: where there are many, there is much to go to."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack([roads.x[roads.tail], roads.y[roads.tail]]))
    count = tree.query_ball_point(np.column_stack([x, y]), reach_m, return_length=True).astype(np.float64)
    return np.asarray(np.maximum(count / max(float(count.mean()), 1e-9), 0.1))
