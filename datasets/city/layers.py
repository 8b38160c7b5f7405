"""All layers that were read or made for one city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..hydro.layers import ReadingLayer, StationLayer, StormLayer
from ..maps.layers import AreaLayer, FacilityLayer, TerrainLayer
from ..traffic.layers import DemandLayer, RoadLayer

__all__ = ["CityLayers"]


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
    """What is known of a synthetic city in closed form: see citytide.datasets.synthetic.hydro.analytic_solutions."""
