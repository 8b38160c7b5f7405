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
    time_zone: str | None = None,
    missing: str | None = None,
    factor: float = 1.0,
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
        _refuse_hard(number, factor, None)
        return Rain(np.zeros(1), np.full((1, 1, 1), number, dtype=np.float32))
    return _read_table(rain, layer, zones, crs, units=units, time_zone=time_zone, missing=missing, factor=factor)


def _read_table(
    rain: str, layer: TerrainLayer, zones: str | None, crs: str | None, *, units: str | None, time_zone: str | None,
    missing: str | None, factor: float,
) -> Rain:  # fmt: skip
    from ..datasets.formats.rain_series import read_rain_series
    from ..datasets.missing import read_missing

    try:
        series = read_rain_series(rain, units=units, time_zone=time_zone, missing=read_missing(missing))
    except InputError as error:
        sums = "or declare interval_s, such as --declare readings.interval_s=3600"
        named = error.reworded(sums, "with --set rain_units=")
        raise named.reworded("--declare readings.", "--set ") from None
    _refuse_hard(float(series.rate.max()), factor, rain)
    rate = np.zeros((len(series.start_s), series.zone[-1] + 1), dtype=np.float32)
    rate[:, series.zone] = series.rate
    zone, sources = None, [Path(rain)]
    if zones is not None:
        zone = read_zone_raster(zones, layer, crs, rate.shape[1], what="rain")
        dry = np.setdiff1d(np.unique(zone[layer.valid]), series.zone)
        if dry.size:
            raise InputError(
                f"zone {dry[0]} has no rain: the table has zones {', '.join(map(str, series.zone))}",
                file=rain,
                way_out="give a rain for every zone",
            )
        sources.append(Path(zones))
    elif series.zone != (0,):
        raise InputError(
            f"the table has rates for {len(series.zone)} zones"
            + ("" if len(series.zone) > 1 else f", number {series.zone[0]}"),
            file=rain,
            way_out="say where they are: --set rain_zones=RASTER",
        )
    return Rain(
        series.start_s, rate[:, :, None], zone=zone, epoch_s=series.epoch_s, sources=tuple(sources), notes=series.notes
    )


def _refuse_hard(rate: float, factor: float, file: str | None) -> None:
    from ..datasets.rain import HARDEST_MM_H

    if rate * max(1.0, factor) > HARDEST_MM_H:
        times = "" if factor <= 1.0 else f" times {factor:g} (rain_factors)"
        raise InputError(
            f"rain is {rate:g} mm/h{times}, and no rain falls harder than {HARDEST_MM_H:g} mm/h",
            file=file,
            way_out="check its unit",
        )


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
