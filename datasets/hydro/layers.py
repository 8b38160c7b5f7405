"""Layers of water as their readers return them: stations, what they measured, and synthetic storms.

Coordinates are those of ``crs``: x to the east and y to the north, longitude and latitude in a geographic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..place.layer_checks import refuse_unequal_lengths

__all__ = ["STATION_KINDS", "ReadingLayer", "StationLayer", "StormLayer"]

Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
# Stored as their place in the tuple: add at the end, never in between.
STATION_KINDS = ("other", "rain gauge", "water level", "checkpoint", "tide gauge")


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
        refuse_unequal_lengths(self, "station", self.n_stations, ("kind", "name", "x", "y"))

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
        refuse_unequal_lengths(self, "reading", len(self.station), ("time", "value"))


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
        refuse_unequal_lengths(self, "cell", len(self.start), names)
