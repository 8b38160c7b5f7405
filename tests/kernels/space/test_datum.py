"""Published points, and every way back undoes the way there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.space.datum import (
    compute_distances_m,
    convert_bd09_to_gcj02,
    convert_bd09_to_wgs84,
    convert_gcj02_to_bd09,
    convert_gcj02_to_wgs84,
    convert_wgs84_to_bd09,
    convert_wgs84_to_gcj02,
    project,
    unproject,
)

WAYS = [
    (convert_wgs84_to_gcj02, convert_gcj02_to_wgs84),
    (convert_gcj02_to_bd09, convert_bd09_to_gcj02),
    (convert_wgs84_to_bd09, convert_bd09_to_wgs84),
]


@pytest.mark.parametrize(("there", "back"), WAYS, ids=["gcj02", "bd09", "wgs84-bd09"])
@given(st.floats(75.0, 134.0), st.floats(18.0, 53.0))
def test_the_way_back_undoes_the_shift_to_a_micrometre(
    there: Callable[..., Any], back: Callable[..., Any], longitude: float, latitude: float
) -> None:
    lon, lat = back(*there(longitude, latitude))
    assert compute_distances_m(lon, lat, longitude, latitude) < 1e-6


def test_the_shift_in_shenzhen_is_the_published_one() -> None:
    lon, lat = convert_wgs84_to_gcj02(114.0579, 22.5431)
    np.testing.assert_allclose([lon, lat], [114.063014, 22.54038281], atol=5e-7)
    grid = np.meshgrid(np.linspace(113.75, 114.62, 30), np.linspace(22.44, 22.87, 30))
    assert abs(compute_distances_m(*grid, *convert_wgs84_to_gcj02(*grid)).mean() - 594.0) < 10.0


def test_bd09_in_shenzhen_is_the_published_one() -> None:
    np.testing.assert_allclose(convert_wgs84_to_bd09(114.0579, 22.5431), [114.06956399, 22.54604156], atol=5e-7)


def test_the_civic_centre_lies_on_the_plane_where_it_is_published() -> None:
    x, y = project(114.0579, 22.5431)
    np.testing.assert_allclose([x, y], [505955.846, 2493941.246], atol=1e-3)


@settings(max_examples=10)  # of many points: each call opens the CRS anew, which takes far longer than its points
@given(st.lists(st.tuples(st.floats(113.0, 115.5), st.floats(21.0, 24.0)), min_size=1, max_size=40))
def test_the_plane_is_left_where_it_was_entered(points: list[tuple[float, float]]) -> None:
    longitude, latitude = np.array(points).T
    lon, lat = unproject(*project(longitude, latitude))
    assert (compute_distances_m(lon, lat, longitude, latitude) < 1e-6).all()


def test_the_central_meridian_is_500_km_east_and_shapes_are_kept() -> None:
    x, y = project(np.full((2, 3), 114.0), np.linspace(22.0, 23.0, 6).reshape(2, 3))
    np.testing.assert_allclose(x, 500_000.0, atol=1e-6)
    assert x.shape == y.shape == (2, 3)
    assert (np.diff(y.ravel()) > 0).all()


def test_a_quarter_of_a_meridian_is_ten_thousand_kilometres() -> None:
    assert abs(compute_distances_m(0.0, 0.0, 0.0, 90.0) / 1e7 - 1.0) < 1e-3


@pytest.mark.parametrize(
    ("crs", "problem"), [("EPSG:4326", "has no plane; give a projected CRS"), ("Narnia", "is no CRS that pyproj knows")]
)
def test_a_crs_without_a_plane_is_refused(crs: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        project(114.0, 22.5, crs)


def test_a_point_without_a_place_is_named() -> None:
    with pytest.raises(ValueError, match=r"point 1, \(nan, 22.5\), has no finite place in 'EPSG:4547'"):
        project([114.0, np.nan], 22.5)
