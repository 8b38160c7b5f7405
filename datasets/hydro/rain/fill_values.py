"""Fill values in files of rain: declared ones, numbers out of range, and repeated nines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.missing import Missing

__all__ = ["mask_missing", "mask_packed"]

Floats = npt.NDArray[np.float64]
# What files write for "not known": above any rain, below any, or among what may be rain.
_HIGH = (999.0, 999.9, 999.99, 9999.0, 9999.9, 9999.99, 99999.0, 99999.9, 32766.0, 32767.0, 65535.0, 999999.0,
         1e20, 1e30, 1e36, 9.969209968386869e36)  # fmt: skip
_LOW = (-1.0, -9.0, -9.9, -99.0, -99.9, -999.0, -999.9, -9999.0, -9999.9, -99999.0, -32767.0, -32768.0)
_AMONG = (99.0, 99.9, 99.99, 255.0)
# Of packed numbers before they are unpacked: the last ones of their types, and what may be rain.
_PACKED_HIGH, _PACKED_AMONG = (32766.0, 32767.0, 65535.0, 2147483647.0), (255.0, 9999.0)
_MANY = 1e-3  # share of the cells


def mask_missing(values: Floats, missing: Missing | None, *, what: str, file: str | Path | None = None) -> Floats:
    """Mark declared fill values as NaN, and refuse numbers that look like undeclared ones.

    Parameters
    ----------
    values
        A frame in the file's own unit, NaN where the file says so.
    missing
        The codes that were declared for no value, or the statement that every number is a value.
    what, file
        For the error.

    Raises
    ------
    InputError
        If a cell holds one of the numbers that files use for no value (999.9, 9999, -9999, ...), as the
        highest or lowest of the frame; of 99.9 and 255, which may be rain, if many do and nothing comes near.

    Examples
    --------
    >>> mask_missing(np.array([[1.0, 999.9]]), Missing(("999.9",)), what="rain").tolist()
    [[1.0, nan]]
    """
    missing = missing or Missing()
    for number in missing.numbers:
        values = np.where(np.isclose(values, number, rtol=1e-6, atol=0.0), np.nan, values)
    _question(values, missing, ((_HIGH, 1), (_AMONG, 10)), _LOW, what, file)
    return values


def mask_packed(
    values: Floats, missing: Missing | None, scale: float, offset: float, *, what: str, file: str | Path | None = None
) -> Floats:
    """Do the same with numbers as a file has packed them: ``values = offset + scale * packed``.

    Examples
    --------
    >>> mask_packed(np.array([[1.0, 655.35]]), Missing(("65535",)), 0.01, 0.0, what="rain").tolist()
    [[1.0, nan]]
    """
    missing = missing or Missing()
    packed = np.round((values - offset) / scale)
    for number in missing.numbers:
        values = np.where(packed == number, np.nan, values)
    packed = np.where(np.isfinite(values), packed, np.nan)
    _question(packed, missing, ((_PACKED_HIGH, 1), (_PACKED_AMONG, 10)), (), f"{what}, packed,", file)
    return values


def _question(
    values: Floats, missing: Missing, high_marks: Sequence[tuple[Sequence[float], int]], low_marks: Sequence[float],
    what: str, file: str | Path | None,
) -> None:  # fmt: skip
    seen = values[np.isfinite(values)]
    if missing.all_values or not seen.size:
        return
    high, low = float(seen.max()), float(seen.min())
    asked = [(high, marks, least if least == 1 else max(least, int(_MANY * seen.size))) for marks, least in high_marks]
    for mark, marks, least in (*asked, (low, low_marks, 1)):
        if not np.isclose(mark, marks, rtol=1e-6, atol=0.0).any():
            continue
        held = np.isclose(seen, mark, rtol=1e-6, atol=0.0)
        beside = np.abs(seen[~held]).max(initial=0.0)
        if held.sum() >= least and (mark < 0.0 or beside < 0.5 * mark):
            raise InputError(
                f"{what} is {mark:.7g} in {int(held.sum()):,} of {seen.size:,} cells, a usual code for no "
                "value, but the file does not declare it",
                file=file,
                way_out=f"if it means no value, declare it: --set missing={mark:.7g}; if every number is a value: "
                "--set missing=none",
            )
