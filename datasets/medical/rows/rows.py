"""Rows of a part of a table: columns as Arrow reads them, and where each row stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import InputError

__all__ = ["Rows", "find_columns", "show_text"]

_TELLING = re.compile(r"\d{9}")  # numbers of persons, cards and telephones are that long; dates are shorter


@dataclass(frozen=True)
class Rows:
    """Columns of one length and the way from a row back to its place in the file."""

    file: str
    columns: Mapping[str, Any]
    """Arrow arrays by name."""
    n_rows: int
    locate: Callable[[int], int]
    """Number of a row in the file: of its line in a text file, of the row in Parquet; counted from 1."""
    are_lines: bool = True
    missing: frozenset[str] = frozenset()
    """Words that stand for no value."""

    def refuse(self, problem: str, row: int, way_out: str) -> InputError:
        """The error about one row. It never quotes an identifier: messages end in logs."""
        at = self.locate(row)
        if self.are_lines:
            return InputError(problem, file=self.file, line=at, way_out=way_out)
        return InputError(f"row {at:,}: {problem}", file=self.file, way_out=way_out)


def show_text(text: str) -> str:
    """A text for an error: one that may be an identifier of a wrong column is shown by its form alone.

    Examples
    --------
    >>> show_text("31.12.2005"), show_text("440301199001011234")
    ("'31.12.2005'", "a text like '999999999999999999'")
    """
    if len(text) <= 24 and not _TELLING.search(text):
        return repr(text)
    return f"a text like {''.join('9' if one.isdigit() else 'a' if one.isalpha() else one for one in text[:24])!r}"


def find_columns(file: str, has: Iterable[str], wanted: Iterable[str], way_out: str) -> None:
    """Refuse a file that lacks a column.

    Raises
    ------
    InputError
        With the columns that it has.
    """
    has = list(has)
    lacking = [name for name in wanted if name not in has]
    if lacking:
        shown = ", ".join(has[:40]) + (f" and {len(has) - 40} more" if len(has) > 40 else "")
        raise InputError(
            f"the table must have a column {lacking[0]!r}, but it has {shown or 'none'}", file=file, way_out=way_out
        )
