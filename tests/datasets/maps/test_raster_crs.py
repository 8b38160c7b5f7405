"""A raster's plane, height datum and unit are read apart; what is not read is asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyproj import CRS

from citytide.datasets.errors import InputError
from citytide.datasets.maps.raster_crs import StatedPlace, read_projection, split_crs

ARC = "Projection    {}\nZone          33\nDatum         {}\nZunits        {}\nUnits         {}\nParameters\n"


def read(folder: Path, text: str, declared: str | None = None) -> StatedPlace:
    (folder / "dem.prj").write_text(text)
    return read_projection(folder / "dem.asc", declared)


@pytest.mark.parametrize(
    ("crs", "plane", "datum", "metres"),
    [
        ("EPSG:4547+5737", 4547, "CN85", 1.0),
        ("EPSG:32633+5773", 32633, "EGM96", 1.0),
        ("EPSG:26911+6360", 26911, "NAVD88", 1200 / 3937),
        ("EPSG:26911+8228", 26911, "NAVD88", 0.3048),
        ("EPSG:25832+5621", 25832, "EVRF2007", 1.0),
    ],
)
@pytest.mark.parametrize("version", ["WKT2_2019", "WKT1_ESRI"])
def test_a_compound_crs_gives_plane_datum_and_unit(
    crs: str, plane: int, datum: str, metres: float, version: str
) -> None:
    found = split_crs(CRS(crs).to_wkt(version))
    assert CRS(found.crs).to_epsg(min_confidence=70) == plane
    assert found.height_datum == datum and found.height_unit is not None
    assert found.height_unit.metres == pytest.approx(metres, rel=1e-12)


def test_heights_above_an_ellipsoid_are_known() -> None:
    found = split_crs(CRS("EPSG:4979").to_wkt())
    assert CRS(found.crs).to_epsg() == 4326 and found.height_datum == "WGS84"
    assert split_crs("EPSG:4937").height_datum == "ETRS89 ellipsoid"


def test_an_unknown_height_datum_is_noted() -> None:
    wkt = (
        CRS("EPSG:32633+5773")
        .to_wkt("WKT1_GDAL")
        .replace("EGM96", "Town hall")
        .replace("5773", "1")
        .replace("5171", "2")
    )
    found = split_crs(wkt)
    assert found.height_datum is None and found.height_unit is not None
    assert found.notes == ("The file's height datum, 'Town hall height', is unknown and was not used.",)


def test_a_plane_alone_says_nothing_of_heights() -> None:
    wkt = CRS("EPSG:2229").to_wkt()
    assert split_crs(wkt) == StatedPlace(wkt) and split_crs(None) == StatedPlace()


def test_a_local_plane_is_local_if_that_is_declared() -> None:
    wkt = 'LOCAL_CS["site",UNIT["{}",{}],AXIS["X",EAST],AXIS["Y",NORTH]]'
    assert split_crs(wkt.format("metre", 1), "local").crs == "local"
    with pytest.raises(InputError, match="the local plane is in foot; convert it to metres"):
        split_crs(wkt.format("foot", 0.3048), "local")


def test_depths_are_no_heights() -> None:
    with pytest.raises(InputError, match=r"dem\.tif: MSL depth counts depths downwards"):
        split_crs(CRS("EPSG:32633+5715").to_wkt(), file="dem.tif")


@pytest.mark.parametrize(
    ("words", "crs", "unit"),
    [
        (("UTM", "WGS84", "NO", "METERS"), "EPSG:32633", None),
        (("UTM", "WGS84", "METERS", "METERS"), "EPSG:32633", "m"),
        (("UTM", "WGS84", "FEET", "METERS"), "EPSG:32633", "US survey foot"),
        (("GEOGRAPHIC", "WGS84", "METERS", "DD"), "EPSG:4326", "m"),
        (("GEOGRAPHIC", "NAD83", "NO", "DD"), "EPSG:4269", None),
    ],
)
def test_key_words_of_arcinfo_are_read(tmp_path: Path, words: tuple[str, ...], crs: str, unit: str | None) -> None:
    found = read(tmp_path, ARC.format(*words))
    assert found.crs == crs and (found.height_unit and found.height_unit.name) == unit


def test_a_southern_zone_is_known_by_its_shift(tmp_path: Path) -> None:
    text = ARC.format("UTM", "WGS84", "NO", "METERS").replace("Parameters", "Yshift 10000000.0\nParameters")
    assert read(tmp_path, text).crs == "EPSG:32733"


def test_a_projection_that_is_not_read_is_asked_for(tmp_path: Path) -> None:
    text = ARC.format("ALBERS", "NAD83", "NO", "METERS")
    with pytest.raises(
        InputError, match=r"dem\.prj: the projection 'ALBERS' .* is not read; declare one, .*height_units="
    ):
        read(tmp_path, text)
    found = read(tmp_path, text.replace("Zunits        NO", "Zunits FEET"), "EPSG:5070")
    assert found.crs is None and found.height_unit is not None and "ALBERS" not in str(found.crs)
    assert found.notes == ("The projection in dem.prj was not read: EPSG:5070 was declared.",)


def test_unknown_units_of_heights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dem\.prj: Zunits is '1000', which is unknown; write METERS or FEET"):
        read(tmp_path, ARC.format("UTM", "WGS84", "1000", "METERS"))


def test_no_file_beside_says_nothing(tmp_path: Path) -> None:
    assert read_projection(tmp_path / "dem.asc.gz") == StatedPlace()
    (tmp_path / "dem.asc.prj").write_text(CRS("EPSG:32633").to_wkt())
    assert read_projection(tmp_path / "dem.asc.gz") == StatedPlace()


@pytest.mark.parametrize(
    ("words", "shift"),
    [
        (("UTM", "WGS84", "NO", "METERS"), "Xshift 500"),
        (("UTM", "WGS84", "NO", "METERS"), "Yshift -4000000.0"),
        (("UTM", "WGS84", "NO", "METERS"), "Xshift some"),
        (("GEOGRAPHIC", "WGS84", "NO", "DD"), "Yshift 10000000.0"),
    ],
)
@pytest.mark.parametrize("declared", [None, "EPSG:32633"])
def test_places_that_were_moved_are_refused(
    tmp_path: Path, words: tuple[str, ...], shift: str, declared: str | None
) -> None:
    text = ARC.format(*words).replace("Parameters", f"{shift}\nParameters")
    told = (
        rf"dem\.prj: {shift.split()[0]} is {shift.split()[1].upper()}, but the grid must not be shifted; take it from"
    )
    with pytest.raises(InputError, match=told):
        read(tmp_path, text, declared)
    assert read(tmp_path, text.replace(shift, f"{shift.split()[0]} 0.0")).crs is not None
