"""Tables in CSV: columns by name, every complaint with its line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .encodings import read_text
from .errors import InputError

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """Columns of text, by lower-case name; ``line[k]`` is the line of the file on which row k ends."""

    file: Path
    columns: dict[str, list[str]]
    line: list[int]

    def __len__(self) -> int:
        return len(self.line)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def require(self, *columns: str) -> None:
        """Refuse a table that lacks one of these columns."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise InputError(
                f"column {missing[0]!r} is missing",
                file=self.file,
                line=1,
                way_out=f"the columns are {', '.join(self.columns) or 'none'}",
            )

    def error(self, row: int, problem: str, way_out: str) -> InputError:
        """Return an error that names this row's line."""
        return InputError(problem, file=self.file, line=self.line[row], way_out=way_out)

    def numbers(
        self, column: str, *, default: float | None = None, least: float | None = 0.0
    ) -> npt.NDArray[np.float64]:
        """Return a column as finite numbers.

        Parameters
        ----------
        column
            Its name.
        default
            Stands for empty cells, and for the whole column if the table lacks it; without one both are refused.
        least
            Smallest number allowed; None for any.
        """
        if column not in self.columns and default is not None:
            return np.full(len(self), default)
        self.require(column)
        cells = self.columns[column]
        if default is not None:
            cells = [cell if cell.strip() else repr(default) for cell in cells]
        try:
            values = np.array(list(map(float, cells)), dtype=np.float64)
        except ValueError:
            row = next(k for k, cell in enumerate(cells) if not _is_number(cell))
            raise self.error(row, f"{column} is {cells[row]!r}", "give a number") from None
        bad = ~np.isfinite(values) if least is None else ~(np.isfinite(values) & (values >= least))
        if bad.any():
            row = int(np.argmax(bad))
            wanted = "give a finite number" + ("" if least is None else f" from {least:g} up")
            raise self.error(row, f"{column} is {cells[row].strip()}", wanted)
        return values

    def whole(self, column: str) -> npt.NDArray[np.int64]:
        """Return a column as whole numbers."""
        self.require(column)
        cells = self.columns[column]
        try:
            return np.array(list(map(int, cells)), dtype=np.int64)
        except (ValueError, OverflowError):
            pass
        values = np.zeros(len(cells), dtype=np.int64)
        for row, cell in enumerate(cells):  # 12.0 is how some programs write 12
            if not _is_number(cell) or not float(cell).is_integer() or abs(float(cell)) >= 2**53:
                raise self.error(row, f"{column} is {cell!r}", "give a whole number")
            values[row] = int(float(cell))
        return values


def read_table(file: Path, *, require: tuple[str, ...] = ()) -> Table:
    """Read a CSV file with a line of column names.

    Parameters
    ----------
    file
        UTF-8 (with or without mark) or GB18030; names of columns in any case.
    require
        Columns it must have.

    Raises
    ------
    InputError
        If the file is missing or empty, lacks a column, or a row is shorter or longer than the names.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "demand.csv"
    ...     _ = file.write_text("o_zone_id,d_zone_id,volume\\n1,2,30.5\\n")
    ...     read_table(file).numbers("volume").tolist()
    [30.5]
    """
    rows = csv.reader(read_text(file).splitlines(keepends=True), strict=True)
    names: list[str] = []
    cells: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if not names:
                names = [cell.strip().lower() for cell in row]
                if len(set(names)) < len(names):
                    twice = next(name for name in names if names.count(name) > 1)
                    raise InputError(
                        f"column {twice!r} stands twice", file=file, line=rows.line_num, way_out="keep one of them"
                    )
                continue
            if len(row) != len(names):
                raise InputError(
                    f"the row has {len(row)} cells for {len(names)} columns",
                    file=file,
                    line=rows.line_num,
                    way_out="is the file cut off, or a text with a comma not quoted?",
                )
            cells.append(row)
            lines.append(rows.line_num)
    except csv.Error as error:
        raise InputError(
            f"the row cannot be read ({error})", file=file, line=rows.line_num, way_out="check its quotes"
        ) from None
    if not names:
        raise InputError("the file is empty", file=file, way_out="its first line should name the columns")
    columns = [list(column) for column in zip(*cells, strict=True)] if cells else [[] for _ in names]
    table = Table(file, dict(zip(names, columns, strict=True)), lines)
    table.require(*require)
    return table


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
