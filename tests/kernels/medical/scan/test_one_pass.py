from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from person_records import (  # type: ignore[import-not-found]
    ALL_STRATA,
    EDGES,
    FIRST,
    LAST,
    N_CODES,
    events_of,
    merge_as_any_tree,
    random_persons,
)

from citytide.kernels.engines import EngineError
from citytide.kernels.medical.accumulators.costs import CostSum
from citytide.kernels.medical.accumulators.days_covered import DaysCovered
from citytide.kernels.medical.accumulators.event_counts import EventCount
from citytide.kernels.medical.accumulators.incidence import Incidence
from citytide.kernels.medical.accumulators.overlaps import Overlaps
from citytide.kernels.medical.accumulators.prevalence import Prevalence
from citytide.kernels.medical.accumulators.scores import ComorbidityScore
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan import cuts
from citytide.kernels.medical.scan.accumulator import Accumulator
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata

S = ALL_STRATA[-1]
GROUPS = CodeGroups.from_lists([[0, 1], [1, 4], [2]], N_CODES)
ACCUMULATORS: dict[str, Accumulator] = {
    "prevalence": Prevalence(),
    "prevalence by strata": Prevalence(S, kinds=(1,)),
    "prevalence in each period": Prevalence(S, per_period=True, groups=GROUPS),
    "incidence": Incidence(S, washout_days=5),
    "incidence of groups": Incidence(Strata(age_edges=(1,)), groups=GROUPS),
    "score": ComorbidityScore(GROUPS, (1, 2, 3), EDGES[1], strata=S),
    "covered": DaysCovered((0, 1), FIRST, LAST, strata=S),
    "overlaps": Overlaps((0, 1), (2, 3), S),
    "events": EventCount(S),
    "costs": CostSum(S, groups=GROUPS),
}


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("n_blocks", [1, 7, 64])
def test_blocks_merged_as_any_tree_give_the_tables_of_one_pass(n_blocks: int) -> None:
    events = events_of(random_persons(300))
    whole = scan_events(events, ACCUMULATORS, N_CODES)
    for seed, (name, accumulator) in enumerate(ACCUMULATORS.items()):
        assert any(table.any() for table in whole[name].values())
        assert_same(merge_as_any_tree(accumulator, events, n_blocks, seed), whole[name])


@pytest.mark.parametrize("block_events", [1, 50])
def test_the_size_of_blocks_in_the_cache_changes_nothing(block_events: int, monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_of(random_persons(100))
    whole = scan_events(events, ACCUMULATORS, N_CODES)
    monkeypatch.setattr(cuts, "BLOCK_EVENTS", block_events)
    again = scan_events(events, ACCUMULATORS, N_CODES)
    for name in ACCUMULATORS:
        assert_same(again[name], whole[name])


def test_accumulators_beside_each_other_count_what_each_counts_alone() -> None:
    events = events_of(random_persons(100))
    together = scan_events(events, ACCUMULATORS, N_CODES)
    for name, accumulator in ACCUMULATORS.items():
        assert_same(together[name], scan_events(events, {"alone": accumulator}, N_CODES)["alone"])


def test_compiled_loops_count_what_the_same_python_counts() -> None:
    events = events_of(random_persons(40))
    compiled = scan_events(events, ACCUMULATORS, N_CODES)
    plain = scan_events(events, ACCUMULATORS, N_CODES, engine="python")
    for name in ACCUMULATORS:
        assert_same(plain[name], compiled[name])


def test_no_persons_give_tables_of_zeros() -> None:
    found = scan_events(make_events([]), ACCUMULATORS, N_CODES)
    assert all(not table.any() for tables in found.values() for table in tables.values())


def test_events_that_make_no_sense_are_refused() -> None:
    events, it = make_events([[(3, 1)]], sex=[1], area=[3]), {"it": Prevalence(Strata(n_areas=2))}
    with pytest.raises(ValueError, match=r"code must be below n_codes \(1\), got 1"):
        scan_events(events, {}, 1)
    with pytest.raises(ValueError, match=r"area must be at most n_areas \(2\) in 'it', got 3"):
        scan_events(events, it, 2)
    with pytest.raises(ValueError, match=r"sex must be 0 \(unknown\), 1 \(female\) or 2 \(male\), got 4"):
        scan_events(replace(events, sex=np.array([4], np.uint8)), {}, 2)
    with pytest.raises(ValueError, match=r"offset must rise from 0 to the number of rows \(1\)"):
        scan_events(replace(events, offset=np.array([0, 2])), {}, 2)
    with pytest.raises(ValueError, match=r"offset must rise from 0 to the number of rows"):
        scan_events(replace(make_events([[(3, 1)], []]), offset=np.array([0, 2, 1])), {}, 2)
    with pytest.raises(ValueError, match=r"groups must be of n_codes \(2\) codes in 'it', got 5"):
        scan_events(events, {"it": Prevalence(groups=GROUPS)}, 2)


def test_an_engine_that_cannot_take_host_arrays_is_refused() -> None:
    with pytest.raises(EngineError, match=r"engine 'cuda' cannot take a host array here; usable: numba, python"):
        scan_events(make_events([[]]), {}, 1, engine="cuda")
