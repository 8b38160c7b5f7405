"""Layers of maps as their readers return them: terrain, areas with people, and facilities.

Ragged shapes are CSR: ``offset[k]:offset[k + 1]`` are the rows of item ``k``. Coordinates are those of ``crs``: x to
the east and y to the north, longitude and latitude in a geographic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..place.layer_checks import refuse_unequal_lengths

__all__ = ["FACILITY_KINDS", "WATER_MANNING", "AreaLayer", "FacilityLayer", "TerrainLayer"]

LongInts = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
# Stored as their place in the tuple: add at the end, never in between.
WATER_MANNING = 0.03  # [s m-1/3] of river and sea in a synthetic terrain, which nothing else there has
FACILITY_KINDS = ("other", "hospital", "ambulance station", "clinic", "shelter", "school", "fire station", "police")


@dataclass(frozen=True)
class TerrainLayer:
    """Heights on a grid, with the datum they are counted from, and the roughness of the ground."""

    crs: str
    height_datum: str  # a name of citytide.datasets.place.heights.HEIGHT_DATUMS
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
        refuse_unequal_lengths(self, "area", self.n_areas, ("name", "people"))
        refuse_unequal_lengths(self, "area, and one more", self.n_areas + 1, ("ring_offset",))
        n_rings = int(self.ring_offset[-1])
        refuse_unequal_lengths(self, "ring", n_rings, ("hole",))
        refuse_unequal_lengths(self, "ring, and one more", n_rings + 1, ("vertex_offset",))
        refuse_unequal_lengths(self, "vertex", int(self.vertex_offset[-1]), ("vertex_x", "vertex_y"))

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
        refuse_unequal_lengths(self, "facility", self.n_facilities, ("kind", "name", "x", "y", "capacity"))

    @property
    def n_facilities(self) -> int:
        return len(self.facility_id)
