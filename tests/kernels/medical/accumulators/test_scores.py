from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import (  # type: ignore[import-not-found]
    ALL_STRATA,
    FIRST,
    N_CODES,
    PERSONS,
    Person,
    check,
    empty,
)

from citytide.kernels.medical.accumulators.scores import ComorbidityScore
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata

MEMBERS = ([0], [1, 2], [2, 3], [4])
GROUPS = CodeGroups.from_lists(MEMBERS, N_CODES)
WEIGHTS, HIERARCHY = (1, 2, 0, 6), ((3, 0), (1, 2), (3, 1))
INDEX = FIRST + 25


@settings(deadline=None, max_examples=60)
@given(PERSONS, st.sampled_from(ALL_STRATA), st.sampled_from([None, 0, 10]), st.sampled_from([(), (0, 2)]))
def test_scores_are_those_of_a_sum_by_hand(
    persons: list[Person], strata: Strata, look_back_days: int | None, kinds: tuple[int, ...]
) -> None:
    it = ComorbidityScore(GROUPS, WEIGHTS, INDEX, HIERARCHY, look_back_days, strata, kinds)
    expected = empty(it)
    for person in persons:
        if INDEX not in person.days():
            expected["unobserved"] += 1
            continue
        begin = -(10**9) if look_back_days is None else INDEX - look_back_days
        codes = {event[1] for event in person.events if begin <= event[0] <= INDEX and (not kinds or event[2] in kinds)}
        has = {group for group, members in enumerate(MEMBERS) if codes & set(members)}
        cancelled = {mild for severe, mild in HIERARCHY if severe in has}
        expected["persons"][sum(WEIGHTS[group] for group in has - cancelled), person.stratum(strata, INDEX)] += 1
    check(it, persons, expected)


# Groups of Charlson's score in the order of Quan 2005, with Charlson's weights.
CHARLSON = {
    "myocardial infarction": 1, "heart failure": 1, "peripheral vascular": 1, "cerebrovascular": 1, "dementia": 1,
    "pulmonary": 1, "rheumatic": 1, "peptic ulcer": 1, "mild liver": 1, "diabetes": 1, "diabetes, complicated": 2,
    "paralysis": 2, "renal": 2, "cancer": 2, "severe liver": 3, "metastatic": 6, "aids": 6,
}  # fmt: skip
SEVERE = (("severe liver", "mild liver"), ("diabetes, complicated", "diabetes"), ("metastatic", "cancer"))


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_charlsons_score_counts_the_severe_form_alone(engine: Any) -> None:
    names = list(CHARLSON)
    groups = CodeGroups.from_array(range(len(names)))
    pairs = tuple((names.index(severe), names.index(mild)) for severe, mild in SEVERE)
    it = ComorbidityScore(groups, tuple(CHARLSON.values()), index_day=10, hierarchy=pairs)
    persons = [
        ["cancer", "metastatic"], ["diabetes", "diabetes, complicated", "heart failure"], ["mild liver"], [], names,
    ]  # fmt: skip
    events = make_events([[(5, names.index(name)) for name in has] for has in persons], observed_from=[0] * 5,
                         observed_to=[20] * 5)  # fmt: skip
    table = scan_events(events, {"it": it}, len(names), engine=engine)["it"]["persons"][:, 0]
    assert {score: int(n) for score, n in enumerate(table) if n} == {0: 1, 1: 1, 3: 1, 6: 1, 29: 1}


def test_what_comes_after_the_index_day_does_not_count() -> None:
    events = make_events([[(10, 0)], [(11, 0)], [(10, 0)]], observed_from=[0] * 3, observed_to=[20, 20, 9])
    found = scan_events(events, {"it": ComorbidityScore(CodeGroups.from_array([0]), (1,), 10)}, 1)["it"]
    assert found["persons"].tolist() == [[1], [1]] and found["unobserved"].tolist() == [1]


def test_scores_that_make_no_sense_are_refused() -> None:
    groups = CodeGroups.from_array([0, 1])
    with pytest.raises(ValueError, match=r"weights must be whole numbers >= 0, one for each of 2 groups, got \(1,\)"):
        ComorbidityScore(groups, (1,), 0)
    with pytest.raises(ValueError, match=r"hierarchy must hold pairs of the 2 groups \(severe, mild\), got \(0, 2\)"):
        ComorbidityScore(groups, (1, 1), 0, hierarchy=((0, 2),))
    with pytest.raises(ValueError, match=r"look_back_days must be >= 0, got -1"):
        ComorbidityScore(groups, (1, 1), 0, look_back_days=-1)
    with pytest.raises(ValueError, match=r"index_day must lie in a period of the strata, got 9"):
        ComorbidityScore(groups, (1, 1), 9, strata=Strata(period_edges=(0, 5)))
    with pytest.raises(ValueError, match=r"groups of a score must be at most 63, got 64"):
        ComorbidityScore(CodeGroups.from_array(range(64)), (1,) * 64, 0)
