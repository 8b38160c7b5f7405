"""The ``<KEY> value`` lines that open every TNTP file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...text.encodings import read_text
from ...text.tables import is_number
from ..demand.periods import find_hours

__all__ = ["Header", "read_factors", "read_header"]

_LINE = re.compile(r"\s*<([^>]*)>(.*)")
_END = "END OF METADATA"
_SAME = {"FIRST THROUGH NODE": "FIRST THRU NODE", "DIST FACTOR": "DISTANCE FACTOR"}
_READ = frozenset((
    "NUMBER OF ZONES", "NUMBER OF NODES", "FIRST THRU NODE", "NUMBER OF LINKS", "ORIGINAL HEADER", "TOTAL OD FLOW",
    "TOLL FACTOR", "DISTANCE FACTOR",
))  # fmt: skip
# A key with such a word changes the answer, unless its value says what is assumed anyway.
_TELLING = re.compile(
    r"\b(?:FACTORS?|WEIGHTS?|SCAL(?:E|ES|ING)|MULTIPL\w*|EXPANSION|COEFF\w*|PERIODS?|HOURS?|DURATION|UNITS?|VALUE OF|"
    r"VOT|ALPHA|BETA|BPR|DIRECTED|UNDIRECTED|VDF|FUNCTION|TOLLS?|COSTS?|CAPACIT\w*|DELAYS?|PENALT\w*|PCE|"
    r"OCCUPANCY|SHARE|PERCENT\w*|GROWTH|MODES?|AADT|DAILY)\b"
)
_ASSUMED = re.compile(
    r"1(?:\.0*)?|veh(?:icles)?(?:/| per )h(?:r|our)?|vph|bpr|1(?:\.0*)? ?h(?:our)?|hour|yes|true|cars?|autos?",
    re.IGNORECASE,
)


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

    def describe_unread(self) -> list[str]:
        """Return a note that names the keys that are not read, if there are any.

        Raises
        ------
        InputError
            If such a key speaks of what changes the answer: a factor, a period, a unit, a toll.
        """
        unread = [key for key in self.values if key not in _READ]
        for key in unread:
            if _TELLING.search(key) and self.values[key] and not _is_assumed(key, self.values[key]):
                raise InputError(
                    f"<{key}> is {self.values[key]!r} and is not read",
                    file=self.file,
                    line=self.lines[key],
                    way_out="apply it to the rows of the file and remove the line, or rename it if it changes nothing; "
                    "what is read is <TOLL FACTOR> and <DISTANCE FACTOR>",
                )
        shown = ", ".join(f"<{key}> {self.values[key]}".strip() for key in unread)
        return [f"{self.file.name}: not read: {shown}."] if unread else []

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


def _is_assumed(key: str, value: str) -> bool:
    if re.search(r"\b(?:LENGTH|DISTANCE|TIME|SPEED|COORDINATES?|CURRENCY) UNITS?\b", key):
        return True  # an answer has the units of the file
    if "UNDIRECTED" in key:
        return value.lower() in ("no", "false", "0")
    return _ASSUMED.fullmatch(value) is not None or (
        "PERIOD" in key and not is_number(value) and find_hours(value) in (None, 1.0)
    )


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
        key = _SAME.get(key, key)
        before = values.get(key)
        values[key] = found[2].split("~")[0].strip() if key != "ORIGINAL HEADER" else found[2].strip()
        if before not in (None, values[key]):
            raise InputError(
                f"<{key}> is {before!r} on line {lines[key]} and {values[key]!r} here",
                file=file,
                line=number,
                way_out="keep one of the two lines",
            )
        lines[key] = number
    raise InputError(
        f"the line <{_END}> is missing",
        file=file,
        way_out="the file is cut off or is no TNTP file: fetch it again",
    )


def read_factors(headers: Sequence[Header]) -> tuple[float, float]:
    """Return the time per unit of toll and per unit of length that the files state; 0 where they do not.

    Raises
    ------
    InputError
        If two files state different ones.
    """
    found = [0.0, 0.0]
    for place, key in enumerate(("TOLL FACTOR", "DISTANCE FACTOR")):
        stated = [(header.number(key), header) for header in headers if key in header.values]
        for value, header in stated:
            if value != stated[0][0]:
                raise InputError(
                    f"<{key}> is {header.values[key]}, and {stated[0][0]:g} in {stated[0][1].file.name}",
                    file=header.file,
                    line=header.lines[key],
                    way_out="keep one of the two lines",
                )
            found[place] = value or 0.0
    return found[0], found[1]
