"""What stations measured, from tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...place.heights import name_height_datum
from ...text.headings import (
    NAME_HEADINGS,
    STATION_HEADINGS,
    find_column,
    find_texts,
    is_flag,
    match_columns,
    refuse_flags,
    refuse_other_quantity,
    split_heading,
)
from ...text.missing import read_missing, read_values, refuse_implausible
from ...text.tables import Table, read_table
from ...text.time_columns import TIMES, find_time_column, read_dates
from ...text.times import show_time
from ...text.units import agree_units, convert_units, find_interval, parse_units
from ..layers import ReadingLayer, StationLayer
from .level_datums import find_level_datum

__all__ = ["QUANTITIES", "Quantity", "open_readings"]

Floats = npt.NDArray[np.float64]

_HOURLY = ("小时雨量", "小时降水量", "hourly rain", "hourly rainfall", "hourly_rain", "hourly_rainfall")


@dataclass(frozen=True)
class Quantity:
    """What a table may hold: the unit it is kept in, the numbers that can be, and its usual headings."""

    units: str
    least: float
    most: float
    headings: tuple[str, ...]
    is_height: bool = False


QUANTITIES = {
    # beyond any rain of a minute that was ever measured (WMO: 31 mm): 9999, 32700 and the like are codes for no reading
    "rain rate": Quantity("mm h-1", 0.0, 2000.0, (
        "rain rate", "rain", "rainfall", "precipitation", "precip", "rainfall_rate", "rain_rate", "drp", "雨强", "雨量",
        "降水量", "降雨量", "降水", *_HOURLY,
    )),
    "water level": Quantity("m", -500.0, 9000.0, (
        "water level", "water_level", "level", "stage", "tide", "water surface elevation", "water_surface_elevation",
        "wse", "水位", "潮位", "水面高程",
    ), is_height=True),
    "water depth": Quantity("m", 0.0, 50.0, ("water depth", "water_depth", "depth", "水深", "积水深度", "积水")),
}  # fmt: skip


def open_readings(
    file: str | Path,
    stations: StationLayer,
    *,
    quantity: str | None = None,
    time_zone: str | None = None,
    units: str | None = None,
    interval_s: float | None = None,
    height_datum: str | None = None,
    missing: str | None = None,
) -> ReadingLayer:
    """Read what stations measured.

    Parameters
    ----------
    file
        CSV with a column of station ids, one of times (see :func:`~citytide.datasets.text.times.read_times`), and one
        of values whose heading names their unit: ``rain (mm/h)``, ``水位(米)``. Empty cells are no readings.
    stations
        That the readings are of.
    quantity
        A name of :data:`QUANTITIES`; when left out the heading tells.
    time_zone
        Zone of times that name no offset.
    units
        The unit to assume if the heading names none.
    interval_s
        Seconds over which a depth of rain was gathered, up to its time.
    height_datum
        From where water levels are counted: a name of :data:`~citytide.datasets.place.heights.HEIGHT_DATUMS`.
    missing
        Codes for no reading, divided by commas: ``999.9,---``; ``none`` where every number is a reading.

    Returns
    -------
    ReadingLayer
        Sorted by station and time, rain in mm h-1, levels and depths in m. Rows in any order and encoding, with times
        of any offset, give the same arrays.

    Raises
    ------
    InputError
        If a station is unknown, one has two readings at one time, a time names no zone and none is declared, the unit
        is missing or does not measure the quantity, water levels name no datum, or a value cannot be.

    Examples
    --------
    >>> import tempfile
    >>> stations = StationLayer("EPSG:4326", ("G1",), np.uint8([1]), ("",), np.array([114.0]), np.array([22.5]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rain.csv"
    ...     _ = file.write_text("站号,时间,雨量(毫米)\\nG1,2023年9月7日22时,101.8\\n", encoding="gb18030")
    ...     readings = open_readings(file, stations, time_zone="Asia/Shanghai", interval_s=3600)
    >>> readings.quantity, readings.units, readings.value.tolist(), readings.time.tolist()
    ('rain rate', 'mm h-1', [101.8], [1694095200])
    """
    file = Path(file)
    table = read_table(file)
    quantity, column, held = _find_values(table, quantity)
    rule = QUANTITIES[quantity]
    datum = beside = None
    if rule.is_height:
        declared = None if height_datum is None else name_height_datum(height_datum, file=file)
        held, told, beside = find_level_datum(table, column, held, declared, "the declaration height_datum counts them")
        datum = declared or name_height_datum(told, file=file)
    ids = find_texts(table, STATION_HEADINGS, "station ids")
    when = find_time_column(table)
    if when is None:
        find_texts(table, TIMES, "times")
    place = {name: k for k, name in enumerate(stations.station_id)}
    for row, name in enumerate(ids):
        if name not in place:
            among = f"the {stations.n_stations:,} stations" + (f" of {stations.sources[0]}" if stations.sources else "")
            raise table.error(row, f"station {name!r} is not among {among}", "add it there, or remove its readings")
    find_texts(table, (split_heading(str(when))[0],), "times")
    all_stations = np.array([place[name] for name in ids], np.int32)
    all_times = read_dates(table, str(when), time_zone=time_zone)
    own = (
        find_column(table.columns, STATION_HEADINGS),
        find_column(table.columns, NAME_HEADINGS),
        when,
        column,
        beside,
    )
    notes = refuse_flags(table, own)
    codes = read_missing(missing, how="--declare readings.")
    given, lost = read_values(table, column, codes)
    units = agree_units(column, held, units, file=file)
    stated_s = _find_stated_interval(split_heading(column)[0])
    if quantity == "rain rate" and stated_s is not None and _is_depth(units):
        interval_s = _agree_interval(interval_s, stated_s, column, file)
    value = convert_units(given, units, rule.units, what=quantity, file=file, line=1, interval_s=interval_s)
    refuse_implausible(table, column, value, codes, least=rule.least, most=rule.most, units=rule.units)
    if lost.any():
        notes = (f"{int(lost.sum()):,} of {len(table):,} rows have no value and were left out.", *notes)
    kept = np.flatnonzero(~lost)
    station, time, value = all_stations[kept], all_times[kept], value[kept]
    order = np.lexsort((time, station))
    station, time, value = station[order], time[order], value[order]
    twice = np.flatnonzero((station[1:] == station[:-1]) & (time[1:] == time[:-1]))
    if twice.size:
        one, other = sorted(table.line[int(row)] for row in kept[order[twice[0] : twice[0] + 2]])
        raise InputError(
            f"station {stations.station_id[station[twice[0]]]!r} has two readings at "
            f"{show_time(int(time[twice[0]]), 'UTC')}, the first on line {one}",
            file=file,
            line=other,
            way_out="keep one of the two rows",
        )
    over_s = interval_s if interval_s is not None else find_interval(units or "")
    if over_s is not None:
        notes += _check_intervals(all_stations, all_times, over_s, stations, file)
    return ReadingLayer(
        quantity, rule.units, station, time, value, sources=(file,), notes=notes, height_datum=datum
    )  # fmt: skip


_STATED = re.compile(r"(?<![a-z])(\d*)\s*(hourly|hour|小时|h|daily|day|日|min|minutes?|分钟)(?![a-z])")
_SECONDS = {"h": 3600.0, "小": 3600.0, "d": 86400.0, "日": 86400.0, "m": 60.0, "分": 60.0}


def _find_stated_interval(stem: str) -> float | None:
    """Over how long a heading says that rain was gathered: 小时雨量, 10 min rain, daily rain."""
    found = _STATED.search(stem)
    if found is None or not (found[1] or found[2] in ("hourly", "hour", "小时", "daily", "day", "日")):
        return None
    return float(found[1] or 1) * _SECONDS[found[2][0]]


def _is_depth(units: str | None) -> bool:
    try:
        return units is not None and bool(parse_units(units).is_convertible(parse_units("mm")))
    except ValueError:
        return False


def _agree_interval(declared: float | None, told: float, column: str, file: Path) -> float:
    if declared is not None and declared != told:
        raise InputError(
            f"heading {column!r} gives sums over {told:g} s, but interval_s={declared:g} is declared",
            file=file,
            line=1,
            way_out="omit the declaration, or correct the heading",
        )
    return told


def _check_intervals(
    station: npt.NDArray[Any], time: npt.NDArray[np.int64], over_s: float, stations: StationLayer, file: Path
) -> tuple[str, ...]:
    """Refuse sums over an interval that their times contradict; tell gaps. Rows without a value count as rows."""
    order = np.lexsort((time, station))
    station, time = station[order], time[order]
    same = station[1:] == station[:-1]
    apart = np.diff(time)[same]
    if not apart.size:
        return ()
    least = int(apart.min())
    at = int(np.flatnonzero(same)[int(np.argmin(apart))])
    if least != over_s:
        what = "overlap" if least < over_s else "miss the rest of the time"
        raise InputError(
            f"the readings are sums over {over_s:g} s, but station {stations.station_id[int(station[at])]!r} is read "
            f"{least} s apart from {show_time(int(time[at]), 'UTC')} on, and no readings lie closer: the sums would "
            f"{what}",
            file=file,
            way_out=f"declare the interval of the readings, --declare readings.interval_s={least} if each is the rain "
            "since the one before, or write dry intervals as 0",
        )
    gaps = int((apart != over_s).sum())
    if not gaps:
        return ()
    return (f"{gaps:,} of {apart.size:,} readings do not follow the one before by {over_s:g} s: gaps stay gaps.",)


def _find_values(table: Table, quantity: str | None) -> tuple[str, str, str | None]:
    """Tell the quantity, its column and the unit that this names."""
    if quantity is not None and quantity not in QUANTITIES:
        raise InputError(
            f"quantity {quantity!r} is unknown", file=table.file, way_out=f"choose one of {', '.join(QUANTITIES)}"
        )
    wanted = QUANTITIES if quantity is None else {quantity: QUANTITIES[quantity]}
    known = [
        (name, column, unit)
        for name, rule in wanted.items()
        for column, unit in match_columns(table, rule.headings).items()
    ]
    if len(known) == 1:
        return known[0]
    taken = {find_column(table.columns, headings) for headings in (STATION_HEADINGS, NAME_HEADINGS)}
    taken.add(find_time_column(table))
    rest = [column for column in table.columns if column not in taken and not is_flag(column)]
    if quantity is not None and not known and len(rest) == 1:
        refuse_other_quantity(table, rest[0], QUANTITIES[quantity].headings)
        return quantity, rest[0], split_heading(rest[0])[1]
    told = "several columns of values" if known else "no column whose quantity is known"
    raise InputError(
        f"the table has {told} ({', '.join(rest) or 'none'})",
        file=table.file,
        line=1,
        way_out=f"declare quantity as one of {', '.join(QUANTITIES)}, and keep one such column, such as rain (mm/h)",
    )
