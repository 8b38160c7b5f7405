"""Heights name the datum they are counted from, and two of them are never mixed."""

from __future__ import annotations

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.place.heights import (
    HEIGHT_DATUMS,
    find_height_datum,
    name_height_datum,
    name_height_unit,
    refuse_mixed_heights,
)


@pytest.mark.parametrize("name", HEIGHT_DATUMS)
def test_a_datum_is_its_own_name_in_any_case(name: str) -> None:
    assert name_height_datum(name) == name_height_datum(f" {name.upper()} ") == name_height_datum(name.lower()) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1985国家高程基准", "CN85"),
        ("Yellow Sea 1985 height", "CN85"),
        ("EPSG:5737", "CN85"),
        ("1956年黄海高程系", "Yellow Sea 1956"),
        ("珠江基面", "Pearl River"),
        ("EGM96 height", "EGM96"),
        ("egm2008", "EGM2008"),
        ("大地高", "WGS84"),
        ("EPSG:4979", "WGS84"),
        ("NAVD88", "NAVD88"),
        ("EPSG:5703", "NAVD88"),
        ("NAVD88 height (ftUS)", "NAVD88"),
        ("EVRF2007 height", "EVRF2007"),
        ("urn:ogc:def:crs:EPSG::5621", "EVRF2007"),
        ("nap", "NAP"),
    ],
)
def test_other_names_of_a_datum_are_known(text: str, name: str) -> None:
    assert name_height_datum(text) == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"dem\.tif: the heights must have a datum, they name none; declare height_datum as one of CN85"),
        ("", "must have a datum"),
        (
            "sea",
            "height datum 'sea' is unknown; choose one of CN85, .*or give a vertical CRS of EPSG, such as EPSG:5621",
        ),
        ("EPSG:4326", "height datum 'EPSG:4326' is unknown"),
        ("EPSG:5714", "which names no sea"),
        ("MSL depth", r"dem\.tif: MSL depth counts depths downwards; give heights"),
        ("MSL", "'MSL' is unknown, which names no sea"),
    ],
)
def test_a_missing_or_unknown_datum_is_refused(text: str | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        name_height_datum(text, file="dem.tif")


def test_mixed_datums_are_refused_by_name() -> None:
    refuse_mixed_heights({})
    refuse_mixed_heights({"dem.tif": "CN85", "levels.csv": "CN85"})
    told = "one datum, got dem.tif from CN85, levels.csv from Pearl River; convert them to one"
    with pytest.raises(InputError, match=told):
        refuse_mixed_heights({"dem.tif": "CN85", "levels.csv": "Pearl River"})


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("m", 1.0), ("Meter", 1.0), ("cm", 0.01), ("dm", 0.1), ("ft", 0.3048), ("FEET", 0.3048), ("us-ft", 1200 / 3937),
        ("US survey foot", 1200 / 3937), ("ftUS", 1200 / 3937), ("yard", 0.9144),
    ],
)  # fmt: skip
def test_units_of_length_are_known_in_metres(text: str, metres: float) -> None:
    assert name_height_unit(text).metres == pytest.approx(metres, rel=1e-12)


@pytest.mark.parametrize("text", ["degC", "1", "mm/h", "parrots", "m2"])
def test_a_unit_that_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=rf"dem\.tif: the heights have the unit '{text}', which is not a known length"):
        name_height_unit(text, file="dem.tif")


def test_a_vertical_crs_in_feet_says_so() -> None:
    unit = find_height_datum("EPSG:8228").unit
    assert unit is not None and unit.metres == 0.3048
    assert find_height_datum("CN85").unit is None and find_height_datum("EPSG:5703").unit is None


@pytest.mark.parametrize("text", ["-1 m", "-m", "\u22121 ft", "-0.01 m"])
def test_a_unit_that_counts_downwards_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"dem\.tif: .* the unit .*(counts downwards|not a known length)"):
        name_height_unit(text, file="dem.tif")
