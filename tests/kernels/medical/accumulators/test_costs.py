from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import ALL_STRATA, N_CODES, PERSONS, Person, check, empty  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators.costs import CostSum
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata

GROUPS = CodeGroups.from_lists([[0, 1], [1, 4], [2]], N_CODES)
MEMBERS = ([0, 1], [1, 4], [2])


@settings(deadline=None, max_examples=40)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.sampled_from([(), (0, 2)]), st.sampled_from([None, GROUPS]))
def test_costs_are_those_of_a_sum_by_hand(
    persons: list[Person], strata: Strata, kinds: tuple[int, ...], groups: CodeGroups | None
) -> None:
    it = CostSum(strata, kinds, groups)
    expected = empty(it)
    rows = MEMBERS if groups else [[code] for code in range(N_CODES)]
    paid: dict[tuple[int, int], list[int]] = defaultdict(list)
    for person in persons:
        own: Counter[tuple[int, int]] = Counter()
        for day, code, kind, _, cost in person.events:
            place = person.stratum(strata, day)
            if place is not None and cost > 0 and (not kinds or kind in kinds):
                own.update({(row, place): cost for row, codes in enumerate(rows) if code in codes})
        for cell, cost in own.items():
            paid[cell].append(cost)
    for cell, costs in paid.items():
        expected["cost_fen"][cell], expected["persons"][cell] = sum(costs), len(costs)
        first, second, *_ = [*sorted(costs, reverse=True), 0]
        expected["largest"][(0, *cell)], expected["largest"][(1, *cell)] = first, second
    check(it, persons, expected)


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_the_two_largest_are_persons_and_not_events(engine: object) -> None:
    events = make_events([[(1, 0, 0, 0, 5), (2, 0, 0, 0, 6)], [(1, 0, 0, 0, 8)], [(1, 0, 0, 0, 3)], [(1, 0, 0, 0, -1)]])
    found = scan_events(events, {"it": CostSum()}, 1, engine=engine)["it"]  # type: ignore[arg-type]
    assert found["largest"][:, 0, 0].tolist() == [11, 8]
    assert found["cost_fen"].tolist() == [[22]] and found["persons"].tolist() == [[3]]
