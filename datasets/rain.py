"""Rain in frames: rates on a grid, one after another, as radars and merged products give them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..kernels.space.grid import Grid
from .crs_titles import title_crs
from .errors import InputError
from .missing import Missing
from .place import is_geographic
from .times import show_time

__all__ = ["HARDEST_MM_H", "RainField", "cap_rain", "is_frames", "open_rain", "order_frames", "refuse_no_overlap"]

_KINDS: dict[str, tuple[str, ...]] = {
    "gif": (".gif",), "odim": (".h5", ".hdf", ".hdf5"), "cube": (".nc", ".nc4", ".zarr"), "raster": (".tif", ".tiff"),
}  # fmt: skip
HARDEST_MM_H = 2000.0  # 31.2 mm in a minute (Unionville 1956) are the most ever measured
CAP_MM_H = 75.0  # 53 dBZ by Marshall and Palmer: hail and clutter reflect more than rain does
MANY_ABOVE = 1e-3  # share of the seen cells that no rain can explain: then the unit is wrong
_ROUNDING_MM_H = -1e-3  # of what was interpolated or packed
_LISTED = 3  # frames that an error names


@dataclass(frozen=True)
class RainField:
    """Rain rates on square cells.

    Attributes
    ----------
    crs
        Of the grid; in metres, but for what a reader of files returns.
    grid
        Row 0 is the southernmost.
    time
        (frame,) end of each frame [s since 1970-01-01 00:00 UTC], ``step_s`` apart.
    step_s
        From one frame to the next [s]; of a reader, how long each frame is, or 0 where the file does not say.
    rate
        (frame, y, x) [mm h-1], from 0 up; NaN where it is not known.
    sources
        Files that were read.
    notes
        What a reader had to say: frames that were filled, a field that was moved.
    cap_mm_h
        Rate above which reflectivity is none of rain, where the frames were made from it.
    """

    crs: str
    grid: Grid
    time: npt.NDArray[np.int64]
    step_s: int
    rate: npt.NDArray[np.float32]
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    cap_mm_h: float | None = None


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
        Of files that name none; for pictures, ``EPSG:21781`` by default.
    units
        Of NetCDF, Zarr and GeoTIFF that name none.
    missing
        What stands for no value in NetCDF, Zarr and GeoTIFF that do not declare it, see
        :func:`~citytide.datasets.missing.read_missing`.
    level
        Elevation [degrees] or height [m] of the data that is wanted of an ODIM file with several.
    time_zone
        Of times in the names of files, which hold where a file has no time.
    cap_mm_h
        Rates above it are set to it, and a note counts them. By default 53 dBZ of reflectivity; of rates 75 mm/h in the
        few cells above ``HARDEST_MM_H``, which are none of rain.
    fill
        ``"linear"`` fills missing frames between their neighbours; without it they are an error.
    place_rain_at, place_crs
        Move the field: its middle goes to this place in this CRS, cells keep their size and north. A note says so.
    over, reach_m
        The ground on the plane ``place_crs``, and how far around it frames are kept: frames on another plane are
        carried there (:func:`~.rain_plane.reproject_rain`).

    Raises
    ------
    InputError
        If nothing can be read, frames are missing, unevenly spaced or twice there, rain is negative, infinite or in
        many cells harder than any ever measured, or the CRS is missing, or no plane of metres and no ``over`` is given.
    """
    path = Path(path)
    found = _read(path, {"crs": crs, "units": units, "missing": missing, "level": level, "time_zone": time_zone})
    below = (found.rate < 0.0) & (found.rate > _ROUNDING_MM_H)
    found = replace(found, rate=np.where(below, np.float32(0.0), found.rate)) if below.any() else found
    wrong = np.isinf(found.rate) | (found.rate < 0.0)
    if wrong.any():
        raise InputError(
            f"rain is {_name_cell(found, wrong)}",
            file=path,
            way_out="give finite rates from 0 up, and NaN where nothing is known, or declare the number that stands "
            "for no value: --set missing=NUMBER",
        )
    found = order_frames(cap_rain(found, cap_mm_h, file=path), fill=fill, file=path)
    if is_geographic(found.crs) and (place_rain_at is not None or over is None):
        raise InputError(
            f"the rain's cells are degrees ({title_crs(found.crs)})",
            file=path,
            way_out="regrid it to a plane of metres",
        )
    if place_rain_at is not None:
        return _move(found, place_rain_at, place_crs or found.crs)
    if over is not None and place_crs is not None and found.crs != place_crs:
        from .rain_plane import reproject_rain

        return reproject_rain(found, place_crs, over=over, reach_m=reach_m, file=path)
    return found


def _name_cell(rain: RainField, wrong: npt.NDArray[np.bool_]) -> str:
    """The first of some cells: its rate, when and where."""
    frame, row, column = (int(at) for at in np.argwhere(wrong)[0])
    when = show_time(int(rain.time[frame]), "UTC")
    return f"{rain.rate[frame, row, column]:g} mm/h at {when}, row {row}, column {column}"


