"""Labels are least costs, however the buckets are cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.traffic.network import RoadNetwork
from citytide.kernels.traffic.trees import choose_width, grow_tree, keep_last, make_tree


def make_graph(seed: int, n_nodes: int, n_links: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, n_nodes, (2, n_links))
    passable = rng.random(n_nodes) < 0.9
    graph = RoadNetwork(n_nodes, *ends, *([np.ones(n_links)] * 4), passable=passable).graph()
    return graph, np.where(rng.random(n_links) < 0.2, 0.0, rng.lognormal(0.0, 1.5, n_links))


def grow(graph: Any, cost: Any, origin: int, width: float, targets: Any = ()) -> tuple[Any, Any, Any]:
    n = graph.n_nodes
    reach, entry, order, _ = tree = make_tree(n)
    marks = np.zeros(n, bool)
    marks[list(targets)] = True
    listed = grow_tree(graph, cost, origin, width, marks, len(targets), tree)
    return reach, entry, order[:listed]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), width=st.sampled_from([1e-3, 0.1, 1.0, 1e3]))
def test_bucket_width_changes_no_label_and_parents_stand_first(seed: int, width: float) -> None:
    graph, cost = make_graph(seed, 25, 80)
    reach, entry, order = grow(graph, cost, 0, width)
    np.testing.assert_array_equal(reach, grow(graph, cost, 0, choose_width(cost))[0])
    assert sorted(order) == np.flatnonzero(np.isfinite(reach)).tolist()
    place = {int(node): at for at, node in enumerate(order)}
    assert order[0] == 0
    assert all(place[int(graph.tail[entry[node]])] < place[int(node)] for node in order[1:])


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_early_stop_leaves_labels_of_targets_final_and_the_queue_clean(seed: int) -> None:
    graph, cost = make_graph(seed, 25, 80)
    full, _, _ = grow(graph, cost, 0, 0.2)
    reachable = np.flatnonzero(np.isfinite(full))
    targets = reachable[::3]
    n = graph.n_nodes
    tree, marks = make_tree(n), np.zeros(n, bool)
    reach = tree[0]
    marks[targets] = True
    grow_tree(graph, cost, 0, 0.2, marks, len(targets), tree)
    np.testing.assert_array_equal(reach[targets], full[targets])
    assert not marks.any()
    grow_tree(graph, cost, 0, 0.2, marks, 0, tree)
    np.testing.assert_array_equal(reach, full)


def test_list_that_overflows_keeps_the_last_mention() -> None:
    order = np.array([4, 2, 4, 3, 2, 0], np.int32)
    flag = np.zeros(5, bool)
    assert keep_last(order, 5, flag) == 3
    assert order[:3].tolist() == [4, 3, 2] and not flag.any()


def test_width_overlooks_a_jam() -> None:
    cost = np.ones(100)
    cost[7] = 1e9
    assert choose_width(cost) == pytest.approx(0.5)
    assert choose_width(np.zeros(3)) == 1.0
