"""Lengths are those on the ground, whatever map they are drawn on."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.datasets.place.distortion import (
    is_true_plane,
    measure_area_scale_at,
    measure_steps_m,
    measure_stretch_at,
)
from citytide.datasets.place.transformation import transform

LON, LAT = np.array([23.72, 23.73, 23.73]), np.array([37.98, 37.98, 37.99])


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32634", "EPSG:2100", "ESRI:102039", "EPSG:4258"])
def test_a_line_is_as_long_in_every_crs(crs: str) -> None:
    x, y = transform(LON, LAT, "EPSG:4326", crs)
    assert measure_steps_m(x, y, crs) == pytest.approx(measure_steps_m(LON, LAT, "EPSG:4326"), rel=1e-6)


def test_feet_of_a_plane_are_no_metres() -> None:
    x, y = transform([-118.24, -118.23], [34.05, 34.05], "EPSG:4326", "EPSG:2229")
    assert measure_steps_m(x, y, "EPSG:2229") == pytest.approx(923.3, abs=0.1)
    assert float(x[1] - x[0]) > 3000.0


def test_a_local_plane_is_measured_as_it_is() -> None:
    assert measure_steps_m([0.0, 30.0], [0.0, 40.0], "local").tolist() == [50.0]


def test_planes_that_stretch_are_no_true_planes() -> None:
    assert is_true_plane(506_000.0, 2_494_000.0, "EPSG:4547")
    assert not is_true_plane(12.7e6, 2.58e6, "EPSG:3857")
    assert not is_true_plane(1e6, 6e6, "EPSG:6933") and measure_area_scale_at(1e6, 6e6, "EPSG:6933") < 1.01
    assert measure_stretch_at(1e6, 6e6, "EPSG:6933") > 1.4
