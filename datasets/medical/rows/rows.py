"""Rows of a part of a table: columns as Arrow reads them, and where each row stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import InputError

__all__ = ["Rows", "find_columns"]


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
