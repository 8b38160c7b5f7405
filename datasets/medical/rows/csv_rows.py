"""Rows of a range of a CSV file: one line is one row, so every cut into ranges gives the same rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...errors import InputError
from .ranges import LONGEST_LINE, count_lines, name_file, open_file, read_lines
from .rows import Rows

__all__ = ["Dialect", "read_csv_rows", "read_header"]

_BOM = b"\xef\xbb\xbf"
# Four or more Chinese characters of UTF-8 with nothing else that is not ASCII beside them. Text in GB18030 looks so by
# chance in far less than one line of 10^9.
_UTF8_RUN = re.compile(rb"(?<![\x80-\xff])(?:[\xe4-\xe9][\x80-\xbf]{2}){4,}(?![\x80-\xff])")

_LONE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True)
class Dialect:
    """How a file writes a table."""

    delimiter: str = ","
    encoding: Literal["UTF-8", "GB18030"] = "UTF-8"
    has_quotes: bool = True
    missing: tuple[str, ...] = ()
    lower: bool = False
    """Whether names of columns are taken in lower case."""
    is_mapped: bool = True
    """Whether a mapping of columns says all this: then errors name it."""


def read_header(root: Path, file: str, dialect: Dialect) -> list[str]:
    """Names of columns, from the first line.

    Raises
    ------
    InputError
        If the file is empty, in another encoding, or names a column twice.
    """
    with open_file(root, file) as opened:
        line = opened.readline(LONGEST_LINE)
    name = name_file(root, file)
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
        raise InputError(
            "the text must be UTF-8 or GB18030, but it looks like UTF-16", file=name, way_out="save it as UTF-8"
        )
    text = _decode(line, 1, name, dialect).removeprefix("\ufeff").rstrip("\r\n")
    if not text.strip():
        raise InputError("the first line must name the columns, but it is empty", file=name, line=1, way_out="add it")
    if "\r" in text:
        raise InputError(
            "lines must end in \\n or \\r\\n, but they end in \\r alone",
            file=name,
            way_out="save it with other line ends",
        )
    names = [cell.strip().lower() if dialect.lower else cell.strip() for cell in _split(text, dialect)]
    count = Counter(names)
    twice = next((cell for cell in names if count[cell] > 1), None)
    if twice is not None:
        raise InputError(
            f"each column must have a name of its own, but {twice!r} stands twice",
            file=name,
            line=1,
            way_out="rename one",
        )
    return names


def read_csv_rows(
    root: Path, file: str, start: int, stop: int, columns: Sequence[str], dialect: Dialect | None = None
) -> Rows:
    """Read columns of the lines that begin in a range of bytes.

    Parameters
    ----------
    root, file
        See ``open_file``.
    start, stop
        The range [B]. The line of the header is left out.
    columns
        Those that are parsed; one that the file lacks is left out of the result.
    dialect
        How the file writes a table.

    Raises
    ------
    InputError
        If a line is not in the encoding, breaks in a quoted field, or has another number of fields than the header.
    """
    import pyarrow as pa
    from pyarrow import csv as pacsv

    dialect = dialect or Dialect()
    header = read_header(root, file, dialect)
    name = name_file(root, file)
    text = read_lines(root, file, start, stop)
    skipped = 0
    if start == 0:
        end = text.find(b"\n") + 1
        text, skipped = (text[end:] if end else b""), 1
    place = _Place(root, file, start, skipped, text)
    if dialect.encoding == "GB18030" and not text.isascii() and (found := _UTF8_RUN.search(text)):
        raise InputError(
            "a file must be in one encoding, but this line is UTF-8 in a file of GB18030",
            file=name,
            line=place.find_line(found.start()),
            way_out="save all of it as UTF-8 and omit the mapping's encoding",
        )
    if not text.isascii():
        try:
            text = text.decode(dialect.encoding).encode()
        except UnicodeDecodeError as error:
            raise _refuse_encoding(name, place.find_line(error.start), dialect) from None
    if found := _LONE_RETURN.search(text):
        raise InputError(
            "lines must end in \\n or \\r\\n, but this one holds \\r alone",
            file=name,
            line=place.find_line(found.start()),
            way_out="remove it",
        )
    if dialect.has_quotes:
        _refuse_breaks(text, name, place)
    wanted = [column for column in columns if column in header]
    empty = {column: pa.array([], pa.string()) for column in wanted}
    if not text.strip():
        return Rows(name, empty, 0, place.find_row, missing=frozenset(dialect.missing))
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(column_names=header, block_size=len(text) + 1, use_threads=False),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter, quote_char='"' if dialect.has_quotes else False, newlines_in_values=False
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=wanted, column_types={column: pa.string() for column in wanted}, null_values=[]
            ),
        )
    except pa.ArrowInvalid:  # its text quotes the row
        raise _refuse_fields(text, name, place, header, dialect) from None
    found_columns = {column: _join(table.column(column)) for column in wanted}
    return Rows(name, found_columns, table.num_rows, place.find_row, missing=frozenset(dialect.missing))


@dataclass(frozen=True)
class _Place:
    """Where a range's text stands: lines are counted only for an error."""

    root: Path
    file: str
    start: int
    skipped: int
    text: bytes

    def find_line(self, at: int) -> int:
        before = count_lines(self.root, self.file, self.start) if self.start else self.skipped
        begins_late = self.start > 0 and not self._begins_at_start()
        return before + begins_late + self.text.count(b"\n", 0, at) + 1

    def find_row(self, row: int) -> int:
        at = seen = 0
        for line in self.text.splitlines(keepends=True):
            if line.strip(b"\r\n"):
                if seen == row:
                    break
                seen += 1
            at += len(line)
        return self.find_line(at)

    def _begins_at_start(self) -> bool:
        with open_file(self.root, self.file) as opened:
            opened.seek(self.start - 1)
            return opened.read(1) == b"\n"