def cap_rain(rain: RainField, cap_mm_h: float | None = None, *, file: str | Path | None = None) -> RainField:
    """Cap rates that are none of rain, and refuse a field that has many of them.

    Parameters
    ----------
    rain
        Frames.
    cap_mm_h
        The highest rate; by default see :func:`open_rain`.

    Raises
    ------
    InputError
        If the cap is not above 0 and at most ``HARDEST_MM_H``, or more than one in a thousand seen cells lie above
        that.

    Examples
    --------
    >>> rate = np.array([[[5.0] * 1000 + [9000.0]]], np.float32)
    >>> found = cap_rain(RainField("local", Grid(0.0, 0.0, 1.0, 1, 1001), np.array([0]), 300, rate))
    >>> float(found.rate.max()), found.notes
    (75.0, ('1 of 1,001 cells of rain lay above 2000 mm/h, up to 9000 mm/h: they were set to 75 mm/h.',))
    """
    if cap_mm_h is not None and not 0.0 < cap_mm_h <= HARDEST_MM_H:
        raise InputError(f"rain_cap_mm_h is {cap_mm_h:g}", way_out=f"give a rate above 0 and at most {HARDEST_MM_H:g}")
    n_seen = int(np.isfinite(rain.rate).sum())
    impossible = rain.rate > HARDEST_MM_H
    n_impossible = int(impossible.sum())
    if n_impossible > MANY_ABOVE * n_seen:
        raise InputError(
            f"rain is {_name_cell(rain, impossible)}, and no rain falls harder than {HARDEST_MM_H:g} mm/h "
            f"({n_impossible:,} of {n_seen:,} cells lie above it)",
            file=file,
            way_out="look at the unit that the file names",
        )
    bound = cap_mm_h if cap_mm_h is not None else rain.cap_mm_h
    above, bound_at = (impossible, HARDEST_MM_H) if bound is None else (rain.rate > np.float32(bound), bound)
    if not above.any():
        return rain
    cap = CAP_MM_H if bound is None else bound
    note = (
        f"{int(above.sum()):,} of {n_seen:,} cells of rain lay above {bound_at:.4g} mm/h, up to "
        f"{float(rain.rate[above].max()):.4g} mm/h: they were set to {cap:.4g} mm/h."
    )
    return replace(rain, rate=np.where(above, np.float32(cap), rain.rate), notes=(*rain.notes, note))


def _read(path: Path, options: dict[str, Any]) -> RainField:
    if not path.exists():
        raise InputError("there is no such file or folder", file=path, way_out="check the path")
    is_one = path.suffix.lower() == ".zarr" or not path.is_dir()
    files = [path] if is_one else sorted(file for file in path.iterdir() if not file.name.startswith("."))
    found = {file.suffix.lower() for file in files}
    held = [kind for kind, suffixes in _KINDS.items() if found & set(suffixes)]
    if not held:
        raise InputError(
            f"no rain is read from {', '.join(sorted(found)) or 'an empty folder'}",
            file=path,
            way_out="give a folder of .gif, .h5, .nc or .tif frames, or a cube .nc or .zarr",
        )
    if len(held) > 1:
        named = sorted(found & {suffix for kind in held for suffix in _KINDS[kind]})
        raise InputError(
            f"the folder holds frames of several kinds: {', '.join(named)}",
            file=path,
            way_out="keep one kind in a folder",
        )
    kind = held[0]
    chosen = [file for file in files if file.suffix.lower() in _KINDS[kind]]
    if options["level"] is not None and kind != "odim":
        raise InputError("rain_level chooses a level of ODIM files, and there are none", way_out="leave it out")
    if kind in ("cube", "raster"):
        from .formats.rain_frames import read_rain_frames

        return read_rain_frames(chosen, **{name: options[name] for name in ("crs", "units", "missing", "time_zone")})
    if options["units"] is not None:
        raise InputError(
            f"rain_units is declared, and files {', '.join(_KINDS[kind])} say it themselves",
            file=path,
            way_out="leave it out",
        )
    if kind == "gif":
        from .formats.radar_gif import read_radar_gif

        return read_radar_gif(chosen, crs=options["crs"])
    from .formats.radar_odim import read_radar_odim

    return read_radar_odim(chosen, crs=options["crs"], level=options["level"])


