"""Grids of numbers in files: ESRI ASCII by our own few lines, GeoTIFF and the rest of GDAL's through rasterio."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..errors import InputError
from ..place.crs import agree_crs, is_geographic
from ..place.heights import HeightUnit
from .ascii_grids import GRID_TOLERANCE, GZIP, find_cell, read_ascii_grid
from .raster_crs import StatedPlace, read_projection, split_crs

__all__ = ["Raster", "is_same_grid", "open_gdal", "read_raster"]

_FIRST_WORDS = (b"ncols", b"nrows")


class _Declared(NamedTuple):
    crs: str | None
    assumed: str | None


@dataclass(frozen=True)
class Raster:
    """Values on a grid, southernmost row first; ``valid`` is False where the file says there is no data.

    Attributes
    ----------
    units
        The unit of the values in the file; None if it names none.
    height_datum, height_unit
        The height datum and the unit of heights in the file's vertical CRS.
    looks
        Why the values may be a picture's: ``palette``, ``8-bit``; None if nothing says so.
    packed
        The numbers as the file holds them, where it packs its values; None where those are the values.
    names_crs
        Whether the file itself names its CRS.
    notes
        What is known of the file and was not used.
    """

    crs: str
    grid: Grid
    values: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    units: str | None = None
    height_datum: str | None = None
    height_unit: HeightUnit | None = None
    looks: str | None = None
    packed: npt.NDArray[np.float32] | None = None
    names_crs: bool = True
    notes: tuple[str, ...] = ()


def is_same_grid(one: Grid, other: Grid) -> bool:
    """Whether cells of two grids are the same, up to a thousandth of a cell.

    Examples
    --------
    >>> is_same_grid(Grid(0.0, 0.0, 10.0, 2, 3), Grid(0.001, 0.0, 10.0, 2, 3))
    True
    >>> is_same_grid(Grid(0.0, 0.0, 10.0, 2, 3), Grid(5.0, 0.0, 10.0, 2, 3))
    False
    """
    apart = max(abs(getattr(one, side) - getattr(other, side)) for side in ("west", "south", "east", "north"))
    return one.shape == other.shape and apart <= GRID_TOLERANCE * min(one.cell_m, other.cell_m)


def read_raster(
    file: str | Path, *, crs: str | None = None, assumed: str | None = None, nodata: float | None = None
) -> Raster:
    """Read one band.

    Parameters
    ----------
    file
        ESRI ASCII (``.asc``, ``.txt``, also compressed by gzip), or GeoTIFF and others (extra ``geo``).
    crs
        The CRS to assume if the file names none; ``local`` for a grid without a position on earth.
    assumed
        Taken like ``crs``, but no contradiction of a file that names another.
    nodata
        The code for no data, beside the one in the file; of packed values, as the file holds it.

    Returns
    -------
    Raster
        The southernmost row is the first here. Longitudes from 180 on are those west of Greenwich.

    Raises
    ------
    InputError
        If the file cannot be read, its CRS is missing or contradicts the one declared, its cells are not squares, or
        a valid cell is not finite.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rain.asc"
    ...     _ = file.write_text("ncols 1\\nnrows 2\\nxllcorner 0\\nyllcorner 0\\ncellsize 9\\nNODATA_value -9\\n7\\n-9")
    ...     raster = read_raster(file, crs="EPSG:4547")
    >>> raster.values.tolist(), raster.valid.tolist()
    ([[-9.0], [7.0]], [[False], [True]])
    """
    file = Path(file)
    try:
        with file.open("rb") as opened:
            start = opened.read(512)
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})", file=file, way_out="check the name and the folder"
        ) from None
    is_zipped = start.startswith(GZIP)
    plain = (_unzip_start(file) if is_zipped else start).removeprefix(codecs.BOM_UTF8)
    is_text = plain.lstrip()[:5].lower() in _FIRST_WORDS
    if is_zipped and not is_text:
        raise InputError(
            "the file is compressed by gzip, but its content is not an ESRI ASCII grid",
            file=file,
            way_out="unpack it first, as gunzip does",
        )
    declared = _Declared(crs, assumed)
    found = _read_ascii(file, declared, nodata) if is_text else _read_gdal(file, declared, nodata)
    broken = found.valid & ~np.isfinite(found.values)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        x, y, value = found.grid.x[column], found.grid.y[row], found.values[row, column]
        beside = "" if broken.sum() == 1 else f", and {int(broken.sum()) - 1:,} more like it"
        raise InputError(
            f"the cell at {x:.10g}, {y:.10g} holds {value}{beside}",
            file=file,
            way_out="give it a number, or the file's NODATA value",
        )
    if not found.valid.any():
        raise InputError("no cell holds data", file=file, way_out="check the file's NODATA value")
    if is_geographic(found.crs) and found.grid.west >= 180.0:
        found = replace(found, grid=replace(found.grid, west=found.grid.west - 360.0))
    return found


def _unzip_start(file: Path) -> bytes:
    try:
        with gzip.open(file, "rb") as opened:
            return opened.read(512)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the file cannot be unpacked ({error})", file=file, way_out="fetch it again") from None


def _is_known(values: npt.NDArray[np.generic], missing: float) -> npt.NDArray[np.bool_]:
    # As float32, in which many of these files are written: the head often has more digits, or fewer, than the cells.
    known: npt.NDArray[np.bool_] = (
        ~np.isnan(values) if np.isnan(missing) else values.astype(np.float32) != np.float32(missing)
    )
    return known


def _mask(
    values: npt.NDArray[np.generic], valid: npt.NDArray[np.bool_], nodata: float | None
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Valid cells without those that hold a declared number, and a note if there are none."""
    if nodata is None:
        return valid, ()
    known = _is_known(values, nodata)
    return valid & known, (f"No cell holds nodata={nodata:.9g}, which was declared.",) if known.all() else ()


