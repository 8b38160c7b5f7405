"""Which columns of a table are origins, destinations and volumes, and which rows are of the period and mode meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.headings import refuse_flags, split_heading
from ...text.tables import Table
from ...text.units import parse_units
from .modes import excludes_trips, is_mode, refuse_no_cars, refuse_other_volumes
from .periods import is_period, refuse_long_name

__all__ = ["DemandPart", "choose_columns", "choose_rows", "find_end", "find_volume_scale"]

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
_SINGLE = re.compile(r"(?:veh|vehicles?|pcu|cars?|trips?|辆|辆次)")


_LETTERS = {  # what one end of a trip is called in the corner of a matrix; True is a destination
    "o": False, "orig": False, "origin": False, "origins": False, "from": False, "start": False, "i": False,
    "p": False, "production": False, "productions": False, "row": False, "rows": False, "出发": False, "起": False,
    "d": True, "dest": True, "destination": True, "destinations": True, "to": True, "end": True, "j": True, "a": True,
    "attraction": True, "attractions": True, "到达": True, "目的地": True, "讫": True, "迄": True,
}  # fmt: skip


def find_end(words: str) -> bool | None:
    """Tell whether words call a zone a destination (True) or an origin (False); None if they say neither.

    Examples
    --------
    >>> find_end("d_zone_id"), find_end("起点小区"), find_end("zone")
    (True, False, None)
    """
    stem = _stem(words)
    ends = {name: bool(place) for pair in _ENDS for place, name in enumerate(pair)} | _LETTERS
    if stem in ends:
        return ends[stem]
    found = [ends[word] for word in re.findall(r"[^\W\d_]+", stem) if word in ends]
    for word in re.findall(r"[^\W\d_a-z]+", stem) if not found else ():
        found += [ends[name] for name in ends if len(name) > 1 and word.startswith(name)][:1]
    return found[0] if found else None


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
    stems: dict[str, str] = {}
    alike = {_stem(column): column for column in reversed(table.columns)}
    for column in table.columns:
        stem = _stem(column)
        first = alike[stem]
        if first != column and (stem in _VOLUMES or any(stem in pair for pair in _ENDS)):
            raise InputError(
                f"columns {first!r} and {column!r} may each be the {stem}",
                file=table.file,
                line=1,
                way_out="keep one of them, or give the other another name",
            )
        stems.setdefault(stem, column)
    ends = [pair for pair in _ENDS if all(name in stems for name in pair)]
    if len(ends) > 1:
        raise InputError(
            f"origins and destinations are named twice: by {' and '.join(', '.join(pair) for pair in ends)}",
            file=table.file,
            line=1,
            way_out="keep one of the two ways",
        )
    if not ends:
        _refuse_other_forms(table)
        missing = next((name for name in _ENDS[0] if name not in stems), _ENDS[0][0])
        raise _missing(table, missing)
    volumes = [stems[name] for name in _VOLUMES if name in stems]
    chosen = {value.strip().lower() for value in (part.mode, part.period) if value is not None}
    wide = [column for stem, column in stems.items() if stem in chosen or column.lower() in chosen]
    if len(wide) == 1 and wide[0] not in (stems[name] for name in ends[0]):
        if excludes_trips(wide[0]):
            raise InputError(
                f"column {wide[0]!r} may hold no trips",
                file=table.file,
                line=1,
                way_out="choose a column of volumes with demand_mode= or demand_period=, or rename it",
            )
        return stems[ends[0][0]], stems[ends[0][1]], wide[0]
    if len(volumes) > 1:
        raise InputError(
            f"columns {', '.join(map(repr, volumes))} may each be the demand",
            file=table.file,
            line=1,
            way_out=f"keep one of them, or choose it with demand_mode={volumes[0]}",
        )
    if not volumes:
        raise _missing(table, "demand", ", or name a column of volumes with demand_mode= or demand_period=")
    return stems[ends[0][0]], stems[ends[0][1]], volumes[0]


def _refuse_other_forms(table: Table) -> None:
    """Say what is wrong with a matrix that has other columns than zones, and with a trip table of TNTP.

    Raises
    ------
    InputError
        If the table looks like one of them.
    """
    first, *others = table.columns or [""]
    if first.startswith("<"):
        raise InputError(
            "this is a TNTP trip table, which only a TNTP network takes",
            file=table.file,
            way_out="give a table of pairs with columns origin, destination, demand, a matrix, or OMX",
        )
    no_zones = [name for name in others if not re.fullmatch(r"\d+(?:\.0*)?", name)]
    if sum(re.match(r"\d", name) is not None for name in others) > len(others) / 2 and no_zones:
        raise InputError(
            f"heading {no_zones[0]!r} of a matrix is no whole number of a zone",
            file=table.file,
            line=1,
            way_out="remove sums, and give zones by number alone; pairs need columns origin, destination, demand",
        )


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
    is_chosen = False
    for option, chosen, is_told in (("demand_period", part.period, is_period), ("demand_mode", part.mode, is_mode)):
        columns = [column for column in table.columns if column not in (*used, *taken) and is_told(_stem(column))]
        taken += columns
        if chosen is not None and _same(_stem(used[2]), chosen):
            is_chosen = True  # the column of volumes is the one that was asked for
            continue
        row = _filter(table, row, columns, option, chosen)
        if not row.size:
            continue
        for column in columns:
            value = table.columns[column][row[0]].strip()
            if option == "demand_mode" and chosen is None:
                refuse_no_cars(table, column, _stem(column), value)
            if value:
                notes.append(f"{table.file.name}: {column} is {value} in every row that is read.")
    refuse_other_volumes(table, used[2], [name for name in table.columns if name not in taken], row, is_chosen)
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
    table: Table, row: npt.NDArray[np.int64], columns: list[str], option: str, chosen: str | None
) -> npt.NDArray[np.int64]:
    if chosen is not None:
        holding = {column: [k for k in row.tolist() if _same(table.columns[column][k], chosen)] for column in columns}
        found = [rows for rows in holding.values() if rows]
        if len(found) != 1:
            word = option.removeprefix("demand_")
            held = list(dict.fromkeys(table.columns[column][k].strip() for column in columns for k in row.tolist()))
            raise InputError(
                f"{option} is {chosen!r}, and "
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
                way_out=f"choose one with {option}=" if chosen is None else "keep the rows that are meant",
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
    if unit is None or _SINGLE.fullmatch(unit):
        refuse_long_name(table, column, "column")
        return 1.0, bool(re.search(r"(?:veh|per)[_ ]h(?:our)?$|vph", stem))
    if re.fullmatch(r"vph|pcu/hr?|辆/小时|辆/时|/h|per hour", unit):
        return 1.0, True
    try:
        read = parse_units(re.sub(r"\btrips?\b", "count", unit))
        factor = float(read.convert(1.0, parse_units("count h-1")))
    except ValueError:
        raise InputError(
            f"the unit of {column!r} must be vehicles per time",
            file=table.file,
            line=1 if table.line else None,
            way_out="give vehicles per hour, as demand (veh/h)",
        ) from None
    if factor <= 1.0 / 24.0:
        raise _of_a_day(table, column)
    return factor, True


def _of_a_day(table: Table, column: str) -> InputError:
    return InputError(
        f"column {column!r} counts a day, and capacities an hour",
        file=table.file,
        line=1 if table.line else None,
        way_out="give the vehicles of the hour that is meant, as demand (veh/h)",
    )
