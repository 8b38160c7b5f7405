"""A terrain of another plane keeps its heights where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.layers import CityLayers, TerrainLayer
from citytide.datasets.city.warp import warp_terrain
from citytide.datasets.errors import InputError
from citytide.datasets.place import transform
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
    with pytest.raises(InputError, match=r"terrain.resample_m is 0"):
        warp_terrain(sloping, "EPSG:4547", 0.0)
