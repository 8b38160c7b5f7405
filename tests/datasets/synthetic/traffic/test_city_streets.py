from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.ground import plan_ground
from citytide.datasets.synthetic.sizes import SIZES
from citytide.datasets.synthetic.traffic.city_streets import make_streets
from citytide.datasets.traffic.layers import ROAD_KINDS, RoadLayer


def sample_links(roads: RoadLayer, apart_m: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points along all links, every few metres, and the link of each."""
    owner = np.repeat(np.arange(roads.n_links), np.diff(roads.vertex_offset))
    first = np.flatnonzero(np.diff(owner) == 0)
    x, y = roads.vertex_x, roads.vertex_y
    n = int(np.ceil(np.hypot(np.diff(x)[first], np.diff(y)[first]).max() / apart_m)) + 1
    share = np.linspace(0.0, 1.0, n)
    at_x = x[first, None] * (1 - share) + x[first + 1, None] * share
    at_y = y[first, None] * (1 - share) + y[first + 1, None] * share
    return at_x, at_y, owner[first]


def count_bridges(roads: RoadLayer) -> int:
    """Bridges, each with one link either way."""
    over = roads.level == 1
    pairs = {frozenset(ends) for ends in zip(roads.tail[over].tolist(), roads.head[over].tolist(), strict=True)}
    assert len(pairs) * 2 == over.sum()
    return len(pairs)


def check(roads: RoadLayer, size: str, seed: int, n_dives: int) -> None:
    wanted = SIZES[size]
    west, south, east, north = wanted.box
    ground = plan_ground(seed, *wanted.box)
    links = csr_array((np.ones(roads.n_links), (roads.tail, roads.head)), shape=(roads.n_nodes, roads.n_nodes))
    assert connected_components(links, connection="strong")[0] == 1
    assert ((roads.vertex_x > west) & (roads.vertex_x < east)).all()
    assert ((roads.vertex_y > south) & (roads.vertex_y < north)).all()
    x, y, owner = sample_links(roads)
    wet = np.zeros(roads.n_links, dtype=bool)
    wet[owner[ground.is_water(x, y).any(axis=1)]] = True
    assert (wet == (roads.level == 1)).all(), "bridges cross the river, nothing else does"
    assert count_bridges(roads) == wanted.n_bridges
    assert n_dives == wanted.n_underpasses
    key = roads.tail.astype(np.int64) * roads.n_nodes + roads.head
    assert (np.diff(key) > 0).all() and (roads.tail != roads.head).all(), "links are sorted, none parallel"
    assert (np.diff(roads.link_id) > 0).all() and (np.diff(roads.node_id) > 0).all()
    begin, end = roads.vertex_offset[:-1], roads.vertex_offset[1:] - 1
    for place, of_node in ((roads.vertex_x, roads.x), (roads.vertex_y, roads.y)):
        assert (place[begin] == of_node[roads.tail]).all() and (place[end] == of_node[roads.head]).all()
    assert (roads.length_m >= 20.0).all()


@settings(max_examples=25)
@given(st.integers(0, 2**63 - 1))
def test_every_small_city_is_whole_dry_and_of_its_size(seed: int):
    roads, underpasses = make_streets(seed, "2km")
    check(roads, "2km", seed, len(underpasses))
    assert abs(roads.n_links / 300 - 1) < 0.1


@settings(max_examples=4)
@given(st.integers(0, 2**63 - 1))
def test_every_larger_city_is_whole_dry_and_of_its_size(seed: int):
    roads, underpasses = make_streets(seed, "8km")
    check(roads, "8km", seed, len(underpasses))
    assert abs(roads.n_links / 3_000 - 1) < 0.03


def test_a_city_of_shenzhens_size_has_a_hundred_thousand_links():
    roads, underpasses = make_streets(1, "shenzhen")
    assert abs(roads.n_links / 100_000 - 1) < 0.02
    assert count_bridges(roads) == 20 and len(underpasses) == 40
    apart = np.abs(roads.tail.astype(np.int64) - roads.head)
    assert np.median(apart) < 0.01 * roads.n_nodes, "neighbours on the ground are neighbours in memory"
    links = csr_array((np.ones(roads.n_links), (roads.tail, roads.head)), shape=(roads.n_nodes, roads.n_nodes))
    assert connected_components(links, connection="strong")[0] == 1


@pytest.mark.parametrize("seed", range(6))
def test_an_underpass_and_the_street_above_share_no_node_where_they_cross(seed: int):
    roads, underpasses = make_streets(seed, "2km")
    x, y, owner = sample_links(roads, 1.0)
    for dive in underpasses:
        here = np.unique(owner[(np.hypot(x - dive.x, y - dive.y) < 2.0).any(axis=1)])
        lower, upper = here[roads.level[here] == -1], here[roads.level[here] == 0]
        assert lower.size == 2 and upper.size in (1, 2) and here.size == lower.size + upper.size
        nodes = [set(roads.tail[part]) | set(roads.head[part]) for part in (lower, upper)]
        assert not nodes[0] & nodes[1]
        assert np.hypot(roads.x - dive.x, roads.y - dive.y).min() > dive.length_m / 2
        assert {roads.name[k] for k in lower} == {dive.name} and dive.name not in {roads.name[k] for k in upper}
        across = roads.vertex_y if dive.along == "x" else roads.vertex_x
        for k in lower:
            line = across[roads.vertex_offset[k] : roads.vertex_offset[k + 1]]
            assert np.ptp(line) == 0.0, "an underpass runs along the cells of the terrain"
    assert (roads.level == -1).sum() == 2 * len(underpasses)


@pytest.mark.parametrize("size", ["2km", "8km"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_city(size: str):
    first, again, other = (make_streets(seed, size) for seed in (5, 5, 6))
    assert first[1] == again[1] != other[1]
    for item in fields(RoadLayer):
        one, two = getattr(first[0], item.name), getattr(again[0], item.name)
        assert one.tobytes() == two.tobytes() if isinstance(one, np.ndarray) else one == two
    assert not np.array_equal(first[0].x, other[0].x)


def test_link_ids_number_the_links_by_their_ends():
    roads, _ = make_streets(1, "2km")
    assert (roads.link_id == np.arange(1, roads.n_links + 1)).all()


def test_streets_have_ranks_names_and_some_are_one_way():
    roads, _ = make_streets(1, "8km")
    kinds = {ROAD_KINDS[k] for k in np.unique(roads.kind)}
    assert kinds == {"trunk", "primary", "secondary", "tertiary", "residential"}
    mean = {k: roads.speed_km_h[roads.kind == ROAD_KINDS.index(k)].mean() for k in kinds}
    assert mean["trunk"] > mean["primary"] > mean["secondary"] > mean["residential"]
    ends = set(zip(roads.tail.tolist(), roads.head.tolist(), strict=True))
    assert 0.02 < sum((head, tail) not in ends for tail, head in ends) / len(ends) < 0.5
    assert {"沿江西路", "沿江东路", "沿海大道"} <= set(roads.name)
    trunk = {name for name, kind in zip(roads.name, roads.kind, strict=True) if ROAD_KINDS[kind] == "trunk"}
    assert all(name.endswith("快速路") for name in trunk)


def test_length_is_that_of_the_line():
    roads, _ = make_streets(3, "2km")
    for k in range(roads.n_links):
        part = slice(roads.vertex_offset[k], roads.vertex_offset[k + 1])
        along = np.hypot(np.diff(roads.vertex_x[part]), np.diff(roads.vertex_y[part])).sum()
        assert abs(roads.length_m[k] - along) <= 0.005 + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, "3km"), "size of city '3km' is unknown; choose one of 2km, 8km, shenzhen"),
        ((-1, "2km"), "seed must be a whole number from 0 to .*, got -1"),
        ((2**63, "2km"), "seed must be a whole number from 0 to .*, got 9223372036854775808"),
        (("x", "2km"), "seed must be a whole number from 0, got 'x'"),
    ],
)
def test_arguments_out_of_range_are_refused_with_the_range(arguments: tuple, message: str):
    with pytest.raises(InputError, match=message):
        make_streets(*arguments)
