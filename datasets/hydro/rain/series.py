"""Rain rates through time, one column for each zone, in a CSV table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.headings import is_flag, match_heading, refuse_flags, refuse_several_stations, split_heading
from ...text.missing import Missing, fill_gaps, read_values, refuse_implausible
from ...text.tables import Table, read_table
from ...text.time_columns import find_time_column, read_time_column
from ...text.times import show_time
from ...text.units import agree_units, convert_units, find_interval, parse_units
from ..gauges.readings import QUANTITIES
from .field import HARDEST_MM_H

__all__ = ["RainSeries", "read_rain_series"]

Floats = npt.NDArray[np.float64]
_RAINS = (
    *QUANTITIES["rain rate"].headings,
    "intensity",
    "rain intensity",
    "rainfall intensity",
    "precipitation intensity",
    "r",
)
_ZONE = re.compile(
    rf"(?:(?:{'|'.join(map(re.escape, _RAINS))})[\s_]*)?(?:of[\s_]*)?(?:zone|area|分区|区域|区|z)?[\s_]*(\d+)[\s_]*区?"
)
_OTHERS = re.compile(
    r"temp|humid|wind|pressure|dew|radiation|level|stage|flow|discharge|station|name|remark|comment|note|date|"
    r"气温|温度|湿度|风|气压|水位|流量|站|备注"
)

_OTHER_CLOCK = re.compile(
    r"(?:\bin\s+|[(\[\uff08]\s*)(?:mins?|minutes?|h|hrs?|hours?|d|days?)\b|time[\s_,:=]+(?:min|hour|hr|day)|(?<!/)(?:分钟|小时)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RainSeries:
    """Rates that hold from their time to that of the next row.

    Attributes
    ----------
    start_s
        (row,) from 0 up [s].
    rate
        (row, column) [mm h-1].
    zone
        (column,) ascending, the zone that each column is of.
    epoch_s
        Time of the first row [s since 1970-01-01 00:00 UTC], where the rows use dates.
    """

    start_s: Floats
    rate: Floats
    zone: tuple[int, ...]
    epoch_s: int | None = None
    notes: tuple[str, ...] = ()


def read_rain_series(
    file: str | Path, *, units: str | None, time_zone: str | None = None, missing: Missing | None = None
) -> RainSeries:
    """Read rows of a time and rates.

    Parameters
    ----------
    file
        CSV. Its headings tell the columns: times as :mod:`~citytide.datasets.text.time_columns` reads them, and
        rates with their unit, ``rain (mm/h)``, or for each zone of a raster ``zone 0 (mm/h)``, ``zone 1 (mm/h)``, in
        any order. Without a line of headings: the time since the start [s], then a rate for each zone 0, 1, ... A rate
        holds until the next row, the last one to the end. Where the unit says that it fell in some interval,
        ``rain (mm/5min)``, rows follow each other by that, but where none fell.
    units
        The unit of the rates in UDUNITS text, if the headings name none.
    time_zone
        The time zone of dates that name no offset.
    missing
        The codes for no value.

    Returns
    -------
    RainSeries

    Raises
    ------
    InputError
        If the file cannot be read, a heading is not understood or contradicts ``units``, a cell is no number, a rate
        is negative or beyond any rain, rows differ in length, times do not start at 0 and grow, or rain that fell in
        one interval would last for another.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rain.csv"
    ...     _ = file.write_text("time (min),zone 1 (mm/h),zone 0 (mm/h)\\n0,36,18\\n10,0,0\\n")
    ...     rain = read_rain_series(file, units=None)
    >>> rain.start_s.tolist(), rain.zone, rain.rate.tolist()
    ([0.0, 600.0], (0, 1), [[18.0, 36.0], [0.0, 0.0]])
    """
    file, missing = Path(file), missing or Missing()
    table = read_table(file, may_lack_headings=True)
    notes: tuple[str, ...] = ()
    if table.has_headings:
        when = find_time_column(table)
        if when is None:
            raise InputError(
                f"the table has no column of times among {', '.join(table.columns)}",
                file=file,
                line=1,
                way_out="name it time (s), time (min), or time for dates",
            )
        time_s, is_dated = read_time_column(table, when, time_zone=time_zone)
        refuse_several_stations(table, (when,))
        columns = _find_rates(table, when)
        notes = refuse_flags(table, (when, *columns.values()))
    else:
        when, *rest = table.columns
        time_s, is_dated = table.numbers(when, least=None), False
        columns = dict(enumerate(rest))
        if not columns:
            raise table.error(0, "a row must have a time and at least one rate, got one cell", "complete the row")
        notes = refuse_flags(table, table.columns)
        _refuse_other_clocks(table)
    if not len(table):
        raise InputError(
            "the table must have at least one row", file=file, way_out="give a time and a rate in each row"
        )
    epoch = round(float(time_s[0])) if is_dated else None  # 19607.9166667 days are no whole second
    time_s = time_s - float(time_s[0]) if is_dated else time_s
    for row, at in enumerate(time_s.tolist()):
        if (row and at <= time_s[row - 1]) or (not row and at != 0.0):
            told = f"{table.columns[when][row].strip()}" + (
                "" if is_dated or not table.has_headings else f" ({at:g} s)"
            )
            unit = " s" if not table.has_headings else ""
            raise table.error(row, f"the time is {told}{unit}", "start at 0 and sort the rows by time")
    rates = []
    for column in columns.values():
        rate, more = _read_rate(table, column, time_s, units, missing)
        rates.append(rate)
        notes += more
    if epoch is not None:
        notes += (f"The run starts with the first row of {file.name}, at {show_time(epoch, 'UTC')}.",)
    return RainSeries(time_s, np.column_stack(rates), tuple(columns), epoch, notes)


def _refuse_other_clocks(table: Table) -> None:
    """Refuse a comment that counts times in another unit than seconds, where no heading does."""
    told = next((comment for comment in table.comments if _OTHER_CLOCK.search(comment)), None)
    if told is not None:
        raise InputError(
            f"comment {told!r} names a unit of time, and columns without names begin with seconds",
            file=table.file,
            way_out="name the columns in a line without #, such as time (min),rain (mm/h), or remove the comment",
        )


def _find_rates(table: Table, when: str) -> dict[int, str]:
    """Columns of rates by their zone, ascending."""
    found: dict[int, str] = {}
    unknown = []
    for column in table.columns:
        if column == when or is_flag(column):
            continue
        is_rain, _ = match_heading(column, _RAINS)
        stem, unit = split_heading(column)
        named = _ZONE.fullmatch(stem) or (_ZONE.fullmatch(_without_unit(stem)) if unit is None else None)
        if named is None and not is_rain:
            if _OTHERS.search(stem) is None:
                unknown.append(column)
            continue
        zone = int(named[1]) if named else 0
        if zone in found:
            raise InputError(
                f"columns {found[zone]!r} and {column!r} both hold the rain of zone {zone}",
                file=table.file,
                line=1,
                way_out="name them by their zones, such as zone 0 (mm/h) and zone 1 (mm/h), or keep one",
            )
        if zone > 255:
            raise InputError(
                f"zones must be 0 to 255, got {zone} in column {column!r}",
                file=table.file,
                way_out="correct the number of the zone",
            )
        found[zone] = column
    if unknown or not found:
        named_columns = ", ".join(repr(column) for column in unknown) or "none beside the times"
        raise InputError(
            f"these columns are not understood as rain: {named_columns}",
            file=table.file,
            line=1,
            way_out="name one column rain (mm/h), or several by their zones: zone 0 (mm/h), zone 1 (mm/h); "
            "remove the others",
        )
    return dict(sorted(found.items()))


def _without_unit(stem: str) -> str:
    """``zone 1 mm/h`` without its unit, if it ends with one."""
    parts = stem.replace("_", " ").split(" ")
    for n in range(1, len(parts)):
        head = " ".join(parts[:n])
        if match_heading(stem.replace("_", " "), [head])[0]:
            return head
    return stem


def _unit_of(column: str) -> str | None:
    stem, unit = split_heading(column)
    is_rain, named = match_heading(column, _RAINS)
    if is_rain:
        return named
    head = _without_unit(stem)
    return unit if head == stem else match_heading(column.replace("_", " "), [head])[1]


def _read_rate(
    table: Table, column: str, time_s: Floats, units: str | None, missing: Missing
) -> tuple[Floats, tuple[str, ...]]:
    held = _unit_of(column) if table.has_headings else None
    if held is not None and units is not None and _says_interval(held, units):
        unit: str | None = units
    else:
        unit = agree_units(column, held, units, file=table.file, way="rain_units")
    if unit is None:
        raise InputError(
            "the rates must have a unit, the table names none",
            file=table.file,
            way_out="declare one: --set rain_units='mm h-1'",
        )
    given, lost = read_values(table, column, missing)
    rate = convert_units(given, unit, "mm h-1", what="rain", file=table.file)
    refuse_implausible(table, column, rate, missing, least=0.0, most=HARDEST_MM_H, units="mm h-1")
    rate, notes = fill_gaps(table, column, time_s, rate, lost)
    over_s = find_interval(unit)
    if over_s is not None:
        _refuse_other_steps(table, unit, over_s, time_s, rate)
    return rate, notes


def _says_interval(held: str, declared: str) -> bool:
    """Whether a heading of mm is declared to be what fell in some interval: mm/(5 min)."""
    over_s = find_interval(declared)
    try:
        return over_s is not None and parse_units(held) == parse_units(declared) * parse_units("s") * over_s
    except ValueError:
        return False


def _refuse_other_steps(table: Table, unit: str, over_s: float, time_s: Floats, rate: Floats) -> None:
    """Refuse sums over an interval that rows do not keep; where none fell they may."""
    step = np.diff(time_s)
    wrong = (np.abs(step - over_s) > max(1.0, 1e-3 * over_s)) & (rate[:-1] > 0.0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise table.error(
            row,
            f"rain is in {unit!r}, a sum over {over_s:g} s, but the next row is {step[row]:g} s later",
            "correct the unit, give a row for each interval, or give rates in mm/h",
        )
