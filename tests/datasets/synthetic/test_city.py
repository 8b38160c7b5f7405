from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from citytide.datasets.city.layers import CityLayers
from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.city import MADE, make_city, make_instance, make_layers_for
from citytide.datasets.synthetic.hydro.analytic_solutions import compute_fill_time_s
from citytide.datasets.synthetic.traffic.city_streets import make_streets


def same(one: Any, two: Any) -> bool:
    """Whether two layers are equal, bit for bit."""
    if is_dataclass(one):
        return type(one) is type(two) and all(same(getattr(one, f.name), getattr(two, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return bool(one == two)


@pytest.fixture(scope="module")
def city() -> CityLayers:
    return make_city(3, "2km")


def test_a_seed_gives_every_layer_of_a_city_on_one_plane(city: CityLayers):
    for name in (*MADE, "readings", "roads"):
        assert getattr(city, name) is not None, name
    crs = {getattr(getattr(city, name), "crs", "EPSG:4547") for name in (*MADE, "roads")}
    assert crs == {"EPSG:4547"}
    assert city.terrain.grid.shape == (200, 200) and city.areas.people.sum() == 40_000
    assert [truth["kind"] for truth in city.truths] == ["underpass", "underpass", "valley"]
    assert all(compute_fill_time_s(truth, 100.0) > 0 for truth in city.truths)


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_workers(city: CityLayers):
    assert same(city, make_city(3, "2km", workers=3))
    other = make_city(4, "2km")
    for name in (*MADE, "readings", "roads"):
        assert not same(getattr(city, name), getattr(other, name)), name


@pytest.mark.parametrize("seed", [0, 7, 2**62 + 1, 2**63 - 1])
def test_every_small_city_can_be_made(seed: int):
    made = make_city(seed, "2km")
    assert len(made.truths) >= 2 and np.isfinite(made.terrain.height).all()


def test_underpasses_are_the_lowest_street_around(city: CityLayers):
    for truth in city.truths[:2]:
        assert truth["floor_m"] < truth["sill_m"] - 1.0
        assert truth["name"] in city.roads.name


def test_the_network_of_a_city_is_that_of_its_roads_and_trips(city: CityLayers):
    network = make_instance(seed=3, size="2km")
    assert network.link_id.tobytes() == city.roads.link_id.tobytes()
    assert network.demand.tobytes() == city.demand.demand_veh_h.tobytes()
    assert network.units["time"] == "min" and network.length.sum() == pytest.approx(city.roads.length_m.sum() / 1000)


def test_layers_around_given_roads_cover_them_and_are_marked():
    roads = replace(make_streets(9, "2km")[0], is_synthetic=False)
    made = make_layers_for(roads, 5, want=set(MADE), cell_m=20.0)
    assert set(made) == {*MADE, "readings", "truths"}
    grid = made["terrain"].grid
    assert grid.west <= roads.vertex_x.min() - 200 and grid.east >= roads.vertex_x.max() + 200
    assert grid.south <= roads.vertex_y.min() - 200 and grid.north >= roads.vertex_y.max() + 200
    assert made["areas"].vertex_x.min() == grid.west and made["areas"].vertex_y.max() == grid.north
    assert all(made[name].is_synthetic for name in MADE if hasattr(made[name], "is_synthetic"))
    assert {made[name].crs for name in MADE if hasattr(made[name], "crs")} == {roads.crs}
    again = make_layers_for(roads, 5, want=set(MADE), cell_m=20.0)
    assert all(same(made[name], again[name]) for name in made)
    assert made["terrain"].height.min() > 0.0, "the ground is dry"


def test_only_what_is_wanted_is_made():
    roads = make_streets(9, "2km")[0]
    assert set(make_layers_for(roads, 5, want={"storms"})) == {"storms"}
    with pytest.raises(InputError, match="layer 'tides' is unknown; choose one of terrain, areas"):
        make_layers_for(roads, 5, want={"tides"})


def test_an_unknown_size_is_refused():
    with pytest.raises(InputError, match="size of city 'huge' is unknown; choose one of 2km, 8km, shenzhen"):
        make_city(1, "huge")
