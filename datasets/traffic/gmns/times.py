"""Free-flow times of GMNS links: those that the file states, else length by speed, where the units are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..roads.units import KM_PER_HOUR, METRES
from .checks import LONG_M, SHORT_M, refuse_or_note_lengths, refuse_or_note_speeds, refuse_or_note_times
from .measures import Measure, read_measure
from .tables.columns import read_column
from .tables.config import Config
from .tables.links import LinkRows
from .tables.nodes import NodePlaces, find_unit

__all__ = ["TIME_COLUMNS", "LinkTimes", "read_times"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_TIMES = ("vdf_fftt", "vdf_fftt1")  # minutes, by the definition of DTALite
TIME_COLUMNS = ("length", "free_speed", *_TIMES)


@dataclass(frozen=True)
class LinkTimes:
    """By link: free-flow time [min], length in its unit (``"1"`` if nothing says it), speed [km/h] or NaN.

    ``metres`` are the lengths, NaN where their unit is unknown.
    """

    free_time: Floats
    length: Floats
    length_unit: str
    speed_km_h: Floats
    metres: Floats


def read_times(
    links: LinkRows,
    config: Config,
    places: NodePlaces,
    road_m: Floats | None,
    drawn: Bools,
    class_speed: Floats,
    notes: list[str],
    *,
    in_metres: bool = False,
) -> LinkTimes:
    """Read or compute the free-flow times.

    Parameters
    ----------
    links, config, places
        Tables of the folder.
    road_m : (link,) array of float or None
        Lengths of the lines, or straight between the nodes [m].
    drawn : (link,) array of bool
        Whether a line of the file was measured.
    class_speed : (link,) array of float
        Speeds by class of road [km h-1], NaN where the class is unknown.
    notes
        Takes what was found.
    in_metres
        Whether lengths and speeds are needed too, of every link: then all of them are checked.

    Raises
    ------
    InputError
        If a unit that matters is not stated, a length or speed is missing, or one cannot be.
    """
    table = links.table
    length = read_measure(table, "length", config.length_unit)
    speed = read_measure(table, "free_speed", config.speed_unit)
    stated, time_name = read_column(table, _TIMES)
    long, fast, time = length.value[links.row], speed.value[links.row], stated[links.row]
    if time_name and np.nanmax(time, initial=0.0) == 0.0 and np.nanmax(long, initial=0.0) > 0.0:
        raise InputError(
            f"{time_name} is 0 on every row", file=table.file, way_out="leave the column empty where times are unknown"
        )
    computed = np.isnan(time) & ~(long == 0.0)
    required = np.ones(time.size, dtype=np.bool_) if in_metres else computed
    strict = bool(required.any())
    for measure in () if strict else (length, speed):
        if measure.conflict is not None:
            notes.append(f"Line {table.line[measure.conflict[0]]}: {measure.conflict[1]}; stated times were used.")
    if strict:
        _ask_units(links, required, length, speed, np.isnan(time) if in_metres else computed, road_m)
        for measure in (length, speed):
            if measure.conflict is not None:
                raise table.error(*measure.conflict, "keep one of the columns, or correct the unit")
    long, unit = _fill_lengths(links, long, length, road_m, drawn, required, notes)
    metres = None if unit is None else long * METRES[unit]
    refuse_or_note_lengths(links, metres, length.name, places, road_m, drawn, required if strict else None, notes)
    kmh = np.full(fast.size, np.nan) if speed.unit is None else fast * KM_PER_HOUR[speed.unit]
    refuse_or_note_times(links, metres, kmh, time, strict=bool(computed.any()), notes=notes)
    if in_metres and metres is not None:
        told = ~np.isnan(time) & (metres > 0.0)
        with np.errstate(divide="ignore"):
            kmh = np.where(told, 0.06 * metres / np.where(told, time, 1.0), kmh)
    needed = required & ~(long == 0.0)
    kmh = _fill_speeds(links, kmh, speed, class_speed, needed, notes)
    refuse_or_note_speeds(links, kmh, metres, time, speed.name, needed if strict else None, notes)
    if computed.any():
        assert metres is not None
        time = np.where(computed, 0.06 * metres / np.where(computed, kmh, 1.0), time)
        by = f"{length.name or 'length'} [{unit}] by {speed.name or 'speed'} [{speed.unit or 'km/h'}]"
        notes.append(f"Free-flow times of {int(computed.sum()):,} of {time.size:,} links are {by}.")
    time = np.where(np.isnan(time) & (long == 0.0), 0.0, time)
    assert np.isfinite(time).all(), "a free-flow time is neither stated nor computed"
    if not computed.all() and time_name:
        notes.append(f"Free-flow times of {int((~computed).sum()):,} links are those of {time_name} [min].")
    idle = (time == 0.0) & (long > 0.0)
    if idle.any():
        notes.append(f"{int(idle.sum()):,} links longer than 0 have free-flow time 0.")
    known = np.full(long.size, np.nan) if metres is None else metres
    return LinkTimes(time, np.where(np.isnan(long), 0.0, long), unit or "1", kmh, known)


def _ask_units(
    links: LinkRows, required: Bools, length: Measure, speed: Measure, computed: Bools, road_m: Floats | None
) -> None:
    """Ask for units that matter and that nothing states."""
    long, fast = length.value[links.row], speed.value[links.row]
    missing = []
    if length.unit is None and (required & (long > 0.0)).any():
        fits = find_unit(long, road_m)
        hint = f" ({fits} fits the nodes' coordinates)" if fits else ""
        missing.append(("length", "long_length", f"length_unit=m, km, mile or ft{hint}"))
    if speed.unit is None and (computed & ~(long == 0.0) & ~np.isnan(fast)).any():
        missing.append(("free_speed", "speed", "speed_unit=km/h, mph or m/s"))
    if missing:
        columns, keys, settings = zip(*missing, strict=True)
        raise InputError(
            f"nothing states the unit of {' and of '.join(columns)}",
            file=links.table.file,
            way_out=f"set {' and '.join(settings)}, or state {' and '.join(keys)} in config.csv",
        )


def _fill_lengths(
    links: LinkRows,
    long: Floats,
    length: Measure,
    road_m: Floats | None,
    drawn: Bools,
    required: Bools,
    notes: list[str],
) -> tuple[Floats, str | None]:
    """Measure what no cell states, on the line or between the nodes."""
    gap = np.isnan(long) & required
    if not gap.any():
        return long, length.unit
    if road_m is None or (length.unit is None and not np.isnan(long).all()):
        k = int(np.argmax(gap))
        raise links.error(k, "length is empty", "give a length, or state the crs of the coordinates in config.csv")
    typical = float(np.median(road_m[gap]))
    if not SHORT_M <= typical <= LONG_M:
        raise InputError(
            f"lengths of {int(gap.sum()):,} links are empty, and between x_coord and y_coord they are typically "
            f"{typical:.3g} m; links of roads have {SHORT_M:g} m to {LONG_M:,g} m",
            file=links.table.file,
            way_out="give lengths, or correct the coordinates or their crs",
        )
    unit = length.unit or "km"
    on_line = int((gap & drawn).sum())
    notes.append(
        f"Lengths of {int(gap.sum()):,} links are empty and were measured: {on_line:,} along their line, "
        f"{int(gap.sum()) - on_line:,} straight between their nodes."
    )
    return np.where(gap, road_m / METRES[unit], long), unit


def _fill_speeds(
    links: LinkRows, kmh: Floats, speed: Measure, class_speed: Floats, needed: Bools, notes: list[str]
) -> Floats:
    still = (kmh == 0.0) & needed
    if still.any():
        raise links.error(int(np.argmax(still)), "free_speed is 0", "give a speed above 0; close a link by capacity 0")
    gap = np.isnan(kmh) & needed
    if not gap.any():
        return kmh
    lost = gap & np.isnan(class_speed)
    if lost.any():
        raise links.error(
            int(np.argmax(lost)),
            f"{speed.name or 'free_speed'} is empty, and the class of the road is unknown",
            "give a speed, or a facility_type such as primary (or say what its word means: classes=WORD=primary)",
        )
    notes.append(f"Speeds of {int(gap.sum()):,} of {kmh.size:,} links are not stated: those of their class of road.")
    return np.where(gap, class_speed, kmh)
