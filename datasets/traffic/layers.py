"""Layers of traffic as their readers return them: roads, and trips on them.

Ragged shapes are CSR: ``offset[k]:offset[k + 1]`` are the rows of item ``k``. Coordinates are those of ``crs``: x to
the east and y to the north, longitude and latitude in a geographic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..place.layer_checks import refuse_unequal_lengths

__all__ = ["ROAD_KINDS", "DemandLayer", "RoadLayer"]

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
        refuse_unequal_lengths(self, "node", self.n_nodes, ("x", "y"))
        links = ("tail", "head", "kind", "lanes", "speed_km_h", "capacity_veh_h", "level", "length_m", "name")
        refuse_unequal_lengths(self, "link", self.n_links, links)
        refuse_unequal_lengths(self, "link, and one more", self.n_links + 1, ("vertex_offset",))
        refuse_unequal_lengths(self, "vertex", int(self.vertex_offset[-1]), ("vertex_x", "vertex_y"))

    @property
    def n_nodes(self) -> int:
        return len(self.node_id)

    @property
    def n_links(self) -> int:
        return len(self.link_id)


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
        refuse_unequal_lengths(self, "pair", len(self.origin), ("destination", "demand_veh_h"))
