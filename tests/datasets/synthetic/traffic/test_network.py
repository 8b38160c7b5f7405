import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.traffic.unreachable_pairs import find_unreachable_pairs

KINDS = ["grid", "ring-radial"]


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.integers(24, 4000), st.integers(0, 2**63))
def test_every_city_is_whole_sound_and_near_the_size_asked_for(kind: str, n_links: int, seed: int):
    city = make_network(kind, n_links, seed)
    assert abs(city.n_links - n_links) <= max(0.12 * n_links, 8)
    links = csr_array((np.ones(city.n_links), (city.tail, city.head)), shape=(city.n_nodes, city.n_nodes))
    assert connected_components(links, connection="strong")[0] == 1
    assert find_unreachable_pairs(city).size == 0
    assert (city.free_time > 0).all() and (city.capacity > 0).all() and (city.length > 0).all()
    key = city.tail.astype(np.int64) * city.n_nodes + city.head
    assert (np.diff(key) > 0).all(), "links are sorted, none parallel"
    pair = city.origin.astype(np.int64) * city.n_nodes + city.destination
    assert (np.diff(pair) > 0).all() and (city.demand > 0).all() and (city.origin != city.destination).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_city(kind: str):
    first, again, other = (make_network(kind, 2000, seed) for seed in (5, 5, 6))
    for name, array in first.to_arrays()[0].items():
        assert array.tobytes() == again.to_arrays()[0][name].tobytes()
    assert not np.array_equal(first.free_time, other.free_time) and not np.array_equal(first.demand, other.demand)
    high, next_to_it = (make_network(kind, 100, seed) for seed in (2**64 - 2, 2**64 - 1))
    assert not np.array_equal(high.free_time, next_to_it.free_time), "large seeds keep all of their bits"


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_links_are_at_hand(kind: str):
    city = make_network(kind, 100_000)
    assert abs(city.n_links / 100_000 - 1) < 0.02
    apart = np.abs(city.tail.astype(np.int64) - city.head)
    assert np.median(apart) < 0.01 * city.n_nodes, "neighbours on the ground are neighbours in memory"


@pytest.mark.parametrize("kind", KINDS)
def test_streets_have_ranks_and_some_are_one_way(kind: str):
    city = make_network(kind, 3000)
    assert set(np.unique(city.capacity)) == {5400.0, 2000.0, 800.0, 500.0}
    ends = set(zip(city.tail.tolist(), city.head.tolist(), strict=True))
    one_way = sum((head, tail) not in ends for tail, head in ends) / len(ends)
    assert 0.1 < one_way < 0.5
    speed = 60.0 * city.length / city.free_time
    assert speed[city.capacity == 5400.0].min() > speed[city.capacity == 500.0].max()


def test_demand_falls_with_distance():
    city = make_network("grid", 3000)
    apart = np.hypot(city.x[city.origin] - city.x[city.destination], city.y[city.origin] - city.y[city.destination])
    near = apart < np.median(apart)
    assert city.demand[near].mean() > 2.0 * city.demand[~near].mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "star"}, "kind of city 'star' is unknown; choose one of grid, ring-radial"),
        ({"n_links": 5}, "n_links is 5; give 24 to 100,000"),
        ({"n_links": 100_001}, "n_links is 100001"),
        ({"seed": -1}, "seed is -1; give a whole number from 0 up"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"load": 0.0}, "load is 0.0"),
        ({"n_zones": 1}, "n_zones is 1; give 2 to "),
    ],
)
def test_arguments_out_of_range_are_refused_with_the_range(arguments: dict, message: str):
    with pytest.raises(InputError, match=message):
        make_network(**arguments)
