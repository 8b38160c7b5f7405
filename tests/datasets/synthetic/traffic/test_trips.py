import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.city import make_instance
from citytide.datasets.synthetic.traffic.city_streets import make_streets
from citytide.datasets.synthetic.traffic.trips import make_trips
from citytide.datasets.traffic.layers import ROAD_KINDS, RoadLayer
from citytide.datasets.traffic.unreachable_pairs import find_unreachable_pairs
from citytide.kernels.traffic.assignment import assign_traffic


@pytest.fixture(scope="module")
def roads() -> RoadLayer:
    return make_streets(1, "8km")[0]


def test_pairs_are_sorted_single_and_above_zero(roads: RoadLayer):
    trips = make_trips(roads, 3)
    pair = trips.origin.astype(np.int64) * roads.n_nodes + trips.destination
    assert (np.diff(pair) > 0).all()
    assert (trips.demand_veh_h > 0).all() and (trips.origin != trips.destination).all() and trips.is_synthetic


def test_the_load_asked_for_is_the_vehicle_kilometres_wanted(roads: RoadLayer):
    one, two = (make_trips(roads, 3, load=load).demand_veh_h.sum() for load in (0.1, 0.2))
    assert two / one == pytest.approx(2.0, rel=1e-3)


def test_demand_falls_with_distance(roads: RoadLayer):
    trips = make_trips(roads, 3, n_zones=80)
    apart = np.hypot(
        roads.x[trips.origin] - roads.x[trips.destination], roads.y[trips.origin] - roads.y[trips.destination]
    )
    near = apart < np.median(apart)
    assert trips.demand_veh_h[near].mean() > 2.0 * trips.demand_veh_h[~near].mean()


def test_trips_start_off_expressways_and_bridges(roads: RoadLayer):
    trips = make_trips(roads, 3, n_zones=110)
    zones = np.union1d(trips.origin, trips.destination)
    assert zones.size == 110
    fast = (roads.kind == ROAD_KINDS.index("trunk")) | (roads.level != 0)
    assert not np.isin(zones, np.concatenate([roads.tail[fast], roads.head[fast]])).any()


def test_the_same_seed_gives_the_same_trips_and_another_seed_others(roads: RoadLayer):
    first, again, other = (make_trips(roads, seed) for seed in (5, 5, 6))
    assert first.demand_veh_h.tobytes() == again.demand_veh_h.tobytes()
    assert first.origin.tobytes() == again.origin.tobytes()
    assert not np.array_equal(first.demand_veh_h, other.demand_veh_h)


def test_a_load_of_nothing_is_refused(roads: RoadLayer):
    with pytest.raises(InputError, match=r"load must be above 0 and below 10, got 0\.0"):
        make_trips(roads, 1, load=0.0)


def test_the_city_that_runs_by_default_has_a_rush_hour_and_busy_bridges(roads: RoadLayer):
    city = make_instance()
    assert city.name == "synthetic-city" and 2_900 <= city.n_links <= 3_100
    assert np.unique(city.origin).size == 110 and 5e4 < city.demand.sum() < 5e5
    assert find_unreachable_pairs(city).size == 0 and city.crs == "EPSG:4547"
    assert (city.link_id == roads.link_id).all() and city.link_name == roads.name
    network, _ = city.network()
    flow = assign_traffic(network, city.origin, city.destination, city.demand, gap=1e-6)
    assert flow.converged
    full = flow.flow / city.capacity
    assert 0.01 < (full > 1.0).mean() < 0.15 and full.max() < 3.0
    assert full[roads.level == 1].mean() > 3.0 * full.mean()
