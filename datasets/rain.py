"""Rain in frames: rates on a grid, one after another, as radars and merged products give them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..kernels.space.grid import Grid
from .errors import InputError
from .place import is_geographic
from .times import show_time

__all__ = ["RainField", "open_rain", "order_frames", "refuse_no_overlap"]

_GIF, _ODIM, _CUBE = (".gif",), (".h5", ".hdf", ".hdf5"), (".nc", ".nc4", ".zarr")
HARDEST_MM_H = 2000.0  # 31.2 mm in a minute (Unionville 1956) are the most ever measured
_LISTED = 3  # frames that an error names


@dataclass(frozen=True)
class RainField:
    """Rain rates on square cells.

    Attributes
    ----------
    crs
        Of the grid, in metres.
    grid
        Row 0 is the southernmost.
    time
        (frame,) end of each frame [s since 1970-01-01 00:00 UTC], ``step_s`` apart.
    step_s
        From one frame to the next [s].
    rate
        (frame, y, x) [mm h-1], from 0 up; NaN where it is not known.
    sources
        Files that were read.
    notes
        What a reader had to say: frames that were filled, a field that was moved.
    """

    crs: str
    grid: Grid
    time: npt.NDArray[np.int64]
    step_s: int
    rate: npt.NDArray[np.float32]
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


def open_rain(
    path: str | Path,
    *,
    crs: str | None = None,
    fill: Literal["linear"] | None = None,
    place_rain_at: tuple[float, float] | None = None,
    place_crs: str | None = None,
) -> RainField:
    """Read frames of rain.

    Parameters
    ----------
    path
        A folder of radar pictures (``.gif`` of MeteoSwiss) or of ODIM files (``.h5``), one such file, or a cube in
        NetCDF or Zarr.
    crs
        Of files that name none; for pictures, ``EPSG:21781`` by default.
    fill
        ``"linear"`` fills missing frames between their neighbours; without it they are an error.
    place_rain_at, place_crs
        Move the field: its middle goes to this place in this CRS, cells keep their size and north. A note says so.

    Raises
    ------
    InputError
        If nothing can be read, frames are missing, unevenly spaced or twice there, rain is negative or infinite, or
        the CRS is missing or no plane of metres.
    """
    path = Path(path)
    found = _read(path, crs)
    if is_geographic(found.crs):
        raise InputError(
            f"the rain's cells are degrees ({found.crs})", file=path, way_out="regrid it to a plane of metres"
        )
    wrong = np.isinf(found.rate) | (found.rate < 0.0)
    if wrong.any():
        frame, row, column = (int(at) for at in np.argwhere(wrong)[0])
        raise InputError(
            f"rain is {found.rate[frame, row, column]:g} mm/h at {show_time(int(found.time[frame]), 'UTC')}, "
            f"row {row}, column {column}",
            file=path,
            way_out="give finite rates from 0 up, and NaN where nothing is known",
        )
    if (found.rate > HARDEST_MM_H).any():
        frame, row, column = (int(at) for at in np.argwhere(found.rate > HARDEST_MM_H)[0])
        raise InputError(
            f"rain is {found.rate[frame, row, column]:g} mm/h at {show_time(int(found.time[frame]), 'UTC')}, "
            f"row {row}, column {column}, and no rain falls harder than {HARDEST_MM_H:g} mm/h",
            file=path,
            way_out="look at the unit that the file names",
        )
    found = order_frames(found, fill=fill, file=path)
    if place_rain_at is None:
        return found
    return _move(found, place_rain_at, place_crs or found.crs)


def _read(path: Path, crs: str | None) -> RainField:
    if not path.exists():
        raise InputError("there is no such file or folder", file=path, way_out="check the path")
    if path.suffix in _CUBE:
        from .formats.rain_cubes import read_rain_cube

        return read_rain_cube(path, crs=crs)
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    kinds = {file.suffix.lower() for file in files}
    for suffixes in (_GIF, _ODIM):
        chosen = [file for file in files if file.suffix.lower() in suffixes]
        if not chosen:
            continue
        if suffixes is _GIF:
            from .formats.radar_gif import read_radar_gif

            return read_radar_gif(chosen, crs=crs)
        from .formats.radar_odim import read_radar_odim

        return read_radar_odim(chosen, crs=crs)
    raise InputError(
        f"no rain is read from {', '.join(sorted(kinds)) or 'an empty folder'}",
        file=path,
        way_out="give a folder of .gif or .h5 frames, or a cube .nc or .zarr",
    )


def order_frames(rain: RainField, *, fill: Literal["linear"] | None, file: str | Path | None = None) -> RainField:
    """Put frames in the order of time, and refuse or fill gaps.

    Parameters
    ----------
    rain
        Frames in any order; ``step_s`` is not looked at.
    fill
        ``"linear"`` to fill missing frames.

    Returns
    -------
    RainField
        Even in time; the step is the least between two frames.

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
        raise InputError("there is one frame", file=file, way_out="give at least two: their distance is the step")
    apart, times_seen = np.unique(steps, return_counts=True)
    step = int(apart[0])
    if (steps % step).any():
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
    note = (
        f"The rain was moved: it fell over {grid} in {rain.crs}, and is taken here as if its middle lay at "
        f"{x:g}, {y:g} in {crs}."
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
