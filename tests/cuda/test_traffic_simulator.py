"""Trees grown and loaded on a simulated device, in a process of its own: ``make simulator``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lockstep import Lockstep

from citytide.kernels.device_arrays import fetch, place
from citytide.kernels.engines import EngineError
from citytide.kernels.traffic.device import loading, trees
from citytide.kernels.traffic.network import RoadNetwork
from citytide.kernels.traffic.paths import Loading, load_trees

pytestmark = pytest.mark.cuda


@pytest.fixture(autouse=True)
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator runs a thread of Python for each thread of a block."""
    monkeypatch.setattr(loading, "THREADS", 4)


def roads(n_nodes: int, tail: Any, head: Any, cost: Any, **given: Any) -> RoadNetwork:
    return RoadNetwork(n_nodes, tail, head, cost, *([np.ones(len(tail))] * 3), **given)


def braess() -> RoadNetwork:
    return roads(4, [0, 0, 2, 2, 3], [2, 3, 1, 3, 1], [0.0, 50.0, 50.0, 10.0, 0.0])


def street_grid(n: int) -> RoadNetwork:
    """Streets of equal length: paths tie everywhere."""
    node = np.arange(n * n).reshape(n, n)
    pairs = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    tail = np.concatenate([part.ravel() for one, other in pairs for part in (one, other)])
    head = np.concatenate([part.ravel() for one, other in pairs for part in (other, one)])
    return roads(n * n, tail, head, np.ones(len(tail)))


def random_town(seed: int, *, whole_costs: bool) -> tuple[RoadNetwork, Any, Any, Any]:
    """Free links, blocked nodes, closed links and pairs within a zone; with whole costs paths tie too."""
    rng = np.random.default_rng(seed)
    n, n_links = 14, 36
    cost = rng.integers(0, 4, n_links).astype(float) if whole_costs else rng.lognormal(0.0, 2.0, n_links)
    cost[rng.random(n_links) < 0.15] = 0.0
    network = roads(n, *rng.integers(0, n, (2, n_links)), cost, passable=np.arange(n) >= 3,
                    closed=rng.random(n_links) < 0.1)  # fmt: skip
    origin, destination = np.divmod(np.flatnonzero(rng.random(4 * n) < 0.7), n)
    return network, origin, destination, rng.integers(0, 9, len(origin)).astype(float)


def load_there(network: RoadNetwork, *trips: Any, **given: Any) -> Loading:
    found = load_trees(network, place(network.free_time), *trips, **given)
    assert type(found.flow).__name__ == type(found.od_cost).__name__ == "FakeCUDAArray"
    return Loading(fetch(found.flow), fetch(found.od_cost), found.sptt)


def conserves(network: RoadNetwork, found: Loading, origin: Any, destination: Any, demand: Any) -> bool:
    served = np.where(np.isfinite(found.od_cost), demand, 0.0)
    n = network.n_nodes
    leaving = np.bincount(network.tail, found.flow, n) + np.bincount(destination, served, n)
    entering = np.bincount(network.head, found.flow, n) + np.bincount(origin, served, n)
    return np.array_equal(leaving, entering)


