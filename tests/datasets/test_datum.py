import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.datum import compute_distances_m, convert_gcj02_to_wgs84, convert_wgs84_to_gcj02


@given(st.floats(75.0, 134.0), st.floats(18.0, 53.0))
def test_the_way_back_undoes_the_shift_to_a_micrometre(longitude: float, latitude: float):
    lon, lat = convert_gcj02_to_wgs84(*convert_wgs84_to_gcj02(longitude, latitude))
    assert compute_distances_m(lon, lat, longitude, latitude) < 1e-6 + 1e-12


def test_the_shift_in_shenzhen_is_the_published_one():
    lon, lat = convert_wgs84_to_gcj02(114.0579, 22.5431)
    np.testing.assert_allclose([lon, lat], [114.063014, 22.54038281], atol=5e-7)
    grid = np.meshgrid(np.linspace(113.75, 114.62, 30), np.linspace(22.44, 22.87, 30))
    assert abs(compute_distances_m(*grid, *convert_wgs84_to_gcj02(*grid)).mean() - 594.0) < 10.0


def test_a_quarter_of_a_meridian_is_ten_thousand_kilometres():
    assert abs(compute_distances_m(0.0, 0.0, 0.0, 90.0) / 1e7 - 1.0) < 1e-3
