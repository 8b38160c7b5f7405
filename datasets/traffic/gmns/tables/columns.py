"""Columns of GMNS tables that may go by several names, and identifiers that may be any text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....errors import InputError
from ....text.missing import read_missing, read_values
from ....text.tables import Table, is_number, read_table

__all__ = ["NEXT_PERIOD", "Ids", "find_file", "list_unread", "read_column", "read_flags", "read_ids", "refuse_periods"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]

_EVERY_NUMBER = read_missing("none")
_TRUE = frozenset({"true", "t", "1", "1.0", "yes", "y"})
_FALSE = frozenset({"false", "f", "0", "0.0", "no", "n"})
NEXT_PERIOD = re.compile(r"(vdf_[a-z_]+)([2-9]|[1-9]\d)")
_SAME = 1e-6  # relative difference of two spellings of one number


def find_file(folder: Path, name: str) -> Path | None:
    """Find a table of a folder, in any case of its name."""
    if (folder / name).is_file():
        return folder / name
    return next((entry for entry in sorted(folder.iterdir()) if entry.name.lower() == name), None)


def read_column(table: Table, names: Iterable[str], *, least: float = 0.0) -> tuple[Floats, str]:
    """Read one quantity that may stand in several columns.

    Parameters
    ----------
    table
        Table of the file.
    names
        What the column may be called; the first that is there comes first.
    least
        Smallest number allowed.

    Returns
    -------
    value : (row,) array
        NaN where no column states it.
    name : str
        The columns that are there, divided by commas; empty if there is none.

    Raises
    ------
    InputError
        If a cell is no finite number from ``least`` up, or two columns state different numbers.

    Examples
    --------
    >>> table = Table(Path("link.csv"), {"vdf_alpha": ["0.15", ""], "vdf_alpha1": ["", "1"]}, [2, 3])
    >>> value, name = read_column(table, ("vdf_alpha", "vdf_alpha1"))
    >>> value.tolist(), name
    ([0.15, 1.0], 'vdf_alpha, vdf_alpha1')
    """
    value = np.full(len(table), np.nan)
    found = [name for name in names if name in table]
    for name in found:
        gaps = _EVERY_NUMBER.find(table.columns[name])
        for row in np.flatnonzero(~gaps).tolist():
            if not is_number(table.columns[name][row]):
                cell = table.columns[name][row].strip()
                raise table.error(row, f"{name} is {cell!r}", "give a number, or leave the cell empty")
        other, _ = read_values(table, name, _EVERY_NUMBER)
        low = other < least
        if low.any():
            row = int(np.argmax(low))
            cell = table.columns[name][row].strip()
            raise table.error(row, f"{name} is {cell}", f"give a finite number from {least:g} up")
        differ = np.abs(value - other) > _SAME * np.maximum(np.abs(value), np.abs(other))
        if differ.any():
            row = int(np.argmax(differ))
            cells = [f"{one} is {table.columns[one][row].strip()}" for one in found if table.columns[one][row].strip()]
            raise table.error(row, " and ".join(cells), "these columns say the same thing: keep one of them")
        value = np.where(np.isnan(value), other, value)
    return value, ", ".join(found)


def read_flags(table: Table, name: str) -> npt.NDArray[np.bool_]:
    """Read a column of true and false; an empty cell is true."""
    flags = np.ones(len(table), dtype=np.bool_)
    for row, cell in enumerate(table.columns.get(name, [])):
        word = cell.strip().lower()
        if word and word not in _TRUE | _FALSE:
            raise table.error(row, f"{name} is {cell.strip()!r}", "write true or false")
        flags[row] = word not in _FALSE
    return flags


def refuse_periods(links: Table) -> None:
    """Refuse columns of further periods, such as ``VDF_alpha2``, that differ from those of the first."""
    for name in links.columns:
        match = NEXT_PERIOD.fullmatch(name)
        if match is None:
            continue
        first = next((one for one in (f"{match[1]}1", match[1]) if one in links), None)
        for row, cell in enumerate(links.columns[name]):
            if cell.strip() and (first is None or cell.strip() != links.columns[first][row].strip()):
                raise links.error(
                    row,
                    f"{name} is {cell.strip()}: the link differs between periods",
                    "keep the columns of one period, without a number or with 1",
                )


@dataclass(frozen=True)
class Ids:
    """Identifiers of a table's rows: its own numbers, or the place of each row where they are other texts."""

    table: Table
    column: str
    number: LongInts  # (row,)
    is_text: bool

    def list_texts(self, rows: LongInts) -> tuple[str, ...] | None:
        """The texts of these rows; None where identifiers are numbers."""
        cells = self.table.columns[self.column]
        return tuple(cells[row].strip() for row in rows.tolist()) if self.is_text else None

    def find(self, other: Table, column: str) -> LongInts:
        """The row of this table that each cell of another names."""
        other.require(column)
        if self.is_text:
            place = {cell.strip(): row for row, cell in enumerate(self.table.columns[self.column])}
            found = np.array([place.get(cell.strip(), -1) for cell in other.columns[column]], dtype=np.int64)
        else:
            order = np.argsort(self.number, kind="stable")
            target = other.whole(column)
            at = np.minimum(np.searchsorted(self.number[order], target), order.size - 1)
            found = np.where(self.number[order][at] == target, order[at], -1)
        if (found < 0).any():
            row = int(np.argmax(found < 0))
            cell = other.columns[column][row].strip()
            raise other.error(
                row, f"{column} {cell} is not in {self.table.file.name}", f"add the row there, or correct {column}"
            )
        return found


def read_ids(table: Table, column: str, notes: list[str]) -> Ids:
    """Read identifiers; those that are no whole numbers are numbered from 1 as they stand.

    Raises
    ------
    InputError
        If one is empty or given twice.
    """
    table.require(column)
    cells = [cell.strip() for cell in table.columns[column]]
    if "" in cells:
        raise table.error(cells.index(""), f"{column} is empty", "give each row its own id")
    try:
        number = table.whole(column)
        is_text = False
    except InputError:
        number = np.arange(1, len(table) + 1, dtype=np.int64)
        is_text = True
        example = next((cell for cell in cells if not cell.lstrip("+-").isdigit()), cells[0])
        notes.append(
            f"{table.file.name}: {column} has texts such as {example!r}; rows are numbered from 1 as they stand."
        )
    seen: dict[str | int, int] = {}
    for row, one in enumerate(cells if is_text else number.tolist()):
        first = seen.setdefault(one, row)
        if first != row:
            raise table.error(
                row, f"{column} {one} is given twice, first on line {table.line[first]}", "give each row its own id"
            )
    return Ids(table, column, number, is_text)


def read_if_there(folder: Path, name: str) -> Table | None:
    """Read a table that a folder may lack; None too if it has no rows."""
    file = find_file(folder, name)
    if file is None or not file.read_bytes().strip():
        return None
    table = read_table(file)
    return table if len(table) else None


def list_unread(table: Table, read: Iterable[str]) -> str | None:
    """A note of columns that hold something and are not read."""
    known = set(read)
    left = [
        name
        for name, cells in table.columns.items()
        if name not in known and name and any(cell.strip() for cell in cells)
    ]
    return f"{table.file.name}: not read: {', '.join(left)}." if left else None
