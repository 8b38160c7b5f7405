"""The ``<KEY> value`` lines that open every TNTP file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .encodings import read_text
from .errors import InputError

__all__ = ["Header", "read_header"]

_LINE = re.compile(r"\s*<([^>]*)>(.*)")
_END = "END OF METADATA"


@dataclass(frozen=True)
class Header:
    """Header of one TNTP file, and the text below it."""

    file: Path
    values: dict[str, str]
    lines: dict[str, int]
    body: str
    body_line: int  # line number of the body's first line

    def count(self, key: str) -> int | None:
        """Return a whole number that the header states, or None where it does not."""
        if key not in self.values:
            return None
        text = self.values[key]
        number = self.number(key)
        if number is None or number != int(number):
            raise InputError(
                f"<{key}> is {text!r}", file=self.file, line=self.lines[key], way_out="give a whole number"
            )
        return int(number)

    def number(self, key: str) -> float | None:
        """Return a number from 0 up that the header states, or None where it does not."""
        if key not in self.values:
            return None
        try:
            number = float(self.values[key].replace(",", ""))
        except ValueError:
            number = -1.0
        if not 0.0 <= number < float("inf"):
            raise InputError(
                f"<{key}> is {self.values[key]!r}",
                file=self.file,
                line=self.lines[key],
                way_out="give a number from 0 up",
            )
        return number


def read_header(file: Path) -> Header:
    """Read a TNTP file up to ``<END OF METADATA>`` and keep the rest as text.

    Raises
    ------
    InputError
        If the file is missing, or ends before its header does.
    """
    text = read_text(file)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    position = 0
    for number, line in enumerate(text.split("\n"), start=1):
        position += len(line) + 1
        found = _LINE.match(line)
        if not found:
            continue
        key = " ".join(found[1].upper().split())
        if key == _END:
            return Header(file, values, lines, text[position:], number + 1)
        values[key] = found[2].split("~")[0].strip() if key != "ORIGINAL HEADER" else found[2].strip()
        lines[key] = number
    raise InputError(
        f"the line <{_END}> is missing",
        file=file,
        way_out="the file is cut off or is no TNTP file: fetch it again",
    )
