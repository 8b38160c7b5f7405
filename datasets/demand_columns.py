"""Which columns of a table are origins, destinations and volumes, and which rows are of the period and mode meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .formats.headings import refuse_flags, split_heading
from .tables import Table
from .units import parse_units

__all__ = ["DemandPart", "choose_columns", "choose_rows", "find_volume_scale", "refuse_long_periods"]

_ENDS = (
    ("origin", "destination"), ("o_zone_id", "d_zone_id"), ("o", "d"), ("from", "to"), ("orig", "dest"),
    ("origin_zone", "destination_zone"), ("origin_id", "destination_id"), ("origin_zone_id", "destination_zone_id"),
    ("from_zone", "to_zone"), ("from_zone_id", "to_zone_id"), ("from_node", "to_node"),
    ("from_node_id", "to_node_id"), ("o_zone", "d_zone"), ("origin_node", "destination_node"), ("i", "j"),
    ("起点", "终点"), ("起点小区", "终点小区"), ("起点编号", "终点编号"), ("出发小区", "到达小区"),
)  # fmt: skip
_VOLUMES = (
    "demand", "volume", "trips", "flow", "vehicles", "veh", "demand_veh_h", "volume_veh_h", "veh_h", "vph",
    "trips_per_hour", "vehicles_per_hour", "demand_per_hour", "volume_per_hour", "od_demand", "n_trips", "需求",
    "需求量", "出行量", "流量", "交通量",
)  # fmt: skip
_PERIODS = frozenset((
    "period", "time_period", "demand_period", "time", "hour", "tod", "time_of_day", "interval", "time_interval",
    "time_slice", "slice", "start", "start_time", "start_hour", "end", "end_time", "end_hour", "departure",
    "departure_time", "depart_time", "day", "date", "weekday", "day_type", "daytype", "peak", "时段", "时间", "小时",
    "日期", "高峰",
))  # fmt: skip
_MODES = frozenset((
    "mode", "modes", "mode_type", "vehicle_type", "vehicle_class", "veh_type", "vehtype", "user_class", "class",
    "agent_type", "agent", "demand_class", "demand_type", "segment", "demand_segment", "purpose", "trip_purpose",
    "matrix", "category", "type", "方式", "出行方式", "车型", "类型", "目的",
))  # fmt: skip
_NO_CARS = frozenset((
    "walk", "walking", "foot", "pedestrian", "bike", "bicycle", "cycle", "cycling", "bus", "transit", "pt",
    "public transport", "rail", "train", "metro", "subway", "tram", "步行", "自行车", "公交", "地铁", "轨道",
))  # fmt: skip
_SCALING = re.compile(r"(?:.*_)?(?:factor|weight|expansion|scale|share|occupancy|multiplier)s?|扩样系数|系数|权重")
_PER_DAY = re.compile(r"(?:.*_)?(?:per_day|daily|aadt|adt|day|24h)(?:_.*)?")
_RANGE = re.compile(r"(\d{1,2}):?(\d{2})(?::\d{2})?\s*(?:[-_~\u2013]|to|至)\s*(\d{1,2}):?(\d{2})(?::\d{2})?")


@dataclass(frozen=True)
class DemandPart:
    """Which part of a demand file is meant, where it has several."""

    period: str | None = None
    mode: str | None = None
    matrix: str | None = None
    mapping: str | None = None

    def given(self) -> dict[str, str]:
        """What was chosen, by the name of the option."""
        named = {"period": self.period, "mode": self.mode, "matrix": self.matrix, "mapping": self.mapping}
        return {f"demand_{name}": value for name, value in named.items() if value is not None}

    def refuse(self, what: str, file: Path, *, but: tuple[str, ...] = ()) -> None:
        """Refuse any choice but these: ``what`` has no such parts.

        Raises
        ------
        InputError
            Naming the option.
        """
        for option, value in self.given().items():
            if option.removeprefix("demand_") not in but:
                raise InputError(
                    f"{option} is {value!r}, and {what} has no {option.removeprefix('demand_')}",
                    file=file,
                    way_out="omit the option",
                )


def _stem(column: str) -> str:
    return re.sub(r"[\s-]+", "_", split_heading(column)[0]).strip("_")


def choose_columns(table: Table, part: DemandPart) -> tuple[str, str, str]:
    """Return the columns of origins, destinations and volumes.

    A table with a column for each mode or period is read at the column that ``part`` names.

    Raises
    ------
    InputError
        If one is missing, or several could be meant.

    Examples
    --------
    >>> table = Table(Path("a.csv"), {"o": ["1"], "d": ["2"], "am": ["3"], "pm": ["4"]}, [2])
    >>> choose_columns(table, DemandPart(period="PM"))
    ('o', 'd', 'pm')
    """
    stems = {_stem(column): column for column in table.columns}
    ends = [pair for pair in _ENDS if all(name in stems for name in pair)]
    if len(ends) > 1:
        raise InputError(
            f"origins and destinations are named twice: by {' and '.join(', '.join(pair) for pair in ends)}",
            file=table.file,
            line=1,
            way_out="keep one of the two ways",
        )
    if not ends:
        missing = next((name for name in _ENDS[0] if name not in stems), _ENDS[0][0])
        raise _missing(table, missing)
    volumes = [stems[name] for name in _VOLUMES if name in stems]
    if len(volumes) > 1:
        raise InputError(
            f"columns {', '.join(map(repr, volumes))} may each be the demand",
            file=table.file,
            line=1,
            way_out="keep one of them",
        )
    if volumes:
        return stems[ends[0][0]], stems[ends[0][1]], volumes[0]
    wanted = {value.strip().lower() for value in (part.mode, part.period) if value is not None}
    wide = [column for stem, column in stems.items() if stem in wanted or column.lower() in wanted]
    if len(wide) != 1:
        raise _missing(table, "demand", ", or name a column of volumes with demand_mode= or demand_period=")
    return stems[ends[0][0]], stems[ends[0][1]], wide[0]


def _missing(table: Table, name: str, more: str = "") -> InputError:
    return InputError(
        f"column {name!r} is missing; the columns are {', '.join(table.columns) or 'none'}",
        file=table.file,
        line=1,
        way_out="name them origin, destination, demand" + more,
    )


def choose_rows(table: Table, used: tuple[str, str, str], part: DemandPart, notes: list[str]) -> npt.NDArray[np.int64]:
    """Return the rows of the period and mode that are meant; other columns that are not read are noted.

    Raises
    ------
    InputError
        If a table holds several periods or modes and none is chosen, or what is chosen is not there.
    """
    row = np.arange(len(table), dtype=np.int64)
    taken = list(used)
    for option, wanted, known in (("demand_period", part.period, _PERIODS), ("demand_mode", part.mode, _MODES)):
        columns = [column for column in table.columns if column not in used and _stem(column) in known]
        taken += columns
        if wanted is not None and _same(_stem(used[2]), wanted):
            continue  # the column of volumes is the one that was asked for
        row = _filter(table, row, columns, option, wanted)
        if not row.size:
            continue
        for column in columns:
            value = table.columns[column][row[0]].strip()
            if option == "demand_mode" and wanted is None and value.lower() in _NO_CARS:
                raise InputError(
                    f"{column} is {value!r} in every row, which are no cars",
                    file=table.file,
                    way_out=f"set {option}={value} if these trips drive on the roads",
                )
            if value:
                notes.append(f"{table.file.name}: {column} is {value} in every row that is read.")
    for column in table.columns:
        if column not in taken and _SCALING.fullmatch(_stem(column)):
            values = table.numbers(column, default=1.0)
            if (values != 1.0).any():
                raise InputError(
                    f"column {column!r} may scale the demand and is not read",
                    file=table.file,
                    line=1,
                    way_out="multiply the volumes by it and remove the column, or remove it",
                )
    notes += refuse_flags(table, taken)
    return row


def _same(one: str, other: str) -> bool:
    one, other = one.strip().lower(), other.strip().lower()
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _filter(
    table: Table, row: npt.NDArray[np.int64], columns: list[str], option: str, wanted: str | None
) -> npt.NDArray[np.int64]:
    if wanted is not None:
        holding = {column: [k for k in row.tolist() if _same(table.columns[column][k], wanted)] for column in columns}
        found = [rows for rows in holding.values() if rows]
        if len(found) != 1:
            word = option.removeprefix("demand_")
            held = list(dict.fromkeys(table.columns[column][k].strip() for column in columns for k in row.tolist()))
            raise InputError(
                f"{option} is {wanted!r}, and "
                + (f"columns {', '.join(c for c in columns if holding[c])} both hold it" if found
                   else f"no row is of that {word}" if columns else f"no column tells a {word}"),
                file=table.file,
                way_out=f"choose one of {', '.join(held[:12])}" if held and not found
                else f"keep one column of the {word}" if found else "omit the option",
            )  # fmt: skip
        row = np.array(found[0], dtype=np.int64)
    for column in columns:
        held = list(dict.fromkeys(table.columns[column][k].strip() for k in row.tolist()))
        if len(held) > 1:
            shown = ", ".join(held[:12]) + (", ..." if len(held) > 12 else "")
            raise InputError(
                f"column {column!r} holds several: {shown}",
                file=table.file,
                line=1,
                way_out=f"choose one with {option}=" if wanted is None else "keep the rows that are meant",
            )
    return row


def find_volume_scale(table: Table, column: str) -> tuple[float, bool]:
    """Return what turns the volumes into vehicles per hour, and whether the heading names their unit.

    Raises
    ------
    InputError
        If the unit is that of a day, or no number of vehicles in a time.

    Examples
    --------
    >>> table = Table(Path("a.csv"), {}, [])
    >>> find_volume_scale(table, "demand (veh/h)"), find_volume_scale(table, "demand (veh/15min)")
    ((1.0, True), (4.0, True))
    """
    stem, unit = split_heading(column)
    if _PER_DAY.fullmatch(re.sub(r"[\s-]+", "_", stem)):
        raise _of_a_day(table, column)
    if unit is None or re.fullmatch(r"(?:veh|vehicles?|pcu|cars?|trips?|辆|辆次)", unit):
        return 1.0, bool(re.search(r"(?:veh|per)[_ ]h(?:our)?$|vph", stem))
    if re.fullmatch(r"vph|pcu/hr?|辆/小时|辆/时|/h|per hour", unit):
        return 1.0, True
    try:
        read = parse_units(re.sub(r"\btrips?\b", "count", unit))
        factor = float(read.convert(1.0, parse_units("count h-1")))
    except ValueError:
        raise InputError(
            f"the unit of {column!r} is no number of vehicles in a time",
            file=table.file,
            line=1,
            way_out="give vehicles per hour, as demand (veh/h)",
        ) from None
    if factor <= 1.0 / 24.0:
        raise _of_a_day(table, column)
    return factor, True


def _of_a_day(table: Table, column: str) -> InputError:
    return InputError(
        f"column {column!r} counts a day, and capacities an hour",
        file=table.file,
        line=1,
        way_out="give the vehicles of the hour that is meant, as demand (veh/h)",
    )


def refuse_long_periods(table: Table, row: npt.NDArray[np.int64], used: tuple[str, str, str]) -> None:
    """Refuse volumes of a period that is longer or shorter than an hour, by its own words such as 0600_0900.

    Raises
    ------
    InputError
        Naming the period and how many hours it lasts.
    """
    for column, cells in table.columns.items():
        if column in used or _stem(column) not in _PERIODS or not row.size:
            continue
        found = _RANGE.search(cells[row[0]])
        if not found:
            continue
        begin, end = (60 * int(found[k]) + int(found[k + 1]) for k in (1, 3))
        hours = ((end - begin) % 1440) / 60.0
        if hours not in (0.0, 1.0):
            raise InputError(
                f"period {cells[row[0]].strip()!r} lasts {hours:g} h, and capacities are those of one hour",
                file=table.file,
                way_out="give vehicles per hour, and say so in the heading: volume (veh/h)",
            )
