"""Layers become one city on one plane, and the weights between them conserve what they carry."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from citytide.datasets.city.assembly import assemble_city, choose_plane_of
from citytide.datasets.city.layers import CityLayers
from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform
from citytide.kernels.space.apportionment import apportion


def move(layers: CityLayers, name: str, crs: str) -> CityLayers:
    layer = getattr(layers, name)
    pairs = [("vertex_x", "vertex_y")] if name == "areas" else [("x", "y")]
    pairs = [("x", "y"), ("vertex_x", "vertex_y")] if name == "roads" else pairs
    moved = {}
    for x, y in pairs:
        moved[x], moved[y] = transform(getattr(layer, x), getattr(layer, y), layer.crs, crs)
    return replace(layers, **{name: replace(layer, crs=crs, **moved)})


def test_every_crosswalk_row_sums_to_one(layers: CityLayers) -> None:
    city = assemble_city(layers)
    assert sorted(city.crosswalks) == ["area_cell", "area_node", "facility_node", "link_cell", "station_link"]
    for crosswalk in city.crosswalks.values():
        assert abs(crosswalk.covered - 1.0).max() <= 1e-12


def test_people_are_conserved_exactly_at_cells_and_nodes(layers: CityLayers) -> None:
    city = assemble_city(layers)
    assert city.areas is not None
    for name in ("area_cell", "area_node"):
        placed = apportion(city.areas.people, city.crosswalks[name])
        assert placed.dtype == np.int64 and placed.sum() == city.areas.people.sum() == 10_000


def test_a_node_on_a_border_belongs_to_the_first_of_its_areas(layers: CityLayers) -> None:
    """The middle node touches all four areas; the fourth has no node of its own and takes the nearest."""
    weights = assemble_city(layers).crosswalks["area_node"]
    rows = [weights.column[a:b].tolist() for a, b in pairwise(weights.offset.tolist())]
    assert [0 in row for row in rows] == [True, False, False, False]
    assert len(rows[3]) == 1 and weights.weight[-1] == 1.0


def test_a_facility_takes_the_nearest_node_that_can_be_left_again(layers: CityLayers) -> None:
    """The end of the spur is nearer, but nothing returns from it."""
    city = assemble_city(layers)
    assert city.roads.node_id[city.crosswalks["facility_node"].column].tolist() == [12]


def test_stations_take_the_nearest_link(layers: CityLayers) -> None:
    city = assemble_city(layers)
    assert city.roads.link_id[city.crosswalks["station_link"].column].tolist() == [1, 3]


def test_heights_under_a_link_are_gathered(layers: CityLayers) -> None:
    """Rows rise by a metre each; the link from the middle to the north covers rows 25 to 45."""
    city = assemble_city(layers)
    assert city.terrain is not None
    mean = city.crosswalks["link_cell"].gather(city.terrain.height.ravel().astype(np.float64))
    assert mean[3] == pytest.approx(34.5, abs=0.51)
    assert mean[3] == pytest.approx(mean[8], abs=1e-9)


@pytest.mark.parametrize("name", ["roads", "areas", "facilities", "stations"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "GCJ-02", "BD-09"])
def test_a_layer_of_another_crs_lands_in_the_same_place(layers: CityLayers, name: str, crs: str) -> None:
    here, moved = assemble_city(layers), assemble_city(move(layers, name, crs))
    x = "vertex_x" if name == "areas" else "x"
    assert abs(getattr(getattr(here, name), x) - getattr(getattr(moved, name), x)).max() < 1e-4
    for key, crosswalk in here.crosswalks.items():
        assert np.allclose(crosswalk.covered, moved.crosswalks[key].covered, rtol=0, atol=1e-9)


def test_roads_in_degrees_alone_choose_the_zone_they_lie_in(layers: CityLayers) -> None:
    alone = CityLayers("alone", layers.roads)
    assert assemble_city(move(alone, "roads", "EPSG:4326")).crs == "EPSG:4547"


def test_a_terrain_of_another_plane_is_refused(layers: CityLayers) -> None:
    with pytest.raises(InputError, match=r"terrain is in EPSG:4547, the city in EPSG:32650; .*--crs EPSG:4547"):
        assemble_city(layers, crs="EPSG:32650")


def test_a_local_layer_is_not_laid_on_earth(layers: CityLayers) -> None:
    assert layers.facilities is not None
    local = replace(layers, facilities=replace(layers.facilities, crs="local"))
    with pytest.raises(InputError, match="local"):
        assemble_city(local)


def test_water_levels_of_another_height_datum_are_refused(layers: CityLayers) -> None:
    assert layers.readings is not None
    mixed = replace(layers, readings=replace(layers.readings, quantity="water level", units="m", height_datum="HKPD"))
    with pytest.raises(InputError, match=r"CN85.*HKPD"):
        assemble_city(mixed)


def test_swapped_longitude_and_latitude_are_said_with_the_cure(layers: CityLayers) -> None:
    moved = move(layers, "facilities", "EPSG:4326")
    assert moved.facilities is not None
    swapped = replace(moved.facilities, x=moved.facilities.y, y=moved.facilities.x)
    with pytest.raises(InputError, match="swapped"):
        assemble_city(replace(layers, facilities=swapped))


def test_a_terrain_on_a_plane_in_feet_does_not_choose_the_plane(layers: CityLayers) -> None:
    assert layers.terrain is not None
    feet = replace(layers, terrain=replace(layers.terrain, crs="EPSG:2229"))
    assert choose_plane_of(feet) == "EPSG:4547"
    with pytest.raises(InputError, match=r"terrain is in EPSG:2229, the city in EPSG:4547; have it resampled"):
        assemble_city(feet)


def test_a_terrain_with_numbers_for_nothing_is_no_city(layers: CityLayers) -> None:
    assert layers.terrain is not None
    height = layers.terrain.height.copy()
    height[3, 4] = -9999.0
    with pytest.raises(InputError, match=r"the height at .* is -9999 m, outside -500 to 9000 m; .*nodata=-9999"):
        assemble_city(replace(layers, terrain=replace(layers.terrain, height=height)))


def test_a_web_map_is_no_plane_for_a_city(layers: CityLayers) -> None:
    """EPSG:3857 stretches lengths: roads drawn on it move to a plane of their place, and asking for it is refused."""
    alone = CityLayers("town", move(layers, "roads", "EPSG:3857").roads)
    assert choose_plane_of(alone) == "EPSG:4547"
    with pytest.raises(InputError, match=r"plane EPSG:3857 is not true.*108.* m on it; omit --crs, .*EPSG:4547"):
        assemble_city(alone, crs="EPSG:3857")
