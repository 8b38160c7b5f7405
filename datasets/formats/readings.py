"""What stations measured, from tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..city.layers import ReadingLayer, StationLayer
from ..errors import InputError
from ..place import name_height_datum
from ..tables import Table, read_table
from ..times import read_times, show_time
from ..units import convert_units
from .headings import NAME_HEADINGS, STATION_HEADINGS, find_column, find_texts, split_heading

__all__ = ["QUANTITIES", "TIMES", "Quantity", "open_readings"]

Floats = npt.NDArray[np.float64]

TIMES = ("time", "datetime", "date_time", "timestamp", "tm", "时间", "日期时间", "时刻", "观测时间", "数据时间")
_MISSING = ("", "nan", "na", "n/a", "null", "none", "-", "--")


@dataclass(frozen=True)
class Quantity:
    """What a table may hold: the unit it is kept in, the numbers that can be, and its usual headings."""

    units: str
    least: float
    most: float
    headings: tuple[str, ...]
    is_height: bool = False


QUANTITIES = {
    # beyond any rain of a minute that was ever measured (WMO: 31 mm): 9999, 32700 and the like stand for no reading
    "rain rate": Quantity("mm h-1", 0.0, 2000.0, (
        "rain rate", "rain", "rainfall", "precipitation", "precip", "rainfall_rate", "rain_rate", "drp", "雨强", "雨量",
        "降水量", "降雨量", "降水", "小时雨量", "小时降水量",
    )),
    "water level": Quantity("m", -500.0, 9000.0, (
        "water level", "water_level", "level", "stage", "tide", "水位", "潮位", "水面高程",
    ), is_height=True),
    "water depth": Quantity("m", 0.0, 100.0, ("water depth", "water_depth", "depth", "水深", "积水深度", "积水")),
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
) -> ReadingLayer:
    """Read what stations measured.

    Parameters
    ----------
    file
        CSV with a column of station ids, one of times (see :func:`~citytide.datasets.times.read_times`), and one of
        values whose heading names their unit: ``rain (mm/h)``, ``水位(米)``. Empty cells are no readings.
    stations
        That the readings are of.
    quantity
        A name of :data:`QUANTITIES`; when left out the heading tells.
    time_zone
        Zone of times that name no offset.
    units
        Of the values, where the heading names none.
    interval_s
        Seconds over which a depth of rain was gathered, up to its time.
    height_datum
        From where water levels are counted: a name of :data:`~citytide.datasets.place.HEIGHT_DATUMS`.

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
    quantity, column = _find_values(table, quantity)
    rule = QUANTITIES[quantity]
    datum = name_height_datum(height_datum, file=file) if rule.is_height else None
    ids, times = find_texts(table, STATION_HEADINGS, "station ids"), find_texts(table, TIMES, "times")
    place = {name: k for k, name in enumerate(stations.station_id)}
    for row, name in enumerate(ids):
        if name not in place:
            among = f"the {stations.n_stations:,} stations" + (f" of {stations.sources[0]}" if stations.sources else "")
            raise table.error(row, f"station {name!r} is not among {among}", "add it there, or drop its readings")
    time = read_times(times, time_zone=time_zone, file=file, line=table.line)
    kept = [row for row, cell in enumerate(table.columns[column]) if cell.strip().lower() not in _MISSING]
    lost = len(table) - len(kept)
    notes = (f"{lost:,} of {len(table):,} rows have no value and were left out.",) if lost else ()
    station, time = np.array([place[ids[row]] for row in kept], np.int32), time[kept]
    cells = Table(file, {column: [table.columns[column][row] for row in kept]}, [table.line[row] for row in kept])
    value = _convert(cells, column, quantity, units, interval_s)
    order = np.lexsort((time, station))
    station, time, value = station[order], time[order], value[order]
    twice = np.flatnonzero((np.diff(station) == 0) & (np.diff(time) == 0))
    if twice.size:
        one, other = sorted(cells.line[int(row)] for row in order[twice[0] : twice[0] + 2])
        raise InputError(
            f"station {stations.station_id[station[twice[0]]]!r} has two readings at "
            f"{show_time(int(time[twice[0]]), 'UTC')}, the first on line {one}",
            file=file,
            line=other,
            way_out="keep one of the two rows",
        )
    return ReadingLayer(
        quantity, rule.units, station, time, value, sources=(file,), notes=notes, height_datum=datum
    )  # fmt: skip


def _find_values(table: Table, quantity: str | None) -> tuple[str, str]:
    """Tell the quantity and its column."""
    if quantity is not None and quantity not in QUANTITIES:
        raise InputError(
            f"quantity {quantity!r} is unknown", file=table.file, way_out=f"choose one of {', '.join(QUANTITIES)}"
        )
    wanted = QUANTITIES if quantity is None else {quantity: QUANTITIES[quantity]}
    known = [
        (name, column)
        for name, rule in wanted.items()
        for column in table.columns
        if split_heading(column)[0] in rule.headings
    ]
    if len(known) == 1:
        return known[0]
    taken = {find_column(table.columns, headings) for headings in (STATION_HEADINGS, TIMES, NAME_HEADINGS)}
    rest = [column for column in table.columns if column not in taken]
    if quantity is not None and not known and len(rest) == 1:
        return quantity, rest[0]
    told = "several columns of values" if known else "no column whose quantity is known"
    raise InputError(
        f"the table has {told} ({', '.join(rest) or 'none'})",
        file=table.file,
        line=1,
        way_out=f"declare quantity as one of {', '.join(QUANTITIES)}, and leave one such column, such as rain (mm/h)",
    )


def _convert(table: Table, column: str, quantity: str, units: str | None, interval_s: float | None) -> Floats:
    rule, held = QUANTITIES[quantity], split_heading(column)[1]
    if held is not None and units is not None and split_heading(f"({units})")[1] != held:
        raise InputError(
            f"heading {column!r} says {held!r}, {units!r} is declared",
            file=table.file,
            line=1,
            way_out="leave the declaration out, or correct the heading",
        )
    raw = table.numbers(column, least=None)
    value = convert_units(
        raw, held or units, rule.units, what=quantity, file=table.file, line=1, interval_s=interval_s
    )  # fmt: skip
    wrong = ~((value >= rule.least) & (value <= rule.most))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise table.error(
            row,
            f"{column} is {raw[row]:g}, which is {value[row]:g} {rule.units}",
            f"it should be {rule.least:g} to {rule.most:g}; leave the cell empty where nothing was measured",
        )
    return value
