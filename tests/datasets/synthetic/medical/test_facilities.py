import numpy as np
import pytest

from citytide.datasets.maps.layers import FACILITY_KINDS
from citytide.datasets.synthetic.ground import plan_ground
from citytide.datasets.synthetic.medical.facilities import make_care
from citytide.datasets.synthetic.medical.population import make_areas
from citytide.datasets.synthetic.sizes import SIZES
from citytide.datasets.synthetic.traffic.city_streets import make_streets
from citytide.datasets.traffic.layers import RoadLayer
from citytide.kernels.space.nearest import find_nearest_line


@pytest.fixture(scope="module")
def roads() -> RoadLayer:
    return make_streets(1, "8km")[0]


@pytest.mark.parametrize("seed", range(5))
def test_every_facility_is_beside_a_street_and_on_land(roads: RoadLayer, seed: int):
    care = make_care(roads, None, seed)
    line, apart = find_nearest_line(care.x, care.y, roads.vertex_offset, roads.vertex_x, roads.vertex_y)
    assert (apart <= 15.1).all() and (apart > 1.0).all()
    assert not plan_ground(1, *SIZES["8km"].box).is_water(care.x, care.y).any()
    assert (roads.level[line] == 0).all()


def test_there_are_hospitals_and_ambulances_for_the_people(roads: RoadLayer):
    areas = make_areas(*SIZES["8km"].box, 32, 900_000, 1)
    care = make_care(roads, areas, 1)
    kinds = [FACILITY_KINDS[k] for k in care.kind]
    assert kinds.count("hospital") == 15 and kinds.count("ambulance station") == 10
    assert len(set(care.facility_id)) == care.n_facilities
    beds = care.capacity[: kinds.count("hospital")]
    assert (beds >= 150).all() and (beds <= 1500).all() and (care.capacity[15:] >= 2).all()
    assert all(name for name in care.name) and care.is_synthetic


def test_facilities_go_where_the_people_are(roads: RoadLayer):
    west, south, east, north = SIZES["8km"].box
    areas = make_areas(west, south, east, north, 32, 900_000, 1)
    middle = [areas.vertex_x[a:b].mean() for a, b in zip(areas.vertex_offset, areas.vertex_offset[1:], strict=False)]
    people = np.where(np.array(middle) > (west + east) / 2, areas.people, 0)
    care = make_care(roads, type(areas)(**{**vars(areas), "people": people}), 1)
    assert (care.x > west + 0.3 * (east - west)).all()


def test_the_same_seed_gives_the_same_care_and_another_seed_another(roads: RoadLayer):
    first, again, other = (make_care(roads, None, seed) for seed in (5, 5, 6))
    assert first.x.tobytes() == again.x.tobytes() and first.name == again.name
    assert not np.array_equal(first.x, other.x)
