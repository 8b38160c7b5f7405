"""Speeds and capacities of road lines, for each direction, in km/h and veh/h."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...maps.features import Features
from ..roads.units import KM_PER_HOUR, SPEED_SPELLINGS
from .columns import Column, RoadColumns

__all__ = ["read_capacities", "read_speeds"]

Floats = npt.NDArray[np.float64]

_VALUE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([^\d\s].*)?")
_NO_LIMIT = frozenset({998.0, 999.0})  # HERE: none posted, or none at all
_LEAST, _MOST = 2.0, 200.0  # [km/h]: what stands outside is in another unit, or is a code
_NEAR = 0.2  # km/h by which a limit in m/s with one decimal misses a limit
_PER_LINK = frozenset({"veh/h", "veh h-1", "vph", "veh/hr", "pcu/h", "辆/小时", "辆/时"})
_PER_LANE = frozenset({"veh/h/lane", "veh h-1 lane-1", "vphpl", "veh/h/ln", "veh/hr/lane", "pcu/h/lane"})


def read_speeds(held: RoadColumns, declared: str | None) -> dict[str, Floats]:
    """Read columns of speeds that are not written by OpenStreetMap's rule.

    Parameters
    ----------
    held
        The columns.
    declared
        ``speed_unit``: the unit of numbers whose heading and cells name none.

    Returns
    -------
    dict
        By ``"speed"``, ``"speed:forward"``, ``"speed:backward"`` and ``"maxspeed..."``: km/h of each row, NaN where the
        row has none. A ``maxspeed`` of OpenStreetMap that needs no conversion is not among them.

    Raises
    ------
    InputError
        If the unit is not known, contradicts the heading, or a speed lies outside of 2 to 200 km/h.
    """
    if declared is not None and declared not in KM_PER_HOUR:
        raise InputError(
            f"speed_unit is {declared!r}", file=held.found.file, way_out=f"choose one of {', '.join(KM_PER_HOUR)}"
        )
    if declared is not None and not any(what.split(":")[0] in ("speed", "maxspeed") for what in held.by):
        raise InputError(
            f"speed_unit={declared} is declared, and the table has no speeds",
            file=held.found.file,
            way_out="omit speed_unit, or name the column maxspeed or speed",
        )
    read: dict[str, Floats] = {}
    for what in ("speed", "speed:forward", "speed:backward"):
        if what in held:
            read[what] = _read_column(held.found, held.by[what], declared)
    for what in ("maxspeed", "maxspeed:forward", "maxspeed:backward"):
        if what in held:
            column = held.by[what]
            stated = _find_unit(held.found, column, declared)
            _refuse_metres_per_second(held.found, column, stated)
            if stated not in (None, "km/h"):
                read[what] = _read_column(held.found, column, declared)
    for what in ("maxspeed", "maxspeed:forward", "maxspeed:backward") if "speed" in read else ():
        if what in held:
            _refuse_two(held, held.by[what], read["speed"])
    return read


def _find_unit(found: Features, column: Column, declared: str | None) -> str | None:
    """The unit in a heading, or else the one declared."""
    stated = None
    if column.unit is not None:
        stated = SPEED_SPELLINGS.get(column.unit.strip().lower())
        if stated is None:
            raise InputError(
                f"heading {column.heading!r} names the unit {column.unit!r}, which is no unit of speed read here",
                file=found.file,
                line=None if found.line is None else 1,
                way_out=f"write one of {', '.join(KM_PER_HOUR)}",
            )
    for ending in sorted(SPEED_SPELLINGS, key=len, reverse=True):
        if stated is None and (column.known == ending or column.known.endswith("_" + ending)):
            stated = SPEED_SPELLINGS[ending]
    if stated is not None and declared is not None and stated != declared:
        raise InputError(
            f"heading {column.heading!r} says {stated}, but speed_unit is {declared}",
            file=found.file,
            line=None if found.line is None else 1,
            way_out="omit speed_unit, or correct the heading",
        )
    return stated or declared


def _read_column(found: Features, column: Column, declared: str | None) -> Floats:
    unit = _find_unit(found, column, declared)
    speed = np.full(len(found), np.nan)
    for row, cell in enumerate(column.cells):
        text = cell.strip()
        if text.lower() in ("", "0", "0.0", "nan", "none", "null", "-"):
            continue
        match = _VALUE.fullmatch(text)
        own = None if match is None or match[2] is None else SPEED_SPELLINGS.get(match[2].strip().lower())
        if match is None or (match[2] is not None and own is None):
            raise found.error(row, f"{column.heading} is {text!r}", "give a number, or one with its unit: 50 km/h")
        value = float(match[1])
        if own is None and unit is None:
            raise InputError(
                f"column {column.heading!r} has no unit",
                file=found.file,
                line=None if found.line is None else 1,
                way_out="declare speed_unit as km/h, mph or m/s, or write it in the heading: speed (km/h)",
            )
        if column.known in ("fr_spd_lim", "to_spd_lim") and value in _NO_LIMIT:
            continue
        speed[row] = value * KM_PER_HOUR[own or unit or "km/h"]
        if not _LEAST <= speed[row] <= _MOST:
            raise found.error(
                row,
                f"{column.heading} is {text}, which is {speed[row]:.4g} km/h",
                f"speeds should be {_LEAST:g} to {_MOST:g} km/h: correct the value or its unit (speed_unit), or leave "
                "the cell empty where there is none",
            )
    _refuse_metres_per_second(found, column, unit)
    return speed


def _refuse_metres_per_second(found: Features, column: Column, unit: str | None) -> None:
    """Refuse numbers that are round limits only if they are metres per second: 13.9, 8.33, 16.7."""
    if unit == "m/s":
        return
    values = {float(cell) for cell in map(str.strip, column.cells) if re.fullmatch(r"\d+(\.\d*)?", cell)} - {0.0}
    broken = [value for value in values if value % 1.0]  # whole numbers, such as 15, may be either
    round_ = [v for v in broken if abs(3.6 * v - 5.0 * round(3.6 * v / 5.0)) <= _NEAR and 3.6 * v <= _MOST]
    if broken and 2 * len(round_) > len(broken):
        least = min(round_)
        raise InputError(
            f"column {column.heading!r} looks like metres per second: {least:g} m/s is {3.6 * least:.3g} km/h",
            file=found.file,
            line=None if found.line is None else 1,
            way_out="declare speed_unit=m/s and remove another unit from the heading, or correct the values",
        )


def _refuse_two(held: RoadColumns, column: Column, speed: Floats) -> None:
    """Refuse a speed beside a maxspeed that says something else."""
    for row, cell in enumerate(column.cells):
        match = _VALUE.fullmatch(cell.strip())
        if match is None or np.isnan(speed[row]):
            continue
        limit = float(match[1]) * KM_PER_HOUR[SPEED_SPELLINGS.get((match[2] or "km/h").strip().lower(), "km/h")]
        if abs(limit - speed[row]) > 0.01 * limit:
            raise held.found.error(
                row,
                f"{column.heading} is {cell.strip()}, and {held.by['speed'].heading} is {speed[row]:.4g} km/h",
                "remove the column that should not count",
            )


def read_capacities(held: RoadColumns) -> tuple[dict[str, Floats], bool]:
    """Read capacities [veh h-1] of one direction, by ``"capacity"``, ``"capacity:forward"``, ``"capacity:backward"``.

    Returns
    -------
    capacities : dict
        NaN where the row has none.
    is_per_lane : bool
        Whether ``"capacity"`` is that of one lane.

    Raises
    ------
    InputError
        If nothing says whether a capacity is that of a lane or of all lanes of a direction, or one is not above 0.
    """
    read: dict[str, Floats] = {}
    is_per_lane = False
    for what in ("capacity", "capacity:forward", "capacity:backward"):
        if what not in held:
            continue
        column = held.by[what]
        if what == "capacity":
            unit = (column.unit or "").strip().lower()
            is_per_lane = unit in _PER_LANE or column.known in ("capacity_veh_h_lane", "capacity_per_lane")
            if not is_per_lane and unit not in _PER_LINK and column.known != "capacity_veh_h":
                raise InputError(
                    f"column {column.heading!r} does not say whether it is the capacity of a lane or of all lanes",
                    file=held.found.file,
                    line=None if held.found.line is None else 1,
                    way_out="name it capacity_veh_h_lane for one lane, or capacity_veh_h for all lanes of one "
                    "direction; or remove it to take capacities by class of road",
                )
        elif column.unit is not None and column.unit.strip().lower() not in _PER_LINK:
            raise InputError(
                f"heading {column.heading!r} names the unit {column.unit!r}, which is none of capacities read here",
                file=held.found.file,
                line=None if held.found.line is None else 1,
                way_out="give vehicles per hour of all lanes of the direction: veh/h",
            )
        values = np.full(len(held.found), np.nan)
        for row, cell in enumerate(map(str.strip, column.cells)):
            if cell.lower() in ("", "nan", "none", "null"):
                continue
            try:
                values[row] = float(cell)
            except ValueError:
                raise held.found.error(row, f"{column.heading} is {cell!r}", "give vehicles per hour") from None
            if not 0.0 <= values[row] < np.inf:  # 0 is refused where it is driven: tables write it for no direction
                raise held.found.error(row, f"{column.heading} is {cell}", "give vehicles per hour, above 0")
        read[what] = values
    for what in ("capacity:forward", "capacity:backward"):
        both = ("capacity", what) if {"capacity", what} <= set(read) else ()
        differs = np.abs(np.subtract(*(read[one] for one in both))) > 1e-3 if both else np.zeros(0, bool)
        differs &= read[what] > 0.0 if both else differs  # 0 is what tables write for no direction
        if differs.any():
            row = int(np.argmax(differs))
            raise held.found.error(
                row,
                f"{held.by['capacity'].heading} is {held.cell('capacity', row)}, and {held.by[what].heading} is "
                f"{held.cell(what, row)}",
                "remove the column that should not count",
            )
    return read, is_per_lane
