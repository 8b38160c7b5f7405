"""A CRS has one name, and each place has its plane."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.place.crs import choose_plane, is_geographic, name_crs
from citytide.datasets.place.transformation import transform

DEGREES = ("EPSG:4326", "EPSG:4490", "GCJ-02", "BD-09")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("epsg:4547", "EPSG:4547"),
        (4547, "EPSG:4547"),
        ("4547", "EPSG:4547"),
        ("WGS84", "EPSG:4326"),
        ("EPSG:4979", "EPSG:4326"),  # heights of its own are not places
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("gcj02", "GCJ-02"),
        ("bd_09", "BD-09"),
        (" Local ", "local"),
    ],
)
def test_a_crs_has_one_name(given: Any, name: str) -> None:
    assert name_crs(given) == name_crs(name_crs(given)) == name


def test_wkt_and_pyproj_objects_are_known_by_their_code() -> None:
    from pyproj import CRS

    found = CRS.from_epsg(4547)
    assert name_crs(found) == name_crs(found.to_wkt()) == name_crs(found.to_wkt("WKT1_ESRI")) == "EPSG:4547"


def test_a_crs_of_no_registry_keeps_its_text_and_works() -> None:
    name = name_crs("+proj=tmerc +lat_0=22 +lon_0=114.05 +ellps=GRS80 +units=m")
    assert name_crs(name) == name
    x, _ = transform(114.05, 22.5, "EPSG:4490", name)
    assert abs(float(x)) < 1e-3  # the central meridian


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, r"f\.csv: the layer must have a CRS, it names none; declare one, such as EPSG:4547"),
        ("  ", r"must have a CRS"),
        ("EPSG:999999", r"f\.csv: CRS 'EPSG:999999' is unknown; give one such as"),
        ("Shenzhen independent", r"'Shenzhen independent' is unknown"),
        (
            "EPSG:9707",
            r"is compound, of a horizontal and a vertical CRS.*'WGS 84' as crs and 'EGM96 height' as height_datum",
        ),
        ("EPSG:5773", r"\(EGM96 height\) is a vertical one"),
        ("EPSG:4978", r"is a geocentric one"),
        ('LOCAL_CS["site",UNIT["metre",1]]', r"is a local plane; declare it as local"),
    ],
)
def test_a_missing_or_unknown_crs_is_refused(given: str | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        name_crs(given, file="f.csv")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("EPSG:4807", "counts in grad and from Paris, not in degrees from Greenwich; reproject the layer to EPSG:4326"),
        ("EPSG:4901", "counts in grad and from Paris"),
        ("+proj=longlat +ellps=bessel +pm=ferro", "counts from Ferro, not in degrees from Greenwich"),
    ],
)
def test_degrees_are_counted_from_greenwich(given: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        name_crs(given)
    assert name_crs("EPSG:27572") == "EPSG:27572"  # a plane whose meridian is Paris


def test_degrees_are_told_from_planes() -> None:
    assert all(is_geographic(crs) for crs in DEGREES)
    assert not any(is_geographic(crs) for crs in ("EPSG:4547", "EPSG:2326", "local"))


@pytest.mark.parametrize(
    ("longitude", "latitude", "plane"),
    [
        (114.06, 22.54, "EPSG:4547"),
        (75.99, 39.47, "EPSG:4534"),  # Kashgar, the westernmost zone
        (134.3, 48.4, "EPSG:4554"),  # Fuyuan, the easternmost
        (112.51, 23.0, "EPSG:4547"),  # just east of the seam of two zones
        (112.49, 23.0, "EPSG:4546"),
        (77.2, 28.6, "EPSG:32643"),  # Delhi is on Chinese longitudes, not in China
        (139.7, 35.7, "EPSG:32654"),
        (-43.2, -22.9, "EPSG:32723"),
        (180.0, 0.0, "EPSG:32660"),
    ],
)
def test_each_place_has_its_plane(longitude: float, latitude: float, plane: str) -> None:
    assert choose_plane(longitude, latitude) == plane


@given(st.floats(73.7, 127.4))
def test_a_chinese_zone_is_the_one_with_the_nearest_meridian(longitude: float) -> None:
    plane = choose_plane(longitude, 40.3)
    x, _ = transform(longitude, 40.3, "EPSG:4490", plane)
    assert plane.startswith("EPSG:45") and abs(float(x) - 500_000.0) < 1.5 * 85_100  # metres of a degree there


def test_no_zone_at_the_pole() -> None:
    with pytest.raises(InputError, match="UTM has no zone for longitude 0, latitude 89"):
        choose_plane(0.0, 89.0)
