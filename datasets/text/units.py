"""Units as UDUNITS reads them, converted at the door; a depth where a rate is wanted is refused by name.

References
----------
.. [1] UDUNITS 2, https://docs.unidata.ucar.edu/udunits/current/
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["AmbiguousUnitError", "agree_units", "convert_units", "find_interval", "parse_units"]

Floats = npt.NDArray[np.float64]

# Spellings of tables that UDUNITS does not know; the longer first, for one may hold another.
_SPELLINGS = {
    "立方米": "m3", "平方公里": "km2", "平方米": "m2", "毫米": "mm", "厘米": "cm", "分米": "dm", "千米": "km",
    "公里": "km", "米": "m", "小时": "h", "时": "h", "分钟": "min", "分": "min", "秒": "s", "天": "d", "日": "d",
    "摄氏度": "degC", "千克": "kg", "公斤": "kg", "每": "/", "·": " ", "*": " ", "辆": "count",
}  # fmt: skip
_VEHICLES = re.compile(r"\b(veh|vehicles?|pcu|cars?)\b", re.IGNORECASE)
_STEP = re.compile(r"(?:/|\bper\b)\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)")  # UDUNITS reads mm/10min as (mm/10) x min
_PER_STEP = re.compile(r"(?<![^\s*])(\d+(?:\.\d+)?)([A-Za-z]+)\s*(?:\^|\*\*)?\s*-1\b")  # and mm 10min-1 as 10 mm min-1
_NUMBER_INSIDE = re.compile(
    r"(?<=[\s/])[+-]?\d|(?<=[A-Za-z]\.)\d|(?<=-\d\.)\d"
)  # mm 10 min-1 may be 10 mm min-1 or mm in 10 min
_MILLIONS = re.compile(r"(?<![a-z])mm\^?3(?!\d)", re.IGNORECASE)  # Mm3 are millions of m3 in tables of reservoirs
_NAMED = {
    "cumec": "m3 s-1", "cumecs": "m3 s-1", "cms": "m3 s-1", "cfs": "ft3 s-1", "cusec": "ft3 s-1", "cusecs": "ft3 s-1",
    "mins": "min", "hr": "h", "hrs": "h", "secs": "s",
}  # fmt: skip
_PLURALS = re.compile(r"(?<![A-Za-z])(?:mins|hrs|secs)(?![A-Za-z])", re.IGNORECASE)
_WATER = "1000 kg m-3"  # a column of 1 mm on 1 m2 weighs 1 kg


class AmbiguousUnitError(ValueError):
    """A unit that can be read in two ways, such as ``mm 10 min-1`` or ``Mm3``."""


def parse_units(text: str) -> Any:
    """Parse a UDUNITS text, or a spelling of Chinese tables.

    Returns
    -------
    cf_units.Unit

    Raises
    ------
    ValueError
        If it is not a unit; an :class:`AmbiguousUnitError` if it has a number that makes it ambiguous:
        ``mm 10 min-1``.

    Examples
    --------
    >>> parse_units("毫米/小时") == parse_units("mm h-1"), parse_units("mm/10min") == parse_units("mm (10 min)-1")
    (True, True)
    """
    plain = _normalise(text)
    if _NUMBER_INSIDE.search(plain) or _MILLIONS.search(plain):
        raise AmbiguousUnitError(f"{text!r} is ambiguous as a unit")
    unit = _parse(plain)
    if unit.is_unknown() or unit.is_no_unit() or not plain:
        raise ValueError(f"{text!r} is not a unit")
    return unit


def _normalise(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.replace("³", "3").replace("²", "2")).replace("\u2212", "-").strip()
    plain = _NAMED.get(plain.lower(), plain)
    plain = _PLURALS.sub(lambda found: _NAMED[found[0].lower()], plain).replace("**", "^")  # ECMWF writes powers so
    for spelling in sorted(_SPELLINGS, key=len, reverse=True):
        plain = plain.replace(spelling, _SPELLINGS[spelling])
    return _PER_STEP.sub(r"(\1 \2)-1", _STEP.sub(r"/(\1 \2)", _VEHICLES.sub("count", plain)))


def find_interval(text: str) -> float | None:
    """Tell over how many seconds a unit says that something was gathered; None if it says no number.

    Examples
    --------
    >>> find_interval("mm/10min"), find_interval("mm (5 min)-1"), find_interval("mm/h")
    (600.0, 300.0, None)
    """
    found = re.search(r"/\s*\((\d+(?:\.\d+)?) ?([A-Za-z]+)\)|\((\d+(?:\.\d+)?) ?([A-Za-z]+)\)\^?-1", _normalise(text))
    if found is None:
        return None
    number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
    length = _parse(unit)
    return float(number) * float(length.convert(1.0, "s")) if length.is_convertible("s") else None


@lru_cache
def _parse(plain: str) -> Any:
    import cf_units

    return cf_units.Unit(plain)


def convert_units(
    values: npt.ArrayLike,
    given: str | None,
    wanted: str,
    *,
    what: str,
    file: str | Path | None = None,
    line: int | None = None,
    interval_s: float | None = None,
) -> Floats:
    """Convert values to the unit that is kept.

    Parameters
    ----------
    values
        In ``given``; never changed.
    given, wanted
        UDUNITS texts.
    what
        Name of the quantity, for the error.
    file, line
        For the error.
    interval_s
        Over which a depth was gathered, where a rate is wanted [s].

    Returns
    -------
    array of float
        The very numbers where the units are the same. Of water 1 kg m-2 is 1 mm, and 1 kg m-2 s-1 is 1 mm s-1.

    Raises
    ------
    InputError
        If no unit is given, it is none, it does not measure what is wanted, or a depth is given where a rate is wanted
        and nobody says over which interval.

    Examples
    --------
    >>> convert_units([1.0, 2.5], "in/h", "mm h-1", what="rain rate").tolist()
    [25.4, 63.5]
    >>> convert_units([0.5], "mm", "mm h-1", what="rain rate", interval_s=600.0).tolist()
    [3.0]
    """
    numbers = np.array(values, np.float64)
    if given is None or not given.strip():
        raise InputError(
            f"{what} must have a unit",
            file=file,
            line=line,
            way_out=f"write it in the heading, such as {what} ({wanted}), or declare units",
        )
    want = parse_units(wanted)
    try:
        have = parse_units(given)
    except AmbiguousUnitError:
        raise InputError(
            f"{what} has the unit {given!r}, which is ambiguous",
            file=file,
            line=line,
            way_out="write hm3 for millions of cubic metres, 1e-9 m3 for cubic millimetres"
            if _MILLIONS.search(_normalise(given))
            else "put a number and its unit in brackets, such as mm/(10 min) for the rain of ten minutes",
        ) from None
    except ValueError:
        raise InputError(
            f"{what} has the unit {given!r}, which is unknown", file=file, line=line, way_out=f"write it as {wanted!r}"
        ) from None
    if not have.is_convertible(want):
        have = _read_as_water(have, want)
    is_depth = have.is_convertible(want * parse_units("s"))
    if interval_s is not None:
        if not 0.0 < interval_s < np.inf:
            raise InputError(f"interval_s must be above 0 s, got {interval_s:g}", file=file)
        if not is_depth:
            raise InputError(
                f"{what} is in {given!r}, which is not a sum over an interval, but interval_s is declared",
                file=file,
                line=line,
                way_out="omit interval_s, or give the sum of each interval",
            )
        have = have / (parse_units("s") * interval_s)
    elif is_depth:
        raise InputError(
            f"{what} is in {given!r}, a sum over an interval, but a rate such as {wanted!r} is needed",
            file=file,
            line=line,
            way_out=f"name the interval: write {given}/h or {given}/(10 min), or declare "
            "interval_s, such as --declare readings.interval_s=3600",
        )
    if not have.is_convertible(want):
        raise InputError(
            f"{what} is in {given!r}, which cannot be converted to {wanted!r}",
            file=file,
            line=line,
            way_out=f"give a unit that can, such as {wanted!r}",
        )
    return _scale(numbers, have, want)


def agree_units(
    heading: str, held: str | None, declared: str | None, *, file: str | Path | None = None, way: str = "declaration"
) -> str | None:
    """Return the unit that a heading holds or that is declared; refuse two that differ.

    Raises
    ------
    InputError
        If both are given and do not mean the same.

    Examples
    --------
    >>> agree_units("rain (mm/h)", "mm/h", "mm h-1"), agree_units("rain", None, "mm h-1")
    ('mm/h', 'mm h-1')
    """
    if held is None or declared is None:
        return held or declared
    try:
        same = parse_units(held) == parse_units(declared)
    except ValueError:
        same = held.strip() == declared.strip()
    if not same:
        raise InputError(
            f"heading {heading!r} has {held!r}, but {declared!r} is declared",
            file=file,
            line=1,
            way_out=f"omit the {way}, or correct the heading",
        )
    return held


def _read_as_water(have: Any, want: Any) -> Any:
    """A mass of water on an area as its depth, or the other way round, if that helps."""
    for other in (have / parse_units(_WATER), have * parse_units(_WATER)):
        if other.is_convertible(want) or other.is_convertible(want * parse_units("s")):
            return other
    return have


def _scale(numbers: Floats, have: Any, want: Any) -> Floats:
    """Convert by a ratio of small whole numbers where there is one: 0.1 mm min-1 is 6 mm h-1, to the last digit."""
    if have == want:
        return numbers
    if have.convert(0.0, want) == 0.0:
        factor = float(have.convert(1.0, want))
        ratio = Fraction(factor).limit_denominator(10**6)
        if ratio and abs(float(ratio) / factor - 1.0) < 1e-13:
            return numbers * float(ratio.numerator) / float(ratio.denominator)
    return np.asarray(have.convert(numbers, want), np.float64)
