"""What does not fit together is refused before work starts, with the name of the culprit and the way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from smallcity import SOUTH, WEST, make_areas

from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.checks import find_core
from citytide.datasets.city.layers import CityLayers
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.layers import RoadLayer


def test_the_core_leaves_out_what_cannot_be_left_again(roads: RoadLayer) -> None:
    assert find_core(roads).tolist() == [0, 1, 2, 3, 4]


def test_a_link_outside_the_terrain_is_named(layers: CityLayers) -> None:
    assert layers.terrain is not None
    moved = replace(layers.terrain, grid=replace(layers.terrain.grid, south=SOUTH + 100.0), sources=(Path("dem.tif"),))
    with pytest.raises(
        InputError, match=r"dem.tif: link 3 \(福华2路\).*lies outside the terrain.*1 more.*covers all roads"
    ):
        assemble_city(replace(layers, terrain=moved))


def test_a_link_over_cells_without_data_is_named(layers: CityLayers) -> None:
    assert layers.terrain is not None
    valid = layers.terrain.valid.copy()
    valid[25, 40] = False
    with pytest.raises(InputError, match=r"link 2 .*crosses cells where the terrain has no data"):
        assemble_city(replace(layers, terrain=replace(layers.terrain, valid=valid)))


def test_overlapping_areas_are_named_with_the_overlap(layers: CityLayers) -> None:
    areas = make_areas([(WEST, SOUTH, WEST + 260, SOUTH + 500), (WEST + 240, SOUTH, WEST + 500, SOUTH + 500)])
    with pytest.raises(InputError, match=r"440304000 \(街道0\) and area 440304001 \(街道1\) overlap by 10,000 m2"):
        assemble_city(replace(layers, areas=areas))


def test_a_gap_between_areas_is_named_with_its_neighbours(layers: CityLayers) -> None:
    boxes = [(0, 0, 500, 200), (0, 200, 200, 300), (300, 200, 500, 300), (0, 300, 500, 500)]
    areas = make_areas([(WEST + w, SOUTH + s, WEST + e, SOUTH + n) for w, s, e, n in boxes])
    with pytest.raises(InputError, match=r"gap of 10,000 m2 at 505250, 2493250 between area 440304000"):
        assemble_city(replace(layers, areas=areas))


def test_borders_drawn_twice_may_differ_by_less_than_a_metre(layers: CityLayers) -> None:
    areas = make_areas([(WEST, SOUTH, WEST + 250.4, SOUTH + 500), (WEST + 250, SOUTH, WEST + 500, SOUTH + 500)])
    city = assemble_city(replace(layers, areas=areas))
    assert abs(city.crosswalks["area_cell"].covered - 1.0).max() <= 1e-12


def test_areas_of_another_city_are_refused(layers: CityLayers) -> None:
    areas = make_areas([(WEST + 90_000, SOUTH, WEST + 91_000, SOUTH + 500)])
    with pytest.raises(InputError, match=r"lie elsewhere than the roads.*areas.crs"):
        assemble_city(replace(layers, areas=areas))


def test_an_area_that_crosses_itself_is_refused(layers: CityLayers) -> None:
    areas = make_areas([(WEST, SOUTH, WEST + 500, SOUTH + 500)])
    bow = replace(areas, vertex_x=np.array([WEST, WEST + 500, WEST, WEST + 500, WEST]))
    with pytest.raises(InputError, match=r"440304000 .*not a valid polygon"):
        assemble_city(replace(layers, areas=bow))


def test_a_facility_on_no_reachable_road_is_named_with_the_distance(layers: CityLayers) -> None:
    assert layers.facilities is not None
    far = replace(layers.facilities, x=layers.facilities.x + 3000.0, sources=(Path("hospitals.csv"),))
    with pytest.raises(
        InputError,
        match=r"hospitals.csv: facility 'H1' \(福田医院\) must lie beside a road that can be reached.*2,990 m",
    ):
        assemble_city(replace(layers, facilities=far))


@pytest.mark.parametrize("crs", ["EPSG:4326", "GCJ-02", "EPSG:2278"])
def test_a_citys_plane_is_one_in_metres(layers: CityLayers, crs: str) -> None:
    """EPSG:2278 is a plane of Texas, in feet."""
    with pytest.raises(InputError, match=r"is not a plane in metres; choose one for the city"):
        assemble_city(replace(layers, terrain=None), crs=crs)


def test_the_plane_is_known_however_it_is_written(layers: CityLayers) -> None:
    assert assemble_city(layers, crs="epsg:4547").crs == "EPSG:4547"
