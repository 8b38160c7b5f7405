"""Tables of text: columns by name, every error with its line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .encodings import read_text

__all__ = ["Table", "TextColumns", "is_number", "read_table"]


class TextColumns(Protocol):
    """Columns of text by name, whatever file they are read from: a :class:`Table`, or the features of a map.

    ``line[k]`` is the line of the file on which row k ends; None for a file without lines.
    """

    @property
    def file(self) -> Path: ...
    @property
    def columns(self) -> dict[str, list[str]]: ...
    @property
    def line(self) -> list[int] | None: ...
    @property
    def comments(self) -> tuple[str, ...]: ...

    def __len__(self) -> int: ...

    def error(self, row: int, problem: str, way_out: str) -> InputError:
        """Return an error that names this row."""
        ...


@dataclass(frozen=True)
class Table:
    """Columns of text, by name; ``line[k]`` is the line of the file on which row k ends.

    Names are in lower case, except for the text in brackets: a unit ML is not ml.

    ``comments`` are lines that begin with #; without ``has_headings`` the columns are called column 1, column 2, ...
    """

    file: Path
    columns: dict[str, list[str]]
    line: list[int]
    comments: tuple[str, ...] = ()
    has_headings: bool = True

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
            Value of empty cells, and for the whole column if the table lacks it; without one both are refused.
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
            row = next(k for k, cell in enumerate(cells) if not is_number(cell))
            raise self.error(row, f"{column} is {cells[row]!r}", "give a number") from None
        bad = ~np.isfinite(values) if least is None else ~(np.isfinite(values) & (values >= least))
        if bad.any():
            row = int(np.argmax(bad))
            wanted = "give a finite number" + ("" if least is None else f" >= {least:g}")
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
            if not is_number(cell) or not float(cell).is_integer() or abs(float(cell)) >= 2**53:
                raise self.error(row, f"{column} is {cell!r}", "give a whole number")
            values[row] = int(float(cell))
        return values


def read_table(
    file: Path,
    *,
    require: tuple[str, ...] = (),
    may_lack_headings: bool = False,
    may_have_blanks: bool = False,
) -> Table:
    """Read a table with a line of column names.

    Parameters
    ----------
    file
        UTF-8 (with or without mark) or GB18030; cells divided by commas, semicolons or tabs; names of columns in any
        case. Lines before the names that begin with # are comments, and so are later ones that are no row of the
        table; where the first row is numbers, the comment names the columns that has as many cells, under any mark.
        Between semicolons or tabs numbers may have decimal commas.
    require
        Columns it must have.
    may_lack_headings
        Whether the first row may be numbers: then columns are called column 1, column 2, ...
    may_have_blanks
        Whether blanks may divide the cells, where no other mark does and every row has as many.

    Raises
    ------
    InputError
        If the file is missing or empty, lacks a column, a row is shorter or longer than the names, a comma may be
        the mark of decimals or of thousands, or several comments may name the columns.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "demand.csv"
    ...     _ = file.write_text("# of 2023\\no_zone_id;d_zone_id;volume\\n1;2;30,5\\n")
    ...     read_table(file).numbers("volume").tolist()
    [30.5]
    """
    text = read_text(file).splitlines(keepends=True)
    n_before = next((k for k, one in enumerate(text) if one.strip() and not one.lstrip().startswith("#")), len(text))
    comments = [one.strip() for one in text[:n_before] if one.strip()]
    body = text[n_before:]
    if may_have_blanks:
        body = _join_blanks(body)
    mark = _find_delimiter(body)
    rows = csv.reader(body, delimiter=mark, strict=True)
    names: list[str] = []
    cells: list[list[str]] = []
    lines: list[int] = []
    has_headings = True
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            line = n_before + rows.line_num
            if not names:
                names = [_name(cell) for cell in row]
                is_row = is_number(_point(names[0])) if mark != "," else is_number(names[0])
                if is_row and (said := _read_commented(comments, mark, len(row), file)) is not None:
                    names = said
                elif may_lack_headings and is_number(_point(names[0])):
                    names, has_headings = [f"column {k}" for k in range(1, len(row) + 1)], False
                else:
                    _refuse_twice(names, file, line)
                    continue
                _refuse_twice(names, file, line)
            if len(row) > len(names) and not any(cell.strip() for cell in row[len(names) :]):
                row = row[: len(names)]  # delimiters at the end of a row, without a column
            if len(row) != len(names):
                if row[0].lstrip().startswith("#"):
                    comments.append(mark.join(row).strip())
                    continue
                raise InputError(
                    f"the row has {len(row)} cells for {len(names)} columns",
                    file=file,
                    line=line,
                    way_out="check whether the file is cut off, or a text with a comma lacks quotes",
                )
            cells.append(row)
            lines.append(line)
    except csv.Error as error:
        raise InputError(
            f"the row cannot be read ({error})", file=file, line=n_before + rows.line_num, way_out="check its quotes"
        ) from None
    if not names:
        raise InputError("the file is empty", file=file, way_out="write the names of the columns into its first line")
    if mark != ",":
        _read_decimal_commas(cells, lines, file)
    columns = [list(column) for column in zip(*cells, strict=True)] if cells else [[] for _ in names]
    named = [k for k, name in enumerate(names) if name or any(cell.strip() for cell in columns[k])]
    nameless = [k for k in named if not names[k]]
    if len(nameless) > 1:
        problem = f"{len(nameless)} columns have no name: the {_count(nameless[0])} and the {_count(nameless[1])}"
        raise InputError(problem, file=file, way_out="name them, or empty them")
    names, columns = (
        [names[k] for k in named],
        [columns[k] for k in named],
    )  # marks at the ends of lines make the others
    table = Table(file, dict(zip(names, columns, strict=True)), lines, tuple(comments), has_headings)
    table.require(*require)
    return table


def _find_delimiter(body: list[str]) -> str:
    """The mark that divides the names; of several, the first that gives every row as many cells as there are names."""
    if not body:
        return ","
    found = [mark for mark in ("\t", ";", ",") if mark in body[0]]
    if len(found) < 2:
        return found[0] if found else ","
    for mark in found:
        try:
            counts = [len(row) for row in csv.reader(body, delimiter=mark, strict=True) if any(map(str.strip, row))]
        except csv.Error:
            continue
        if counts[0] > 1 and set(counts) == {counts[0]}:
            return mark
    return ","


def _join_blanks(body: list[str]) -> list[str]:
    """The lines with a tab for each run of blanks, where all rows then have as many cells; else as they are."""
    if not body or any(mark in body[0] for mark in "\t;,"):
        return body
    rows = [line.split() for line in body if line.strip() and not line.lstrip().startswith("#")]
    is_table = len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows)
    return ["\t".join(line.split()) + "\n" for line in body] if is_table else body


def _count(place: int) -> str:
    return {0: "1st", 1: "2nd", 2: "3rd"}.get(place, f"{place + 1}th")


def _name(cell: str) -> str:
    """A name in lower case, except for the text in brackets."""
    plain = cell.strip()
    at = next((at for at, letter in enumerate(plain) if letter in "([\uff08\uff3b"), len(plain))
    return plain[:at].lower() + plain[at:]


def _read_commented(comments: list[str], mark: str, n: int, file: Path) -> list[str] | None:
    """Names that a program wrote into a comment: the last, or the only one, that has as many cells as the rows."""
    found: list[list[str]] = []
    for comment in reversed(comments):
        for other in dict.fromkeys((mark, "\t", ";", ",")):
            names = [_name(name) for name in next(csv.reader([comment.lstrip("#")], delimiter=other))]
            if len(names) == n > 1 and not any(is_number(name) for name in names):
                if other == mark and comment is comments[-1]:
                    return names
                found.append(names)
                break
    if len(found) > 1:
        raise InputError(
            f"{len(found)} comments may name the {n} columns",
            file=file,
            way_out="write the names into the first line of the table, without #",
        )
    return found[0] if found else None


def _refuse_twice(names: list[str], file: Path, line: int) -> None:
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"column {twice!r} must be unique, it is there twice", file=file, line=line, way_out="keep one of them"
        )


_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # one thousand and more, or one and a share
_POINTED = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def _point(cell: str) -> str:
    return cell.replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell


def _read_decimal_commas(cells: list[list[str]], lines: list[int], file: Path) -> None:
    """Write decimal commas as points, in place; a cell may hold several numbers, divided by semicolons."""
    found = [
        (row, at)
        for row, held in enumerate(cells)
        for at, cell in enumerate(held)
        if "," in cell and all(_COMMA.fullmatch(part) or is_number(part) for part in map(str.strip, cell.split(";")))
    ]
    if not found:
        return
    if all(_EITHER.fullmatch(cells[row][at].strip()) for row, at in found):
        row, at = found[0]
        cell = cells[row][at].strip()
        raise InputError(
            f"{cell!r} is ambiguous: it may be {cell.replace(',', '.')} or {cell.replace(',', '')}",
            file=file,
            line=lines[row],
            way_out="write numbers with a decimal point, and without a thousands separator",
        )
    for row, held in enumerate(cells):
        for cell in held:
            if _POINTED.fullmatch(cell.strip()):
                comma = cells[found[0][0]][found[0][1]].strip()
                raise InputError(
                    f"{cell.strip()!r} has a decimal point, and {comma!r} on line {lines[found[0][0]]} a decimal comma",
                    file=file,
                    line=lines[row],
                    way_out="write all numbers with a decimal point",
                )
    for row, at in found:
        cells[row][at] = cells[row][at].replace(",", ".")


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number, NaN and infinity included."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