def _read_ascii(file: Path, declared: _Declared, nodata: float | None) -> Raster:
    grid, values, missing = read_ascii_grid(file)
    valid, notes = _mask(values, _is_known(values, missing), nodata)
    stated = read_projection(file, declared.crs or declared.assumed)
    found = _place(stated, declared, file, grid, values, valid)
    return replace(found, notes=found.notes + notes)


def _place(
    stated: StatedPlace,
    declared: _Declared,
    file: Path,
    grid: Grid,
    values: npt.NDArray[np.generic],
    valid: npt.NDArray[np.bool_],
) -> Raster:
    return Raster(
        agree_crs(stated.crs, declared.crs if stated.crs else declared.crs or declared.assumed, file=file), grid,
        np.ascontiguousarray(values, np.float32), np.ascontiguousarray(valid),
        height_datum=stated.height_datum, height_unit=stated.height_unit, names_crs=bool(stated.crs),
        notes=stated.notes,
    )  # fmt: skip


@contextmanager
def open_gdal(file: Path) -> Iterator[Any]:
    """Open a raster by GDAL; it says nothing of one without a place.

    Raises
    ------
    InputError
        If rasterio is not installed, or the file cannot be read.
    """
    try:
        import rasterio
    except ImportError:
        raise InputError(
            "rasterio, which reads this format, is not installed", file=file, way_out='pip install "citytide[geo]"'
        ) from None
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(file) as opened:
                yield opened
    except rasterio.errors.RasterioError as error:
        raise InputError(
            f"the raster cannot be read ({error})", file=file, way_out="check that it is a GeoTIFF"
        ) from None


def _read_gdal(file: Path, declared: _Declared, nodata: float | None) -> Raster:
    with open_gdal(file) as opened:
        bands = opened.count
        if bands != 1:
            raise InputError(f"the raster must have one band, got {bands}", file=file, way_out="save one band alone")
        place, found, units = opened.transform, opened.crs, opened.units[0]
        values, valid = opened.read(1), opened.read_masks(1) > 0
        scale, offset = opened.scales[0], opened.offsets[0]
        n_y, n_x, dtype = opened.height, opened.width, opened.dtypes[0]
        is_palette = opened.colorinterp[0].name == "palette"
    if values.dtype.kind not in "iuf":
        raise InputError(f"the raster holds numbers of type {dtype}", file=file, way_out="give integers or floats")
    if place.is_identity:
        raise InputError("the raster must have a place", file=file, way_out="give it a corner and a cell size")
    if place.b or place.d or place.a <= 0 or place.e == 0:
        raise InputError(
            "the raster must be upright, but it is rotated or mirrored",
            file=file,
            way_out="resample it to an upright grid",
        )
    cell = find_cell(place.a, abs(place.e), (n_y, n_x), file)
    is_south_up = place.e > 0
    south = place.f if is_south_up else place.f + n_y * place.e
    if not is_south_up:
        values, valid = values[::-1], valid[::-1]
    valid, notes = _mask(values, valid, nodata)
    packed = None
    if (scale, offset) != (1.0, 0.0):  # heights packed as whole numbers
        packed, values = np.ascontiguousarray(values, np.float32), values * scale + offset
    stated = split_crs(found.to_wkt() if found else None, declared.crs or declared.assumed, file=file)
    raster = _place(stated, declared, file, Grid(place.c, south, cell, n_y, n_x), values, valid)
    looks = "palette" if is_palette else "8-bit" if dtype in ("uint8", "int8") and packed is None else None
    named = units.strip() if units and units.strip() else None
    return replace(raster, units=named, looks=looks, packed=packed, notes=raster.notes + notes)
