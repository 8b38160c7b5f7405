"""Frames of rain, opened whatever their format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...place.crs import is_geographic
from ...place.crs_titles import title_crs
from ...text.missing import Missing
from ..rain.field import RainField, cap_rain, name_cell, order_frames

__all__ = ["is_frames", "open_rain"]

_KINDS: dict[str, tuple[str, ...]] = {
    "gif": (".gif",), "odim": (".h5", ".hdf", ".hdf5"), "cube": (".nc", ".nc4", ".zarr"), "raster": (".tif", ".tiff"),
}  # fmt: skip
_ROUNDING_MM_H = -1e-3  # of what was interpolated or packed


def is_frames(path: str | Path) -> bool:
    """Whether a path is a folder, or by its name a file, of frames rather than a table.

    Examples
    --------
    >>> is_frames("rain.csv"), is_frames("radar.nc")
    (False, True)
    """
    path = Path(path)
    return path.is_dir() or any(path.suffix.lower() in suffixes for suffixes in _KINDS.values())


def open_rain(
    path: str | Path,
    *,
    crs: str | None = None,
    units: str | None = None,
    missing: Missing | None = None,
    level: float | None = None,
    time_zone: str | None = None,
    cap_mm_h: float | None = None,
    fill: Literal["linear"] | None = None,
    place_rain_at: tuple[float, float] | None = None,
    place_crs: str | None = None,
    over: Grid | None = None,
    reach_m: float = 0.0,
) -> RainField:
    """Read frames of rain.

    Parameters
    ----------
    path
        A folder of radar pictures (``.gif`` of MeteoSwiss), of ODIM files (``.h5``), of NetCDF files or GeoTIFFs; one
        such file; or a cube in NetCDF or Zarr.
    crs
        The CRS to assume if a file names none; ``EPSG:21781`` by default for pictures.
    units
        The unit of NetCDF, Zarr and GeoTIFF that name none.
    missing
        The code for no value in NetCDF, Zarr and GeoTIFF that do not declare it, see
        :func:`~citytide.datasets.text.missing.read_missing`.
    level
        Elevation [degrees] or height [m] of the data to read from an ODIM file with several levels.
    time_zone
        The time zone of times in the names of files, which are used if a file holds no time.
    cap_mm_h
        Rates above it are set to it, and a note counts them. By default 53 dBZ of reflectivity; of rates 75 mm/h in the
        few cells above ``HARDEST_MM_H``, which are not rain.
    fill
        ``"linear"`` fills missing frames between their neighbours; without it they are an error.
    place_rain_at, place_crs
        Move the field: its middle goes to this place in this CRS, cells keep their size and north. A note says so.
    over, reach_m
        The ground on the plane ``place_crs``, and how far around it frames are kept: frames on another plane are
        carried there (:func:`~..rain.reprojection.reproject_rain`).

    Raises
    ------
    InputError
        If nothing can be read, frames are missing, unevenly spaced or not unique, rain is negative, infinite or in
        many cells harder than any ever measured, the CRS is missing, or the cells are in degrees and ``over`` is not
        given.
    """
    path = Path(path)
    found = _read(path, {"crs": crs, "units": units, "missing": missing, "level": level, "time_zone": time_zone})
    below = (found.rate < 0.0) & (found.rate > _ROUNDING_MM_H)
    found = replace(found, rate=np.where(below, np.float32(0.0), found.rate)) if below.any() else found
    wrong = np.isinf(found.rate) | (found.rate < 0.0)
    if wrong.any():
        raise InputError(
            f"rain is {name_cell(found, wrong)}",
            file=path,
            way_out="give finite rates >= 0, and NaN where there is no value, or declare the number that means no "
            "value: --set missing=NUMBER",
        )
    found = order_frames(cap_rain(found, cap_mm_h, file=path), fill=fill, file=path)
    if is_geographic(found.crs) and (place_rain_at is not None or over is None):
        raise InputError(
            f"the cells of the rain must be in metres, got degrees ({title_crs(found.crs)})",
            file=path,
            way_out="resample it to a plane in metres",
        )
    if place_rain_at is not None:
        return _move(found, place_rain_at, place_crs or found.crs)
    if over is not None and place_crs is not None and found.crs != place_crs:
        from ..rain.reprojection import reproject_rain

        return reproject_rain(found, place_crs, over=over, reach_m=reach_m, file=path)
    return found


def _read(path: Path, options: dict[str, Any]) -> RainField:
    if not path.exists():
        raise InputError("the file or folder does not exist", file=path, way_out="check the path")
    is_one = path.suffix.lower() == ".zarr" or not path.is_dir()
    files = [path] if is_one else sorted(file for file in path.iterdir() if not file.name.startswith("."))
    found = {file.suffix.lower() for file in files}
    held = [kind for kind, suffixes in _KINDS.items() if found & set(suffixes)]
    if not held:
        raise InputError(
            f"rain cannot be read from {', '.join(sorted(found)) or 'an empty folder'}",
            file=path,
            way_out="give a folder of .gif, .h5, .nc or .tif frames, or a cube .nc or .zarr",
        )
    if len(held) > 1:
        named = sorted(found & {suffix for kind in held for suffix in _KINDS[kind]})
        raise InputError(
            f"the frames of a folder must have one format, got {', '.join(named)}",
            file=path,
            way_out="keep one of them",
        )
    kind = held[0]
    chosen = [file for file in files if file.suffix.lower() in _KINDS[kind]]
    if options["level"] is not None and kind != "odim":
        raise InputError("rain_level is only for ODIM files, and the rain is in another format", way_out="omit it")
    if kind in ("cube", "raster"):
        from .frames import read_rain_frames

        return read_rain_frames(chosen, **{name: options[name] for name in ("crs", "units", "missing", "time_zone")})
    if options["units"] is not None:
        raise InputError(
            f"rain_units is not for files {', '.join(_KINDS[kind])}, which state their unit",
            file=path,
            way_out="omit it",
        )
    if kind == "gif":
        from .radar_gif import read_radar_gif

        return read_radar_gif(chosen, crs=options["crs"])
    from .radar_odim import read_radar_odim

    return read_radar_odim(chosen, crs=options["crs"], level=options["level"])


def _move(rain: RainField, place: tuple[float, float], crs: str) -> RainField:
    """The same cells around another middle, whole cells off, so that edges stay whole multiples of them."""
    x, y = place
    if not np.isfinite([x, y]).all():
        raise InputError(f"place_rain_at must be two finite numbers, got {x},{y}", way_out="give x and y in metres")
    cell, grid = rain.grid.cell_m, rain.grid
    west = np.round((x - 0.5 * grid.n_x * cell) / cell) * cell
    south = np.round((y - 0.5 * grid.n_y * cell) / cell) * cell
    middle = west + 0.5 * grid.n_x * cell, south + 0.5 * grid.n_y * cell
    note = (
        f"The rain was moved by whole cells: it fell over {grid} in {title_crs(rain.crs)}, and is taken here as if "
        f"its middle lay at {middle[0]:.10g}, {middle[1]:.10g} in {title_crs(crs)}."
    )
    moved = Grid(float(west), float(south), cell, grid.n_y, grid.n_x)
    return replace(rain, crs=crs, grid=moved, notes=(*rain.notes, note))
