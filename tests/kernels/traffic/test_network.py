"""The network refuses what is not one, and keeps what is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.traffic.network import RoadNetwork

TRIANGLE: dict[str, Any] = {
    "n_nodes": 3,
    "tail": [0, 1, 2, 0],
    "head": [1, 2, 0, 1],
    "free_time": [1.0, 2.0, 3.0, 1.0],
    "capacity": [10.0, 10.0, 10.0, 10.0],
    "b": [0.15] * 4,
    "power": [4.0] * 4,
}


def test_graph_groups_links_by_tail_and_keeps_parallel_ones_apart() -> None:
    graph = RoadNetwork(**TRIANGLE).graph()
    assert graph.link.tolist() == [0, 3, 1, 2]
    assert graph.start.tolist() == [0, 2, 3, 4]
    assert graph.head.tolist() == [1, 1, 2, 0]


def test_capacity_zero_closes_a_link_and_the_mask_closes_more() -> None:
    network = RoadNetwork(**{**TRIANGLE, "capacity": [0.0, 1.0, 1.0, 1.0]})
    assert network.graph().link.tolist() == [3, 1, 2]
    assert network.graph(np.array([False, True, False, False])).link.tolist() == [3, 2]
    assert "1 closed" in repr(network)


def test_what_is_left_out_is_free_open_and_passable() -> None:
    network = RoadNetwork(**TRIANGLE)
    assert not network.fixed_cost.any() and not network.closed.any() and network.passable.all()


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("tail", [0, 1, 2, 7], "tail must be in 0 to 2, got 7 at link 3"),
        ("head", [-1, 2, 0, 1], "head must be in 0 to 2, got -1 at link 0"),
        ("head", [1.0, 2.0, 0.0, 1.0], "integers"),
        ("free_time", [1.0, np.nan, 3.0, 1.0], "free_time must be finite and >= 0, got nan at link 1"),
        ("capacity", [1.0, 1.0, -5.0, 1.0], "capacity must be finite and >= 0, got -5.0 at link 2"),
        ("b", [0.1, 0.1, 0.1, np.inf], "b must be finite and >= 0, got inf at link 3"),
        ("power", [4.0, -1.0, 4.0, 4.0], "power must be finite and >= 0, got -1.0 at link 1"),
        ("fixed_cost", [0.0, 0.0, 0.0, -0.5], "fixed_cost must be finite and >= 0, got -0.5 at link 3"),
        ("free_time", [1.0], "one number per link"),
        ("passable", [True], "one bool per node"),
        ("closed", [0, 0, 0, 1], "one bool per link"),
    ],
)
def test_bad_field_is_named_with_link_and_value(field: str, values: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RoadNetwork(**{**TRIANGLE, field: values})
