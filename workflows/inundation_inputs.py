"""The rain that an inundation starts from, through time, opened and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..datasets.errors import InputError
from ..kernels.space.grid import Grid
from .flood_ground import as_number, read_zone_raster

if TYPE_CHECKING:
    from ..datasets.city.city import City
    from ..datasets.city.layers import StormLayer, TerrainLayer

__all__ = ["Rain", "open_rain"]

Floats = npt.NDArray[np.float64]
FRAME_S = 300  # of the rain of storms
RAIN_CELL_M = 250.0


@dataclass(frozen=True)
class Rain:
    """Rates [mm h-1] that hold from ``start_s`` on: by zone, (frame, zone, 1), or by cell of a grid, (frame, y, x)."""

    start_s: Floats
    rate: npt.NDArray[np.float32]
    grid: Grid | None = None
    zone: npt.NDArray[np.unsignedinteger] | None = None
    epoch_s: int | None = None  # when the run starts [s since 1970-01-01 00:00 UTC], where the rain says so
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


def open_rain(
    rain: str | None,
    layer: TerrainLayer,
    city: City | None,
    duration_s: float,
    *,
    units: str | None,
    zones: str | None,
    crs: str | None,
) -> Rain:
    """Open the rain: one rate, a table by time and zone, or a city's storms by default.

    Raises
    ------
    InputError
        If there is none, or it does not fit.
    """
    if rain is None:
        if city is None or city.storms is None:
            raise InputError("there is no rain", way_out="give some: --set rain=60 (mm/h), or a table rain.csv")
        return _fall(city.storms, layer.grid, duration_s)
    number = as_number(rain)
    if number is not None:
        if not 0.0 <= number < np.inf:
            raise InputError(f"rain is {rain} mm/h", way_out="give a number from 0 up")
        return Rain(np.zeros(1), np.full((1, 1, 1), number, dtype=np.float32))
    from ..datasets.formats.rain_series import read_rain_series

    try:
        start_s, rate = read_rain_series(rain, units=units)
    except InputError as error:
        sums = "or declare interval_s, such as --declare readings.interval_s=3600"
        raise error.reworded(sums, "with --set rain_units=") from None
    n_zones = rate.shape[1]
    zone, sources = None, [Path(rain)]
    if zones is not None:
        zone = read_zone_raster(zones, layer, crs, n_zones, what="rain")
        sources.append(Path(zones))
    elif n_zones > 1:
        raise InputError(
            f"the table has rates for {n_zones} zones", file=rain, way_out="say where they are: --set rain_zones=RASTER"
        )
    return Rain(start_s, rate[:, :, None].astype(np.float32), zone=zone, sources=tuple(sources))


def _fall(storms: StormLayer, grid: Grid, duration_s: float) -> Rain:
    """The rain of storms over the ground, around the time when it rains most."""
    from ..datasets.synthetic.storms import compute_rain_rate

    over = Grid.cover(grid.west, grid.south, grid.east, grid.north, cell_m=RAIN_CELL_M)
    first = int(storms.start.min()) // FRAME_S * FRAME_S
    last = int((storms.start + storms.duration_s).max()) // FRAME_S * FRAME_S + FRAME_S
    time = np.arange(first, last, FRAME_S) + FRAME_S // 2
    rate = compute_rain_rate(storms, time[:, None, None], over.x[None, None, :], over.y[None, :, None])
    n = max(1, min(len(time), int(np.ceil(duration_s / FRAME_S))))
    wettest = np.convolve(rate.mean(axis=(1, 2)), np.ones(n), mode="valid")
    begin = int(np.argmax(wettest))
    chosen = rate[begin : begin + n].astype(np.float32)
    return Rain(
        FRAME_S * np.arange(n, dtype=np.float64), chosen, grid=over, epoch_s=first + begin * FRAME_S,
        notes=(f"Made-up storms, the wettest {n * FRAME_S // 60} minutes of them.",),
    )  # fmt: skip
