"""The layers of a city as their readers leave them: plain arrays, a named CRS, and where they come from.

Ragged shapes are CSR: ``offset[k]:offset[k + 1]`` are the rows of item ``k``. Coordinates are those of ``crs``: x to
the east and y to the north, longitude and latitude in a geographic one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid

__all__ = [
    "FACILITY_KINDS",
    "ROAD_KINDS",
    "STATION_KINDS",
    "WATER_MANNING",
    "AreaLayer",
    "CityLayers",
    "DemandLayer",
    "FacilityLayer",
    "ReadingLayer",
    "RoadLayer",
    "StationLayer",
    "StormLayer",
    "TerrainLayer",
]

Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

# Stored as their place in the tuple: add at the end, never in between.
ROAD_KINDS = (
    "other", "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service",
    "motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link", "living_street", "busway",
    "pedestrian", "footway", "cycleway", "path", "steps", "track", "corridor",
)  # fmt: skip
FACILITY_KINDS = ("other", "hospital", "ambulance station", "clinic", "shelter", "school", "fire station", "police")
WATER_MANNING = 0.03  # [s m-1/3] of river and sea in a synthetic terrain, which nothing else there has
STATION_KINDS = ("other", "rain gauge", "water level", "checkpoint", "tide gauge")


def _check(layer: object, dim: str, size: int, names: Sequence[str]) -> None:
    for name in names:
        found = len(getattr(layer, name))
        if found != size:
            raise ValueError(f"{type(layer).__name__}.{name} must hold one value per {dim} ({size}), got {found}")


@dataclass(frozen=True)
class RoadLayer:
    """Directed links between nodes, each with its line on the map."""

    crs: str
    node_id: LongInts  # (node,) stable, ascending
    x: Floats  # (node,)
    y: Floats
    link_id: LongInts  # (link,) stable, ascending
    tail: Ints  # (link,) place of the node in node_id
    head: Ints
    kind: Bytes  # (link,) place in ROAD_KINDS
    lanes: Floats  # (link,) of this direction
    speed_km_h: Floats  # (link,) free-flow
    capacity_veh_h: Floats  # (link,)
    level: npt.NDArray[np.int8]  # (link,) bridge +1, ground 0, tunnel or underpass -1
    length_m: Floats  # (link,)
    vertex_offset: LongInts  # (link + 1,) lines run from tail to head
    vertex_x: Floats  # (vertex,)
    vertex_y: Floats
    name: tuple[str, ...]  # (link,)
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "node", self.n_nodes, ("x", "y"))
        links = ("tail", "head", "kind", "lanes", "speed_km_h", "capacity_veh_h", "level", "length_m", "name")
        _check(self, "link", self.n_links, links)
        _check(self, "link, and one more", self.n_links + 1, ("vertex_offset",))
        _check(self, "vertex", int(self.vertex_offset[-1]), ("vertex_x", "vertex_y"))

    @property
    def n_nodes(self) -> int:
        return len(self.node_id)

    @property
    def n_links(self) -> int:
        return len(self.link_id)


@dataclass(frozen=True)
class TerrainLayer:
    """Heights on a grid, with the datum they are counted from, and the roughness of the ground."""

    crs: str
    height_datum: str  # a name of citytide.datasets.place.place.HEIGHT_DATUMS
    grid: Grid
    height: npt.NDArray[np.float32]  # (y, x) [m], southernmost row first
    manning: npt.NDArray[np.float32]  # (y, x) [s m-1/3]
    valid: npt.NDArray[np.bool_]  # (y, x) False where the file says there is no data
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "manning", "valid"):
            if getattr(self, name).shape != self.grid.shape:
                raise ValueError(f"TerrainLayer.{name} must be {self.grid.shape}, got {getattr(self, name).shape}")


@dataclass(frozen=True)
class AreaLayer:
    """Areas that tile the city, with the people who live there."""

    crs: str
    code: tuple[str, ...]  # (area,) administrative division codes, unique
    name: tuple[str, ...]  # (area,)
    people: LongInts  # (area,)
    ring_offset: LongInts  # (area + 1,) rings of each area
    hole: npt.NDArray[np.bool_]  # (ring,) an outer ring is followed by its holes
    vertex_offset: LongInts  # (ring + 1,) a ring's last vertex repeats its first
    vertex_x: Floats  # (vertex,)
    vertex_y: Floats
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "area", self.n_areas, ("name", "people"))
        _check(self, "area, and one more", self.n_areas + 1, ("ring_offset",))
        n_rings = int(self.ring_offset[-1])
        _check(self, "ring", n_rings, ("hole",))
        _check(self, "ring, and one more", n_rings + 1, ("vertex_offset",))
        _check(self, "vertex", int(self.vertex_offset[-1]), ("vertex_x", "vertex_y"))

    @property
    def n_areas(self) -> int:
        return len(self.code)


@dataclass(frozen=True)
class FacilityLayer:
    """Points that people go to or help comes from."""

    crs: str
    facility_id: tuple[str, ...]  # (facility,) unique
    kind: Bytes  # (facility,) place in FACILITY_KINDS
    name: tuple[str, ...]
    x: Floats
    y: Floats
    capacity: Floats  # (facility,) beds, vehicles, places; NaN where unknown
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "facility", self.n_facilities, ("kind", "name", "x", "y", "capacity"))

    @property
    def n_facilities(self) -> int:
        return len(self.facility_id)


@dataclass(frozen=True)
class StationLayer:
    """Points where something is measured."""

    crs: str
    station_id: tuple[str, ...]  # (station,) unique
    kind: Bytes  # (station,) place in STATION_KINDS
    name: tuple[str, ...]
    x: Floats
    y: Floats
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "station", self.n_stations, ("kind", "name", "x", "y"))

    @property
    def n_stations(self) -> int:
        return len(self.station_id)


@dataclass(frozen=True)
class ReadingLayer:
    """What stations measured, sorted by (station, time), each once."""

    quantity: str  # "rain rate", "water level"
    units: str  # UDUNITS text, after conversion
    station: Ints  # (reading,) place in the station layer
    time: LongInts  # (reading,) [s] since 1970-01-01 00:00 UTC: the end of the interval that a rate belongs to
    value: Floats  # (reading,)
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    height_datum: str | None = None  # from where water levels are counted
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "reading", len(self.station), ("time", "value"))


@dataclass(frozen=True)
class StormLayer:
    """Rain cells of Gaussian shape that move straight on: rain is the sum of all of them, in closed form."""

    crs: str
    start: LongInts  # (cell,) [s] since 1970-01-01 00:00 UTC: the cell is at x, y then, and begins to rain
    duration_s: Floats  # (cell,) rain grows and fades as sin^2 over it
    x: Floats  # (cell,) [m]
    y: Floats
    speed_x_m_s: Floats  # (cell,)
    speed_y_m_s: Floats
    radius_m: Floats  # (cell,) standard deviation
    peak_mm_h: Floats  # (cell,)
    is_synthetic: bool = True

    def __post_init__(self) -> None:
        names = ("duration_s", "x", "y", "speed_x_m_s", "speed_y_m_s", "radius_m", "peak_mm_h")
        _check(self, "cell", len(self.start), names)


@dataclass(frozen=True)
class DemandLayer:
    """Trips between different nodes, sorted by (origin, destination), each pair once."""

    origin: Ints  # (pair,) place in node_id
    destination: Ints
    demand_veh_h: Floats
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        _check(self, "pair", len(self.origin), ("destination", "demand_veh_h"))


@dataclass(frozen=True)
class CityLayers:
    """Everything that was read or made for one city, before it is checked and joined."""

    name: str
    roads: RoadLayer
    terrain: TerrainLayer | None = None
    areas: AreaLayer | None = None
    facilities: FacilityLayer | None = None
    stations: StationLayer | None = None
    readings: ReadingLayer | None = None
    storms: StormLayer | None = None
    demand: DemandLayer | None = None
    truths: tuple[dict[str, Any], ...] = ()
    """What is known of a synthetic city in closed form: see citytide.datasets.synthetic.hydro.truths."""
