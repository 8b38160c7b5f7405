"""Rain in files of one array each: NetCDF, Zarr and GeoTIFF, one file for all frames or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...maps.rasters import open_gdal
from ...place.crs import agree_crs
from ...text.missing import Missing
from ..rain.field import RainField
from ..rain.fill_values import mask_missing, mask_packed
from .cubes import read_cube_part
from .parts import NO_BOUNDS, RainPart, agree_units, convert_rain, join_parts, read_stamp

__all__ = ["read_rain_frames"]

_RASTER = (".tif", ".tiff")
_SQUARE = 1e-3  # of a cell that rows and columns may drift apart over the raster


def read_rain_frames(
    files: Sequence[Path],
    *,
    crs: str | None = None,
    units: str | None = None,
    missing: Missing | None = None,
    time_zone: str | None = None,
) -> RainField:
    """Read files of one product.

    Parameters
    ----------
    files
        NetCDF or Zarr with one frame or many (:func:`~.cubes.read_rain_cube`), or GeoTIFFs of one band.
    crs, units
        The CRS and the unit to assume if a file names none.
    missing
        The code for no value, if a file does not declare it.
    time_zone
        The time zone of times in names of files, which are used if a file holds no time.

    Returns
    -------
    RainField
        In the order of the files.

    Raises
    ------
    InputError
        If a file cannot be read, its time, unit, CRS or place is missing or unfit, or files differ in grid or CRS.
    """
    parts = [
        (_read_raster if file.suffix.lower() in _RASTER else read_cube_part)(
            Path(file), crs=crs, units=units, missing=missing, time_zone=time_zone
        )
        for file in files
    ]
    return join_parts(files, parts)


def _read_raster(
    file: Path, *, crs: str | None, units: str | None, missing: Missing | None, time_zone: str | None
) -> RainPart:
    with open_gdal(file) as opened:
        place, found, bands = opened.transform, opened.crs, opened.count
        n_y, n_x = opened.height, opened.width
        held = opened.units[0] or opened.tags(1).get("units") or opened.tags().get("units")
        packing = float(opened.scales[0]), float(opened.offsets[0])
        values = opened.read(1).astype(np.float64) * packing[0] + packing[1]
        values[opened.read_masks(1) == 0] = np.nan
    if bands != 1:
        raise InputError(
            f"the raster has {bands} bands, and the file has no time for each band", file=file,
            way_out="give one file for each frame, or a NetCDF cube",
        )  # fmt: skip
    if place.is_identity:
        raise InputError("the raster must have a place", file=file, way_out="give it a corner and a cell size")
    if place.b or place.d or place.a <= 0.0:
        raise InputError(
            "the raster must be upright, but it is rotated or mirrored",
            file=file,
            way_out="resample it to an upright grid",
        )
    if abs(place.a - abs(place.e)) * max(n_y, n_x) > _SQUARE * place.a:
        raise InputError(
            f"the cells are {place.a:.9g} by {abs(place.e):.9g}; they must be squares", file=file,
            way_out="resample it to square cells",
        )  # fmt: skip
    south = place.f if place.e > 0.0 else place.f + n_y * place.e
    values = values if place.e > 0.0 else values[::-1]
    values = mask_missing(values, missing, what="rain", file=file)
    if packing != (1.0, 0.0):
        values = mask_packed(values, missing, *packing, what="rain", file=file)
    rate = convert_rain(values, agree_units(held, units, file=file), None, "rain", file)
    named = agree_crs(found.to_wkt() if found else None, crs, file=file)
    return RainPart(
        named, Grid(place.c, south, place.a, n_y, n_x), None, np.array([read_stamp(file, time_zone)], np.int64),
        np.ascontiguousarray(rate, np.float32)[None], (NO_BOUNDS.format("the name of a file"),),
    )  # fmt: skip
