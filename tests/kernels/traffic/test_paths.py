"""Trees are shortest, whoever grows them, and carry the demand they were given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from citytide.kernels.engines import EngineError
from citytide.kernels.traffic.network import RoadNetwork
from citytide.kernels.traffic.paths import load_trees


def make_case(seed: int, n_nodes: int = 12, n_links: int = 40, blocked: int = 0) -> tuple[RoadNetwork, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    network = RoadNetwork(
        n_nodes=n_nodes,
        tail=rng.integers(0, n_nodes, n_links),
        head=rng.integers(0, n_nodes, n_links),
        free_time=np.where(rng.random(n_links) < 0.15, 0.0, rng.lognormal(0.0, 2.0, n_links)),
        capacity=np.ones(n_links),
        b=np.zeros(n_links),
        power=np.zeros(n_links),
        passable=np.arange(n_nodes) >= blocked,
    )
    origin, destination = np.divmod(np.flatnonzero(rng.random(n_nodes * n_nodes) < 0.5), n_nodes)
    return network, origin, destination, rng.integers(0, 9, len(origin)).astype(float)


def cheapest_by_scipy(network: RoadNetwork, cost: Any, origin: Any, destination: Any) -> Any:
    """Least of parallel links; a blocked node is split into one that only sends and one that only receives."""
    n = network.n_nodes
    into = np.where(network.passable[network.head], network.head, network.head + n)
    matrix = np.full((2 * n, 2 * n), np.inf)
    np.minimum.at(matrix, (network.tail, into), np.maximum(cost, 1e-300))  # scipy takes an explicit 0 for no link
    rows, columns = np.nonzero(np.isfinite(matrix))
    graph = csr_array((matrix[rows, columns], (rows, columns)), shape=(2 * n, 2 * n))
    ends = np.where(network.passable[destination], destination, destination + n)
    found = dijkstra(graph)[origin, ends]
    return np.where(origin == destination, 0.0, found)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), blocked=st.integers(0, 5))
def test_costs_are_those_that_scipy_finds(seed: int, blocked: int) -> None:
    network, origin, destination, demand = make_case(seed, blocked=blocked)
    found = load_trees(network, network.free_time, origin, destination, demand).od_cost
    expected = cheapest_by_scipy(network, network.free_time, origin, destination)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-200)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), blocked=st.integers(0, 5))
def test_engines_agree_bit_for_bit(seed: int, blocked: int) -> None:
    case = make_case(seed, blocked=blocked)
    fast, plain = (load_trees(case[0], case[0].free_time, *case[1:], engine=e) for e in ("numba", "python"))
    assert fast.flow.tobytes() == plain.flow.tobytes()
    assert fast.od_cost.tobytes() == plain.od_cost.tobytes()
    assert fast.sptt == plain.sptt


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), blocked=st.integers(0, 5))
def test_no_trip_is_lost_at_any_node(seed: int, blocked: int) -> None:
    network, origin, destination, demand = make_case(seed, blocked=blocked)
    answer = load_trees(network, network.free_time, origin, destination, demand)
    served = np.where(np.isfinite(answer.od_cost), demand, 0.0)
    n = network.n_nodes
    leaving = np.bincount(network.tail, answer.flow, n) + np.bincount(destination, served, n)
    entering = np.bincount(network.head, answer.flow, n) + np.bincount(origin, served, n)
    np.testing.assert_array_equal(leaving, entering)  # whole trips: exact
    assert answer.flow @ network.free_time == pytest.approx(answer.sptt, rel=1e-12)


def test_labels_do_not_depend_on_how_far_costs_spread() -> None:
    """Costs over sixteen orders of magnitude: many windows of buckets, most of them empty."""
    rng = np.random.default_rng(4)
    n = 400
    tail = np.concatenate([np.arange(n), rng.integers(0, n, 3 * n)])
    head = np.concatenate([(np.arange(n) + 1) % n, rng.integers(0, n, 3 * n)])
    cost = 10.0 ** rng.uniform(-8, 8, len(tail))
    network = RoadNetwork(n, tail, head, cost, *([np.ones(len(tail))] * 3))
    origin, destination = (part.ravel() for part in np.indices((n, n)))
    found = load_trees(network, cost, origin, destination).od_cost
    expected = cheapest_by_scipy(network, cost, origin, destination)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_long_chain_outlasts_many_windows() -> None:
    n = 9000
    network = RoadNetwork(n, np.arange(n - 1), np.arange(1, n), *([np.ones(n - 1)] * 4))
    answer = load_trees(network, network.free_time, [0, 0], [n - 1, n - 2][::-1], [1.0, 2.0])
    assert answer.od_cost.tolist() == [n - 2.0, n - 1.0]
    assert answer.flow[0] == 3.0 and answer.flow[-1] == 2.0


def test_chains_of_free_links_settle_in_any_order_of_nodes() -> None:
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(300)
    network = RoadNetwork(300, shuffled[:-1], shuffled[1:], *([np.zeros(299)] * 1), *([np.ones(299)] * 3))
    answer = load_trees(network, network.free_time, [shuffled[0]], [shuffled[-1]], [5.0])
    assert answer.od_cost.tolist() == [0.0] and (answer.flow == 5.0).all()


def test_blocked_node_may_begin_and_end_a_path_only() -> None:
    network = RoadNetwork(
        3, [0, 1, 0], [1, 2, 2], [1.0, 1.0, 9.0], *([np.ones(3)] * 3), passable=np.array([True, False, True])
    )
    costs = load_trees(network, network.free_time, [0, 0, 1], [1, 2, 2], [1.0, 1.0, 1.0]).od_cost
    assert costs.tolist() == [1.0, 9.0, 1.0]


def test_cheaper_of_two_parallel_links_carries_all_until_it_closes() -> None:
    network = RoadNetwork(2, [0, 0], [1, 1], [2.0, 1.0], *([np.ones(2)] * 3))
    assert load_trees(network, network.free_time, [0], [1], [4.0]).flow.tolist() == [0.0, 4.0]
    closed = load_trees(network, network.free_time, [0], [1], [4.0], closed=np.array([False, True]))
    assert closed.flow.tolist() == [4.0, 0.0]
    assert load_trees(network, [np.inf, np.inf], [0], [1], [4.0]).od_cost.tolist() == [np.inf]


def test_no_pairs_no_flow() -> None:
    network = RoadNetwork(2, [0], [1], *([np.ones(1)] * 4))
    answer = load_trees(network, network.free_time, np.empty(0, int), np.empty(0, int), np.empty(0))
    assert answer.flow.tolist() == [0.0] and answer.sptt == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": [1.0, -1.0]}, "cost must be >= 0 and not NaN, got -1.0 at link 1"),
        ({"cost": [np.nan, 1.0]}, "got nan at link 0"),
        ({"cost": [1.0]}, "one number per link"),
        ({"origin": [1, 0]}, r"pair 1 \(node 0 to 0\) repeats or precedes"),
        ({"origin": [0, 0], "destination": [1, 1]}, "add up repeated ones"),
        ({"destination": [1, 9]}, "destination must be in 0 to 1, got 9 at pair 1"),
        ({"demand": [1.0, -2.0]}, r"demand must be finite and >= 0, got -2.0 at pair 1 \(node 1 to 0\)"),
        ({"demand": [1.0]}, "one number per pair"),
        ({"origin": [0.0, 1.0]}, "integers"),
        ({"origin": [0]}, "two lists of one length"),
    ],
)
def test_bad_argument_is_named_with_its_value(change: dict[str, Any], message: str) -> None:
    network = RoadNetwork(2, [0, 1], [1, 0], *([np.ones(2)] * 4))
    given_ = {"cost": [1.0, 1.0], "origin": [0, 1], "destination": [1, 0], "demand": [1.0, 1.0], **change}
    with pytest.raises(ValueError, match=message):
        load_trees(network, **given_)


def test_engine_of_a_gpu_is_refused_for_host_costs_and_host_engines_for_those_of_a_gpu(cupy: Any) -> None:
    network = RoadNetwork(2, [0, 1], [1, 0], *([np.ones(2)] * 4))
    with pytest.raises(EngineError, match="'cuda' cannot take a host array here; usable: numba, python"):
        load_trees(network, [1.0, 1.0], [0], [1], engine="cuda")
    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here"):
        load_trees(network, cupy.asarray([1.0, 1.0]), [0], [1], engine="numba")


def test_unknown_engine_is_refused() -> None:
    network = RoadNetwork(2, [0, 1], [1, 0], *([np.ones(2)] * 4))
    with pytest.raises(EngineError, match="choose one of"):
        load_trees(network, [1.0, 1.0], [0], [1], engine="abacus")  # type: ignore[arg-type]
