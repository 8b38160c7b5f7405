"""The map draws any city, the same bytes each time, and no glyph is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from smallcity import make_small_layers

from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.city import City
from citytide.datasets.synthetic.city import make_city
from citytide.workflows.city.map import draw_city_map
from citytide.workflows.drawing.relief import find_water, shade_ground


@pytest.fixture(scope="module")
def city() -> City:
    return assemble_city(make_city(seed=1, size="2km"))


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_city_gives_the_same_bytes(city: City, tmp_path: Path, suffix: str) -> None:
    one, other = draw_city_map(city, tmp_path / f"a{suffix}"), draw_city_map(city, tmp_path / f"b{suffix}")
    assert one.read_bytes() == other.read_bytes() and len(one.read_bytes()) > 10_000


def test_roads_alone_and_a_small_city_with_chinese_names_are_drawn(tmp_path: Path) -> None:
    layers = make_small_layers()
    for name, city in (
        ("bare", assemble_city(replace(layers, terrain=None, areas=None, facilities=None, stations=None))),
        ("中文 地图", replace(assemble_city(layers), name="福田 \uffff")),
    ):
        assert draw_city_map(city, tmp_path / f"{name}.png").stat().st_size > 5_000


def test_ground_is_averaged_to_a_picture_that_fits(city: City) -> None:
    assert city.terrain is not None
    picture, extent = shade_ground(city.terrain)
    assert picture.shape == (200, 200, 4) and np.isfinite(picture).all()
    assert extent == (city.terrain.grid.west, city.terrain.grid.east, city.terrain.grid.south, city.terrain.grid.north)
    tall = np.repeat(np.repeat(city.terrain.height, 20, axis=0), 20, axis=1)
    grid = replace(city.terrain.grid, cell_m=0.5, n_y=4000, n_x=4000)
    fine = replace(city.terrain, grid=grid, height=tall, manning=np.ones_like(tall), valid=np.ones(tall.shape, bool))
    small, _ = shade_ground(fine)
    assert max(small.shape) <= 1600


def test_sea_and_river_are_water_and_land_is_not(city: City) -> None:
    assert city.terrain is not None
    wet = find_water(city.terrain)
    assert wet[0].all() and not wet.all() and wet[100].any()
    assert not find_water(replace(city.terrain, is_synthetic=False)).any()


def test_no_data_is_clear(city: City) -> None:
    assert city.terrain is not None
    valid = city.terrain.valid.copy()
    valid[:, :50] = False
    picture, _ = shade_ground(replace(city.terrain, valid=valid))
    assert (picture[:, :50, 3] == 0.0).all() and (picture[:, 50:, 3] == 1.0).all()
