"""How long the period of a demand lasts, by the words and columns that tell of it: capacities are those of one hour."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.headings import split_heading
from ...text.tables import Table, is_number

__all__ = ["find_hours", "is_period", "refuse_daily_comments", "refuse_long_name", "refuse_other_periods"]

DAY_H = 24.0
_CLOCK_END = 2400  # as numbers write the end of a day: 0700 is a time
_PERIODS = frozenset((
    "time", "departure", "arrival", "start", "end", "begin", "time_of_day", "start_time", "end_time", "begin_time",
    "from_time", "to_time", "departure_time", "depart_time", "arrival_time", "time_interval", "time_slice", "time_bin",
    "time_slot", "timeslot", "timestamp", "datetime", "day_type", "daytype", "时段", "时间", "小时", "日期", "高峰",
    "星期", "时长", "开始时间", "结束时间", "出发时间", "到达时间",
))  # fmt: skip
_PERIOD_WORDS = frozenset((
    "period", "periods", "hour", "hours", "tod", "interval", "slice", "peak", "day", "date", "weekday", "duration",
    "minutes",
))  # fmt: skip
# Columns that count something, such as trips_per_hour.
_COUNTS = re.compile(r"(?:^|_)(?:per|trips|volumes?|flows?|vehicles|veh)(?:_|$)|/")
_DAYS = frozenset(("date", "day", "weekday", "day_type", "daytype", "日期", "星期"))
_STARTS = {
    "start": "end", "start_time": "end_time", "start_hour": "end_hour", "begin": "end", "begin_time": "end_time",
    "begin_hour": "end_hour", "from_time": "to_time", "from_hour": "to_hour", "period_start": "period_end",
    "start_period": "end_period", "interval_start": "interval_end", "time_start": "time_end", "hour_start": "hour_end",
    "开始时间": "结束时间",
}  # fmt: skip
_LENGTH = re.compile(
    r"(?:.*_)?(?:duration|period_length|interval_length|n_hours|hours|minutes|n_minutes|时长)(?:_(?P<unit>\w+))?|"
    r"(?:.*_)?(?:interval|period|slice)_(?P<other>h|hr|hrs|hours?|min|mins|minutes?|s|sec|seconds?)"
)
_SPANS = {"h": 1.0, "hr": 1.0, "hrs": 1.0, "hour": 1.0, "hours": 1.0, "小时": 1.0, "min": 1 / 60, "mins": 1 / 60,
          "minute": 1 / 60, "minutes": 1 / 60, "分钟": 1 / 60, "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600,
          "seconds": 1 / 3600, "秒": 1 / 3600, "d": DAY_H, "day": DAY_H, "days": DAY_H, "天": DAY_H}  # fmt: skip
# Names of a time of day whose demand is given by the hour, as models write them; any other word asks for the unit.
_PLAIN = frozenset((
    "am", "pm", "ph", "peak", "offpeak", "off", "interpeak", "inter", "rush", "morning", "evening", "noon", "midday",
    "afternoon", "night", "early", "late", "md", "ev", "nt", "op", "ip", "hour", "hourly", "h", "a", "p", "t", "veh",
    "vph", "per", "the", "of", "in", "at", "time", "clock", "o", "早高峰", "晚高峰", "平峰", "高峰", "早高峰小时",
    "晚高峰小时", "高峰小时", "早", "晚", "上午", "下午", "时", "点", "小时", "夜间",
))  # fmt: skip
_DAY_WORDS = re.compile(
    r"(?<![a-z])(?:daily|day|days|aadt|awdt|aawt|adt|awt|weekdays?|workdays?|whole|all)(?![a-z])|"
    r"全日|全天|整日|日均|每日|每天|日交通量"
)
_A_DAY = re.compile(  # or longer
    r"(?<![a-z])(?:daily|aadt|awdt|aawt|adt|weekly|monthly|annual|yearly)(?![a-z])|"
    r"(?:per|/)[ _]?(?:day|week|month|year)(?![a-z])|(?:veh|vehicles|trips|pcu|cars)\s*/\s*d(?![a-z])|24[ -]?h|"
    r"全日|全天|日均|每日|每天"
)
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?t?(?=\D|$)")
_CLOCK = r"(\d{1,2})(?:[:h时点]?(\d{2}))?(?::\d{2})?\s*(am|pm|a\.m\.|p\.m\.|h|时|点|点钟|hrs?|uhr)?"
_RANGE = re.compile(rf"(?<![\d.:]){_CLOCK}\s*-\s*{_CLOCK}(?![\d.:])")
_ONE = re.compile(rf"(?<![\d.:]){_CLOCK}(?![\d.:])")
_SPAN = re.compile(
    r"(?<![\d.:])(\d+(?:\.\d+)?)[\s-]*(hours?|hrs?|h|minutes?|mins?|seconds?|sec|s|days?|d|小时|分钟|秒|天)(?![a-z\d])"
)


def is_period(stem: str) -> bool:
    """Whether a column of this name tells times apart.

    Examples
    --------
    >>> is_period("time_period"), is_period("hour_of_day"), is_period("travel_time"), is_period("trips_per_hour")
    (True, True, False, False)
    """
    return stem in _PERIODS or (bool(_PERIOD_WORDS & set(stem.split("_"))) and not _COUNTS.search(stem))


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    plain = re.sub("[\u2010-\u2015\u2212~]|(?<=[\\dm])\\s*(?:to|bis|until|till)\\s*(?=\\d)|至|到", "-", plain)
    plain = re.sub(r"(?<=[\d时点m])\s*[_/]+\s*(?=\d|$)", "-", _DATE.sub(" ", plain).strip())
    return re.sub(r"\s*-[\s-]*", "-", re.sub(r"_", " ", plain)).strip(" -")


def find_hours(text: str) -> float | None:
    """Return how many hours a text says that a period lasts; None if it does not say so, NaN if it may.

    Examples
    --------
    >>> [find_hours(text) for text in ("0600_0900", "AM 7-9", "0000-2400", "24h", "15 min", "daily", "AM", "07:00")]
    [3.0, 2.0, 24.0, 24.0, 0.25, 24.0, None, None]
    """
    dates = set(_DATE.findall(text))
    plain = _plain(text)
    is_number_beyond = is_number(plain) and float(plain) > _CLOCK_END
    if len(dates) > 1 or (dates and not plain) or is_number_beyond:
        return float("nan")
    found = _RANGE.search(plain)
    if found:
        return _subtract(found)
    span = _SPAN.search(plain)
    if span:
        return round(float(span[1]) * _SPANS[span[2]], 6)
    if _DAY_WORDS.search(plain):
        return DAY_H
    rest = plain if is_number(plain) else _ONE.sub(" ", plain)
    words = re.findall(r"[^\W\d_]+", rest)
    if all(word in _PLAIN for word in words) and (is_number(plain) or not re.search(r"\d", rest)):
        return None
    return float("nan")


def _subtract(found: re.Match[str]) -> float:
    """Hours of a range of the clock; without a change of the clock a whole day."""
    halves = [(found[k] or "").replace(".", "")[:2] for k in (3, 6)]
    if halves[1] in ("am", "pm") and halves[0] not in ("am", "pm"):
        halves[0] = halves[1]
    begin, end = (
        60 * (int(found[k]) % 12 + 12 * (half == "pm") if half in ("am", "pm") else int(found[k])) + int(found[m] or 0)
        for k, m, half in ((1, 2, halves[0]), (4, 5, halves[1]))
    )
    return round(((end - begin) % 1440 or 1440) / 60.0, 6)


def _stem(column: str) -> str:
    return re.sub(r"[\s-]+", "_", split_heading(column)[0]).strip("_")


def refuse_other_periods(table: Table, row: npt.NDArray[np.int64], used: Sequence[str]) -> None:
    """Refuse volumes of a period that is not an hour, or that does not tell how long it is.

    Parameters
    ----------
    table
        Pairs, whose heading of volumes names no unit.
    row
        The rows that are read.
    used
        Columns of origins, destinations and volumes.

    Raises
    ------
    InputError
        Naming the period and how many hours it lasts.
    """
    if not row.size:
        return
    refuse_daily_comments(table)
    refuse_long_name(table, used[2], "column")
    stems = {_stem(column): column for column in table.columns if column not in used}
    done: set[str] = set()
    for start, end in _STARTS.items():
        if start in stems and end in stems:
            done |= {start, end}
            one, two = (table.columns[stems[name]][row[0]].strip() for name in (start, end))
            if one or two:
                _refuse(table, f"{one} to {two}", _measure(one, two))
    told = False  # whether some column tells the time of day
    for stem, column in stems.items():
        cells = table.columns[column]
        cell = cells[row[0]].strip()
        length = _LENGTH.fullmatch(stem)
        if stem in done or not cell or not (is_period(stem) or length):
            told |= stem in done
            continue
        if length and is_number(cell):
            unit = length["unit"] or length["other"] or split_heading(column)[1]
            unit = unit or ("h" if "hours" in stem else "min" if "minutes" in stem else "")
            _refuse(table, f"{column} {cell}", float(cell) * _SPANS.get(unit, float("nan")))
        elif "interval" in stem.split("_") and is_number(cell):
            _refuse(table, f"{column} {cell}", float("nan"))
        elif stem not in _DAYS:
            _refuse(table, cell, find_hours(cell))
            _refuse_steps(table, column, cell)
        elif find_hours(cell) is not None and re.search(r"daily|aadt|awdt|全日|全天", cell.lower()):
            _refuse(table, cell, DAY_H)
        told |= stem not in _DAYS
    days = [column for stem, column in stems.items() if stem in _DAYS and table.columns[column][row[0]].strip()]
    if days and not told:
        _refuse(table, f"{days[0]} {table.columns[days[0]][row[0]].strip()}", float("nan"))


def _measure(one: str, two: str) -> float:
    """Hours from one time to another, each in a cell of its own."""
    if is_number(one) and is_number(two) and max(float(one), float(two)) <= DAY_H:
        return (float(two) - float(one)) % DAY_H or DAY_H
    hours = find_hours(f"{one}-{two}")
    return float("nan") if hours is None else hours


def _refuse_steps(table: Table, column: str, cell: str) -> None:
    """Refuse times that follow one another within less than an hour: each stands for the time up to the next."""
    minutes = set()
    for text in dict.fromkeys(one.strip() for one in table.columns[column]):
        found = _ONE.fullmatch(_plain(text))
        if found and found[2]:
            half = (found[3] or "").replace(".", "")[:2]
            hour = int(found[1]) % 12 + 12 * (half == "pm") if half in ("am", "pm") else int(found[1])
            minutes.add(60 * hour + int(found[2]))
    ordered = sorted(minutes)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    if gaps and min(gaps) < 60:
        _refuse(table, cell, min(gaps) / 60.0)


def _find_hours_of_name(stem: str) -> float | None:
    """Hours that the name of a column or a matrix speaks of, such as am_3h and 0600_0900."""
    if _A_DAY.search(stem) or re.search(r"(?:^|_)day(?:_|$)", stem):
        return DAY_H
    plain = _plain(stem)
    found, span = _RANGE.search(plain), _SPAN.search(plain)
    return _subtract(found) if found else round(float(span[1]) * _SPANS[span[2]], 6) if span else None


def refuse_long_name(table: Table, name: str, what: str) -> None:
    """Refuse a column or a matrix whose name says that it counts another time than an hour.

    Raises
    ------
    InputError
        If its words do so.
    """
    stem = split_heading(name)[0]
    found = _find_hours_of_name(stem)
    if found is not None and found != 1.0:
        raise InputError(
            f"{what} {name!r} counts {_format_hours(found)}, and capacities are those of one hour",
            file=table.file,
            line=1 if table.line else None,
            way_out="give the vehicles of the hour that is meant, as demand (veh/h)",
        )


def refuse_daily_comments(table: Table) -> None:
    """Refuse a comment that speaks of vehicles of a day.

    Raises
    ------
    InputError
        With the comment.
    """
    for comment in table.comments:
        if _A_DAY.search(unicodedata.normalize("NFKC", comment).lower()):
            raise InputError(
                f"comment {comment!r} speaks of a day or more, and capacities are those of one hour",
                file=table.file,
                way_out="give vehicles per hour and remove the comment; pairs may say demand (veh/h) in the heading",
            )


def _format_hours(hours: float) -> str:
    return "a day or more" if hours == DAY_H else f"{hours:g} h"


def _refuse(table: Table, said: str, hours: float | None) -> None:
    if hours is None or abs(hours - 1.0) < 1e-9:
        return
    does = f"lasts {hours:g} h" if hours == hours else "does not say that it is an hour"
    raise InputError(
        f"period {said!r} {does}, and capacities are those of one hour",
        file=table.file,
        way_out="give vehicles per hour, and say so in the heading: volume (veh/h)",
    )
