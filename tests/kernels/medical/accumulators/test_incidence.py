from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_records import ALL_STRATA, N_CODES, N_KINDS, PERSONS, Person, check, empty  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators import lost_days
from citytide.kernels.medical.accumulators.incidence import Incidence
from citytide.kernels.medical.events import NO_DAY, UNDATED
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata

GROUPS = CodeGroups.from_lists([[0, 1], [1, 4], [2]], N_CODES)
MEMBERS = ([0, 1], [1, 4], [2])


def count_by_hand(it: Incidence, persons: Sequence[Person]) -> dict[str, Any]:
    """Day by day: who is at risk on a day is said anew on each."""
    tables, strata = empty(it), it.strata
    rows = MEMBERS if it.groups else [[code] for code in range(N_CODES)]
    for person in persons:
        tables["unobserved"] += not person.is_observed
        days = person.days(it.washout_days)
        for day in days:
            place = person.stratum(strata, day)
            if place is None:
                continue
            tables["person_days"][place] += 1
            for row, codes in enumerate(rows):
                kinds = it.kinds or range(N_KINDS)
                has = [event[0] for event in person.events if event[1] in codes and event[2] in kinds]
                first = min(has, default=None)
                if first is None:
                    continue
                is_prevalent = first == UNDATED or first < days[0]
                tables["lost_days"][row, place] += is_prevalent or first < day
                tables["events"][row, place] += not is_prevalent and first == day
    return tables


@settings(deadline=None, max_examples=60)
@given(
    PERSONS, st.sampled_from(ALL_STRATA), st.sampled_from([0, 0, 7]), st.sampled_from([(), (0, 2)]),
    st.sampled_from([None, GROUPS]), st.sampled_from([1, 24]),
)  # fmt: skip
def test_incidence_is_that_of_a_count_day_by_day(
    persons: list[Person], strata: Strata, washout_days: int, kinds: tuple[int, ...], groups: CodeGroups | None,
    least_periods: int,
) -> None:  # fmt: skip
    it = Incidence(strata, washout_days=washout_days, kinds=kinds, groups=groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lost_days, "LEAST_PERIODS", least_periods)
        check(it, persons, count_by_hand(it, persons))


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_days_at_risk_end_with_the_day_of_the_event(engine: Any) -> None:
    events = make_events([[(4, 0)], [], [(20, 0)]], observed_from=[0, 0, 0], observed_to=[9, 9, 9])
    found = scan_events(events, {"it": Incidence()}, 1, engine=engine)["it"]
    assert found["events"].tolist() == [[1]] and found["person_days"].tolist() == [30]
    assert (found["person_days"] - found["lost_days"][0]).tolist() == [5 + 10 + 10]


def test_who_had_it_before_is_not_at_risk() -> None:
    before, undated, in_washout = [(-1, 0), (4, 0)], [(UNDATED, 0)], [(2, 0)]
    events = make_events([before, undated, in_washout], observed_from=[0] * 3, observed_to=[9] * 3)
    found = scan_events(events, {"it": Incidence(washout_days=3)}, 1)["it"]
    assert found["events"].sum() == 0 and found["person_days"].tolist() == [21]
    assert found["lost_days"].tolist() == [[21]]


def test_days_are_split_on_the_birthday_and_end_with_death() -> None:
    born = int(np.datetime64("2000-03-10").astype(int))
    begin, end, died = (int(np.datetime64(day).astype(int)) for day in ("2001-03-01", "2001-03-31", "2001-03-14"))
    events = make_events([[]], birth_day=[born], observed_from=[begin], observed_to=[end], death_day=[died])
    found = scan_events(events, {"it": Incidence(Strata(age_edges=(1,)))}, 1)["it"]
    assert found["person_days"].tolist() == [9, 5, 0]


def test_a_person_whose_observation_is_not_known_is_counted_apart() -> None:
    events = make_events([[(4, 0)], [(4, 0)]], observed_from=[NO_DAY, 0], observed_to=[9, NO_DAY])
    found = scan_events(events, {"it": Incidence()}, 1)["it"]
    assert found["unobserved"].tolist() == [2]
    assert not found["events"].any() and not found["person_days"].any() and not found["lost_days"].any()


def test_a_negative_washout_is_refused() -> None:
    with pytest.raises(ValueError, match=r"washout_days must be >= 0, got -1"):
        Incidence(washout_days=-1)


@pytest.mark.parametrize("engine", ["numba", "python"])
@pytest.mark.parametrize("least_periods", [1, 24])
def test_whole_periods_after_an_event_end_with_the_observation_and_with_a_band_of_age(
    engine: Any, least_periods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_days, "LEAST_PERIODS", least_periods)
    strata = Strata(age_edges=(1,), period_edges=(0, 10, 20, 30, 40, 50))
    born = int(np.datetime64("1969-01-21").astype(int))  # a year old on day 20
    ends, turns_one = [(4, 0)], [(4, 0)]
    events = make_events([ends, turns_one], birth_day=[NO_DAY, born], observed_from=[0, 0], observed_to=[33, 49])
    found = scan_events(events, {"it": Incidence(strata)}, 1, engine=engine)["it"]
    by_band = found["lost_days"].reshape(3, 5).tolist()
    assert by_band == [[5, 10, 0, 0, 0], [0, 0, 10, 10, 10], [5, 10, 10, 4, 0]]
