"""Rain in frames: rates on a grid, one after another, as radars and merged products give them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...text.times import show_time

__all__ = ["HARDEST_MM_H", "RainField", "cap_rain", "name_cell", "order_frames", "refuse_no_overlap"]


HARDEST_MM_H = 2000.0  # 31.2 mm in a minute (Unionville 1956) are the most ever measured
CAP_MM_H = 75.0  # 53 dBZ by Marshall and Palmer: hail and clutter reflect more than rain does
MANY_ABOVE = 1e-3  # share of the seen cells that no rain can explain: then the unit is wrong
_LISTED = 3  # frames that an error names


@dataclass(frozen=True)
class RainField:
    """Rain rates on square cells.

    Attributes
    ----------
    crs
        The CRS of the grid; in metres, except in what a reader of files returns.
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
        Rate above which reflectivity is not rain, where the frames were made from it.
    """

    crs: str
    grid: Grid
    time: npt.NDArray[np.int64]
    step_s: int
    rate: npt.NDArray[np.float32]
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    cap_mm_h: float | None = None


def name_cell(rain: RainField, wrong: npt.NDArray[np.bool_]) -> str:
    """Describe the first of some cells: its rate, when and where."""
    frame, row, column = (int(at) for at in np.argwhere(wrong)[0])
    when = show_time(int(rain.time[frame]), "UTC")
    return f"{rain.rate[frame, row, column]:g} mm/h at {when}, row {row}, column {column}"


def cap_rain(rain: RainField, cap_mm_h: float | None = None, *, file: str | Path | None = None) -> RainField:
    """Cap rates that are not rain, and refuse a field that has many of them.

    Parameters
    ----------
    rain
        Frames.
    cap_mm_h
        The highest rate; if omitted, that of 53 dBZ for rain made from reflectivity, else 75 mm/h.

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
        raise InputError(
            f"rain_cap_mm_h must be above 0 and at most {HARDEST_MM_H:g}, got {cap_mm_h:g}",
            way_out="give a rate in mm/h, or omit it",
        )
    n_seen = int(np.isfinite(rain.rate).sum())
    impossible = rain.rate > HARDEST_MM_H
    n_impossible = int(impossible.sum())
    if n_impossible > MANY_ABOVE * n_seen:
        raise InputError(
            f"rain is {name_cell(rain, impossible)}, and no rain falls harder than {HARDEST_MM_H:g} mm/h "
            f"({n_impossible:,} of {n_seen:,} cells lie above it)",
            file=file,
            way_out="check the unit in the file",
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
        If a time is not unique, frames are missing and not filled, or the others are not whole steps apart.

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
        raise InputError(
            f"each frame must end at its own time, but two end at {twice}", file=file, way_out="keep one of them"
        )
    if len(time) < 2:
        if rain.step_s > 0:  # it says how long it is
            return rain
        raise InputError(
            "there must be at least two frames, got one",
            file=file,
            way_out="give at least two: the time between them is the step",
        )
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
            f"frames must be evenly spaced: {show_time(int(time[at]), 'UTC')} is followed by one {int(steps[at])} s "
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
                way_out="give them, or fill them between their neighbours: --set fill=linear",
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
        way_out="give rain over the terrain, or move its middle there: --set place_rain_at=X,Y",
    )
