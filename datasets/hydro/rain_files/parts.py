"""What each file of rain in frames gives, and how many of them become one field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...place.crs_titles import title_crs
from ...text.times import read_times
from ...text.units import convert_units, parse_units
from ..rain.field import RainField
from ..rain.intervals import settle_intervals

__all__ = ["RainPart", "agree_units", "convert_rain", "join_parts", "read_stamp"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]
# 202309071205, 20230907_120500, 2023-09-07T12-05Z
_STAMP = re.compile(
    r"(?<!\d)((?:19|20)\d{2})([-_.]?)(\d{2})\2(\d{2})[T_\-. ]?(\d{2})([-_.:h]?)(\d{2})(?:(?:\6|m)(\d{2})"
    r"(?![A-Ya-z]))?(Z)?(?!\d)"
)
NO_BOUNDS = "The times are taken as the ends of the frames, for {} has no bounds."


@dataclass(frozen=True)
class RainPart:
    """Frames of one file; ``start`` is None where it does not say how long they are."""

    crs: str
    grid: Grid
    start: LongInts | None
    end: LongInts
    rate: npt.NDArray[np.float32]
    notes: tuple[str, ...] = ()


def join_parts(files: Sequence[Path], parts: Sequence[RainPart]) -> RainField:
    """Join the frames of files on one grid, in the order of the files.

    Raises
    ------
    InputError
        If grids or CRS differ, only some files say how long frames are, or :func:`~..rain.intervals.settle_intervals`
        refuses them.
    """
    first = parts[0]
    for file, part in zip(files, parts, strict=True):
        for what, mine, others in (
            ("grid", part.grid, first.grid),
            ("CRS", title_crs(part.crs), title_crs(first.crs)),
            ("time", *("without bounds" if of.start is None else "with bounds" for of in (part, first))),
        ):
            if mine != others or (what == "CRS" and part.crs != first.crs):
                raise InputError(
                    f"the {what} is {mine}, in {Path(files[0]).name} it is {others}",
                    file=file,
                    way_out="give frames of one product",
                )
    end = np.concatenate([part.end for part in parts])
    rate = first.rate if len(parts) == 1 else np.concatenate([part.rate for part in parts])
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    step = 0
    if first.start is not None:
        start, rate, more = settle_intervals(
            np.concatenate([part.start for part in parts if part.start is not None]), end, rate, file=files[0]
        )
        notes, step = (*notes, *more), int(end[0] - start[0])
    return RainField(first.crs, first.grid, end, step, rate, tuple(files), notes)


def read_stamp(file: Path, time_zone: str | None) -> int:
    """Read the time in the name of a file [s since 1970-01-01 00:00 UTC].

    Raises
    ------
    InputError
        If there is none or more than one, or neither the name nor ``time_zone`` says of which zone it is.

    Examples
    --------
    >>> read_stamp(Path("rain_202309071205.tif"), "UTC"), read_stamp(Path("20230907T120500Z.nc"), None)
    (1694088300, 1694088300)
    """
    found = list(_STAMP.finditer(file.stem))
    if len(found) != 1:
        raise InputError(
            "the file has no time, and its name has " + ("none" if not found else f"{len(found)}"),
            file=file,
            way_out="write when the frame ends into its name, such as rain_202309071205.tif, or into a coordinate time",
        )
    year, _, month, day, hour, _, minute, second, zulu = found[0].groups()
    if zulu is None and time_zone is None:
        raise InputError(
            f"the time {found[0][0]} in the file's name has no time zone",
            file=file,
            way_out="declare it, such as --set time_zone=UTC or Asia/Shanghai",
        )
    text = f"{year}-{month}-{day} {hour}:{minute}:{second or '00'}{zulu or ''}"
    return int(read_times([text], time_zone=time_zone, file=file)[0])


def agree_units(held: str | None, declared: str | None, *, file: Path) -> str | None:
    """The unit that a file names or, where it names none, the one declared.

    Raises
    ------
    InputError
        If the two differ.
    """
    if held is None or not held.strip() or declared is None:
        return declared if held is None or not held.strip() else held
    try:
        same = parse_units(held) == parse_units(declared)
    except ValueError:
        same = False
    if not same:
        raise InputError(
            f"the file names the unit {held!r}, but rain_units={declared!r} is declared",
            file=file,
            way_out="omit rain_units, or correct the file",
        )
    return held


def convert_rain(values: Floats, units: str | None, interval_s: float | None, name: str, path: Path) -> Floats:
    """Rates [mm h-1] of numbers in any unit of rain; a sum needs its interval.

    Raises
    ------
    InputError
        If the unit is missing or none of rain, or a sum has no interval.
    """
    if units is None:
        raise InputError(
            f"{name} must have a unit, the file names none",
            file=path,
            way_out="declare it, such as --set rain_units='mm h-1', or write it into the file",
        )
    is_sum = _is_sum(units)
    if is_sum and interval_s is None:
        raise InputError(
            f"{name} is in {units!r}, a sum over an interval that the file does not give",
            file=path,
            way_out="give time bounds, or write the unit as a rate such as 'mm h-1' or 'mm (5 min)-1'",
        )
    if units.strip().lower() == "dbz":
        raise InputError(
            f"{name} is reflectivity in {units}", file=path, way_out="give rain, or ODIM composites: these become rain"
        )
    return convert_units(values, units, "mm h-1", what=name, file=path, interval_s=interval_s if is_sum else None)


def _is_sum(units: str) -> bool:
    try:
        have = parse_units(units)
    except ValueError:
        return False
    return any(have.is_convertible(parse_units(of)) for of in ("mm", "kg m-2"))
