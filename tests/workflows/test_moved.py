"""Run folders of earlier versions name modules that have moved: their steps are found."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from citytide.hpc.execution.functions import load_function
from citytide.workflows.moved import MOVED

# What a plan.json of version 0.1.0 could hold before the modules moved.
OLD = [
    "citytide.workflows.assignment_steps:solve_scenarios",
    "citytide.workflows.assignment_steps:solve_base",
    "citytide.workflows.assignment_steps:chunk_envelope",
    "citytide.workflows.assignment_steps:combine_envelopes",
    "citytide.workflows.assignment_steps:finish_envelope",
    "citytide.workflows.inundation_gang:simulate_on_ranks",
    "citytide.workflows.inundation_steps:simulate_members",
    "citytide.workflows.inundation_steps:count_floods",
    "citytide.workflows.inundation_steps:combine_floods",
    "citytide.workflows.inundation_steps:finish_floods",
    "citytide.workflows.warning_steps:find_motion",
    "citytide.workflows.warning_steps:forecast_members",
    "citytide.workflows.warning_steps:flood_members",
]


@pytest.mark.parametrize("path", OLD)
def test_step_of_an_older_plan_is_found(path: str) -> None:
    assert callable(load_function(path))


def test_older_names_are_names_of_no_module_now() -> None:
    assert not any(find_spec(name) for name in MOVED) and all(find_spec(name) for name in MOVED.values())