@pytest.mark.parametrize("seed", range(3))
def test_trees_without_ties_carry_the_flows_of_the_host_to_the_last_bit(seed: int) -> None:
    network, *trips = random_town(seed, whole_costs=False)
    found, expected = load_there(network, *trips), load_trees(network, network.free_time, *trips, engine="python")
    assert np.isinf(expected.od_cost).any() and expected.flow.any()
    assert found.od_cost.tobytes() == expected.od_cost.tobytes()
    assert found.flow.tobytes() == expected.flow.tobytes()
    assert found.sptt == expected.sptt


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("in_shared", [True, False], ids=["shared", "global"])
def test_a_blocks_threads_may_run_in_any_order(in_shared: bool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, *trips = random_town(seed, whole_costs=True)  # paths tie
    sweeps = loading.LOAD_IN_SHARED if in_shared else loading.LOAD_IN_GLOBAL
    monkeypatch.setattr(loading, "NODES_IN_SHARED", 6000 if in_shared else 0)
    found = []
    for backwards in (False, True):
        lockstep = Lockstep(backwards=backwards)

        def run(out: Any, *args: Any, lockstep: Lockstep = lockstep) -> None:
            arrays = (getattr(array, "_ary", array) for array in (out, *args))
            lockstep.run(sweeps.gpu, sweeps.launch(out.shape[-2:]), *arrays)

        with monkeypatch.context() as patched:
            for module in (loading, trees):
                patched.setattr(module, "cuda", lockstep)
            patched.setattr(sweeps, "compiled", lambda engine, parallel=False, run=run: run)
            found.append(load_there(network, *trips))
    one, other = found
    expected = load_there(network, *trips)
    assert one.flow.tobytes() == other.flow.tobytes() == expected.flow.tobytes()
    assert one.od_cost.tobytes() == other.od_cost.tobytes() == expected.od_cost.tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_where_paths_tie_costs_are_the_hosts_and_no_trip_is_lost(seed: int) -> None:
    network, *trips = random_town(seed, whole_costs=True)
    found = load_there(network, *trips)
    expected = load_trees(network, network.free_time, *trips, engine="python")
    assert found.od_cost.tobytes() == expected.od_cost.tobytes() and found.sptt == expected.sptt
    assert conserves(network, found, *trips)
    assert found.flow @ network.free_time == found.sptt  # every trip pays the least cost: whole numbers, so exactly


def test_part_trips_differ_by_the_rounding_of_a_sum_only() -> None:
    network, origin, destination, demand = random_town(5, whole_costs=False)
    trips = origin, destination, demand / 7.0
    found, expected = load_there(network, *trips), load_trees(network, network.free_time, *trips, engine="python")
    np.testing.assert_allclose(found.flow, expected.flow, rtol=1e-14)
    assert found.sptt == expected.sptt


def test_braess_trips_take_the_bridge() -> None:
    assert load_there(braess(), [0], [1], [6.0]).flow.tolist() == [6.0, 0.0, 0.0, 6.0, 6.0]
    closed = load_there(braess(), [0], [1], [6.0], closed=np.array([False, False, False, True, False]))
    assert closed.flow.sum() == 12.0 and closed.sptt == 300.0


def test_grid_is_loaded_alike_by_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    network = street_grid(4)
    trips = np.repeat([0, 5], 15), np.delete(np.tile(np.arange(16), 2), [0, 21]), np.linspace(0.1, 0.7, 30)
    flows = []
    for threads in (1, 3, 32):
        monkeypatch.setattr(loading, "THREADS", threads)
        flows.append(load_there(network, *trips).flow.tobytes())
    assert len(set(flows)) == 1


def test_links_that_cost_nothing_form_no_circle() -> None:
    """A ring of free links beside a chain of them: every node has the label 0, and the tree still leads to the root."""
    tail, head = [0, 1, 2, 3, 3, 4, 5], [1, 2, 3, 1, 4, 5, 0]
    network = roads(6, tail, head, np.zeros(7))
    found = load_there(network, [0, 0], [4, 5], [2.0, 1.0])
    assert found.flow.tolist() == [3.0, 3.0, 3.0, 0.0, 3.0, 1.0, 0.0] and found.od_cost.tolist() == [0.0, 0.0]


def test_windows_batches_and_place_of_labels_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    network, *trips = random_town(1, whole_costs=True)
    plain = load_there(network, *trips)
    for name, value in (("WINDOW", 1e-3), ("NODES_IN_SHARED", 0), ("SCRATCH_BYTES", 1)):
        monkeypatch.setattr(loading, name, value)
        other = load_there(network, *trips)
        assert other.flow.tobytes() == plain.flow.tobytes() and other.od_cost.tobytes() == plain.od_cost.tobytes()


def test_without_demand_only_costs_are_found() -> None:
    network, origin, destination, demand = random_town(2, whole_costs=False)
    found = load_there(network, origin, destination)
    assert found.sptt == 0.0 and not found.flow.any()
    assert found.od_cost.tobytes() == load_there(network, origin, destination, demand).od_cost.tobytes()


def test_a_whole_block_of_threads_takes_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "THREADS", 256)
    found = load_there(braess(), [0], [1], [6.0])
    assert found.sptt == 60.0


def test_costs_of_cupy_bring_answers_of_cupy(cupy: Any) -> None:
    network, *trips = random_town(2, whole_costs=False)
    found, expected = load_trees(network, cupy.asarray(network.free_time), *trips), load_there(network, *trips)
    assert isinstance(found.flow, cupy.ndarray) and isinstance(found.od_cost, cupy.ndarray)
    assert found.flow.get().tobytes() == expected.flow.tobytes()
    assert found.od_cost.get().tobytes() == expected.od_cost.tobytes()


@pytest.mark.parametrize("closed", [np.ones(5, bool), None])
def test_no_roads_and_no_pairs_give_empty_answers_there(closed: Any) -> None:
    pairs = ([], [], []) if closed is None else ([0, 1], [0, 2], [1.0, 1.0])
    trips = np.array(pairs[0], int), np.array(pairs[1], int), np.array(pairs[2])
    found = load_there(braess(), *trips, closed=closed)
    assert found.flow.tolist() == [0.0] * 5 and found.od_cost.tolist() == ([] if closed is None else [0.0, np.inf])


def test_engine_follows_the_costs_and_nothing_else_may_lie_there() -> None:
    network = braess()
    with pytest.raises(EngineError, match="'cuda' cannot take a host array here; usable: numba, python"):
        load_trees(network, network.free_time, [0], [1], engine="cuda")
    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here; usable: cuda"):
        load_trees(network, place(network.free_time), [0], [1], engine="numba")
    with pytest.raises(EngineError, match="load_trees takes demand from host memory, got an array of a GPU: fetch it"):
        load_trees(network, place(network.free_time), [0], [1], place(np.ones(1)))
    with pytest.raises(ValueError, match=r"cost must be >= 0 and not NaN, got -1\.0 at link 2"):
        load_trees(network, place(np.array([1.0, 1.0, -1.0, 1.0, 1.0])), [0], [1])
