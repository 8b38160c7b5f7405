"""A small network in Shenzhen whose one right answer is computed here, apart from every reader.

Ten junctions and sixteen ways that cars may drive: three one-way streets, a bridge that passes over a street, a bent
street that another joins at an inner vertex, a single lane that both directions share, and ways closed to cars.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from pyproj import Geod

from citytide.datasets.traffic.roads.classes import ROAD_CLASSES
from citytide.kernels.traffic.assignment import assign_traffic
from citytide.kernels.traffic.network import RoadNetwork

GEOD = Geod(ellps="WGS84")
LON, LAT = 114.06, 22.54
GAP = 1e-9
_EAST_M, _NORTH_M = 102_860.0, 110_745.0  # of a degree there, about

_METRES = {
    1: (0, 0), 2: (600, 0), 3: (1250, 0), 4: (0, 500), 5: (600, 540), 6: (1250, 500), 7: (0, 1100), 8: (650, 1100),
    9: (1250, 1150), 10: (300, 820),
    101: (140, 700), 102: (460, 930), 103: (1480, 300), 104: (1500, 900), 105: (300, 180), 106: (560, -40),
}  # fmt: skip
# Degrees of seven decimals, as OpenStreetMap keeps them.
PLACES = {n: (round(LON + x / _EAST_M, 7), round(LAT + y / _NORTH_M, 7)) for n, (x, y) in _METRES.items()}
JUNCTIONS = tuple(n for n in PLACES if n <= 10)


@dataclass(frozen=True)
class Way:
    """A way as it is drawn, and what is true for cars: senses and lanes along and against the drawing."""

    key: str
    nodes: tuple[int, ...]
    kind: str
    senses: tuple[bool, bool] = (True, True)
    lanes: tuple[float, float] | None = None  # None: the map does not say
    speed_km_h: float | None = None
    speed_back_km_h: float | None = None  # against the drawing, where it differs
    is_driven: bool = True
    level: int = 0

    def turned(self) -> Way:
        """The same road, drawn the other way."""
        lanes = self.lanes[::-1] if self.lanes else None
        speed, back = self.speed_km_h, self.speed_back_km_h
        if back is not None:
            speed, back = back, speed
        return replace(
            self, nodes=self.nodes[::-1], senses=self.senses[::-1], lanes=lanes, speed_km_h=speed, speed_back_km_h=back
        )

    @property
    def is_oneway(self) -> bool:
        return self.senses != (True, True)

    def lanes_of(self, side: int) -> float:
        """Lanes of one direction; the class's own where the map does not say."""
        return self.lanes[side] if self.lanes else float(ROAD_CLASSES[self.kind].lanes)

    def speed_of(self, side: int) -> float:
        """Speed [km/h] of one direction; the class's own where the map does not say."""
        said = self.speed_back_km_h if side and self.speed_back_km_h else self.speed_km_h
        return said or ROAD_CLASSES[self.kind].speed_km_h

    def pieces(self) -> list[Way]:
        """The way cut at its junctions."""
        cuts = [k for k, node in enumerate(self.nodes) if node in JUNCTIONS or k in (0, len(self.nodes) - 1)]
        return [replace(self, nodes=self.nodes[a : b + 1]) for a, b in itertools.pairwise(cuts)]


WAYS = (
    Way("a", (1, 2), "primary", lanes=(2, 2), speed_km_h=60.0),
    Way("b", (2, 3), "primary", lanes=(3, 1), speed_km_h=60.0),
    Way("c", (1, 4), "secondary", lanes=(1, 1), speed_km_h=50.0),
    Way("d", (4, 7), "secondary", (True, False), (2, 0)),
    Way("e", (7, 8), "secondary", (True, False), (2, 0), 40.0),
    Way("f", (8, 9), "tertiary", lanes=(1, 1)),
    Way("g", (9, 6), "tertiary", (True, False), (1, 0)),
    Way("h", (6, 3), "primary", lanes=(2, 2)),
    Way("i", (4, 101, 10, 102, 8), "tertiary", lanes=(1, 1), speed_km_h=40.0),
    Way("j", (10, 5), "residential"),
    Way("k", (4, 5), "secondary", lanes=(2, 2), speed_km_h=50.0),
    Way("l", (5, 6), "secondary", lanes=(2, 2)),
    Way("m", (2, 5), "residential", lanes=(0.5, 0.5)),
    Way("n", (5, 9), "tertiary", (True, False), (2, 0)),
    Way("o", (6, 8), "trunk", lanes=(2, 2), speed_km_h=80.0, level=1),
    Way("r", (3, 103, 104, 9), "unclassified", lanes=(1, 1)),
    Way("p", (1, 105, 5), "secondary", lanes=(2, 2), speed_km_h=60.0, is_driven=False),
    Way("q", (2, 106, 1), "footway", is_driven=False),
)
DEMAND = {
    (1, 9): 900.0, (9, 1): 700.0, (7, 3): 650.0, (3, 7): 500.0, (4, 6): 800.0, (6, 4): 600.0, (8, 2): 450.0,
    (2, 8): 300.0, (1, 6): 350.0, (5, 3): 420.0,
}  # fmt: skip


