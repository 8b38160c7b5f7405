"""Synthetic networks of any size, to measure growth on: a street hierarchy, zones, and a gravity demand.

Random numbers are counter-based (Philox keyed by seed and purpose) and every result is rounded to the digits that a
city's data would have, so the last bits of a machine's ``exp`` do not show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...traffic.demand.pairs import sort_pairs
from ...traffic.instances import Instance
from ..morton_order import sort_in_space
from .street_plans import StreetPlan, plan_grid, plan_rings

__all__ = ["make_named", "make_network"]

Kind = Literal["grid", "ring-radial"]
_PLANS = {"grid": plan_grid, "ring-radial": plan_rings}
_LARGEST = 100_000
_SMALLEST = 24
# By rank: expressway, arterial, collector, local street.
_SPEED_KM_H = np.array([80.0, 50.0, 40.0, 30.0])
_LANES = np.array([3.0, 2.0, 1.0, 1.0])
_CAPACITY_VEH_H = np.array([1800.0, 1000.0, 800.0, 500.0])  # per lane
_DETOUR = 1.3  # road distance over straight distance, for the level of demand
_PURPOSES = ("place", "length", "speed", "produce", "attract")


def make_network(
    kind: Kind = "ring-radial",
    n_links: int = 3000,
    seed: int = 0,
    *,
    n_zones: int | None = None,
    load: float = 0.35,
    name: str | None = None,
) -> Instance:
    """Make a city: streets of four ranks, some of them one-way, zones, and a demand that falls with distance.

    Parameters
    ----------
    kind
        ``"grid"`` or ``"ring-radial"``.
    n_links
        Directed links wanted, 24 to 100,000; the street plan comes within a few percent.
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    n_zones
        Zones, each at a node; ``2 * sqrt(n_links)`` when left out, so that the pairs grow like the links.
    load
        Demand over supply: vehicle-kilometres wanted over those that the streets can carry. 0.35 is a rush hour.
    name
        Name of the instance.

    Returns
    -------
    Instance
        Strongly connected; nodes in Morton order of their places; units min, km, veh h-1.

    Raises
    ------
    InputError
        If an argument is out of its range, naming the range.

    References
    ----------
    .. [1] Salmon et al. (2011), doi:10.1145/2063384.2063405 (Philox)

    Examples
    --------
    >>> make_network("grid", 1000, seed=7)
    <Instance grid-1000-seed7: 342 nodes, 997 links, 3,906 pairs, demand 49,372.5 veh h-1>
    """
    if kind not in _PLANS:
        raise InputError(f"kind of city {kind!r} is unknown", way_out=f"choose one of {', '.join(get_args(Kind))}")
    if not _SMALLEST <= n_links <= _LARGEST:
        raise InputError(f"n_links is {n_links}", way_out=f"give {_SMALLEST} to {_LARGEST:,}")
    if not 0 <= seed < 2**64:
        raise InputError(f"seed is {seed}", way_out="give a whole number from 0 up, below 2**64")
    if not 0.0 < load < 10.0:
        raise InputError(f"load is {load}", way_out="give a number above 0 and below 10; 0.35 is a rush hour")
    name = name or f"{kind}-{n_links}-seed{seed}"
    plan = _PLANS[kind](n_links)
    n_nodes = plan.x.size
    if n_zones is None:
        n_zones = min(n_nodes, max(2, round(2.0 * n_links**0.5)))
    if not 2 <= n_zones <= n_nodes:
        raise InputError(f"n_zones is {n_zones}", way_out=f"give 2 to {n_nodes}, the nodes of this city")
    city = _build(plan, seed)
    zone = np.unique(np.round(np.linspace(0, n_nodes - 1, n_zones)).astype(np.int64))
    demand = _gravity(city.x[zone], city.y[zone], seed, supply=float((city.capacity * city.length).sum()) * load)
    start, end = (axis.ravel() for axis in np.meshgrid(zone, zone, indexing="ij"))
    pairs = sort_pairs(start, end, demand.ravel())
    n_links = city.tail.size
    counts = np.bincount(city.rank, minlength=4)
    return Instance(
        name=name,
        n_nodes=n_nodes,
        tail=city.tail,
        head=city.head,
        free_time=city.free_time,
        capacity=city.capacity,
        b=np.full(n_links, 0.15),
        power=np.full(n_links, 4.0),
        length=city.length,
        toll=np.zeros(n_links),
        link_id=np.arange(1, n_links + 1, dtype=np.int64),
        node_id=np.arange(1, n_nodes + 1, dtype=np.int64),
        passable=np.ones(n_nodes, dtype=np.bool_),
        origin=pairs.origin,
        destination=pairs.destination,
        demand=pairs.demand,
        intrazonal_demand=pairs.intrazonal,
        x=city.x,
        y=city.y,
        crs="layout: street plan, km",
        units={"time": "min", "length": "km", "flow": "veh h-1", "toll": "1"},
        notes=(
            f"A made-up {kind} city (seed {seed}): {counts[0]} links of expressway, {counts[1]} of arterials, "
            f"{counts[2]} of collectors, {counts[3]} of local streets; demand by gravity between {zone.size} zones.",
        ),
    )


def make_named(name: str) -> Instance | None:
    """Make the city that a name asks for, ``KIND-LINKS`` or ``KIND-LINKS-seedSEED``; None if it is no such name.

    Examples
    --------
    >>> make_named("grid-100-seed3").name
    'grid-100-seed3'
    """
    found = re.fullmatch(r"(grid|ring-radial)-(\d+)(?:-seed(\d+))?", name)
    if not found:
        return None
    kind: Kind = "grid" if found[1] == "grid" else "ring-radial"
    return make_network(kind, int(found[2]), int(found[3] or 0))


@dataclass(frozen=True)
class _City:
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int64]
    length: npt.NDArray[np.float64]
    free_time: npt.NDArray[np.float64]
    capacity: npt.NDArray[np.float64]


def _draw(seed: int, purpose: str, count: int) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1) of their own stream, so that no purpose shifts another's."""
    key = np.array([seed, _PURPOSES.index(purpose)], dtype=np.uint64)  # a list would become floats from 2**63 on
    return np.random.Generator(np.random.Philox(key=key)).random(count)


