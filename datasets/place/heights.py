"""From where heights are counted, and in which unit: datums by name, never mixed; lengths become metres.

References
----------
.. [1] EPSG Geodetic Parameter Dataset: vertical coordinate reference systems
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError

__all__ = [
    "HEIGHT_DATUMS",
    "METRE",
    "HeightDatum",
    "HeightUnit",
    "find_height_datum",
    "list_height_words",
    "name_height_datum",
    "name_height_unit",
    "refuse_mixed_heights",
    "squeeze",
]

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
    "epsg4979": "WGS84", "ellipsoidal": "WGS84", "大地高": "WGS84", "椭球高": "WGS84",
}  # fmt: skip


_NO_SEA = ("msl", "mslheight", "meansealevel", "平均海平面", "海拔")


class HeightUnit(NamedTuple):
    """A unit of heights, and its length in metres."""

    name: str
    metres: float


class HeightDatum(NamedTuple):
    """From where heights are counted, and the unit of a vertical CRS that is not in metres."""

    name: str
    unit: HeightUnit | None


METRE = HeightUnit("m", 1.0)
_INTERNATIONAL, _SURVEY = HeightUnit("ft", 0.3048), HeightUnit("US survey foot", 1200.0 / 3937.0)
_UNIT_WORDS = {  # squeezed; what UDUNITS does not know, or reads as another length
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters", "米"), METRE),
    **dict.fromkeys(("ft", "foot", "feet", "internationalfoot", "intft", "ftint"), _INTERNATIONAL),
    **dict.fromkeys(
        ("usft", "ftus", "footus", "ussurveyfoot", "ussurveyfeet", "surveyfoot", "usfoot", "ussurveyft"), _SURVEY
    ),
}


_INVERSE = ("-", "\u2212", "/")  # before a unit: marks that are not passed over


def name_height_unit(text: str, *, file: str | Path | None = None) -> HeightUnit:
    """Return a unit of heights with its length in metres.

    Raises
    ------
    InputError
        If it is not a length.

    Examples
    --------
    >>> name_height_unit("US survey foot").metres * 3937, name_height_unit("cm").metres
    (1200.0, 0.01)
    """
    known = _UNIT_WORDS.get(squeeze(text))
    if known is not None and not text.strip().startswith(_INVERSE):
        return known
    from ..text.units import parse_units

    for spelling in (text, text.lower()):
        try:
            unit = parse_units(spelling)
        except ValueError:
            continue
        metre = parse_units("m")
        if unit.is_convertible(metre) and unit.convert(0.0, metre) == 0.0:
            metres = float(unit.convert(1.0, metre))
            if metres < 0.0:
                raise InputError(
                    f"the heights have the unit {text.strip()!r}, which counts downwards",
                    file=file,
                    way_out="give heights, counted upwards",
                )
            return HeightUnit(text.strip(), metres)
    raise InputError(
        f"the heights have the unit {text.strip()!r}, which is not a known length",
        file=file,
        way_out="give heights in a unit of length, such as m, cm, ft or us-ft",
    )


def name_height_datum(text: str | None, *, file: str | Path | None = None) -> str:
    """Return the one name by which a height datum goes here.

    Raises
    ------
    InputError
        If none is named, or it is neither among :data:`HEIGHT_DATUMS` nor a vertical CRS of EPSG.

    Examples
    --------
    >>> name_height_datum("1985国家高程基准"), name_height_datum("egm96"), name_height_datum("EPSG:5621")
    ('CN85', 'EGM96', 'EVRF2007')
    """
    return find_height_datum(text, file=file).name


def find_height_datum(text: str | None, *, file: str | Path | None = None) -> HeightDatum:
    """Find a height datum by its name, or by name or code of a vertical CRS of EPSG [1]_.

    Raises
    ------
    InputError
        As :func:`name_height_datum`, and for a vertical CRS that counts depths.

    Examples
    --------
    >>> datum = find_height_datum("NAVD88 height (ftUS)")
    >>> datum.name, datum.unit.name
    ('NAVD88', 'US survey foot')
    """
    known = ", ".join(HEIGHT_DATUMS)
    if text is None or not text.strip():
        raise InputError(
            "the heights must have a datum, they name none",
            file=file,
            way_out=f"declare height_datum as one of {known}",
        )
    squeezed = squeeze(text)
    words = list_height_words()
    if squeezed in words:
        return HeightDatum(words[squeezed], None)
    why = ", which names no sea" if squeezed in _NO_SEA else ""
    listed = None if why else _find_listed(squeezed)
    if listed is None:
        raise InputError(
            f"height datum {text.strip()!r} is unknown{why}",
            file=file,
            way_out=f"choose one of {known}, or give a vertical CRS of EPSG, such as EPSG:5621",
        )
    axis = listed.axis_info[0]
    if axis.direction != "up":
        raise InputError(f"{listed.name} counts depths downwards", file=file, way_out="give heights, counted upwards")
    name = re.sub(r"\s*(\(ft\w*\)|height)", "", listed.name).strip()
    if squeeze(name) in _NO_SEA:
        raise InputError(
            f"height datum {text.strip()!r} is unknown, which names no sea",
            file=file,
            way_out=f"choose one of {known}, or give a vertical CRS of EPSG, such as EPSG:5621",
        )
    # Metres go without saying: who names NAVD88 says nothing of the unit, who names its variant in feet does.
    metres = float(axis.unit_conversion_factor)
    unit = None if metres == 1.0 else HeightUnit(axis.unit_name, metres)
    return HeightDatum(words.get(squeeze(name), words.get(squeeze(listed.name), name)), unit)


@lru_cache
def _find_listed(squeezed: str) -> Any:
    """The vertical CRS of EPSG of this code, or of this name with or without the word height; None if there is none."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    code = re.fullmatch(r"(?:urnogcdefcrs)?(?:epsg)?(\d{4,6})", squeezed)
    number = (
        code[1] if code else next((c for n in (squeezed, squeezed + "height") if (c := _list_names().get(n))), None)
    )
    if number is None:
        return None
    try:
        found = CRS.from_epsg(int(number))
    except CRSError:
        return None
    return found if found.is_vertical else None


@lru_cache
def _list_names() -> dict[str, str]:
    from pyproj.database import query_crs_info
    from pyproj.enums import PJType

    return {squeeze(info.name): info.code for info in query_crs_info("EPSG", PJType.VERTICAL_CRS)}


def list_height_words() -> dict[str, str]:
    """The one name of a height datum by every word for it, as :func:`squeeze` writes them."""
    return {squeeze(name): name for name in HEIGHT_DATUMS} | _HEIGHT_WORDS


def squeeze(text: str) -> str:
    """A name in lower case, without blanks and marks."""
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
            f"all heights must use one datum, got {told}",
            way_out="convert them to one (the survey office knows the local offset) and declare it as height_datum",
        )
