"""What ``config.csv`` of a GMNS folder states, and the settings that state it where no file does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ....errors import InputError
from ...roads.units import KM_PER_HOUR, METRES
from .columns import read_if_there

__all__ = ["Config", "find_length_unit", "find_speed_unit", "read_config"]

_LENGTHS = {
    "m": "m", "meter": "m", "metre": "m", "米": "m", "km": "km", "kilometer": "km", "kilometre": "km", "公里": "km",
    "千米": "km", "mi": "mile", "mile": "mile", "英里": "mile", "ft": "ft", "foot": "ft", "feet": "ft", "英尺": "ft",
}  # fmt: skip
_SPEEDS = {
    "km/h": "km/h", "kmh": "km/h", "kph": "km/h", "kmph": "km/h", "kilometer/h": "km/h", "kilometre/h": "km/h",
    "公里/小时": "km/h", "千米/小时": "km/h", "公里/h": "km/h", "mph": "mph", "mi/h": "mph", "mile/h": "mph",
    "m/s": "m/s", "mps": "m/s", "meter/s": "m/s", "metre/s": "m/s", "米/秒": "m/s",
}  # fmt: skip
_READ = ("long_length", "speed", "crs", "dataset_name", "geometry_field_format")


def find_length_unit(text: str) -> str | None:
    """The unit of length that a text means, a key of ``METRES``; None if it is none.

    Examples
    --------
    >>> find_length_unit("Miles"), find_length_unit("furlong")
    ('mile', None)
    """
    word = text.strip().lower().rstrip(".")
    return _LENGTHS.get(word) or _LENGTHS.get(word.removesuffix("s"))


def find_speed_unit(text: str) -> str | None:
    """The unit of speed that a text means, a key of ``KM_PER_HOUR``; None if it is none.

    Examples
    --------
    >>> find_speed_unit("Miles per hour"), find_speed_unit("km_h"), find_speed_unit("knots")
    ('mph', 'km/h', None)
    """
    word = re.sub(r"\s+per\s+|_per_|\s*/\s*|_", "/", text.strip().lower())
    word = re.sub(r"/(?:hours?|hrs?)$", "/h", word)
    word = re.sub(r"/(?:seconds?|secs?)$", "/s", word)
    long, slash, short = word.partition("/")
    return _SPEEDS.get(word) or (_SPEEDS.get(f"{long.removesuffix('s')}/{short}") if slash else None)


@dataclass(frozen=True)
class Config:
    """Units and the reference system, None where neither the file nor a setting says them."""

    file: Path | None
    length_unit: str | None  # of `length`: a key of METRES
    speed_unit: str | None  # of `free_speed`: a key of KM_PER_HOUR
    crs: str | None  # as config.csv writes it


def read_config(folder: Path, length_unit: str | None, speed_unit: str | None, notes: list[str]) -> Config:
    """Read ``config.csv`` and join it with the settings.

    Parameters
    ----------
    folder
        May lack the file.
    length_unit, speed_unit
        Settings.
    notes
        Takes what the file says and is not read.

    Raises
    ------
    InputError
        If a unit is unknown, the file and a setting differ, or the file has several rows.
    """
    table = read_if_there(folder, "config.csv")
    stated: dict[str, str] = {}
    if table is not None:
        if len(table) > 1:
            raise table.error(1, "config.csv has more than one row", "keep the row that describes these tables")
        stated = {name: cells[0].strip() for name, cells in table.columns.items() if cells[0].strip()}
        left = [name for name in stated if name not in _READ]
        if left:
            notes.append(f"config.csv: not read: {', '.join(left)}.")
    file = None if table is None else table.file
    return Config(
        file,
        _agree(file, stated, "long_length", "length_unit", length_unit, METRES, find_length_unit),
        _agree(file, stated, "speed", "speed_unit", speed_unit, KM_PER_HOUR, find_speed_unit),
        stated.get("crs"),
    )


def _agree(
    file: Path | None,
    stated: dict[str, str],
    key: str,
    setting: str,
    given: str | None,
    known: Iterable[str],
    find: Callable[[str], str | None],
) -> str | None:
    allowed = ", ".join(known)
    chosen = None if given is None else find(given)
    if given is not None and chosen is None:
        raise InputError(f"{setting} must be one of {allowed}, got {given!r}")
    if key not in stated:
        return chosen
    held = find(stated[key])
    if held is None:
        raise InputError(f"{key} is {stated[key]!r}", file=file, line=2, way_out=f"give one of {allowed}")
    if chosen is not None and chosen != held:
        raise InputError(
            f"{key} is {stated[key]!r}, and {setting}={given} is set",
            file=file,
            line=2,
            way_out=f"omit {setting}, or correct the file",
        )
    return held
