"""Optima that others have published, from the files as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.catalogue.networks import open_instance
from citytide.kernels.traffic.assignment import Assignment, assign_traffic
from citytide.kernels.traffic.paths import load_trees


def solve(name: str, **options: Any) -> Assignment:
    instance = open_instance(name)
    network, closed = instance.network()
    return assign_traffic(network, instance.origin, instance.destination, instance.demand, closed=closed, **options)


@pytest.mark.parametrize(
    ("name", "principle", "optimum"),
    [
        ("sioux-falls", "user", 4231335.28710744),
        ("sioux-falls", "system", 7194256.05289299),
        ("anaheim", "user", 1286032.17109603),
        ("anaheim", "system", 1395015.08669500),
        ("braess", "user", 386.00000008),
        ("braess", "system", 498.00000006),
    ],
)
def test_published_optimum_is_reached_and_bracketed(data: Path, name: str, principle: Any, optimum: float) -> None:
    answer = solve(name, gap=1e-10, principle=principle)
    assert answer.converged
    assert answer.objective == pytest.approx(optimum, rel=1e-9)
    assert answer.lower_bound <= optimum * (1 + 1e-14)


def test_chicago_sketch_with_tolls_and_distance(data: Path) -> None:
    answer = solve("chicago-sketch", gap=1e-6)
    assert answer.converged
    assert answer.objective == pytest.approx(17313018.7387477, rel=1e-6)
    assert answer.lower_bound <= 17313018.7387477 <= answer.objective
    assert answer.tstt == pytest.approx(18935450.2615834, rel=2e-5)


def test_free_flow_cost_of_all_trips(data: Path) -> None:
    for name, total in (
        ("sioux-falls", 3176000.0),
        ("anaheim", 1248129.43494676),
        ("chicago-sketch", 16622993.33141187),
    ):
        instance = open_instance(name)
        network, _ = instance.network()
        cost = network.free_time + network.fixed_cost
        answer = load_trees(network, cost, instance.origin, instance.destination, instance.demand)
        assert answer.sptt == pytest.approx(total, rel=1e-13)
        assert cost @ answer.flow == pytest.approx(total, rel=1e-12)
        assert np.isfinite(answer.od_cost).all()


def test_futian_reaches_a_gap_that_nobody_has_published(data: Path) -> None:
    answer = solve("futian", gap=1e-8)
    assert answer.converged and answer.relative_gap <= 1e-8
    assert answer.lower_bound <= answer.objective <= answer.lower_bound * (1 + 2e-8)
