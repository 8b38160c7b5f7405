"""Lengths and speeds of GMNS links, whose columns may name their unit, and names that a reader must not pass over."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.tables import Table
from ..roads.units import KM_PER_HOUR, METRES
from .tables.columns import read_column
from .tables.config import find_length_unit, find_speed_unit

__all__ = ["Measure", "find_unit_columns", "read_measure", "refuse_lookalikes"]

Floats = npt.NDArray[np.float64]

_FACTOR = {"length": METRES, "free_speed": KM_PER_HOUR}
_FIND = {"length": find_length_unit, "free_speed": find_speed_unit}
_NAME = re.compile(
    r"(?:vdf_)?(length|free_speed)(?:_in)?(?:_(?P<tail>[a-z_/]+)|\s*[(\[\uff08](?P<unit>[^)\]\uff09]*)[)\]\uff09])"
)
_APART = 0.01  # relative difference of one quantity in two units
_LOOKALIKES = {  # names by which other programs call a column: where it is missing, one of these is not passed over
    "x_coord": ("x", "lon", "lng", "longitude"),
    "y_coord": ("y", "lat", "latitude"),
    "zone_id": ("zone", "taz", "taz_id"),
}


@dataclass(frozen=True)
class Measure:
    """One quantity by row, NaN where no cell states it; ``conflict`` is the first row where two columns differ."""

    value: Floats
    unit: str | None
    name: str
    conflict: tuple[int, str] | None


def find_unit_columns(table: Table, quantity: str) -> dict[str, str]:
    """Columns of ``length`` or ``free_speed`` whose names hold the unit, and that unit.

    Raises
    ------
    InputError
        If a unit in brackets is unknown.

    Examples
    --------
    >>> from pathlib import Path
    >>> names = ("vdf_length_mi", "length (KM)", "free_speed_kmh", "length")
    >>> find_unit_columns(Table(Path("link.csv"), {name: [] for name in names}, []), "length")
    {'vdf_length_mi': 'mile', 'length (KM)': 'km'}
    """
    found = {}
    for name in table.columns:
        match = _NAME.fullmatch(name)
        if match is None or match[1] != quantity:
            continue
        unit = _FIND[quantity](match["tail"] or match["unit"])
        if unit is None and match["unit"] is not None:
            raise InputError(
                f"column {name!r} has an unknown unit",
                file=table.file,
                line=1,
                way_out=f"give one of {', '.join(_FACTOR[quantity])}",
            )
        if unit is not None:
            found[name] = unit
    return found


def read_measure(table: Table, quantity: str, plain_unit: str | None) -> Measure:
    """Read lengths or speeds.

    Columns whose names hold their unit come first; the plain one follows where its unit is known.

    Parameters
    ----------
    table
        ``link.csv``.
    quantity
        ``"length"`` or ``"free_speed"``, which is also the name of the plain column.
    plain_unit
        Of that column, if something states it.
    """
    factor = _FACTOR[quantity]
    units: dict[str, str] = find_unit_columns(table, quantity)
    if quantity in table and (plain_unit is not None or not units):
        units |= {quantity: plain_unit or ""}
    names: list[str] = []
    value, unit = np.full(len(table), np.nan), plain_unit
    conflict: tuple[int, str] | None = None
    for name, own in units.items():
        other, _ = read_column(table, (name,))
        if not names:
            value, unit = other, own or None
            names.append(name)
            continue
        assert unit is not None
        other = other * factor[own] / factor[unit]
        apart = np.abs(value - other) > _APART * np.maximum(np.abs(value), np.abs(other))
        if apart.any() and conflict is None:
            row = int(np.argmax(apart))
            conflict = row, f"{names[0]} is {value[row]:g} {unit}, and {name} is {other[row]:g} {unit}"
        filled = np.isnan(value) & ~np.isnan(other)
        if filled.any():
            value = np.where(filled, other, value)
            names.append(name)
    return Measure(value, unit, ", ".join(names), conflict)


def refuse_lookalikes(nodes: Table) -> None:
    """Refuse a table of nodes that lacks a column and has one that may be it under another name.

    Raises
    ------
    InputError
        Naming both.
    """
    for column, others in _LOOKALIKES.items():
        other = next((name for name in others if any(cell.strip() for cell in nodes.columns.get(name, []))), None)
        if column not in nodes and other is not None:
            raise InputError(
                f"column {column!r} is missing, and {other!r} may be it",
                file=nodes.file,
                line=1,
                way_out=f"call it {column} if it is, as the specification has it; else remove it",
            )
