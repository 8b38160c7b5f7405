"""Dates of tables as days since 1970-01-01; whether a day or a month comes first is asked for."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import NO_DAY
from .rows import Rows, show_text
from .texts import read_texts

__all__ = ["check_format", "read_days"]

Days = npt.NDArray[np.int32]

_EPOCH = date(1970, 1, 1).toordinal()
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
_YEAR_FIRST = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + _TIME),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})" + _TIME),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})" + _TIME),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日"),
)
_YEAR_LAST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?:[T ].*)?")


def check_format(text: str, *, part: bool = False) -> str:
    """Why a format of dates cannot be used; empty if it can.

    Parameters
    ----------
    text
        As ``datetime.strptime`` takes it.
    part
        Whether it may lack the day, or the month and the day.

    Examples
    --------
    >>> check_format("%d/%m/%Y"), check_format("%m/%Y")
    ('', "a date's format must have the year (%Y), the month (%m) and the day (%d), got '%m/%Y'")
    """
    has = [any(sign in text for sign in signs) for signs in (("%Y", "%y"), ("%m", "%b", "%B", "%j"), ("%d", "%j"))]
    if all(has) or (part and has[0] and (has[1] or not has[2])):
        return ""
    return f"a date's format must have the year (%Y), the month (%m) and the day (%d), got {text!r}"


def read_days(rows: Rows, column: str, format: str = "") -> Days:
    """Read a column of dates; ``NO_DAY`` where a row has none.

    Parameters
    ----------
    rows
        With the column as text, dates, times or whole numbers such as 20050507.
    column
        Its name.
    format
        As ``datetime.strptime`` takes it; empty: the year comes first. A time of day is left out, and a date is taken
        as it is written, whatever its offset.

    Raises
    ------
    InputError
        If a text is no date, or the order of its day and month is open.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = Rows("a.csv", {"day": pa.array(["1970-01-02", "2005-05-07 00:00:00", ""])}, 3, int)
    >>> read_days(rows, "day").tolist()
    [1, 12910, -2147483648]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    held = rows.columns[column]
    if pa.types.is_timestamp(held.type) or pa.types.is_date(held.type):
        if pa.types.is_timestamp(held.type) and held.type.tz is not None:
            held = pc.local_timestamp(held)
        whole = pc.floor_temporal(held, unit="day") if pa.types.is_timestamp(held.type) else held
        days = whole.cast(pa.date32()).cast(pa.int32())
        return np.asarray(pc.fill_null(days, NO_DAY).to_numpy(zero_copy_only=False), np.int32)
    texts, place = read_texts(rows, column, "a date")
    known = np.empty(len(texts), np.int32)
    for i, text in enumerate(texts.tolist()):
        day = NO_DAY if not text else _parse_day(text, format)
        if isinstance(day, str):
            raise rows.refuse(f"column {column!r} {day}", int(np.flatnonzero(place == i)[0]), _show_way(text, format))
        known[i] = day
    return known[place] if len(known) else np.empty(0, np.int32)


def _parse_day(text: str, format: str) -> int | str:
    try:
        if format:
            return datetime.strptime(text, format).toordinal() - _EPOCH
        found: Any = next((match for form in _YEAR_FIRST if (match := form.fullmatch(text))), None)
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3])).toordinal() - _EPOCH
    except ValueError as error:
        why = f" where the format is {format!r}" if format else f" ({error})"
        return f"must hold dates, got {show_text(text)}{why}"
    if _YEAR_LAST.fullmatch(text):
        return f"must hold dates whose order is known, got {show_text(text)}"
    return f"must hold dates, got {show_text(text)}"


def _show_way(text: str, format: str) -> str:
    if format:
        return "correct the row, or the format in the mapping"
    if _YEAR_LAST.fullmatch(text):
        return "write the format in the mapping, such as %d/%m/%Y if the day comes first or %m/%d/%Y if the month does"
    return "write it as 2005-05-07, or leave it empty if it is not known"
