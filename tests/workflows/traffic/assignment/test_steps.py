"""Steps take one typed value, built from a run's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.datasets.synthetic.traffic.textbook import make_two_routes
from citytide.datasets.traffic.scenario_table import ScenarioTable
from citytide.hpc.execution.functions import call_function
from citytide.workflows.traffic.assignment.steps import chunk_envelope, solve_base, solve_scenarios


@pytest.fixture
def inputs() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two routes, and a scenario that halves the capacity of the first."""
    instance = make_two_routes()
    half, one = np.array([0.5]), np.ones(1)
    table = ScenarioTable.from_changes(("base", "works"), 2, np.array([1]), np.array([0]), half, one)
    arrays, attrs = instance.to_arrays()
    arrays |= table.to_arrays()
    zone = np.unique(np.concatenate([instance.origin, instance.destination]))
    arrays |= {"scenario_row": np.array([0, 1]), "demand_factor": np.ones(2), "zone_node": zone.astype(np.int64)}
    params = {"instance": attrs, "toll_weight": None, "distance_weight": None, "gap": 1e-9, "principle": "user"}
    return arrays, {**params, "max_iterations": 100}


def test_a_block_is_solved_scenario_by_scenario(inputs: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, params = inputs
    found = call_function(solve_scenarios, arrays, {**params, "od_time": True})
    assert found["flow"].shape == (2, 2) and found["converged"] == [1, 1] and found["od_time"].shape[0] == 2
    assert found["flow"][1, 0] < found["flow"][0, 0], "a narrower road carries less"
    assert found["changed_flow"] == [0.0, found["flow"][1, 0]]


def test_arrays_of_an_older_run_give_the_same(inputs: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, params = inputs
    old = dict(arrays)
    for name, before in (("capacity_factor", "change_capacity"), ("speed_factor", "change_speed")):
        old[before] = old.pop(name)
    new, again = (call_function(solve_scenarios, each, {**params, "od_time": False}) for each in (arrays, old))
    np.testing.assert_array_equal(new["flow"], again["flow"])
    flows = {"flow": new["flow"]}
    over, same = (call_function(chunk_envelope, each | flows, {})["n_over_capacity"] for each in (arrays, old))
    np.testing.assert_array_equal(over, same)


def test_paths_of_the_base_start_the_scenarios(inputs: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, params = inputs
    base = call_function(solve_base, arrays, params)
    warm = call_function(solve_scenarios, arrays | base, {**params, "od_time": False})
    assert warm["converged"] == [1, 1] and warm["iterations"][0] <= 2
