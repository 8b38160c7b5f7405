"""Water runs over metres, and over numbers that can be true; all else is refused with the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citytide.datasets.city.resampling import resample_terrain
from citytide.datasets.errors import InputError
from citytide.datasets.maps.layers import TerrainLayer
from citytide.datasets.maps.terrain_checks import (
    measure_area_scale,
    measure_stretch,
    refuse_odd_ground,
    refuse_odd_heights,
)
from citytide.kernels.space.grid import Grid


def make_ground(
    height: Any = None, crs: str = "EPSG:4547", west: float = 505_000.0, cell_m: float = 10.0
) -> TerrainLayer:
    heights = np.zeros((3, 4), np.float32) if height is None else np.array(height, np.float32)
    grid = Grid(west, 22.5 if west < 360.0 else 2_493_000.0, cell_m, *heights.shape)
    return TerrainLayer(crs, "CN85", grid, heights, np.full_like(heights, 0.03), np.ones_like(heights, bool))


@pytest.mark.parametrize(
    ("crs", "cell_m", "told"),
    [
        ("EPSG:4326", 1 / 1200, r"is in degrees \(EPSG:4326\) but water needs a plane in metres; .*resample_m=90"),
        ("EPSG:4490", 1 / 3600, r"is in degrees \(EPSG:4490\).*resample_m=30"),
        ("GCJ-02", 1 / 1200, r"is in degrees \(GCJ-02\)"),
        ("EPSG:2229", 32.8, r"lies on a plane in US survey foot \(EPSG:2229\).*resample it: --set resample_m=10"),
        ("EPSG:2222", 10.0, r"lies on a plane in foot \(EPSG:2222\).*resample_m=3"),
    ],
)
def test_degrees_and_feet_are_refused_with_the_cure(crs: str, cell_m: float, told: str) -> None:
    with pytest.raises(InputError, match=told):
        refuse_odd_ground(make_ground(crs=crs, west=114.0 if cell_m < 1 else 6_480_000.0, cell_m=cell_m))


@pytest.mark.parametrize("crs", ["EPSG:4547", "local"])
def test_degrees_that_are_declared_to_be_metres_are_refused(crs: str) -> None:
    with pytest.raises(
        InputError, match=r"cells are 0\.000833333 m long and begin at 114, 22\.5 in .*looks like degrees"
    ):
        refuse_odd_ground(make_ground(crs=crs, west=114.0, cell_m=1 / 1200))


def test_coarse_degrees_are_seen_by_where_they_lie() -> None:
    with pytest.raises(
        InputError, match=r"cells are 0\.25 m long and begin at 114.*looks like degrees; declare their CRS"
    ):
        refuse_odd_ground(make_ground(west=114.0, cell_m=0.25))
    refuse_odd_ground(make_ground(cell_m=0.25))
    refuse_odd_ground(make_ground(crs="local", west=0.0, cell_m=0.25))


@pytest.mark.parametrize("cell_m", [0.04, 10_001.0])
def test_cells_of_no_city_are_refused(cell_m: float) -> None:
    with pytest.raises(InputError, match=r"cells may be 0\.05 to 10000 m long"):
        refuse_odd_ground(make_ground(cell_m=cell_m))


@pytest.mark.parametrize(
    ("value", "told"), [(-999.0, "-999"), (-32768.0, "-32768"), (1e20, r"1e\+20"), (9001.0, "9001")]
)
def test_heights_of_no_city_are_refused_where_there_is_data(value: float, told: str) -> None:
    terrain = make_ground([[1.0, value, 3.0], [4.0, 5.0, value]])
    with pytest.raises(InputError, match=rf"height at 505015, 2493005 is {told} m, .*and 1 more .*nodata={told}"):
        refuse_odd_heights(terrain)
    refuse_odd_ground(replace(terrain, valid=terrain.height != np.float32(value)))


def test_slopes_of_no_city_are_refused() -> None:
    steep = np.add.outer(np.arange(4) % 2, np.arange(6) % 2) * 60.0
    with pytest.raises(InputError, match=r"half of all cells are steeper than 6 m in one metre; check the unit"):
        refuse_odd_ground(make_ground(steep))
    refuse_odd_ground(make_ground(steep * 0.8))
    cliff = np.where(np.arange(6) < 3, 0.0, 800.0) * np.ones((4, 1))
    refuse_odd_ground(make_ground(cliff))
    refuse_odd_ground(make_ground([[7.0]]))


def make_mercator(north: float) -> TerrainLayer:
    ground = make_ground(np.zeros((60, 60)), crs="EPSG:3857", west=1_000_000.0, cell_m=20.0)
    return replace(ground, grid=replace(ground.grid, south=north))


@pytest.mark.parametrize(("latitude", "north"), [(22.5, 2_571_000.0), (60.0, 8_399_738.0)])
def test_a_plane_that_stretches_the_ground_is_refused(latitude: float, north: float) -> None:
    stretched = make_mercator(north)
    scale = measure_area_scale(stretched)
    assert scale == pytest.approx(1 / np.cos(np.deg2rad(latitude)) ** 2, rel=0.01)
    with pytest.raises(InputError, match=rf"areas on the plane EPSG:3857 are {scale:.3g} times .*--set resample_m="):
        refuse_odd_ground(stretched)
    found = resample_terrain(stretched, 10.0)
    assert found.crs == "EPSG:32632" and measure_area_scale(found) == pytest.approx(1.0, abs=2e-3)
    assert found.valid.sum() * 100.0 == pytest.approx(1200.0**2 / scale, rel=0.02)


@pytest.mark.parametrize(
    ("crs", "west", "south"),
    [
        ("EPSG:4547", 505_000.0, 2_493_000.0), ("EPSG:32633", 200_000.0, 5_000_000.0),
        ("EPSG:2056", 2_600_000.0, 1_200_000.0), ("EPSG:27700", 530_000.0, 180_000.0),
        ("EPSG:3035", 4_321_000.0, 3_210_000.0), ("EPSG:5070", -1_900_000.0, 1_500_000.0), ("local", 0.0, 0.0),
    ],
)  # fmt: skip
def test_planes_of_surveys_keep_areas(crs: str, west: float, south: float) -> None:
    ground = make_ground(crs=crs, west=west)
    refuse_odd_ground(replace(ground, grid=replace(ground.grid, south=south)))


@pytest.mark.parametrize(
    ("code", "metres"),
    [(-99.0, 0.01), (-999.0, 0.01), (-9999.9, 0.01), (-999.0, 0.1), (-99.0, 1.0), (-99.99, 1.0), (9999.0, 0.01)],
)
def test_codes_that_may_be_heights_are_refused_where_they_stand_apart(code: float, metres: float) -> None:
    written = np.add.outer(np.arange(4.0), np.arange(6.0)).astype(np.float32) / 10 / metres
    written[1, 2] = code
    ground = make_ground(written.astype(np.float64) * metres)
    told = rf"the height at 505025, 2493015 is {code:g} x, a usual code for no data; .*nodata={code:g}"
    with pytest.raises(InputError, match=told):
        refuse_odd_heights(ground, written=written, unit="x")
    near = code * metres + 0.4 * np.sign(-code) * np.ones_like(written)
    near[1, 2] = code * metres
    refuse_odd_heights(make_ground(near), written=written, unit="x")


def test_codes_are_known_in_packed_numbers() -> None:
    packed = np.full((2, 3), 150.0, np.float32)
    packed[0, 1] = -9999.0
    ground = make_ground(packed * 0.01)
    told = r"is -99\.99 m, packed as -9999, a usual code for no data; .*nodata=-9999;"
    with pytest.raises(InputError, match=told):
        refuse_odd_heights(ground, written=ground.height, packed=packed)
    refuse_odd_heights(replace(ground, valid=packed > 0.0), written=ground.height, packed=packed)


def test_a_plane_that_keeps_areas_and_no_lengths_is_refused() -> None:
    ground = make_ground(np.zeros((60, 60)), crs="EPSG:6933", west=1_000_000.0, cell_m=20.0)
    ground = replace(ground, grid=replace(ground.grid, south=6_000_000.0))  # 55 N, true to scale at 30 N
    assert measure_area_scale(ground) == pytest.approx(1.0, abs=1e-3)
    assert measure_stretch(ground) == pytest.approx(np.cos(np.deg2rad(30.0)) / np.cos(np.deg2rad(54.7)), rel=0.01)
    with pytest.raises(InputError, match=r"EPSG:6933 keeps areas, and lengths on it are up to 1\.51 times too long"):
        refuse_odd_ground(ground)
    found = resample_terrain(ground, 20.0)
    assert found.crs == "EPSG:32632" and measure_stretch(found) == pytest.approx(1.0, abs=1e-3)
    assert found.valid.sum() * 400.0 == pytest.approx(1200.0**2, rel=0.03)
