"""What an inundation starts from: ground, roughness and rain through time, opened and checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..datasets.city.city import City, open_city
from ..datasets.errors import InputError
from ..kernels.space.grid import Grid

if TYPE_CHECKING:
    from ..datasets.city.layers import StormLayer, TerrainLayer
    from .inundation import InundationSettings

__all__ = ["Rain", "open_place", "open_rain", "read_zones"]

Floats = npt.NDArray[np.float64]
FRAME_S = 300  # of the rain of storms
RAIN_CELL_M = 250.0


@dataclass(frozen=True)
class Rain:
    """Rates [mm h-1] that hold from ``start_s`` on: by zone, (frame, zone, 1), or by cell of a grid, (frame, y, x)."""

    start_s: Floats
    rate: npt.NDArray[np.float32]
    grid: Grid | None = None
    zone: npt.NDArray[np.uint8] | None = None
    end_s: float = np.inf  # after it no rain falls
    unseen: float = 0.0  # share of the rain over the ground that is not known, and taken as none
    epoch_s: int | None = None  # when the run starts [s since 1970-01-01 00:00 UTC], where the rain says so
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


def open_place(
    terrain: str | None,
    *,
    crs: str | None,
    height_datum: str | None,
    manning: str | None,
) -> tuple[TerrainLayer, City | None]:
    """Open the ground: a city's, a raster's, or the synthetic city's by default.

    Raises
    ------
    InputError
        If the terrain cannot be used, or a city has none.
    """
    city = None
    if terrain is None or Path(terrain).is_dir():
        city = _make_default() if terrain is None else open_city(terrain, ("roads", "terrain", "storms"))
        layer = city.terrain
        if layer is None:
            raise InputError("the city has no terrain", file=terrain, way_out="build it with --terrain or --synthetic")
        if manning is not None:
            layer = replace(layer, manning=_read_manning(manning, layer, crs))
        return layer, city
    from ..datasets.formats.terrain import open_terrain

    number = None if manning is None else _as_number(manning)
    options: dict[str, Any] = {} if number is None else {"manning": number}
    try:
        layer = open_terrain(terrain, crs=crs, height_datum=height_datum, **options)
    except InputError as error:
        named = error.reworded("declare one, such as", "name it by --set crs=, such as")
        raise named.reworded("declare height_datum as", "name it by --set height_datum=,") from None
    if manning is not None and number is None:
        layer = replace(layer, manning=_read_manning(manning, layer, crs))
    return layer, None


def _make_default() -> City:
    from ..datasets.city.assembly import assemble_city
    from ..datasets.synthetic.city import make_city

    return assemble_city(make_city(seed=1, size="2km"))


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _read_manning(manning: str, layer: TerrainLayer, crs: str | None) -> npt.NDArray[np.float32]:
    """One roughness, a raster of it, or ``ZONES.asc:0.035,0.055``: one for each zone of a raster of zones."""
    number = _as_number(manning)
    if number is None:
        listed = manning.rpartition(":")[2].split(",")
        if ":" in manning and all(_as_number(part) is not None for part in listed):
            zones, parts = read_zones(manning, layer, crs, what="roughness")
            values = np.array([float(part) for part in parts], dtype=np.float32)[zones]
        else:
            values = _read_on(manning, layer, crs)
        rough = np.where(layer.valid, values, 0.0).astype(np.float32)
    else:
        rough = np.full(layer.grid.shape, number, dtype=np.float32)
    if not (np.isfinite(rough).all() and (rough >= 0.0).all() and rough.max() <= 1.0):
        raise InputError(f"roughness {manning} is out of range", way_out="give Manning's n, from 0 to 1 s m-1/3")
    return rough


def read_zones(
    text: str, layer: TerrainLayer, crs: str | None, *, what: str
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Read ``ZONES.tif:a,b``, one for each zone of a raster, or ``a``, the same everywhere: zones, and what they have.

    Raises
    ------
    InputError
        If a zone of the raster has none.
    """
    file, colon, listed = text.rpartition(":")
    parts = [part.strip() for part in listed.split(",")]
    if not colon:
        return np.zeros(layer.grid.shape, dtype=np.uint8), parts
    return _as_zones(_read_on(file, layer, crs), layer.valid, len(parts), file, what), parts


