"""Axes of a file of rain: times as seconds, x and y as edges of square cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...text.units import convert_units
from .parts import NO_BOUNDS

__all__ = ["Axis", "make_grid", "read_axis", "read_cube_times"]

LongInts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_OFF = 1e-3  # of a cell that a middle may lie beside its place, and rows and columns may drift apart over the raster


class Axis(NamedTuple):
    """Middles of cells, the length of one where bounds say it (else NaN), and how far rounding may move a middle."""

    middle: Floats
    length: float
    rounding: float


def read_cube_times(opened: Any, name: str, path: Path) -> tuple[LongInts | None, LongInts, list[str]]:
    """Starts (None without bounds) and ends of the frames, and what is to be said of them.

    Raises
    ------
    InputError
        If the unit is not one of time, the calendar is unknown, times are not whole seconds, or bounds end before
        they start.
    """
    held = opened[name].attrs
    units, calendar = str(held.get("units", "")), str(held.get("calendar", "standard")).lower()
    if " since " not in units or calendar not in _CALENDARS:
        said = f"is in {units!r}" if " since " not in units else f"follows the calendar {calendar}"
        raise InputError(
            f"{name} {said}", file=path, way_out="give units such as 'seconds since 1970-01-01', in a standard calendar"
        )
    if (bounds := held.get("bounds")) in opened.variables:
        between, own = np.asarray(opened[bounds].values).reshape(-1, 2), opened[bounds].attrs
        units, calendar = str(own.get("units", units)), str(own.get("calendar", calendar)).lower()  # xarray writes some
        start, end = (_count_seconds(between[:, side], units, calendar, path) for side in (0, 1))
        if (end <= start).any():
            raise InputError(
                f"{bounds} must end after they start", file=path, way_out="give start and end of each frame"
            )
        return start, end, []
    ends = np.asarray(opened[name].values).ravel()
    return None, _count_seconds(ends, units, calendar, path), [NO_BOUNDS.format(name)]


def _count_seconds(values: npt.NDArray[Any], units: str, calendar: str, path: Path) -> LongInts:
    import cf_units

    if not np.isfinite(values.astype(np.float64)).all():
        raise InputError("every frame must have a time, one is missing", file=path, way_out="add it")

    def to_seconds(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        to = cf_units.Unit("seconds since 1970-01-01 00:00:00", calendar=calendar)
        return np.asarray(cf_units.Unit(units, calendar=calendar).convert(numbers, to))

    try:
        seconds = to_seconds(values.astype(np.float64))
    except ValueError:
        raise InputError(f"the times are in {units!r}", file=path, way_out="write 'seconds since 1970-01-01'") from None
    if values.dtype.kind == "f" and values.size:
        beside = to_seconds(np.nextafter(values, np.inf, dtype=values.dtype).astype(np.float64))
        if (apart := float(np.abs(beside - seconds).max())) > 0.5:
            raise InputError(
                f"the times are {values.dtype.name} numbers of {units!r}, which keep them to {apart:g} s only",
                file=path,
                way_out="write them as int64 or float64",
            )
    whole = np.round(seconds)
    if not (np.abs(seconds - whole) < 0.1).all():
        raise InputError("times must be whole seconds", file=path, way_out="give them in seconds, or as float64")
    return np.asarray(whole, np.int64)


def read_axis(opened: Any, axis: Any, unit: str | None, path: Path) -> Axis:
    """Middles of the cells along an axis, in metres if ``unit`` says so; bounds, which hold the edges, win over them.

    Raises
    ------
    InputError
        If the unit is none of length, or bounds leave gaps or overlap.
    """
    values = np.asarray(axis.values)
    rounding = 2.0 * float(np.spacing(np.abs(values).max())) if values.dtype.kind == "f" and values.size else 0.0
    middle, length = values.astype(np.float64), np.nan
    bounds = axis.attrs.get("bounds")
    if bounds in opened.variables and opened[bounds].shape == (middle.size, 2):
        edges = np.sort(np.asarray(opened[bounds].values, np.float64), axis=1)
        upward = edges[np.argsort(edges[:, 0])]
        length = float((upward[-1, 1] - upward[0, 0]) / middle.size)
        if not (np.abs(upward[1:, 0] - upward[:-1, 1]) <= _OFF * length + rounding).all():
            raise InputError(
                f"{bounds} must neither overlap nor leave gaps",
                file=path,
                way_out="give bounds of cells that lie side by side",
            )
        middle = edges.mean(axis=1)
    held = str(axis.attrs.get("units", ""))
    if unit is None or not held or held == "1":
        return Axis(middle, length, rounding)
    middle, (length, rounding) = (
        convert_units(numbers, held, unit, what=str(axis.name), file=path)
        for numbers in (middle, np.array([length, rounding]))
    )
    return Axis(middle, float(length), float(rounding))


def make_grid(x: Axis, y: Axis, path: Path) -> tuple[Grid, int, int]:
    """The grid, and the order (1 or -1) in which rows and columns run from south and west.

    Raises
    ------
    InputError
        If middles are not evenly spaced, or cells are no squares: over the whole raster rows and columns may drift
        apart by a thousandth of a cell, and what the numbers' own rounding makes.
    """
    spans = [_measure(axis) for axis in (x, y)]
    known = [span for span in spans if np.isfinite(span)]
    cell = known[0] if known else np.nan
    n = max(x.middle.size, y.middle.size)
    slack = 2.0 * max(x.rounding, y.rounding)
    is_even = all(_is_even(axis, span, slack) for axis, span in zip((x, y), spans, strict=True))
    is_square = len(known) < 2 or abs(known[0] - known[1]) * n <= _OFF * cell + 2.0 * slack
    if not (cell > 0.0 and is_even and is_square):
        lengths = np.concatenate([np.abs(np.diff(axis.middle)) for axis in (x, y)])
        raise InputError(
            "the cells must be squares of one size"
            + ("" if not lengths.size else f" (from {lengths.min():.9g} to {lengths.max():.9g})"),
            file=path,
            way_out="resample the rain to square cells, at least two of them",
        )
    cell = round(float(np.mean(known)), 9)
    flip_x, flip_y = (-1 if axis.middle[-1] < axis.middle[0] else 1 for axis in (x, y))
    west, south = (round(float(axis.middle.min()) - 0.5 * cell, 6) for axis in (x, y))
    return Grid(west, south, cell, y.middle.size, x.middle.size), flip_y, flip_x


def _measure(axis: Axis) -> float:
    """Length of a cell; NaN where one alone does not say it."""
    if axis.middle.size < 2:
        return axis.length
    return float(abs(axis.middle[-1] - axis.middle[0]) / (axis.middle.size - 1))


def _is_even(axis: Axis, length: float, slack: float) -> bool:
    middle = axis.middle
    if middle.size < 2:
        return True
    places = np.linspace(middle[0], middle[-1], middle.size)
    return bool((np.abs(middle - places) <= 2.0 * _OFF * length + slack).all()) and length > 0.0
