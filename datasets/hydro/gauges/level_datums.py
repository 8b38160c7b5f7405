"""Height datums that tables of water levels name, in a heading or in a column of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ...errors import InputError
from ...place.heights import list_height_words, name_height_datum, squeeze
from ...text.headings import split_heading
from ...text.tables import Table

__all__ = ["find_level_datum", "split_level_heading"]

_DATUMS = (
    "datum", "height datum", "height_datum", "vertical datum", "vertical_datum", "基面", "高程基准", "高程系",
)  # fmt: skip


# Datums that headings of levels name in short; those that no registry lists are told by their own words.
_FOREIGN = (
    "amsl", "msl", "chart datum", "cd", "lat", "mllw", "mhhw", "navd88", "navd", "ngvd29", "nap", "ahd", "odn", "aod",
    "nn", "nhn", "dhhn", "tp", "平均海平面", "理论最低潮面", "海图基准面", "gauge zero", "gauge datum",
)  # fmt: skip
_UNIT_FIRST = re.compile(r"(mm|cm|dm|m|ft|feet|米|厘米|毫米)(?:[\s,;+]+|(?=[A-Z\u4e00-\u9fff]))(.+)", re.IGNORECASE)
_UNIT_LAST = re.compile(r"(.+?)[\s,;]+(mm|cm|dm|m|ft|feet|米|厘米|毫米)", re.IGNORECASE)
_SOME_DATUM = re.compile(  # named, whatever it is
    r"\b(?:above|below|relative to)\b\s*.+|\b(?:a[msh]sl|asl|mlws?|mhws?|mlw|mtl|mhwn|mlwn|mwl|lws|hws)\b|"
    r"\b(?:cgvd|ign|navd|ngvd|evrf|egm|dvr|nzvd|hvrs|dhhn|ahd|nn|rh)[- ]?\d\d+\b|吴淞|珠基|珠江基|黄海|大沽|废黄河|冻结"
)
_ABOVE = re.compile(r"\b(?:above|over|relative to|rel\.? to|ref\.? to|referred to|from|in|to)\b\s*(.+)")


def split_level_heading(unit: str | None, words: str) -> tuple[str | None, str | None]:
    """Tell the unit and the height datum of a heading.

    Parameters
    ----------
    unit
        What stands in brackets, such as ``m``, ``m CN85``, ``m above chart datum`` or ``CN85``.
    words
        What stands before.

    Returns
    -------
    unit, datum : str or None
        The datum by its one name here, by its own words if it is not known, None if none is named.

    Examples
    --------
    >>> split_level_heading("m CN85", "level"), split_level_heading("m", "tide above hkpd")
    (('m', 'CN85'), ('m', 'HKPD'))
    """
    named = {word: name for word, name in list_height_words().items() if name not in ("local", "synthetic")}
    datum = _read_datum(words, named)
    if datum is None and (some := _SOME_DATUM.search(words.replace("_", " "))) is not None:
        datum = some[0].strip()
    if unit is not None and (last := _UNIT_LAST.fullmatch(unit.strip())) is not None and _read_datum(last[1], named):
        return last[2], _read_datum(last[1], named)
    if unit is None:
        return None, datum
    first = _UNIT_FIRST.fullmatch(unit.strip())
    rest = unit.strip() if first is None else first[2].strip()
    known = _read_datum(rest, named) or (rest if first is not None and _ABOVE.match(rest) else None)
    if known is None:
        return unit, datum
    return (None if first is None else first[1]), known


def _read_datum(text: str, named: Mapping[str, str]) -> str | None:
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    after = _ABOVE.search(plain)
    for part in (plain, after[1] if after else ""):
        if part and squeeze(part) in named:
            return named[squeeze(part)]
    is_said = "datum" in plain  # a level at the Pearl River need not be counted from its datum
    found = next(
        (
            name
            for word, name in named.items()
            if word in squeeze(plain)
            and (not word.isascii() or len(word) > 3)
            and (is_said or not word.startswith(("pearl", "wusong", "yellowsea", "ellipsoidal")))
        ),
        None,
    )
    foreign = next((word for word in _FOREIGN if re.search(rf"(?<![a-z]){word}(?![a-z])", plain)), None)
    if found is not None or foreign is None:
        return found
    try:
        return name_height_datum(foreign)
    except InputError:
        return foreign


def find_level_datum(
    table: Table, column: str, unit: str | None, expected: str | None, of: str
) -> tuple[str | None, str | None, str | None]:
    """Tell the unit of water levels, the datum that the table names, and the column that names it.

    Parameters
    ----------
    table, column
        The column of levels.
    unit
        What its heading says in brackets: ``m CN85`` is a unit and a datum.
    expected
        The datum by its one name; None where none is expected.
    of
        What has the expected datum, for the error.

    Raises
    ------
    InputError
        If the table names another datum than the one expected, or several.
    """
    unit, told = split_level_heading(unit, split_heading(column)[0])
    beside = next((name for name in table.columns if split_heading(name)[0] in _DATUMS), None)
    named = {} if told is None else {told: f"heading {column!r}"}
    for cell in dict.fromkeys(table.columns[beside] if beside is not None else []):
        if cell.strip():
            named[split_level_heading(cell, "")[1] or cell.strip()] = f"column {beside!r}"
    for known, where in named.items():
        if expected is not None and known != expected:
            raise InputError(
                f"{where} counts water levels from {known}, {of} from {expected}",
                file=table.file,
                line=1,
                way_out="convert the levels to one datum (the survey office knows the local offset) and name that",
            )
    if len(named) > 1:
        raise InputError(
            f"all levels must use one height datum, got {', '.join(named)}",
            file=table.file,
            line=1,
            way_out="convert them to one datum",
        )
    return unit, next(iter(named), None), beside
