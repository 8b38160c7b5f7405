"""Rain of an inundation through time: one rate, a table, frames, or a city's storms."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ....datasets.errors import InputError
from ....kernels.space.grid import Grid
from ..inputs.ground import as_number, read_zone_raster

if TYPE_CHECKING:
    from ....datasets.city.city import City
    from ....datasets.hydro.layers import StormLayer
    from ....datasets.maps.layers import TerrainLayer
    from .settings import InundationSettings

__all__ = ["RainForcing", "open_rain"]

Floats = npt.NDArray[np.float64]
FRAME_S = 300  # length of the frames that a city's storms are sampled to
RAIN_CELL_M = 250.0


@dataclass(frozen=True)
class RainForcing:
    """Rates [mm h-1] that hold from ``start_s`` on: by zone, (frame, zone, 1), or by cell of a grid, (frame, y, x)."""

    start_s: Floats
    rain: npt.NDArray[np.float32]
    grid: Grid | None = None
    zone: npt.NDArray[np.unsignedinteger] | None = None
    end_s: float = np.inf  # after it no rain falls
    unseen: float = 0.0  # share of the rain over the ground that is not known, and taken as none
    epoch_s: int | None = None  # when the run starts [s since 1970-01-01 00:00 UTC], where the rain says so
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


def open_rain(settings: InundationSettings, layer: TerrainLayer, city: City | None, duration_s: float) -> RainForcing:
    """Open the rain: one rate, a table by time and zone, frames on a grid, or a city's storms by default.

    Raises
    ------
    InputError
        If there is none, or it does not fit.
    """
    from ....datasets.hydro.rain_files.formats import is_frames

    rain = settings.rain
    number = None if rain is None else as_number(rain)
    if rain is not None and number is None and is_frames(rain):
        return _open_frames(rain, layer, settings, duration_s)
    if given := settings.list_frame_settings():
        raise InputError(
            f"{given[0]} applies only to frames of rain, but rain has none", way_out="omit it, or give frames as rain="
        )
    if rain is None or number is not None:
        for name in ("rain_units", "rain_zones"):
            if getattr(settings, name) is not None:
                raise InputError(
                    f"{name} applies only to a table of rain, but rain is none",
                    way_out="omit it (a number is in mm/h), or give a table as rain=",
                )
    if rain is None:
        if city is None or city.storms is None:
            raise InputError(
                "rain must be given: this ground has no storms",
                way_out="give --set rain=60 (mm/h), or a table rain.csv",
            )
        return _sample_storms(city.storms, layer.grid, duration_s)
    if number is None:
        return _read_table(rain, layer, settings, duration_s)
    if not 0.0 <= number < np.inf:
        raise InputError(f"rain must be in [0, 2000] mm/h, got {rain}", way_out="give the rate in mm/h")
    _refuse_too_much(number, max(settings.rain_factors), None)
    return RainForcing(np.zeros(1), np.full((1, 1, 1), number, dtype=np.float32))


def _read_table(rain: str, layer: TerrainLayer, settings: InundationSettings, duration_s: float) -> RainForcing:
    from ....datasets.hydro.rain.series import read_rain_series
    from ....datasets.text.missing import read_missing

    try:
        series = read_rain_series(
            rain, units=settings.rain_units, time_zone=settings.time_zone, missing=read_missing(settings.missing)
        )
    except InputError as error:
        sums = "or declare interval_s, such as --declare readings.interval_s=3600"
        named = error.reworded(sums, "with --set rain_units=")
        raise named.reworded("--declare readings.", "--set ") from None
    _refuse_too_much(float(series.rate.max()), max(settings.rain_factors), rain)
    rate = np.zeros((len(series.start_s), series.zone[-1] + 1), dtype=np.float32)
    rate[:, series.zone] = series.rate
    zone, sources, zones = None, [Path(rain)], settings.rain_zones
    if zones is not None:
        zone = read_zone_raster(zones, layer, rate.shape[1], what="rain")
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
    notes, last_s = series.notes, float(series.start_s[-1])
    if last_s < duration_s and series.rate[-1].any():
        notes += (
            f"{Path(rain).name}: the rates of the last row, at {last_s:g} s, last to the end of the run, at "
            f"{duration_s:g} s; a last row of 0 ends the rain.",
        )
    return RainForcing(
        series.start_s, rate[:, :, None], zone=zone, epoch_s=series.epoch_s, sources=tuple(sources), notes=notes
    )


def _refuse_too_much(rate: float, factor: float, file: str | None) -> None:
    from ....datasets.hydro.rain.field import HARDEST_MM_H

    if rate * max(1.0, factor) > HARDEST_MM_H:
        times = "" if factor <= 1.0 else f" times {factor:g} (rain_factors)"
        raise InputError(
            f"rain must be at most {HARDEST_MM_H:g} mm/h, got {rate:g} mm/h{times}",
            file=file,
            way_out="check its unit, which is mm/h" if file is None else "check its unit",
        )


def _open_frames(file: str, layer: TerrainLayer, settings: InundationSettings, duration_s: float) -> RainForcing:
    """Frames over the ground; the run starts with the first of them."""
    from ..inputs.rain_frames import take_frames

    if settings.rain_zones is not None:
        raise InputError("rain_zones applies only to a table of rain, but rain has frames", way_out="omit it")
    found, unseen = take_frames(file, layer, settings, duration_s)
    _refuse_too_much(float(found.rate.max()), max(settings.rain_factors), file)
    n, step_s = len(found.time), found.step_s
    end_s = float(n * step_s)
    start_s, rain = _append_dry_frame(step_s * np.arange(n, dtype=np.float64), found.rate, end_s, duration_s)
    return RainForcing(
        start_s, rain, grid=found.grid, end_s=end_s, unseen=unseen,
        epoch_s=int(found.time[0]) - step_s, sources=found.sources, notes=found.notes,
    )  # fmt: skip


def _append_dry_frame(
    start_s: Floats, rate: npt.NDArray[np.float32], end_s: float, duration_s: float
) -> tuple[Floats, npt.NDArray[np.float32]]:
    """Append a dry frame if the run goes on after the last one, which would else last until the next output."""
    if end_s >= duration_s:
        return start_s, rate
    return np.append(start_s, end_s), np.concatenate([rate, np.zeros_like(rate[:1])])


def _sample_storms(storms: StormLayer, grid: Grid, duration_s: float) -> RainForcing:
    """Rain of a city's storms over the ground, around the time when it rains most."""
    from ....datasets.synthetic.hydro.storms import compute_rain_rate

    over = Grid.cover(grid.west, grid.south, grid.east, grid.north, cell_m=RAIN_CELL_M)
    first = int(storms.start.min()) // FRAME_S * FRAME_S
    last = int((storms.start + storms.duration_s).max()) // FRAME_S * FRAME_S + FRAME_S
    time = np.arange(first, last, FRAME_S) + FRAME_S // 2
    rate = compute_rain_rate(storms, time[:, None, None], over.x[None, None, :], over.y[None, :, None])
    n = max(1, min(len(time), int(np.ceil(duration_s / FRAME_S))))
    wettest = np.convolve(rate.mean(axis=(1, 2)), np.ones(n), mode="valid")
    begin = int(np.argmax(wettest))
    chosen = rate[begin : begin + n].astype(np.float32)
    start_s, chosen = _append_dry_frame(
        FRAME_S * np.arange(n, dtype=np.float64), chosen, float(FRAME_S * n), duration_s
    )
    return RainForcing(
        start_s, chosen, grid=over, end_s=float(FRAME_S * n), epoch_s=first + begin * FRAME_S,
        notes=(f"Synthetic storms, the wettest {n * FRAME_S // 60} minutes of them.",),
    )  # fmt: skip