def _build(plan: StreetPlan, seed: int) -> _City:
    shift = _draw(seed, "place", 2 * plan.x.size).reshape(2, -1) - 0.5
    x, y = np.round(plan.x + 0.12 * shift[0], 4), np.round(plan.y + 0.12 * shift[1], 4)
    order = sort_in_space(x, y)
    number = np.empty(order.size, dtype=np.int64)
    number[order] = np.arange(order.size)
    x, y = x[order], y[order]
    start, end = number[plan.start], number[plan.end]
    both = ~plan.one_way
    street = np.concatenate([np.arange(start.size), np.flatnonzero(both)])
    tail = np.concatenate([start, end[both]])
    head = np.concatenate([end, start[both]])
    by_tail = np.lexsort((head, tail))
    street, tail, head = street[by_tail], tail[by_tail], head[by_tail]
    rank = plan.rank[street]
    straight = np.sqrt((x[start] - x[end]) ** 2 + (y[start] - y[end]) ** 2)
    length = np.round(np.maximum(straight * (1.0 + 0.1 * _draw(seed, "length", start.size)), 0.02), 3)[street]
    speed = np.round(_SPEED_KM_H[plan.rank] * (0.9 + 0.2 * _draw(seed, "speed", start.size)), 1)[street]
    return _City(
        x,
        y,
        tail.astype(np.int32),
        head.astype(np.int32),
        rank,
        length,
        60.0 * length / speed,
        (_LANES * _CAPACITY_VEH_H)[rank],
    )


def _gravity(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], seed: int, *, supply: float
) -> npt.NDArray[np.float64]:
    """Trips [veh h-1] between zones, (zone, zone): more from and to the middle, fewer far apart."""
    radius = np.sqrt((x - x.mean()) ** 2 + (y - y.mean()) ** 2)
    city = max(float(radius.max()), 1e-9)
    produce = np.exp(-0.5 * radius / city) * (0.5 + _draw(seed, "produce", x.size))
    attract = np.exp(-1.5 * radius / city) * (0.5 + _draw(seed, "attract", x.size))
    apart = np.sqrt((x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2)
    trips = produce[:, None] * attract[None, :] * np.exp(-2.0 * apart / city)
    np.fill_diagonal(trips, 0.0)
    wanted = float((trips * apart).sum()) * _DETOUR
    rounded: npt.NDArray[np.float64] = np.round(trips * (supply / wanted), 2)
    return rounded
