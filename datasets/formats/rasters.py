"""Grids of numbers in files: ESRI ASCII by our own few lines, GeoTIFF and the rest of GDAL's through rasterio."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..errors import InputError
from ..place import LOCAL, agree_crs

__all__ = ["Raster", "read_raster"]

_KEYS = {"ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize", "dx", "dy", "nodata_value"}
_GZIP = b"\x1f\x8b"
_NODATA = -9999.0  # of an ESRI ASCII grid that names none
_SQUARES = "resample it to square cells"


@dataclass(frozen=True)
class Raster:
    """Values on a grid, southernmost row first; ``valid`` is False where the file says there is no data."""

    crs: str
    grid: Grid
    values: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


def read_raster(file: str | Path, *, crs: str | None = None) -> Raster:
    """Read one band.

    Parameters
    ----------
    file
        ESRI ASCII (``.asc``, ``.txt``, also compressed by gzip), or GeoTIFF and others (extra ``geo``).
    crs
        Of a file that names none; ``local`` for a grid that lies nowhere on earth.

    Returns
    -------
    Raster
        The file's upper row is the last here.

    Raises
    ------
    InputError
        If the file cannot be read, its CRS is missing or contradicts the one declared, its cells are no squares, or a
        valid cell holds no finite number.

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
    plain = _unzip_start(file) if start.startswith(_GZIP) else start
    is_text = plain.lstrip()[:5].lower() == b"ncols"
    found = _read_ascii(file, crs) if is_text else _read_gdal(file, crs)
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
    return found


def _unzip_start(file: Path) -> bytes:
    try:
        with gzip.open(file, "rb") as opened:
            return opened.read(512)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the file cannot be unpacked ({error})", file=file, way_out="fetch it again") from None


def _read_ascii(file: Path, crs: str | None) -> Raster:
    raw = file.read_bytes()
    try:
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"this is no ESRI ASCII grid ({error})", file=file, way_out="save it again") from None
    lines = text.splitlines()
    head: dict[str, float] = {}
    for n, line in enumerate(lines):
        words = line.split()
        if not words or words[0].lower() not in _KEYS:
            break
        try:
            head[words[0].lower()] = float(words[1])
        except (IndexError, ValueError):
            raise InputError(
                f"{words[0]} is {' '.join(words[1:])!r}", file=file, line=n + 1, way_out="give a number"
            ) from None
    n_head = len(head)
    if "dx" in head or "dy" in head:
        dx, dy = (head.get(key, np.nan) for key in ("dx", "dy"))
        if dx != dy:
            raise InputError(f"the cells are {dx:g} by {dy:g}, no squares", file=file, way_out=_SQUARES)
        head["cellsize"] = dx
    for key in ("ncols", "nrows", "cellsize"):
        value = head.get(key, 0.0)
        if not 0.0 < value < np.inf or (key != "cellsize" and value != int(value)):
            raise InputError(
                f"{key} is missing, or no {'length' if key == 'cellsize' else 'whole number'} above 0",
                file=file,
                way_out="write it at the head of the file",
            )
    n_x, n_y, cell = int(head["ncols"]), int(head["nrows"]), head["cellsize"]
    west = head["xllcorner"] if "xllcorner" in head else head.get("xllcenter", np.nan) - cell / 2
    south = head["yllcorner"] if "yllcorner" in head else head.get("yllcenter", np.nan) - cell / 2
    if not np.isfinite([west, south]).all():
        raise InputError("the lower left corner is missing", file=file, way_out="write xllcorner and yllcorner")
    words = " ".join(lines[n_head:]).split()
    if len(words) != n_x * n_y:
        raise InputError(
            f"the grid has {len(words):,} numbers, {n_y:,} rows of {n_x:,} are {n_x * n_y:,}",
            file=file,
            way_out="is the file cut off?",
        )
    try:
        values = np.array(words, dtype=np.float64).reshape(n_y, n_x)[::-1]
    except ValueError:
        at = next(k for k, word in enumerate(words) if not _is_number(word))
        raise InputError(
            f"row {at // n_x + 1}, column {at % n_x + 1} holds {words[at]!r}", file=file, way_out="give a number"
        ) from None
    # As float32, in which many of these files are written: the head often has more digits, or fewer, than the cells.
    missing = np.float32(head.get("nodata_value", _NODATA))
    valid = ~np.isnan(values) if np.isnan(missing) else values.astype(np.float32) != missing
    named = agree_crs(_read_projection(file), crs, file=file)
    grid = Grid(west, south, cell, n_y, n_x)
    return Raster(named, grid, np.ascontiguousarray(values, np.float32), np.ascontiguousarray(valid))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _read_projection(file: Path) -> str | None:
    """The CRS of a ``.prj`` beside an ASCII grid."""
    beside = (file.with_suffix("") if file.suffix.lower() == ".gz" else file).with_suffix(".prj")
    return beside.read_text(encoding="utf-8", errors="replace") if beside.is_file() else None


def _read_gdal(file: Path, crs: str | None) -> Raster:
    try:
        import rasterio
    except ImportError:
        raise InputError(
            "rasterio, which reads this format, is not installed", file=file, way_out='pip install "citytide[geo]"'
        ) from None
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a raster without a place is told below
            with rasterio.open(file) as opened:
                place, found = opened.transform, opened.crs
                values = opened.read(1)[::-1]
                valid = opened.read_masks(1)[::-1] > 0
                scale, offset = opened.scales[0], opened.offsets[0]
                n_y, n_x, bands = opened.height, opened.width, opened.count
    except rasterio.errors.RasterioError as error:
        raise InputError(f"the raster cannot be read ({error})", file=file, way_out="is it a GeoTIFF?") from None
    if bands != 1:
        raise InputError(f"the raster has {bands} bands", file=file, way_out="give one with a single band")
    if place.b or place.d or place.e >= 0:
        raise InputError("the raster is rotated or upside down", file=file, way_out="warp it to an upright grid")
    if abs(place.a + place.e) > 1e-9 * place.a:
        raise InputError(f"the cells are {place.a:g} by {-place.e:g}, no squares", file=file, way_out=_SQUARES)
    named = agree_crs(found.to_wkt() if found else None, crs, file=file)
    if (scale, offset) != (1.0, 0.0):  # heights packed as whole numbers
        values = values * scale + offset
    grid = Grid(place.c, place.f + n_y * place.e, place.a, n_y, n_x)
    if named == LOCAL and place.is_identity:
        raise InputError("the raster has no place", file=file, way_out="give it a corner and a cell size")
    return Raster(named, grid, np.ascontiguousarray(values, np.float32), np.ascontiguousarray(valid))
