"""Times as tables write them, kept as seconds of UTC, shown in a zone of choice.

A time that names its offset is taken at its word; one that does not needs a zone that somebody declared, for the same
table means other hours in Beijing and in Greenwich.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["check_zone", "find_zone", "read_times", "show_time"]

LongInts = npt.NDArray[np.int64]

_DATES = (
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",  # 2023-09-07, 2023/9/7
    r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日",
)
_CLOCKS = (
    r"[T\s]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?",
    r"\s*(?P<hour>\d{1,2})\s*[时点](?:\s*(?P<minute>\d{1,2})\s*分(?:\s*(?P<second>\d{1,2})\s*秒)?)?(?P<fraction>)",
)
_OFFSET = r"\s*(?P<offset>Z|UTC|GMT|北京时间?|[+-]\d{2}(?::?\d{2})?)?"
_FORMS = [re.compile(day + clock + _OFFSET, re.IGNORECASE) for day in _DATES for clock in _CLOCKS] + [
    re.compile(  # 20230907T220000Z, 202309072200, and 2023090722 of weather tables
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[T\s]?"
        r"(?P<hour>\d{2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?P<fraction>))?)?" + _OFFSET,
        re.IGNORECASE,
    )
]
_DATE_ALONE = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{8}|\d{4}年\d{1,2}月\d{1,2}日")
_UTC_NAMES = ("utc", "gmt", "z", "zulu", "universal time", "世界时", "协调世界时")
_BEIJING_NAMES = (
    "bjt", "beijing", "beijing time", "china standard time", "hkt", "hong kong time", "北京时", "北京时间", "香港时间",
)  # fmt: skip
_ABBREVIATED = (
    "cst", "cdt", "est", "edt", "ist", "bst", "pst", "pdt", "mst", "mdt", "cet", "cest", "eet", "eest", "wet", "west",
    "ast", "aest", "aedt", "sgt", "jst", "kst", "msk",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_zone(name: str, *, file: str | Path | None = None) -> ZoneInfo:
    """Return a time zone by its name.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> check_zone("Asia/Shanghai").key
    'Asia/Shanghai'
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError(
            f"time zone {name!r} is unknown",
            file=file,
            way_out="give a name such as Asia/Shanghai or UTC; Etc/GMT-8 is 8 hours ahead of UTC all year",
        ) from None