def _decode(raw: bytes, line: int, name: str, dialect: Dialect) -> str:
    try:
        return raw.decode(dialect.encoding)
    except UnicodeDecodeError:
        raise _refuse_encoding(name, line, dialect) from None


def _refuse_encoding(name: str, line: int, dialect: Dialect) -> InputError:
    way_out = "save all of it as UTF-8"
    if dialect.encoding == "UTF-8" and dialect.is_mapped:
        way_out += ", or write encoding: GB18030 in the mapping of columns if all of it is GB18030"
    return InputError(
        f"the text must be {dialect.encoding}, but this line is not", file=name, line=line, way_out=way_out
    )


def _refuse_breaks(text: bytes, name: str, place: _Place) -> None:
    if b'"' not in text:
        return
    # Inside a field that holds a line break the number of quotation marks so far on the line is odd.
    held = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(held == ord("\n")), len(held))
    n_quotes = np.diff(np.searchsorted(np.flatnonzero(held == ord('"')), ends), prepend=0)
    odd = np.flatnonzero(n_quotes % 2)
    if len(odd):
        raise InputError(
            "a row must stand on one line, but a quoted field does not end on this line",
            file=name,
            line=place.find_line(0) + int(odd[0]),
            way_out="remove the line break inside the field, or double the quotation mark",
        )


def _refuse_fields(text: bytes, name: str, place: _Place, header: Sequence[str], dialect: Dialect) -> InputError:
    for at, line in enumerate(text.decode().split("\n")):
        n = len(_split(line.rstrip("\r"), dialect)) if line.strip("\r") else len(header)
        if n != len(header):
            return InputError(
                f"each row must have the header's {len(header)} fields, got {n}",
                file=name,
                line=place.find_line(0) + at,
                way_out="quote fields that hold the delimiter, or correct the row",
            )
    return InputError("the table cannot be read as CSV", file=name, way_out="save it as plain CSV")


def _split(line: str, dialect: Dialect) -> list[str]:
    if not dialect.has_quotes:
        return line.split(dialect.delimiter)
    return next(csv.reader([line], delimiter=dialect.delimiter), [])


def _join(column: Any) -> Any:
    whole = column.combine_chunks()
    return whole.chunk(0) if hasattr(whole, "chunk") else whole
