"""A CRS in CF's words is that CRS when it is read back."""

from __future__ import annotations

import pytest
from cf_units import Unit
from pyproj import CRS

from citytide.datasets.place.grid_mapping import describe_crs, name_coordinates

SWISS = CRS("EPSG:2056").to_wkt()


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4490", "EPSG:32756", "EPSG:2056", "EPSG:2154", SWISS])
def test_attributes_parse_back_to_the_same_crs(crs: str) -> None:
    described = describe_crs(crs)
    assert CRS.from_cf(described) == CRS.from_cf({"crs_wkt": described["crs_wkt"]}) == CRS.from_user_input(crs)
    assert described["grid_mapping_name"]


@pytest.mark.parametrize("crs", ["local", "GCJ-02", "BD-09", "unstated", "layout: street plan, km", ""])
def test_what_is_no_place_on_earth_has_no_grid_mapping(crs: str) -> None:
    assert describe_crs(crs) == {}


def test_coordinates_are_named_by_what_they_measure() -> None:
    x, y = name_coordinates("EPSG:4547")  # whose first axis is the northing
    assert x == ("m", "projection_x_coordinate") and y == ("m", "projection_y_coordinate")
    assert name_coordinates("EPSG:4490") == (("degrees_east", "longitude"), ("degrees_north", "latitude"))
    assert name_coordinates("local") == (x, y)
    assert name_coordinates("GCJ-02") == name_coordinates("layout: drawn by hand") == (("1", None), ("1", None))
    feet = Unit(name_coordinates("EPSG:2263")[0].units)
    assert feet.convert(3937.0, "m") == pytest.approx(1200.0)