def find_zone(text: str, *, file: str | Path | None = None) -> tzinfo | None:
    """Return the zone that a heading names: UTC, UTC+8, 北京时间, Asia/Shanghai; None if the text is not a zone.

    Raises
    ------
    InputError
        If it is an abbreviation that stands for several zones, such as CST.

    Examples
    --------
    >>> find_zone("utc+08:00"), find_zone("asia/shanghai").key, find_zone("min")
    (datetime.timezone(datetime.timedelta(seconds=28800)), 'Asia/Shanghai', None)
    """
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip().lower()
    if plain in _UTC_NAMES:
        return UTC
    if plain in _BEIJING_NAMES:
        return timezone(timedelta(hours=8))
    if offset := re.fullmatch(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", plain):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if ahead <= timedelta(hours=14):
            return timezone(-ahead if offset[1] == "-" else ahead)
    if "/" in plain and re.fullmatch(r"[a-z_]+(/[a-z0-9_+-]+)+", plain):
        named = next((name for name in available_timezones() if name.lower() == plain), None)
        return None if named is None else ZoneInfo(named)
    if plain in _ABBREVIATED:
        raise InputError(
            f"time zone {text.strip().upper()!r} is an abbreviation that can mean different hours",
            file=file,
            way_out="write the offset, such as time (UTC+8), or a name such as Asia/Shanghai",
        )
    return None


def read_times(
    texts: Sequence[str],
    *,
    time_zone: str | tzinfo | None = None,
    heading: str | None = None,
    file: str | Path | None = None,
    line: Sequence[int] | None = None,
) -> LongInts:
    """Read times of a table.

    Parameters
    ----------
    texts
        ISO 8601 or as Chinese tables write them: ``2023-09-07 22:00``, ``2023/9/7 22:00``, ``2023年9月7日22时``,
        ``2023090722``, with an offset or without. 24:00 is the midnight that ends its day.
    time_zone
        Zone of times that name no offset.
    heading
        That names this zone: then a time may name no other offset.
    file, line
        For the error: the file, and the line of each text.

    Returns
    -------
    (time,) int64
        Seconds since 1970-01-01 00:00 UTC.

    Raises
    ------
    InputError
        If a text is not a time or is only a date, is not whole seconds, names no offset where no zone is declared, or
        falls into an hour that a change of clocks omits or repeats.

    References
    ----------
    .. [1] ISO 8601-1:2019; GB/T 7408.1-2023

    Examples
    --------
    >>> read_times(["2023-09-07 22:00", "2023-09-07T14:00Z", "2023年9月7日22时"], time_zone="Asia/Shanghai").tolist()
    [1694095200, 1694095200, 1694095200]
    """
    zone = check_zone(time_zone, file=file) if isinstance(time_zone, str) else time_zone
    seconds = np.zeros(len(texts), np.int64)
    known: dict[str, int] = {}  # the stations of a network read at the same times
    for row, text in enumerate(texts):
        if text not in known:
            try:
                known[text] = _read_time(unicodedata.normalize("NFKC", text).strip(), zone, heading)
            except _NoTime as problem:
                raise InputError(
                    f"time {text.strip()!r} {problem.args[0]}",
                    file=file,
                    line=None if line is None else line[row],
                    way_out=problem.args[1],
                ) from None
        seconds[row] = known[text]
    return seconds


class _NoTime(Exception):
    """What is wrong with a text, and the way out."""


def _read_time(text: str, zone: tzinfo | None, heading: str | None) -> int:
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        if _DATE_ALONE.fullmatch(text):
            raise _NoTime(
                "must have an hour, not only a date",
                "give the time at which the reading ended, such as 2023-09-07 20:00",
            )
        raise _NoTime("cannot be read", "write 2023-09-07 22:00:00, or with its offset 2023-09-07T22:00:00+08:00")
    if (found["fraction"] or "").strip("0"):
        raise _NoTime("is not a whole second", "round it to whole seconds")
    year, month, day, hour, minute, second = (
        int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    ends_day = (hour, minute, second) == (24, 0, 0)  # how the last reading of a day is often written
    try:
        naive = datetime(year, month, day, 0 if ends_day else hour, minute, second) + timedelta(days=ends_day)
        if found["offset"]:
            moment = naive.replace(tzinfo=_read_offset(found["offset"]))
            if heading is not None and moment.utcoffset() != moment.astimezone(zone).utcoffset():
                raise _NoTime(f"is not in the zone that heading {heading!r} names", "correct the time or the heading")
            return _count(moment)
    except (ValueError, OverflowError) as error:
        raise _NoTime(f"does not exist ({error})", "correct the row") from None
    if zone is None:
        raise _NoTime(
            "has no time zone",
            "declare it, such as --declare readings.time_zone=Asia/Shanghai, or write +08:00 after the times",
        )
    early, late = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        same = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
        what = "happened twice" if same else "never happened"
        raise _NoTime(f"{what} in {zone}, when the clocks changed", "write it with its offset, such as +08:00")
    return _count(early)


def _read_offset(text: str) -> timezone:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if text.startswith("北京"):
        return timezone(timedelta(hours=8))
    digits = text[1:].replace(":", "").ljust(4, "0")
    if int(digits[2:]) > 59:
        raise ValueError(f"offset {text}")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _count(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)  # whole numbers: exact, and right before 1970


def show_time(utc_s: int, time_zone: str = "Asia/Shanghai") -> str:
    """Write a time as people of a zone read it; :func:`read_times` reads it back.

    Examples
    --------
    >>> show_time(1694095200), show_time(1694095200, "UTC")
    ('2023-09-07 22:00:00+08:00', '2023-09-07 14:00:00+00:00')
    """
    return (_EPOCH + timedelta(seconds=int(utc_s))).astimezone(check_zone(time_zone)).isoformat(sep=" ")