def measure_m(nodes: Sequence[int]) -> float:
    """Length of a line over the ellipsoid."""
    lon, lat = zip(*(PLACES[node] for node in nodes), strict=True)
    return float(GEOD.line_length(lon, lat))


def measure_on_sphere_m(nodes: Sequence[int]) -> float:
    """Length of a line over the sphere of osmnx."""
    lon, lat = np.radians([PLACES[node] for node in nodes]).T
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    return float((2 * 6_371_009.0 * np.arcsin(np.sqrt(half))).sum())


@dataclass(frozen=True)
class Link:
    """A directed link, with what the solver needs of it."""

    tail: int
    head: int
    length_m: float
    speed_km_h: float
    lanes: float
    capacity: float
    way: Way = field(compare=False, repr=False)
    is_along: bool = field(default=True, compare=False)
    nodes: tuple[int, ...] = ()

    @property
    def minutes(self) -> float:
        return 0.06 * self.length_m / self.speed_km_h


def list_links(ways: Sequence[Way]) -> tuple[Link, ...]:
    """The links that cars may drive, each with its one right speed and capacity."""
    links = []
    for way in ways:
        for piece in way.pieces() if way.is_driven else []:
            for side, nodes in ((0, piece.nodes), (1, piece.nodes[::-1])):
                if way.senses[side]:
                    lanes = way.lanes_of(side)
                    capacity = lanes * ROAD_CLASSES[way.kind].capacity_veh_h_lane
                    links.append(
                        Link(
                            nodes[0],
                            nodes[-1],
                            measure_m(nodes),
                            way.speed_of(side),
                            lanes,
                            capacity,
                            way,
                            side == 0,
                            nodes,
                        )
                    )
    return tuple(links)


def solve(
    ends: Sequence[tuple[int, int]], free_time: Sequence[float], capacity: Sequence[float], *,
    b: Sequence[float] | float = 0.15, power: Sequence[float] | float = 4.0, fixed: Sequence[float] | float = 0.0,
    demand: dict[tuple[int, int], float] | None = None, blocked: Sequence[int] = (),
) -> tuple[float, float]:  # fmt: skip
    """Objective and total cost at the equilibrium, from arrays that no reader has touched."""
    nodes = sorted({node for link in ends for node in link})
    at = {node: k for k, node in enumerate(nodes)}
    pairs = sorted((at[o], at[d], volume) for (o, d), volume in (demand or DEMAND).items() if o != d and volume > 0)
    n = len(ends)
    network = RoadNetwork(
        n_nodes=len(nodes),
        tail=np.array([at[a] for a, _ in ends], dtype=np.int32),
        head=np.array([at[b] for _, b in ends], dtype=np.int32),
        capacity=np.asarray(capacity, dtype=np.float64),
        free_time=np.asarray(free_time, dtype=np.float64),
        b=np.broadcast_to(np.asarray(b, dtype=np.float64), n).copy(),
        power=np.broadcast_to(np.asarray(power, dtype=np.float64), n).copy(),
        fixed_cost=np.broadcast_to(np.asarray(fixed, dtype=np.float64), n).copy(),
        passable=np.array([node not in blocked for node in nodes]),
    )
    origin, destination, volume = (np.array(column) for column in zip(*pairs, strict=True))
    answer = assign_traffic(network, origin, destination, volume.astype(np.float64), gap=GAP)
    assert answer.converged
    return answer.objective, float((answer.flow * answer.cost).sum())


@lru_cache(maxsize=256)
def solve_links(links: tuple[Link, ...]) -> tuple[float, float]:
    """The answer for a road map: minutes and vehicles per hour, BPR with 0.15 and 4."""
    return solve(
        [(link.tail, link.head) for link in links],
        [link.minutes for link in links],
        [link.capacity for link in links],
    )
