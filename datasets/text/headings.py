"""Headings of columns as tables of stations write them, with the unit in brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from .tables import Table, TextColumns
from .units import agree_units, parse_units

__all__ = [
    "NAME_HEADINGS",
    "STATION_HEADINGS",
    "find_column",
    "find_texts",
    "is_flag",
    "match_columns",
    "match_heading",
    "refuse_flags",
    "refuse_other_quantity",
    "refuse_several_stations",
    "split_heading",
]

STATION_HEADINGS = (
    "station_id", "station", "id", "code", "stcd", "站号", "区站号", "站码", "站点编号", "测站编码", "编号",
    "point", "point_id", "点号", "station_no", "station_number", "station_code", "site_id", "site_no", "site_code",
    "site", "gauge_id", "gauge_no", "gauge", "gage_id", "gage", "sensor_id", "sensor", "device_id", "device",
    "测站", "站点",
)  # fmt: skip
_SEVERAL = re.compile(  # words of columns that tell series apart
    r"(?:(?:rain|river|tide|gauging|monitoring|measuring|sampling) )?(?:station|stn|site|gauge|gage|sensor|device|"
    r"logger|location|place|point|river|reach|basin|catchment|section|outfall|parameter|variable|quantity|element|scenario|"
    r"member|series|run|model)s?(?: (?:id|no|nr|number|code|name|key))?\.?|"
    r".*(?:站|测点|监测点|地点|河流|断面|设备|传感器|要素|情景|方案).*"
)
NAME_HEADINGS = ("name", "station_name", "stnm", "站名", "名称", "站点名称", "测站名称")

_FLAGS = frozenset((
    "quality", "qc", "qa", "qf", "flag", "flags", "qualifier", "qualifiers", "status", "valid", "validity", "suspect",
))  # fmt: skip
_SHOWN = 8  # columns that a note names
_STATING = (
    "unit", "units", "time zone", "timezone", "tz", "utc offset", "crs", "srid", "epsg", "interval", "interval s",
    "单位", "时区", "坐标系",
)  # fmt: skip
_STATES = re.compile(
    r"#+\s*(?:units?|time[ _]?zone|tz|missing(?: values?)?|no[ _-]?data(?:[ _]value)?|fill[ _]?value|"
    r"(?:height |vertical )?datum|单位|时区|基面|缺测)\s*[:=\uff1a]",
    re.IGNORECASE,
)
# Units that names of columns end with, where brackets cannot be written: level_cm, rain_mm_h.
_ENDINGS = {
    "m": "m", "cm": "cm", "mm": "mm", "km": "km", "ft": "ft", "feet": "ft", "in": "inch", "inch": "inch",
    "metre": "m", "metres": "m", "meter": "m", "meters": "m",
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "min": "min", "mins": "min", "minute": "min",
    "minutes": "min", "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d",
    "mm/h": "mm h-1", "mm h": "mm h-1", "mm h-1": "mm h-1", "mm/hr": "mm h-1", "mm hr": "mm h-1", "mmh": "mm h-1",
    "mm per h": "mm h-1", "mm per hour": "mm h-1", "mm/min": "mm min-1", "mm min": "mm min-1", "m/s": "m s-1",
    "m s": "m s-1", "m s-1": "m s-1", "m3/s": "m3 s-1", "m3 s": "m3 s-1", "m3s": "m3 s-1", "m3 s-1": "m3 s-1",
    "deg": "degree", "degree": "degree", "degrees": "degree",
    "cumecs": "m3 s-1", "cms": "m3 s-1", "cfs": "ft3 s-1", "l/s": "l s-1", "l s": "l s-1", "ls": "l s-1",
}  # fmt: skip

_PLAIN_VALUE = re.compile(
    r"(?:the )?(?:values?|readings?|data|observed|observations?|measured|measurements?|obs)(?: values?)?|"
    r"数值|值|观测值|读数|实测值"
)
_OTHER_SORT = re.compile(
    r"surge|anomal|residual|departure|deviation|change|differ|depth|height above|above ground|above bed|"
    r"gauge (?:height|zero)|setup|wave|trend|rise|ground|bed|bank|crest|warning|alert|alarm|threshold|outflow|abstract|"
    r"withdraw|loss|release|velocity|speed|cumul|accum|since|"
    r"增水|距平|余水位|变化|差|深|波|地面|河底|警戒|出流|出库|取水|累计|流速"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_LARGE = (
    "ML",
    "Ml",
    "GL",
    "Gl",
    "Mm",
)  # ML is megalitres and ml millilitres; other units keep their meaning in lower case

_WORDS = ("in", "s", "d", "h", "m")  # units that may be words or letters of a name too


def split_heading(heading: str) -> tuple[str, str | None]:
    """Split a heading into its words and the text in brackets at its end, if there is one.

    Examples
    --------
    >>> split_heading("雨量(毫米/小时)"), split_heading("Rain [MM/(10 min)]"), split_heading("Flow (ML/d)")
    (('雨量', '毫米/小时'), ('rain', 'mm/(10 min)'), ('flow', 'ML/d'))
    """
    plain = unicodedata.normalize("NFKC", heading).strip()
    if not plain.endswith((")", "]")):
        return plain.lower(), None
    depth = 0
    for at in range(len(plain) - 1, -1, -1):
        depth += (plain[at] in ")]") - (plain[at] in "([")
        if not depth:
            held = _LETTERS.sub(lambda word: word[0] if word[0] in _LARGE else word[0].lower(), plain[at + 1 : -1])
            return (plain[:at].rstrip().lower(), held.strip()) if held.strip() else (plain.lower(), None)
    return plain.lower(), None


def match_heading(heading: str, known: Sequence[str], *, file: Path | None = None) -> tuple[bool, str | None]:
    """Tell whether a heading is one of those known, and the unit that it names in brackets or at its end.

    Raises
    ------
    InputError
        If it names two units that differ.

    Examples
    --------
    >>> match_heading("level_cm", ["level"]), match_heading("Level (m)", ["level"]), match_heading("levels", ["level"])
    ((True, 'cm'), (True, 'm'), (False, None))
    """
    stem, unit = split_heading(heading)
    for name in sorted(known, key=len, reverse=True):
        if stem == name:
            return True, unit
        rest = stem.removeprefix(name)
        if rest != stem and rest[0] in "_ ,":
            ending = re.sub(r"[\s_]+", " ", rest[1:].strip())
            if ending in _WORDS and unit is not None and not _measure_alike(_ENDINGS[ending], unit):
                return True, unit  # flow_in (m3/s) is what flows in
            if ending in _ENDINGS:
                return True, _join_units(heading, _ENDINGS[ending], unit, file)
    return False, unit


def _join_units(heading: str, ending: str, held: str | None, file: Path | None) -> str:
    try:
        agree_units(heading, ending, held)
    except InputError:
        raise InputError(
            f"heading {heading!r} names two units, {ending!r} and {held!r}",
            file=file,
            line=1,
            way_out="keep one of them",
        ) from None
    return ending


def _measure_alike(one: str, other: str) -> bool:
    try:
        return bool(parse_units(one).is_convertible(parse_units(other)))
    except ValueError:
        return True


def match_columns(table: TextColumns, known: Sequence[str]) -> dict[str, str | None]:
    """Return every column with a known heading, and the unit in it."""
    matched = {column: match_heading(column, known, file=table.file) for column in table.columns}
    return {column: unit for column, (is_known, unit) in matched.items() if is_known}


def refuse_flags(table: TextColumns, used: Iterable[str | None], *, may_flag: bool = False) -> tuple[str, ...]:
    """Refuse a column of quality flags, because it is not read; name all other columns that are not read.

    Parameters
    ----------
    table
        With all its columns.
    used
        Those that are read.
    may_flag
        Whether a column of quality may hold several words, because it does not concern a value that is read.

    Returns
    -------
    tuple of str
        Notes: the columns, and the comments, that were not read.

    Raises
    ------
    InputError
        If a column of quality holds different words, or a column or a comment states a unit, a zone, a datum or a code.
    """
    rest = [column for column in table.columns if column not in set(used)]
    told = []
    for column in rest:
        if split_heading(column)[0].replace("_", " ") in _STATING:
            raise InputError(
                f"column {column!r} is not read: units, time zones, datums and codes are read only from "
                "headings and declarations",
                file=table.file,
                line=None if table.line is None else 1,
                way_out="write it in a heading, such as rain (mm/h) or time (UTC+8), or declare it, and remove it",
            )
        if may_flag or not is_flag(column):
            told.append(column)
            continue
        words = list(dict.fromkeys(cell.strip() for cell in table.columns[column]))
        if len(words) > 1:
            raise InputError(
                f"column {column!r} marks rows ({', '.join(repr(word) for word in words[:4])}) and is not read",
                file=table.file,
                line=None if table.line is None else 1,
                way_out="empty the values that should not count, or remove their rows, and remove the column",
            )
        told.append(f"{column} ({words[0] or 'empty'} in every row)" if words else column)
    shown = ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
    notes: tuple[str, ...] = (f"{table.file.name}: not read: {shown}.",) if told else ()
    comments = table.comments
    stated = next((comment for comment in comments if _STATES.match(comment)), None)
    if stated is not None:
        raise InputError(
            f"comment {stated!r} is not read: units, time zones, datums and codes are read only from "
            "headings and declarations",
            file=table.file,
            way_out="write it in the heading, such as level (m) or time (UTC+8), or declare it, and remove the comment",
        )
    if comments:
        shown = "; ".join(comments[:3]) + ("; ..." if len(comments) > 3 else "")
        notes += (f"{table.file.name}: comments are not read: {shown}",)
    return notes


def refuse_other_quantity(table: Table, column: str, known: Sequence[str]) -> None:
    """Refuse a lone column of values that may be of another quantity than the one that is wanted.

    Raises
    ------
    InputError
        If its heading has no known word, or has one that makes it another quantity.
    """
    stem = split_heading(column)[0].replace("_", " ")
    words = "|".join(rf"(?<![a-z]){re.escape(word.replace('_', ' '))}(?![a-z])" for word in known)
    words = words.replace("(?<![a-z])", "") if not stem.isascii() else words
    if _PLAIN_VALUE.fullmatch(stem) or (re.search(words, stem) and not _OTHER_SORT.search(re.sub(words, "", stem))):
        return
    raise InputError(
        f"column {column!r} may not be the {known[0]}",
        file=table.file,
        line=1,
        way_out=f"name it {known[0]} if that is what it holds, with its unit in brackets",
    )


def refuse_several_stations(table: Table, used: Iterable[str | None]) -> None:
    """Refuse a table of several stations where one is meant; ``used`` are the columns that are read.

    Raises
    ------
    InputError
        If a column that tells stations, places, quantities or scenarios apart holds more than one.
    """
    ids = {find_column(table.columns, headings) for headings in (STATION_HEADINGS, NAME_HEADINGS)}
    for column in table.columns:
        stem, unit = split_heading(column)
        tells = column in ids or (unit is None and _SEVERAL.fullmatch(stem.replace("_", " ")))
        if column in used or not tells:
            continue
        names = list(dict.fromkeys(cell.strip() for cell in table.columns[column]))
        if len(names) > 1:
            raise InputError(
                f"the table must be of one station: column {column!r} holds {', '.join(names[:3])}"
                + (", ..." if len(names) > 3 else ""),
                file=table.file,
                line=1,
                way_out="give one table for each station",
            )


def is_flag(heading: str) -> bool:
    """Whether a heading is that of a column of quality.

    Examples
    --------
    >>> is_flag("qc_flag"), is_flag("质量码"), is_flag("level (m)")
    (True, True, False)
    """
    words = re.split(r"[\s_./-]+", split_heading(heading)[0])
    return bool(_FLAGS.intersection(words)) or any(part in heading for part in ("质量", "质控", "控制码", "标志"))


def find_column(columns: Mapping[str, list[str]], headings: Sequence[str]) -> str | None:
    """Return the first column, in the order of the headings, with one of them; None if no column has one."""
    stems = {re.sub(r"[\s-]+", "_", split_heading(column)[0]): column for column in reversed(list(columns))}
    return next((stems[name] for name in (heading.replace(" ", "_") for heading in headings) if name in stems), None)


def find_texts(table: TextColumns, headings: Sequence[str], what: str) -> list[str]:
    """Return the texts of a column that no row may leave empty."""
    column = find_column(table.columns, headings)
    if column is None:
        raise InputError(
            f"the table has no {what}",
            file=table.file,
            line=None if table.line is None else 1,
            way_out=f"name a column {headings[0]}; the columns are {', '.join(table.columns)}",
        )
    texts = [cell.strip() for cell in table.columns[column]]
    if "" in texts:
        raise table.error(texts.index(""), f"{column} is empty", "fill it in every row")
    return texts
