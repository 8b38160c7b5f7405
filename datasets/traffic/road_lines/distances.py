"""Lengths that a table of road lines states, against those measured along its lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..roads.units import METRES
from .columns import RoadColumns

__all__ = ["read_distances"]

_SPELLINGS = {
    "m": "m", "metre": "m", "metres": "m", "meter": "m", "meters": "m", "米": "m", "km": "km", "公里": "km",
    "千米": "km", "mi": "mile", "mile": "mile", "miles": "mile", "ft": "ft", "feet": "ft", "foot": "ft",
}  # fmt: skip
_SHORT_M = 20.0  # below it a rounded length says nothing of its unit
_NEAR = 0.03
_ENOUGH = 0.9  # of the lines that must agree


def read_distances(
    held: RoadColumns, rows: list[int], measured_m: npt.NDArray[np.float64], declared: str | None
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """By what factor the length of each line differs from the measured one.

    A column of lengths whose unit is stated is used. One whose unit is not stated must agree with the lines in some
    unit, and then says nothing new.

    Parameters
    ----------
    held, rows
        The columns, and the row of each line.
    measured_m : (line,) array
    declared
        ``length_unit``.

    Returns
    -------
    factor : (line,) array
    notes : tuple of str

    Raises
    ------
    InputError
        If the unit is unknown or contradicts the heading, or lengths without a unit agree with the lines in none.
    """
    file, factor = held.found.file, np.ones(len(rows))
    line = None if held.found.line is None else 1
    if declared is not None and declared not in METRES:
        raise InputError(f"length_unit is {declared!r}", file=file, way_out=f"choose one of {', '.join(METRES)}")
    if declared is not None and "length" not in held:
        raise InputError(
            f"length_unit={declared} is declared, and the table has no lengths",
            file=file,
            way_out="omit length_unit, for lengths are measured along the lines; or name the column length",
        )
    if "length" not in held:
        return factor, ()
    column = held.by["length"]
    ending = column.known.rpartition("_")[2] if "_" in column.known else ""
    unit = column.unit or ending or None
    if unit is not None and unit.strip().lower() not in _SPELLINGS:
        raise InputError(
            f"heading {column.heading!r} names the unit {unit!r}, which is no unit of length read here",
            file=file, line=line, way_out=f"write one of {', '.join(METRES)}",
        )  # fmt: skip
    stated = None if unit is None else _SPELLINGS[unit.strip().lower()]
    if stated is not None and declared is not None and stated != declared:
        raise InputError(
            f"heading {column.heading!r} says {stated}, but length_unit is {declared}",
            file=file, line=line, way_out="omit length_unit, or correct the heading",
        )  # fmt: skip
    given = np.full(len(rows), np.nan)
    for k, row in enumerate(rows):
        text = held.cell("length", row)
        if text.lower() in ("", "nan", "none", "null"):
            continue
        try:
            given[k] = float(text)
        except ValueError:
            given[k] = np.inf
        if not 0.0 <= given[k] < np.inf:
            raise held.found.error(row, f"{column.heading} is {text!r}", "give a number >= 0, or leave the cell empty")
    checked = (given > 0.0) & (measured_m > _SHORT_M)
    ratio = given[checked] / measured_m[checked]
    unit = stated or declared
    if unit is None:
        for metres in METRES.values():
            if not ratio.size or (np.abs(ratio * metres - 1.0) <= _NEAR).mean() >= _ENOUGH:
                return factor, (f"{file.name}: {column.heading} is not read: lengths are measured along the lines.",)
        raise InputError(
            f"column {column.heading!r} differs from the lengths of the lines (its median is {np.median(ratio):.4g} "
            "times their metres)",
            file=file,
            line=line,
            way_out="declare length_unit (m, km, mile, ft) to take the column's lengths, or remove the column to "
            "measure along the lines",
        )
    known = given > 0.0
    factor[known] = given[known] * METRES[unit] / measured_m[known]
    off = (np.abs(np.log(factor[checked])) > np.log(2.0)).mean() if checked.any() else 0.0
    if off > 1.0 - _ENOUGH:
        raise InputError(
            f"column {column.heading!r} in {unit} is {np.median(factor[checked]):.4g} times the length of the lines",
            file=file,
            line=line,
            way_out="check its unit and the CRS of the lines, or remove the column to measure along the lines",
        )
    return factor, (f"{file.name}: lengths are those of {column.heading} [{unit}].",)
