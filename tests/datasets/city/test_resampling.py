"""A terrain of another plane keeps its heights where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.layers import CityLayers
from citytide.datasets.city.resampling import choose_plane_for, resample_terrain, warp_terrain
from citytide.datasets.errors import InputError
from citytide.datasets.maps.layers import TerrainLayer
from citytide.datasets.place.transformation import transform
from citytide.kernels.space.grid import Grid


@pytest.fixture
def sloping() -> TerrainLayer:
    """Cells of about 5.5 m in degrees around the small city; heights rise evenly with latitude and longitude."""
    west, south = (float(v) for v in transform(504_000.0, 2_492_000.0, "EPSG:4547", "EPSG:4326"))
    grid = Grid(west, south, 5e-5, 500, 500)
    height = np.add.outer((grid.y - south) * 1e3, (grid.x - west) * 500.0).astype(np.float32)
    rough = np.where(grid.x < west + 0.0125, 0.02, 0.05) * np.ones((500, 1))
    return TerrainLayer("EPSG:4326", "CN85", grid, height, rough.astype(np.float32), np.ones(grid.shape, bool))


def test_an_even_slope_is_the_same_slope_on_the_plane(sloping: TerrainLayer) -> None:
    warped = warp_terrain(sloping, "EPSG:4547", 10.0)
    assert warped.crs == "EPSG:4547" and warped.height_datum == "CN85" and warped.grid.cell_m == 10.0
    row, column = 150, 120
    longitude, latitude = transform(warped.grid.x[column], warped.grid.y[row], "EPSG:4547", "EPSG:4326")
    known = (latitude - sloping.grid.south) * 1e3 + (longitude - sloping.grid.west) * 500.0
    assert warped.valid[row, column] and warped.height[row, column] == pytest.approx(float(known), abs=2e-3)
    assert set(np.unique(warped.manning[warped.valid])) == {np.float32(0.02), np.float32(0.05)}
    assert "resampled from EPSG:4326 to EPSG:4547 at 10 m" in warped.notes[-1]


def test_what_is_not_known_stays_unknown(sloping: TerrainLayer) -> None:
    valid = sloping.valid.copy()
    valid[200:220, 200:220] = False
    warped = warp_terrain(replace(sloping, valid=valid), "EPSG:4547", 10.0)
    whole = warp_terrain(sloping, "EPSG:4547", 10.0)
    lost = whole.valid & ~warped.valid
    assert 100 <= lost.sum() <= 250  # about 110 m x 103 m, and the cells that draw on them
    assert np.array_equal(warped.height[warped.valid], whole.height[warped.valid])


def test_the_city_stands_on_a_terrain_that_was_resampled(layers: CityLayers, sloping: TerrainLayer) -> None:
    with pytest.raises(InputError, match=r"terrain is in EPSG:4326, the city in EPSG:4547; have it resampled"):
        assemble_city(replace(layers, terrain=sloping))
    city = assemble_city(replace(layers, terrain=warp_terrain(sloping, "EPSG:4547", 10.0)))
    assert abs(city.crosswalks["link_cell"].covered - 1.0).max() <= 1e-12


def test_cells_without_a_size_are_refused(sloping: TerrainLayer) -> None:
    with pytest.raises(InputError, match=r"terrain.resample_m must be above 0 m, got 0"):
        warp_terrain(sloping, "EPSG:4547", 0.0)


def test_degrees_from_0_to_360_are_the_same_place(sloping: TerrainLayer) -> None:
    grid = replace(sloping.grid, west=-119.0, south=34.0)
    plain = resample_terrain(replace(sloping, grid=grid), 20.0)
    turned = resample_terrain(replace(sloping, grid=replace(grid, west=241.0)), 20.0)
    assert plain.crs == turned.crs == "EPSG:32611" and plain.grid == turned.grid
    assert np.array_equal(plain.valid, turned.valid) and plain.valid.mean() > 0.9
    np.testing.assert_allclose(turned.height, plain.height, atol=2e-3)
    across = resample_terrain(replace(sloping, grid=replace(grid, west=180.0 - 250 * grid.cell_m, south=-17.0)), 20.0)
    assert across.crs in ("EPSG:32701", "EPSG:32760") and across.valid.mean() > 0.9


def test_the_area_of_a_terrain_in_degrees_is_that_on_the_ground(sloping: TerrainLayer) -> None:
    from pyproj import Geod

    grid = sloping.grid
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(
        [grid.west, grid.east, grid.east, grid.west], [grid.south, grid.south, grid.north, grid.north]
    )
    for side in (10.0, 37.0):
        found = resample_terrain(sloping, side)
        assert found.crs == "EPSG:4547" and found.valid.sum() * side**2 == pytest.approx(area, rel=0.01)


def test_a_raster_of_the_old_cells_follows_by_nearest_cells(sloping: TerrainLayer) -> None:
    found = resample_terrain(sloping, 10.0)
    assert (found.source_crs, found.source_grid) == ("EPSG:4326", sloping.grid)
    assert np.array_equal(found.draw(sloping.manning)[found.valid], found.manning[found.valid])
    assert np.isnan(found.draw(sloping.manning)[~found.valid]).any()


def test_feet_become_metres_and_another_side_stays_on_the_plane() -> None:
    flat, known = np.full((12, 12), 5.0, np.float32), np.ones((12, 12), bool)
    feet = TerrainLayer("EPSG:2229", "NAVD88", Grid(6_480_000.0, 1_840_000.0, 32.8, 12, 12), flat, flat / 100, known)
    assert choose_plane_for(feet) == "EPSG:32611"
    found = resample_terrain(feet, 2.0)
    assert found.valid.sum() * 4.0 == pytest.approx((12 * 32.8 * 1200 / 3937) ** 2, rel=0.01)
    assert set(found.height[found.valid].tolist()) == {5.0}
    metric = replace(feet, crs="EPSG:32611", grid=replace(feet.grid, west=380_000.0, south=3_768_000.0))
    coarse = resample_terrain(metric, 98.4)
    assert coarse.crs == "EPSG:32611" and "each height is drawn from four old cells" in coarse.notes[-1]


def test_a_local_terrain_has_no_other_plane(sloping: TerrainLayer) -> None:
    local = replace(sloping, crs="local", grid=replace(sloping.grid, cell_m=10.0))
    assert choose_plane_for(local) == "local"
    with pytest.raises(InputError, match="a local plane has no position on earth"):
        resample_terrain(local, 10.0, "EPSG:4547")


def test_cells_that_miss_the_terrain_are_refused(sloping: TerrainLayer) -> None:
    flat, known = np.zeros((12, 12), np.float32), np.ones((12, 12), bool)
    small = TerrainLayer("EPSG:4326", "EGM96", Grid(114.001, 22.5, 1 / 1200, 12, 12), flat, flat, known)
    assert resample_terrain(small, 90.0).valid.sum() == pytest.approx(1_139_600 / 90**2, rel=0.1)
    with pytest.raises(InputError, match=r"cells of 700 m cover .* % of the terrain's area; give a smaller resample_m"):
        resample_terrain(small, 700.0)
    with pytest.raises(InputError, match=r"no cell of 9000 m has its middle on the terrain; give a smaller resample_m"):
        resample_terrain(small, 9000.0)
    valid = np.arange(500) < 250
    half = resample_terrain(replace(sloping, valid=valid[:, None] & np.ones(500, bool)), 20.0)
    assert half.valid.mean() == pytest.approx(0.5, abs=0.05)
