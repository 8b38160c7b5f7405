from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.traffic.scenario_table import LinkFactors, ScenarioTable, base_scenario


def make_table(seed: int) -> ScenarioTable:
    rng = np.random.default_rng(seed)
    n_scenarios, n_links = int(rng.integers(1, 5)), int(rng.integers(1, 8))
    changed = np.argwhere(rng.random((n_scenarios, n_links)) < 0.4)
    changed = changed[changed[:, 0] > 0]
    factors = rng.random((2, len(changed)))
    names = ("base", *(f"s{k}" for k in range(1, n_scenarios)))
    return ScenarioTable.from_changes(names, n_links, changed[:, 0], changed[:, 1], *factors)


@given(st.integers(0, 2**32 - 1))
def test_factors_survive_the_way_through_arrays(seed: int) -> None:
    table = make_table(seed)
    again = LinkFactors.from_arrays(table.to_arrays(), table.n_links)
    assert len(again) == len(table)
    for scenario in range(len(table)):
        np.testing.assert_array_equal(again.factors(scenario), table.factors(scenario))
        changed = np.flatnonzero((np.array(table.factors(scenario)) != 1.0).any(axis=0))
        assert again.changed_links(scenario).tolist() == changed.tolist()


def test_arrays_of_an_older_run_are_read() -> None:
    table = make_table(7)
    old = {"capacity_factor": "change_capacity", "speed_factor": "change_speed"}
    arrays = {old.get(name, name): values for name, values in table.to_arrays().items()}
    again = LinkFactors.from_arrays(arrays, table.n_links)
    for scenario in range(len(table)):
        np.testing.assert_array_equal(again.factors(scenario), table.factors(scenario))


@pytest.mark.parametrize("ask", [LinkFactors.factors, LinkFactors.changed_links])
@pytest.mark.parametrize("scenario", [-1, 1])
def test_a_scenario_that_the_table_lacks_is_refused(ask: Callable[[LinkFactors, int], object], scenario: int) -> None:
    with pytest.raises(IndexError, match=f"scenario must be in 0 to 0, got {scenario}"):
        ask(base_scenario(3), scenario)
