"""Cells of tables that hold no value: the usual marks, and the codes that were declared."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .tables import Table, is_number

__all__ = ["Missing", "fill_gaps", "read_missing", "read_values", "refuse_implausible"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_MARKS = ("", "nan", "na", "n/a", "null", "none", "-", "--")
_NINES = re.compile(r"[+-]?(?:9{3,}(?:[.][09]*)?|99[.]9+)|-99(?:[.]0*)?")  # 999.9, 9999, -99.9: codes of gauges
_LIMITS = frozenset((32766.0, 32767.0, -32767.0, -32768.0, 32700.0, 65535.0, 2147483647.0, -2147483648.0))


@dataclass(frozen=True)
class Missing:
    """The codes for no value, beside an empty cell, NaN, NA, null, - and --.

    Attributes
    ----------
    codes
        Texts and numbers that were declared.
    all_values
        Whether it was declared that every number is a value, 999.9 too.
    how
        How it is declared: the text before ``missing=`` in the advice of an error.
    """

    codes: tuple[str, ...] = ()
    all_values: bool = False
    how: str = "--set "

    @property
    def numbers(self) -> tuple[float, ...]:
        """The codes that are numbers."""
        return tuple(float(code) for code in self.codes if is_number(code))

    def find(self, cells: list[str]) -> Bools:
        """Tell which cells hold no value."""
        texts = {code.lower() for code in self.codes}
        numbers = set(self.numbers)
        known: dict[str, bool] = {}
        for cell in cells:
            if cell not in known:
                plain = cell.strip().lower()
                is_code = plain in _MARKS or plain in texts
                known[cell] = is_code or (bool(numbers) and is_number(plain) and float(plain) in numbers)
        return np.array([known[cell] for cell in cells], dtype=bool)

    def looks_like_code(self, cell: str) -> bool:
        """Whether a number is more likely a code than a value, and nobody said that it is one."""
        plain, value = cell.strip(), float(cell)
        written = {plain, f"{value:f}".rstrip("0").removesuffix(".")}  # 9.999e3 and 09999 are 9999
        return not self.all_values and (any(map(_NINES.fullmatch, written)) or value in _LIMITS)


def read_missing(text: str | None, *, how: str = "--set ") -> Missing:
    """Read a declaration of codes, divided by commas.

    Parameters
    ----------
    text
        Such as ``999.9,---,////``; ``none`` where every number is a value.
    how
        The text before ``missing=`` in the advice of an error.

    Raises
    ------
    InputError
        If a code is empty, or ``none`` is joined with others.

    Examples
    --------
    >>> read_missing("999.9,---").find(["1.5", "999.90", "---", ""]).tolist()
    [False, True, True, True]
    """
    if text is None:
        return Missing(how=how)
    codes = tuple(code.strip() for code in text.split(","))
    if "" in codes:
        raise InputError(
            f"missing={text!r} must not have an empty code", way_out="write codes divided by commas: 999.9,---"
        )
    if "none" in [code.lower() for code in codes]:
        if len(codes) > 1:
            raise InputError(
                f"missing={text!r} must not join codes with none",
                way_out="list the codes, or write none alone if there is no code",
            )
        return Missing(all_values=True, how=how)
    return Missing(codes, how=how)


def read_values(table: Table, column: str, missing: Missing) -> tuple[Floats, Bools]:
    """Read a column as numbers, NaN where a cell holds no value.

    Returns
    -------
    value : (row,) array
    lost : (row,) array of bool
        Where there is none.

    Raises
    ------
    InputError
        If a cell is neither a finite number nor declared to hold no value, or looks like a code that nobody declared.
    """
    cells = table.columns[column]
    lost = missing.find(cells)
    value = np.full(len(cells), np.nan)
    for row in np.flatnonzero(~lost).tolist():
        cell = cells[row].strip()
        if not is_number(cell) and is_number(cell.replace(",", "")):
            raise table.error(
                row, f"{column} is {cell!r}", "write numbers with a decimal point, and no mark of thousands"
            )
        if not is_number(cell):
            raise table.error(
                row,
                f"{column} is {cell!r}",
                f"give a number, or declare {missing.how}missing={cell} if it means no value",
            )
        value[row] = float(cell)
        if not np.isfinite(value[row]):
            raise table.error(row, f"{column} is {cell}", "give a finite number")
        if missing.looks_like_code(cell):
            raise table.error(
                row,
                f"{column} is {cell}, which is a usual code for a missing value",
                f"declare {missing.how}missing={cell} if it means no value, or {missing.how}missing=none if every "
                "number of the table is a value",
            )
    return value, lost


def refuse_implausible(
    table: Table, column: str, value: Floats, missing: Missing, *, least: float, most: float, units: str
) -> None:
    """Refuse converted values out of a range, NaN aside.

    Raises
    ------
    InputError
        With the cell, what it becomes, and the range.
    """
    wrong = ~(np.isnan(value) | ((value >= least) & (value <= most)))
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = table.columns[column][row].strip()
        raise table.error(
            row,
            f"{column} is {cell}, which is {value[row]:g} {units}",
            f"it must be {least:g} to {most:g} {units}: correct the value or the unit, leave the cell empty where "
            f"nothing was measured, or declare {missing.how}missing={cell} if that is a code for no value",
        )


def fill_gaps(table: Table, column: str, time_s: Floats, value: Floats, lost: Bools) -> tuple[Floats, tuple[str, ...]]:
    """Fill rows without a value on straight lines between their neighbours, and say so.

    Parameters
    ----------
    table, column
        For errors and notes.
    time_s : (row,) array
        Growing [s].
    value : (row,) array
        NaN where ``lost``.
    lost : (row,) array of bool

    Raises
    ------
    InputError
        If the first or the last row has no value: there is nothing to draw a line to.
    """
    if not lost.any():
        return value, ()
    for row, which in ((0, "first"), (len(lost) - 1, "last")):
        if lost[row]:
            raise table.error(
                row, f"{column} has no value in the {which} row", "give one, or remove the rows at the end without it"
            )
    kept = np.flatnonzero(~lost)
    longest = float(np.diff(time_s[kept]).max())
    note = (
        f"{table.file.name}: {int(lost.sum()):,} of {len(lost):,} values of {column} are missing and were taken on "
        f"straight lines between their neighbours, at most {longest:g} s apart."
    )
    return np.interp(time_s, time_s[kept], value[kept]), (note,)
