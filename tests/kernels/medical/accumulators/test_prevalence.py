from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import ALL_STRATA, N_CODES, PERSONS, Person, check, empty  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators.prevalence import Prevalence
from citytide.kernels.medical.events import UNDATED
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.example import make_events
from citytide.kernels.medical.scan.scan import scan_events
from citytide.kernels.medical.scan.strata import Strata

GROUPS = CodeGroups.from_lists([[0, 1], [1, 4], [2]], N_CODES)
MEMBERS = ([0, 1], [1, 4], [2])


def count_by_hand(it: Prevalence, persons: Sequence[Person]) -> dict[str, Any]:
    tables, strata = empty(it), it.strata
    rows = MEMBERS if it.groups else [[code] for code in range(N_CODES)]
    n_periods = max(len(strata.period_edges) - 1, 1)
    for person in persons:
        for row, codes in enumerate(rows):
            mine = [event for event in person.in_order if event[1] in codes and (not it.kinds or event[2] in it.kinds)]
            places = [person.stratum(strata, event[0]) for event in mine]
            if it.per_period:
                for period in range(n_periods):
                    inside = [place for place in places if place is not None and place % n_periods == period]
                    if inside:
                        tables["prevalent"][row, inside[0]] += 1
                tables["undated"][row] += bool(strata.period_edges) and any(event[0] == UNDATED for event in mine)
            elif mine and places[0] is not None:
                tables["prevalent"][row, places[0]] += 1
            elif mine:
                tables["undated"][row] += mine[0][0] == UNDATED
        if strata.needs_days:
            for place in {person.stratum(strata, day) for day in person.days()} - {None}:
                tables["persons"][place] += 1
            tables["unobserved"] += not person.is_observed
        else:
            tables["persons"][person.stratum(strata, 0)] += 1
    return tables


@settings(deadline=None, max_examples=60)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.booleans(), st.sampled_from([(), (0, 2)]), st.sampled_from([None, GROUPS]))
def test_prevalence_is_that_of_a_count_by_hand(
    persons: list[Person], strata: Strata, per_period: bool, kinds: tuple[int, ...], groups: CodeGroups | None
) -> None:
    it = Prevalence(strata, per_period=per_period, kinds=kinds, groups=groups)
    check(it, persons, count_by_hand(it, persons))


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_a_person_counts_once_for_a_code(engine: Any) -> None:
    events = make_events([[(1, 0), (2, 0), (9, 1)], [(5, 0)], []])
    found = scan_events(events, {"it": Prevalence()}, 3, engine=engine)["it"]
    assert found["prevalent"].tolist() == [[2], [1], [0]]
    assert found["persons"].tolist() == [3] and found["unobserved"].tolist() == [0]


def test_a_person_counts_once_in_each_month() -> None:
    events = make_events([[(0, 0), (5, 0), (35, 0), (70, 0)]], observed_from=[0], observed_to=[40])
    months = Strata(period_edges=(0, 31, 59))
    found = scan_events(events, {"it": Prevalence(months, per_period=True)}, 1)["it"]
    assert found["prevalent"].tolist() == [[1, 1]] and found["persons"].tolist() == [1, 1]


def test_a_person_counts_once_for_a_group_of_codes() -> None:
    events = make_events([[(1, 0), (2, 1)], [(3, 2)]])
    found = scan_events(events, {"it": Prevalence(groups=CodeGroups.from_array([0, 0, -1]))}, 3)["it"]
    assert found["prevalent"].tolist() == [[1]]
    assert np.sum(found["persons"]) == 2
