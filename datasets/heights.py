"""From where heights are counted: datums by name, never mixed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from .errors import InputError

__all__ = ["HEIGHT_DATUMS", "find_height_datum", "name_height_datum", "refuse_mixed_heights"]

HEIGHT_DATUMS = {
    "CN85": "1985 national height datum of China, the mean sea level of Qingdao 1952 to 1979",
    "Yellow Sea 1956": "the older national datum of China; its zero lies 0.029 m below that of CN85 at the origin",
    "Pearl River": "datum of the Pearl River delta's hydrology; its offset to CN85 differs from place to place",
    "Wusong": "datum of the lower Yangtze's hydrology; its offset to CN85 differs from place to place",
    "HKPD": "Hong Kong Principal Datum, some 1.2 m below mean sea level",
    "EGM2008": "geoid of the Earth Gravitational Model 2008",
    "EGM96": "geoid of the Earth Gravitational Model 1996",
    "WGS84": "heights above the WGS 84 ellipsoid",
    "synthetic": "the zero of a made-up city",
    "local": "a zero of its own, which nothing ties to another",
}
_HEIGHT_WORDS = {  # other names, without blanks and marks
    "1985国家高程基准": "CN85", "国家85高程": "CN85", "国家85高程基准": "CN85", "85高程": "CN85", "epsg5737": "CN85",
    "yellowsea1985": "CN85", "yellowsea1985height": "CN85", "yellowsea": "Yellow Sea 1956",
    "yellowsea1956height": "Yellow Sea 1956", "1956年黄海高程系": "Yellow Sea 1956", "1956黄海高程": "Yellow Sea 1956",
    "黄海高程": "Yellow Sea 1956", "epsg5736": "Yellow Sea 1956", "珠江基面": "Pearl River", "珠基": "Pearl River",
    "吴淞高程": "Wusong", "吴淞高程系": "Wusong", "香港主水平基准": "HKPD", "hkpdheight": "HKPD", "epsg5738": "HKPD",
    "egm2008height": "EGM2008", "epsg3855": "EGM2008", "egm96height": "EGM96", "epsg5773": "EGM96",
    "ellipsoidal": "WGS84", "大地高": "WGS84", "椭球高": "WGS84",
}  # fmt: skip


def name_height_datum(text: str | None, *, file: str | Path | None = None) -> str:
    """Return the one name by which a height datum goes here.

    Raises
    ------
    InputError
        If none is named or it is not among :data:`HEIGHT_DATUMS`.

    Examples
    --------
    >>> name_height_datum("1985国家高程基准"), name_height_datum("egm96")
    ('CN85', 'EGM96')
    """
    known = ", ".join(HEIGHT_DATUMS)
    if text is None or not text.strip():
        raise InputError("the heights name no datum", file=file, way_out=f"declare height_datum as one of {known}")
    squeezed = _squeeze(text)
    words = {_squeeze(name): name for name in HEIGHT_DATUMS} | _HEIGHT_WORDS
    if squeezed in words:
        return words[squeezed]
    why = ", which does not say of which sea" if squeezed in ("msl", "meansealevel", "平均海平面", "海拔") else ""
    raise InputError(f"height datum {text.strip()!r} is unknown{why}", file=file, way_out=f"choose one of {known}")


# Datums that headings of levels name and that are none of ours: they are told by their own words.
_FOREIGN = (
    "amsl", "msl", "chart datum", "cd", "lat", "mllw", "mhhw", "navd88", "navd", "ngvd29", "nap", "ahd", "odn", "aod",
    "nn", "nhn", "dhhn", "tp", "平均海平面", "理论最低潮面", "海图基准面", "gauge zero", "gauge datum",
)  # fmt: skip
_UNIT_FIRST = re.compile(r"(mm|cm|dm|m|ft|feet|米|厘米|毫米)(?:[\s,;+]+|(?=[A-Z\u4e00-\u9fff]))(.+)", re.IGNORECASE)
_ABOVE = re.compile(r"\b(?:above|over|relative to|rel\.? to|ref\.? to|referred to|from|in|to)\b\s*(.+)")


def find_height_datum(unit: str | None, words: str) -> tuple[str | None, str | None]:
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
        The datum by its one name here, by its own words if it is none of :data:`HEIGHT_DATUMS`, None if none is named.

    Examples
    --------
    >>> find_height_datum("m CN85", "level"), find_height_datum("m", "tide above hkpd"), find_height_datum("cm", "tide")
    (('m', 'CN85'), ('m', 'HKPD'), ('cm', None))
    """
    named = {_squeeze(name): name for name in HEIGHT_DATUMS if name not in ("local", "synthetic")} | _HEIGHT_WORDS
    datum = _read_datum(words, named)
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
        if part and _squeeze(part) in named:
            return named[_squeeze(part)]
    is_said = "datum" in plain  # a level at the Pearl River need not be counted from its datum
    found = next(
        (
            name
            for word, name in named.items()
            if word in _squeeze(plain)
            and (not word.isascii() or len(word) > 3)
            and (is_said or not word.startswith(("pearl", "wusong", "yellowsea", "ellipsoidal")))
        ),
        None,
    )
    foreign = next((word for word in _FOREIGN if re.search(rf"(?<![a-z]){word}(?![a-z])", plain)), None)
    return found or foreign


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).lower()


def refuse_mixed_heights(named: Mapping[str, str]) -> None:
    """Refuse heights that are counted from different places.

    Parameters
    ----------
    named
        Height datum by what has it, such as ``{"terrain.tif": "CN85", "levels.csv": "Pearl River"}``.

    Raises
    ------
    InputError
        If there is more than one: which, and of what.
    """
    if len(set(named.values())) > 1:
        told = ", ".join(f"{what} from {datum}" for what, datum in named.items())
        raise InputError(
            f"heights are counted from different datums: {told}",
            way_out="convert them to one (the survey office knows the local offset) and declare it as height_datum",
        )