def order_frames(rain: RainField, *, fill: Literal["linear"] | None, file: str | Path | None = None) -> RainField:
    """Put frames in the order of time, and refuse or fill gaps.

    Parameters
    ----------
    rain
        Frames in any order; ``step_s`` is the length of each where it is above 0.
    fill
        ``"linear"`` to fill missing frames.

    Returns
    -------
    RainField
        Even in time; the step is the length of a frame, or the least time between two.

    Raises
    ------
    InputError
        If a time stands twice, frames are missing and not to be filled, or the others are no whole steps apart.

    Examples
    --------
    >>> rate = np.array([[[4.0]], [[0.0]]], dtype=np.float32)
    >>> rain = RainField("local", Grid(0.0, 0.0, 1.0, 1, 1), np.array([600, 0]), 0, rate)
    >>> ordered = order_frames(rain, fill=None)
    >>> ordered.time.tolist(), ordered.rate.ravel().tolist(), ordered.notes
    ([0, 600], [0.0, 4.0], ('The frames stood out of order, and were sorted by time.',))
    """
    order = np.argsort(rain.time, kind="stable")
    notes = list(rain.notes)
    if (np.diff(order) < 0).any():
        notes.append("The frames stood out of order, and were sorted by time.")
    time, rate = rain.time[order], rain.rate[order]
    steps = np.diff(time)
    if (steps == 0).any():
        twice = show_time(int(time[:-1][steps == 0][0]), "UTC")
        raise InputError(f"two frames end at {twice}", file=file, way_out="keep one of them")
    if len(time) < 2:
        if rain.step_s > 0:  # it says how long it is
            return rain
        raise InputError("there is one frame", file=file, way_out="give at least two: their distance is the step")
    apart, times_seen = np.unique(steps, return_counts=True)
    step = int(apart[0])
    if rain.step_s > 0 and not (steps % rain.step_s).any():
        step = rain.step_s  # frames that say how long they are
    elif (steps % step).any():
        step = int(apart[times_seen.argmax()])  # the usual distance, so that the odd one is named
    uneven = np.flatnonzero(steps % step)
    if uneven.size:
        at = int(uneven[0])
        raise InputError(
            f"frames are unevenly spaced: {show_time(int(time[at]), 'UTC')} is followed by one {int(steps[at])} s "
            f"later, others are {step} s apart",
            file=file,
            way_out="give frames that are whole steps apart",
        )
    whole = np.arange(int(time[0]), int(time[-1]) + step, step, dtype=np.int64)
    missing = np.setdiff1d(whole, time)
    if missing.size:
        named = ", ".join(show_time(int(at), "UTC") for at in missing[:_LISTED])
        more = "" if missing.size <= _LISTED else f" and {missing.size - _LISTED} more"
        if fill is None:
            raise InputError(
                f"{missing.size} of {whole.size} frames are missing: {named}{more}",
                file=file,
                way_out="give them, or have them filled between their neighbours: --set fill=linear",
            )
        rate = _fill(time, rate, whole)
        notes.append(
            f"{missing.size} of {whole.size} frames were missing and filled between neighbours: {named}{more}."
        )
    return replace(rain, time=whole, rate=rate, step_s=step, notes=tuple(notes))


def _fill(
    time: npt.NDArray[np.int64], rate: npt.NDArray[np.float32], whole: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    after = np.searchsorted(time, whole)
    before = np.where(time[after] == whole, after, after - 1)
    share = np.divide(
        whole - time[before], time[after] - time[before], out=np.zeros(whole.size), where=after > before
    ).astype(np.float32)[:, None, None]
    filled = rate[before] + share * (rate[after] - rate[before])
    return np.where(share == 0.0, rate[before], filled)  # a NaN beside is no NaN here


def _move(rain: RainField, place: tuple[float, float], crs: str) -> RainField:
    """The same cells around another middle, whole cells off, so that edges stay whole multiples of them."""
    x, y = place
    if not np.isfinite([x, y]).all():
        raise InputError(f"place_rain_at={x},{y} is no place", way_out="give x and y in metres")
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


def refuse_no_overlap(rain: Grid, terrain: Grid, *, file: str | Path | None = None) -> None:
    """Refuse rain that lies nowhere over the terrain; both in one CRS.

    Raises
    ------
    InputError
        Naming both boxes and the distance between their middles.

    Examples
    --------
    >>> try:
    ...     refuse_no_overlap(Grid(0.0, 0.0, 1e3, 9, 9), Grid(9e4, 0.0, 10.0, 9, 9))
    ... except InputError as error:
    ...     print(str(error).partition(" (")[0])
    rain over x 0 to 9000, y 0 to 9000 and terrain over x 90000 to 90090, y 0 to 90 do not overlap
    """
    if (
        rain.west < terrain.east
        and terrain.west < rain.east
        and rain.south < terrain.north
        and terrain.south < rain.north
    ):
        return
    boxes = [
        f"x {grid.west:.0f} to {grid.east:.0f}, y {grid.south:.0f} to {grid.north:.0f}" for grid in (rain, terrain)
    ]
    away = np.hypot(
        0.5 * (rain.west + rain.east - terrain.west - terrain.east),
        0.5 * (rain.south + rain.north - terrain.south - terrain.north),
    )
    raise InputError(
        f"rain over {boxes[0]} and terrain over {boxes[1]} do not overlap "
        f"(their middles are {away / 1000:.0f} km apart)",
        file=file,
        way_out="give rain over the terrain, or move it there and say so: --set place_rain_at=X,Y",
    )