def _read_on(file: str, layer: TerrainLayer, crs: str | None) -> npt.NDArray[np.float32]:
    from ..datasets.formats.rasters import read_raster

    raster = read_raster(file, crs=crs or layer.crs)
    if raster.grid != layer.grid or raster.crs != layer.crs:
        raise InputError(
            f"{raster.grid} in {raster.crs} is not the terrain's {layer.grid} in {layer.crs}",
            file=file,
            way_out="give it on the cells of the terrain",
        )
    return raster.values


def _as_zones(
    values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], n_zones: int, file: str, what: str
) -> npt.NDArray[np.uint8]:
    zones = np.where(valid, values, 0.0)
    wrong = (zones != np.floor(zones)) | (zones < 0) | (zones >= n_zones)
    if wrong.any():
        raise InputError(
            f"zone {zones[wrong][0]:g} has no {what}: there are {n_zones}, for zones 0 to {n_zones - 1}",
            file=file,
            way_out=f"give a {what} for every zone",
        )
    return zones.astype(np.uint8)


def open_rain(settings: InundationSettings, layer: TerrainLayer, city: City | None, duration_s: float) -> Rain:
    """Open the rain: one rate, a table by time and zone, frames on a grid, or a city's storms by default.

    Raises
    ------
    InputError
        If there is none, or it does not fit.
    """
    from ..datasets.rain import HARDEST_MM_H, is_frames

    rain, units, zones, crs = settings.rain, settings.rain_units, settings.rain_zones, settings.crs
    if rain is not None and _as_number(rain) is None and is_frames(rain):
        return _open_frames(rain, layer, settings, duration_s)
    if given := settings.list_frame_settings():
        raise InputError(
            f"{given[0]} is of frames of rain, and there are none", way_out="leave it out, or give frames as rain="
        )
    if rain is None:
        if city is None or city.storms is None:
            raise InputError("there is no rain", way_out="give some: --set rain=60 (mm/h), or a table rain.csv")
        return _fall(city.storms, layer.grid, duration_s)
    number = _as_number(rain)
    if number is not None:
        if not 0.0 <= number <= HARDEST_MM_H:
            raise InputError(
                f"rain is {rain} mm/h",
                way_out=f"give a number from 0 to {HARDEST_MM_H:g}, harder than which no rain was ever measured",
            )
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
        zone = _as_zones(_read_on(zones, layer, crs), layer.valid, n_zones, zones, "rain")
        sources.append(Path(zones))
    elif n_zones > 1:
        raise InputError(
            f"the table has rates for {n_zones} zones", file=rain, way_out="say where they are: --set rain_zones=RASTER"
        )
    return Rain(start_s, rate[:, :, None].astype(np.float32), zone=zone, sources=tuple(sources))


def _open_frames(rain: str, layer: TerrainLayer, settings: InundationSettings, duration_s: float) -> Rain:
    """Frames over the ground; the run starts with the first of them."""
    from .flood_rain import take_frames

    if settings.rain_zones is not None:
        raise InputError("rain_zones is of a table of rain, and rain has frames", way_out="leave it out")
    found, unseen = take_frames(rain, layer, settings, duration_s)
    n, step_s = len(found.time), found.step_s
    end_s = float(n * step_s)
    start_s, rate = _end_dry(step_s * np.arange(n, dtype=np.float64), found.rate, end_s, duration_s)
    return Rain(
        start_s, rate, grid=found.grid, end_s=end_s, unseen=unseen,
        epoch_s=int(found.time[0]) - step_s, sources=found.sources, notes=found.notes,
    )  # fmt: skip


def _end_dry(
    start_s: Floats, rate: npt.NDArray[np.float32], end_s: float, duration_s: float
) -> tuple[Floats, npt.NDArray[np.float32]]:
    """A dry frame after the last, where the run goes on: else that one would last until the next output."""
    if end_s >= duration_s:
        return start_s, rate
    return np.append(start_s, end_s), np.concatenate([rate, np.zeros_like(rate[:1])])


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
    start_s, chosen = _end_dry(FRAME_S * np.arange(n, dtype=np.float64), chosen, float(FRAME_S * n), duration_s)
    return Rain(
        start_s, chosen, grid=over, end_s=float(FRAME_S * n), epoch_s=first + begin * FRAME_S,
        notes=(f"Made-up storms, the wettest {n * FRAME_S // 60} minutes of them.",),
    )  # fmt: skip
