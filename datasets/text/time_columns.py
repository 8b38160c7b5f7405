"""Columns of times: dates in the zone that a heading names, or counted in its unit from a start."""

from __future__ import annotations

import re
from datetime import tzinfo

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .headings import match_heading, split_heading
from .tables import Table
from .times import find_zone, read_times, show_time
from .units import convert_units, parse_units

__all__ = ["TIMES", "find_time_column", "read_dates", "read_time_column"]

Floats = npt.NDArray[np.float64]

TIMES = (
    "time", "datetime", "date_time", "date time", "timestamp", "tm", "elapsed time", "elapsed_time",
    "时间", "日期时间", "时刻", "观测时间", "数据时间",
)  # fmt: skip
_FORMAT = re.compile(r"(?=.*(?:yy|年))[ymdhst年月日时分秒:/\-.\s]+")  # yyyy-mm-dd hh:mm: of what shape the dates are
_START = ("start", "the start", "start of run", "start of the run", "begin", "beginning", "开始")
_LONG_NUMBER = 8  # digits of a date that is written as one number


def find_time_column(table: Table) -> str | None:
    """Return the column of times; None if there is none.

    Raises
    ------
    InputError
        If there are several.
    """
    found = [column for column in table.columns if _split(column) is not None]
    if len(found) > 1:
        raise InputError(
            f"the table has {len(found)} columns of times: {', '.join(found)}",
            file=table.file,
            line=1,
            way_out="keep one of them",
        )
    return found[0] if found else None


def read_dates(table: Table, column: str, *, time_zone: str | None = None) -> npt.NDArray[np.int64]:
    """Read a column of dates [s since 1970-01-01 00:00 UTC].

    Raises
    ------
    InputError
        If it is not such a column, or its times cannot be read.
    """
    time_s, is_dated = read_time_column(table, column, time_zone=time_zone)
    if not is_dated:
        raise InputError(
            f"{column} counts from a start, but dates are needed",
            file=table.file,
            line=1,
            way_out="give dates in a column time, such as 2023-09-07T22:00+08:00",
        )
    return np.round(time_s).astype(np.int64)


def read_time_column(table: Table, column: str, *, time_zone: str | None = None) -> tuple[Floats, bool]:
    """Read a column of times.

    Parameters
    ----------
    table, column
        Its heading tells what it holds: ``time (min)`` counts from the start of a run, ``time (h since 2023-09-07
        20:00)`` from a date; ``time``, ``time (UTC)`` and ``time (yyyy-mm-dd hh:mm)`` are dates.
    time_zone
        Zone of dates where neither they nor the heading name one.

    Returns
    -------
    time_s : (row,) array
        Since 1970-01-01 00:00 UTC if dates, else since a start [s].
    is_dated : bool

    Raises
    ------
    InputError
        If the heading is not understood, contradicts ``time_zone``, or a time cannot be read.
    """
    said = _split(column) or ""
    unit, _, since = said.partition(" since ")
    if _is_time_unit(unit):
        counted = convert_units(table.numbers(column, least=None), unit, "s", what="time", file=table.file, line=1)
        if not since or since.strip() in _START:
            return counted, False
        since = re.sub(
            r"(?<!\d)(\d{4}([-/.])\d{1,2}\2\d{1,2})(?=$|\s*z$|\s*[+-]|\s+(?:utc|gmt))", r"\1 00:00", since.strip()
        )
        start = read_times([since], time_zone=time_zone, file=table.file, line=[1])  # a date alone is its midnight
        return counted + float(start[0]), True
    zone = find_zone(said, file=table.file) if said else None
    if zone is None and said and _FORMAT.fullmatch(said) is None and said not in ("local", "local time"):
        head, _, tail = said.rpartition(" ")
        zone = find_zone(tail, file=table.file) if _FORMAT.fullmatch(head) else None
        if zone is None:
            raise InputError(
                f"heading {column!r} says {said!r}, which is neither a unit of time nor a zone",
                file=table.file,
                line=1,
                way_out="write time (min) for minutes since the start, or time (UTC+8) for dates of that zone",
            )
    _refuse_bare_numbers(table, column)
    return _read_dates(table, column, zone, time_zone), True


def _split(column: str) -> str | None:
    """What a heading of times says beside that: a unit, a zone or nothing; None if it is not a heading of times."""
    is_known, unit = match_heading(column, TIMES)
    if is_known:
        return unit or ""
    stem, held = split_heading(column)
    for name in TIMES:
        ending = stem.removeprefix(name)
        if ending != stem and (ending[0] in "_ ,") and find_zone(ending[1:]) is not None:
            return ending[1:] if held is None or find_zone(held) is None else held
    if stem.removesuffix("time").strip(" _") in ("utc", "gmt"):
        return "utc"
    return "北京时间" if stem in ("北京时间", "北京时") else None


def _is_time_unit(text: str) -> bool:
    try:
        return bool(text) and bool(parse_units(text).is_convertible(parse_units("s")))
    except ValueError:
        return False


def _refuse_bare_numbers(table: Table, column: str) -> None:
    for row, cell in enumerate(table.columns[column]):
        plain = cell.strip()
        if re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", plain) and len(plain.partition(".")[0]) < _LONG_NUMBER:
            raise table.error(
                row,
                f"{column} is {plain}, a number, but the heading names no unit",
                "name the column time (s), time (min) or time (h), or give dates",
            )


def _read_dates(table: Table, column: str, zone: tzinfo | None, time_zone: str | None) -> Floats:
    cells = table.columns[column]
    if zone is None:
        return read_times(cells, time_zone=time_zone, file=table.file, line=table.line).astype(np.float64)
    time = read_times(cells, time_zone=zone, heading=column, file=table.file, line=table.line)
    if time_zone is not None:
        declared = read_times(cells, time_zone=time_zone, file=table.file, line=table.line)
        differs = np.flatnonzero(declared != time)
        if differs.size:
            row = int(differs[0])
            raise table.error(
                row,
                f"heading {column!r} and time_zone={time_zone} disagree: {cells[row].strip()} is "
                f"{show_time(int(time[row]), 'UTC')} by the heading, {show_time(int(declared[row]), 'UTC')} by the "
                "declaration",
                "omit time_zone, and name the zone in the heading of every table, or correct the heading",
            )
    return time.astype(np.float64)
