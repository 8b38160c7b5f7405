"""The ground that water runs over: a city's, a raster's or a synthetic one, with rasters on its cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ....datasets.city.city import City, open_city
from ....datasets.city.resampling import ResampledTerrain, choose_plane_for, resample_terrain
from ....datasets.errors import InputError
from ....datasets.maps.terrain_checks import refuse_odd_ground
from ....datasets.place.crs import is_in_metres, name_crs
from ....datasets.place.crs_titles import title_crs
from ....datasets.place.heights import name_height_datum, refuse_mixed_heights

if TYPE_CHECKING:
    from ....datasets.maps.layers import TerrainLayer
    from ..settings import FloodSettings

__all__ = ["as_number", "open_place", "read_zone_raster", "read_zones"]

Zones = npt.NDArray[np.unsignedinteger]
_OF_A_RASTER = ("height_units", "nodata", "resample_m", "resample_crs")
_MOST_ZONES = 2**16


def open_place(settings: FloodSettings) -> tuple[TerrainLayer, City | None]:
    """Open the ground: a city's, a raster's, or the synthetic city's by default.

    Raises
    ------
    InputError
        If the terrain cannot be used, a city has none, or water cannot run over it: see
        :func:`~citytide.datasets.maps.terrain_checks.refuse_odd_ground`.
    """
    terrain, manning = settings.terrain, settings.roughness
    city = None
    if terrain is None or Path(terrain).is_dir():
        city = _make_default() if terrain is None else open_city(terrain, ("roads", "terrain", "storms"))
        if city.terrain is None:
            raise InputError("the city has no terrain", file=terrain, way_out="build it with --terrain or --synthetic")
        layer = city.terrain
        _refuse_settings_of_a_raster(settings, layer)
    else:
        layer = _open_raster(terrain, settings)
    refuse_odd_ground(layer)
    if manning is not None:
        notes = tuple(note for note in layer.notes if not note.startswith("Manning roughness is"))
        layer = replace(layer, manning=_read_manning(manning, layer), notes=notes)
    return layer, city


def _open_raster(terrain: str, settings: FloodSettings) -> TerrainLayer:
    from ....datasets.maps.terrain import open_terrain

    nodata = None if settings.nodata is None else as_number(settings.nodata)
    if settings.nodata is not None and nodata is None:
        raise InputError(f"nodata must be a number, got {settings.nodata!r}", way_out="give a number, or nan")
    try:
        layer = open_terrain(
            terrain,
            crs=settings.crs,
            height_datum=settings.height_datum,
            height_units=settings.height_units,
            nodata=nodata,
        )
    except InputError as error:
        for words, instead in (
            ("declare one, such as", "name it by --set crs=, such as"),
            ("EPSG:4326 (WGS 84 degrees) or GCJ-02", "or with --set resample_m= EPSG:4326 (WGS 84 degrees)"),
            ("declare height_datum as", "name it by --set height_datum=,"),
            ("declare height_units as", "name it by --set height_units=,"),
            ("such as height_units=m", "such as --set height_units=m"),
            ("NODATA value: nodata=", "NODATA value: --set nodata="),
            ("or the file's NODATA value", "or declare that it stands for no data, such as --set nodata=nan"),
        ):
            error = error.reworded(words, instead)
        raise error from None
    if settings.resample_m is None:
        if settings.resample_crs is not None:
            raise InputError(
                "resample_crs needs resample_m, which was not given",
                way_out="give the side of the cells: --set resample_m=10",
            )
        return layer
    plane = None if settings.resample_crs is None else name_crs(settings.resample_crs)
    if plane is not None and not is_in_metres(plane):
        raise InputError(
            f"resample_crs must be a plane in metres, got {settings.resample_crs}",
            way_out="name a plane in metres, such as EPSG:32633, or omit it",
        )
    try:
        plane = choose_plane_for(layer) if plane is None else plane
        if plane == layer.crs and layer.grid.cell_m == settings.resample_m:
            return layer
        return resample_terrain(layer, settings.resample_m, plane)
    except InputError as error:
        raise error.reworded("terrain.resample_m", "resample_m").reworded("with crs", "with resample_crs") from None


def _refuse_settings_of_a_raster(settings: FloodSettings, layer: TerrainLayer) -> None:
    for name in _OF_A_RASTER:
        if getattr(settings, name) is not None:
            raise InputError(
                f"{name} applies only to a raster of heights, but the ground is a city's",
                way_out=f"omit it, or declare it when building the city: --declare terrain.{name}="
                if name != "resample_crs"
                else "omit it, or choose the plane when building the city: --crs",
            )
    if settings.crs is not None and (wanted := name_crs(settings.crs)) != layer.crs:
        raise InputError(
            f"crs must be that of the city, {title_crs(layer.crs)}, got {title_crs(wanted)}",
            way_out="omit it: it applies only to a raster that names no CRS",
        )
    if settings.height_datum is not None:
        declared = name_height_datum(settings.height_datum)
        refuse_mixed_heights({"the city's terrain": layer.height_datum, "height_datum": declared})


def _make_default() -> City:
    from ....datasets.city.assembly import assemble_city
    from ....datasets.synthetic.city import make_city

    return assemble_city(make_city(seed=1, size="2km"))


def as_number(text: str) -> float | None:
    """The number that a setting is, or None for a file."""
    try:
        return float(text)
    except ValueError:
        return None


def _read_manning(manning: str, layer: TerrainLayer) -> npt.NDArray[np.float32]:
    """One roughness, a raster of it, or ``ZONES.asc:0.035,0.055``: one for each zone of a raster of zones."""
    number = as_number(manning)
    if number is None:
        listed = manning.rpartition(":")[2].split(",")
        if ":" in manning and all(as_number(part) is not None for part in listed):
            zones, parts = read_zones(manning, layer, what="roughness")
            values = np.array([float(part) for part in parts], dtype=np.float32)[zones]
        else:
            values = _read_on(manning, layer, what="roughness")
        rough = np.where(layer.valid, values, 0.0).astype(np.float32)
    else:
        rough = np.full(layer.grid.shape, number, dtype=np.float32)
    wrong = ~((rough >= 0.0) & (rough <= 1.0))
    if wrong.any():
        where = "" if number is not None else f": {_tell_cell(wrong, layer)} it is {rough[wrong][0]:g}"
        raise InputError(f"roughness must be in [0, 1] s m-1/3, got {manning}{where}", way_out="give Manning's n")
    return rough


def read_zones(text: str, layer: TerrainLayer, *, what: str) -> tuple[Zones, list[str]]:
    """Read ``ZONES.tif:a,b``, one for each zone of a raster, or ``a``, the same everywhere: zones, and what they have.

    Raises
    ------
    InputError
        If a zone of the raster has none, or a cell of the ground no zone.
    """
    file, colon, listed = text.rpartition(":")
    parts = [part.strip() for part in listed.split(",")]
    if not colon:
        return np.zeros(layer.grid.shape, dtype=np.uint8), parts
    return read_zone_raster(file, layer, len(parts), what=what), parts


def read_zone_raster(file: str, layer: TerrainLayer, n_zones: int, *, what: str) -> Zones:
    """Read the zone of each cell, from 0 to ``n_zones - 1``.

    Raises
    ------
    InputError
        If a cell of the ground has no zone, or another one.
    """
    zones = np.where(layer.valid, _read_on(file, layer, what=what), np.float32(0.0))
    wrong = (zones != np.floor(zones)) | (zones < 0) | (zones >= n_zones)
    if wrong.any():
        raise InputError(
            f"zone {zones[wrong][0]:g} has no {what}: there are {n_zones}, for zones 0 to {n_zones - 1}",
            file=file,
            way_out=f"give a {what} for every zone",
        )
    if n_zones > _MOST_ZONES:
        raise InputError(
            f"the number of zones must be at most {_MOST_ZONES:,}, got {n_zones:,}",
            file=file,
            way_out="join some zones",
        )
    return zones.astype(np.uint8 if n_zones <= 2**8 else np.uint16)


def _read_on(file: str, layer: TerrainLayer, *, what: str) -> npt.NDArray[np.float32]:
    """Values on the cells of the ground; a raster on the cells that it was resampled from follows by nearest cells."""
    from ....datasets.maps.rasters import is_same_grid, read_raster

    is_resampled = isinstance(layer, ResampledTerrain)
    raster = read_raster(file, assumed=layer.source_crs if isinstance(layer, ResampledTerrain) else layer.crs)
    if isinstance(layer, ResampledTerrain) and not (
        raster.names_crs or (layer.source_grid is not None and is_same_grid(raster.grid, layer.source_grid))
    ):
        raster = read_raster(file, assumed=layer.crs)
    values = np.where(raster.valid, raster.values, np.float32("nan"))
    if is_same_grid(raster.grid, layer.grid) and raster.crs == layer.crs:
        pass
    elif (
        isinstance(layer, ResampledTerrain)
        and layer.source_grid is not None
        and is_same_grid(raster.grid, layer.source_grid)
        and raster.crs == layer.source_crs
    ):
        values = layer.draw(values)
    else:
        raise InputError(
            f"{raster.grid} in {title_crs(raster.crs)} is not the terrain's {layer.grid} in {title_crs(layer.crs)}",
            file=file,
            way_out="give it on the cells of the terrain" + (", before or after resampling" if is_resampled else ""),
        )
    bare = layer.valid & np.isnan(values)
    if bare.any():
        raise InputError(
            f"there is no {what} {_tell_cell(bare, layer)}, where the terrain has a height",
            file=file,
            way_out="give a value to every cell of the ground, or make these cells NODATA in the terrain too",
        )
    return values


def _tell_cell(wrong: npt.NDArray[np.bool_], layer: TerrainLayer) -> str:
    row, column = (int(k) for k in np.argwhere(wrong)[0])
    beside = "" if wrong.sum() == 1 else f" (and in {int(wrong.sum()) - 1:,} more cells)"
    return f"at {layer.grid.x[column]:.10g}, {layer.grid.y[row]:.10g}{beside}"
