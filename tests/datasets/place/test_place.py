"""A layer lies somewhere by name, and positions get from one CRS to another."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.place.place import choose_plane, is_geographic, name_crs, refuse_swapped, transform

SHENZHEN = (114.0579, 22.5431)
DEGREES = ("EPSG:4326", "EPSG:4490", "GCJ-02", "BD-09")
FUTIAN = (113.99, 22.50, 114.10, 22.59)


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
        (None, r"f\.csv: the layer names no CRS; declare one, such as EPSG:4547"),
        ("  ", r"names no CRS"),
        ("EPSG:999999", r"f\.csv: CRS 'EPSG:999999' is unknown; give one such as"),
        ("Shenzhen independent", r"'Shenzhen independent' is unknown"),
        ("EPSG:9707", r"joins places and heights.*'WGS 84' as crs and 'EGM96 height' as height_datum"),
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
        ("EPSG:4807", "counts in grad and from Paris, not in degrees from Greenwich; carry the layer to EPSG:4326"),
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


def test_the_known_places_of_shenzhen() -> None:
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "EPSG:4547"), (505955.846, 2493941.246), atol=1e-3, rtol=0)
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "GCJ-02"), (114.063014, 22.54038281), atol=1e-6, rtol=0)
    assert np.allclose(transform(*SHENZHEN, "EPSG:4326", "BD-09"), (114.06956399, 22.54604156), atol=1e-6, rtol=0)


@given(
    st.floats(113.5, 114.7), st.floats(22.3, 22.9), st.sampled_from(DEGREES), st.sampled_from((*DEGREES, "EPSG:4547"))
)
def test_there_and_back_is_the_same_place(x: float, y: float, crs: str, to: str) -> None:
    back = transform(*transform([x], [y], crs, to), to, crs)
    assert np.abs(back[0] - x).max() < 1e-10 and np.abs(back[1] - y).max() < 1e-10  # 0.01 mm


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.sampled_from(("local", "EPSG:4547", "BD-09")))
def test_one_crs_changes_no_bit(x: float, y: float, crs: str) -> None:
    moved = transform([x], [y], crs, crs)
    assert (moved[0][0], moved[1][0]) == (x, y)


def test_shapes_stay_and_inputs_too() -> None:
    x, y = np.full((2, 3), SHENZHEN[0]), np.full((2, 3), SHENZHEN[1])
    moved = transform(x, y, "BD-09", "EPSG:4547")
    assert moved[0].shape == moved[1].shape == (2, 3)
    assert (x == SHENZHEN[0]).all() and (y == SHENZHEN[1]).all()


@pytest.mark.parametrize(
    ("x", "y", "crs", "to", "told"),
    [
        (
            0.0,
            0.0,
            "local",
            "EPSG:4547",
            "layer is in local, wanted in EPSG:4547: a local plane has no place",
        ),
        (1.0, 1.0, "EPSG:4547", "local", "declare every layer local"),
        (22.5, 114.0, "EPSG:4326", "EPSG:4547", r"position 1 \(22.5, 114\).*are longitude and latitude swapped"),
        (22.5, 114.0, "GCJ-02", "EPSG:4547", r"in GCJ-02, which is defined in China alone.*swapped"),
        (8.5, 47.4, "EPSG:4326", "BD-09", "BD-09, which is defined in China alone"),
        (38505955.8, 2493941.2, "EPSG:4547", "EPSG:4326", "begin with the number of its zone, 38"),
        ([114.0, np.nan], [22.5, 22.5], "EPSG:4326", "EPSG:4547", r"position 2 \(nan, 22.5\)"),
    ],
)
def test_a_place_that_is_none_is_refused(x: Any, y: Any, crs: str, to: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        transform(x, y, crs, to, file="f.csv")


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
    with pytest.raises(InputError, match="no zone holds longitude 0, latitude 89"):
        choose_plane(0.0, 89.0)


def test_swapped_degrees_are_refused_with_their_line() -> None:
    told = r"f\.csv, line 9: longitude 22\.54 and latitude 114\.06 are swapped \(so are 1 more\); swap the two columns"
    with pytest.raises(InputError, match=told):
        refuse_swapped([114.0, 22.54, 22.6], [22.5, 114.06, 114.1], file="f.csv", line=[8, 9, 10])


def test_swapped_degrees_are_told_by_the_city_where_both_orders_exist() -> None:
    zurich = (8.4, 47.3, 8.6, 47.5)
    refuse_swapped([47.4], [8.5])  # off Somalia: nothing says that this is wrong
    refuse_swapped([8.5, 7.4], [47.4, 46.9], within=zurich)  # Bern is elsewhere, yet not swapped
    with pytest.raises(InputError, match=r"position 2: longitude 47\.4 and latitude 8\.5 are swapped"):
        refuse_swapped([8.5, 47.4], [47.4, 8.5], within=zurich)


@given(st.floats(FUTIAN[0], FUTIAN[2]), st.floats(FUTIAN[1], FUTIAN[3]))
def test_the_right_order_passes_and_the_wrong_one_never(longitude: float, latitude: float) -> None:
    refuse_swapped([longitude], [latitude], within=FUTIAN)
    with pytest.raises(InputError, match="swapped"):
        refuse_swapped([latitude], [longitude], within=FUTIAN)


@given(st.floats(113.7, 114.7), st.floats(22.4, 22.9), st.sampled_from(("EPSG:4547", "EPSG:32650", "EPSG:2326")))
def test_eastings_and_northings_are_told_apart(longitude: float, latitude: float, crs: str) -> None:
    x, y = transform([longitude], [latitude], "EPSG:4326", crs)
    refuse_swapped(x, y, crs=crs)
    if crs == "EPSG:2326":  # Hong Kong's origin makes both numbers alike
        return
    with pytest.raises(InputError, match=f"in {crs} are swapped; swap the two columns: x is the easting"):
        refuse_swapped(y, x, crs=crs)


def test_a_plane_that_is_nowhere_has_no_order() -> None:
    refuse_swapped([2493941.2], [505955.8], crs="local")


def test_metres_are_no_degrees() -> None:
    with pytest.raises(InputError, match=r"latitude 2493941\.2 are no degrees; if they are metres"):
        refuse_swapped([505955.8], [2493941.2])
    with pytest.raises(InputError, match="nan"):
        refuse_swapped([np.nan], [22.5])
