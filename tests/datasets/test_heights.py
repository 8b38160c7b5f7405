"""Heights name the datum they are counted from, and two of them are never mixed."""

from __future__ import annotations

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.heights import HEIGHT_DATUMS, name_height_datum, refuse_mixed_heights


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
    ],
)
def test_other_names_of_a_datum_are_known(text: str, name: str) -> None:
    assert name_height_datum(text) == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"dem\.tif: the heights name no datum; declare height_datum as one of CN85"),
        ("", "name no datum"),
        ("NAVD88", "height datum 'NAVD88' is unknown; choose one of CN85"),
        ("MSL", "'MSL' is unknown, which does not say of which sea"),
    ],
)
def test_a_missing_or_unknown_datum_is_refused(text: str | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        name_height_datum(text, file="dem.tif")


def test_mixed_datums_are_refused_by_name() -> None:
    refuse_mixed_heights({})
    refuse_mixed_heights({"dem.tif": "CN85", "levels.csv": "CN85"})
    told = "different datums: dem.tif from CN85, levels.csv from Pearl River; convert them to one"
    with pytest.raises(InputError, match=told):
        refuse_mixed_heights({"dem.tif": "CN85", "levels.csv": "Pearl River"})
