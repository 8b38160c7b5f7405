"""Who belongs to a cohort, and which of their events count."""

from __future__ import annotations

from datetime import date

import numpy as np
from handmade_persons import Person, cut_events, day, draw_events, make_events
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.medical.events import NO_DAY, UNDATED
from citytide.workflows.medical.counting.cohorts import CodedEvents, Cohort, count_ages, find_birthdays, sum_cohort

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31)).map(lambda one: day(one.isoformat()))


@given(DAYS, DAYS)
def test_age_is_the_number_of_birthdays_that_were(born: int, today: int) -> None:
    birth = np.array([born], np.int32)
    age = int(count_ages(birth, today)[0])
    if today < born:
        assert age == -1
    else:
        assert find_birthdays(birth, age)[0] <= today < find_birthdays(birth, age + 1)[0]


def test_who_lacks_a_birth_day_has_no_age_and_is_in_no_range_of_ages() -> None:
    events = make_events([Person(birth=NO_DAY), Person(birth=0)])
    chosen = Cohort(ages=(0, 200), age_day=20_000).choose_present(events)
    assert chosen.sum() == 1 and events.birth_day[chosen].tolist() == [0]


def test_sex_area_and_age_choose_persons() -> None:
    persons = [
        Person(birth=day("1950-06-01"), sex=1, area=2),
        Person(birth=day("1950-06-01"), sex=2, area=2),
        Person(birth=day("1990-06-01"), sex=1, area=2),
        Person(birth=day("1950-06-01"), sex=1, area=3),
    ]
    events = make_events(persons)
    cohort = Cohort(ages=(60, 64), age_day=day("2014-12-31"), sexes=(1,), areas=(2,))
    chosen = cohort.choose_present(events)
    assert chosen.sum() == 1
    assert (events.sex[chosen], events.area[chosen], events.birth_day[chosen]) == (1, 2, day("1950-06-01"))


def test_who_was_not_there_on_any_of_the_days_does_not_count() -> None:
    persons = [
        Person(since=0, until=99),  # left before
        Person(since=201, until=300),  # came after
        Person(death=99),
        Person(birth=201),
        Person(since=50, until=100),
        Person(),  # nothing is known: counts
    ]
    chosen = Cohort(first_day=100, last_day=200).choose_present(make_events(persons))
    assert chosen.sum() == 2


def test_only_events_of_the_chosen_kinds_codes_and_days_stay() -> None:
    person = Person([(5, 0, 1), (6, 1, 1), (7, 2, 1), (8, 1, 2), (30, 1, 1), (None, 1, 1)])
    events = make_events([person, Person([(6, 1)])])
    place = np.array([-1, 0, -1], np.int32)
    everybody = np.ones(2, bool)
    within = CodedEvents.choose(events, everybody, Cohort(kinds=(1,), first_day=0, last_day=10), place).events
    assert within.day.tolist() == [6, 6] and within.code.tolist() == [0, 0] and within.offset[-1] == 2
    ever = CodedEvents.choose(events, everybody, Cohort(kinds=(1,), first_day=0), place, within_days=False).events
    assert sorted(ever.day.tolist()) == [6, 6, 30, UNDATED]


def test_who_is_not_chosen_leaves_no_event() -> None:
    events = draw_events(60, 5)
    chosen = events.sex == 1
    kept = CodedEvents.choose(events, chosen, Cohort()).events
    assert kept.n_persons == chosen.sum() and (kept.pseudonym == events.pseudonym[chosen]).all()
    assert np.diff(kept.offset).tolist() == np.diff(events.offset)[chosen].tolist()
    assert kept.offset[-1] == len(kept.day) == len(kept.value)


def test_observation_is_clipped_to_days_and_ages() -> None:
    born = day("1980-03-05")
    events = make_events(
        [Person(birth=born, since=day("2000-01-01"), until=day("2030-12-31")), Person(since=0, until=9)]
    )
    clipped = Cohort(ages=(30, 39), first_day=day("2005-01-01")).clip_observation(events)
    whose = events.birth_day == born
    assert clipped.observed_from[whose] == day("2010-03-05") and clipped.observed_to[whose] == day("2020-03-04")
    assert (clipped.observed_from > clipped.observed_to)[~whose].all()  # no birth day, no day at that age


def test_unknown_observation_stays_unknown() -> None:
    clipped = Cohort(first_day=5, last_day=9).clip_observation(make_events([Person(until=7)]))
    assert clipped.observed_from.tolist() == clipped.observed_to.tolist() == [NO_DAY]


def test_sums_of_a_cohort_add_up_over_blocks() -> None:
    events = draw_events(300, 3)
    whole = sum_cohort(events)
    parts = [sum_cohort(part) for part in cut_events(events, 7)]
    assert (np.sum(parts, axis=0, dtype=np.uint64) == whole).all()
    assert whole[0].sum() == 300 and whole[1].sum() == events.pseudonym[:, 1].sum()


def test_cohort_of_other_persons_has_other_sums() -> None:
    events = draw_events(300, 3)
    one, other = np.ones(300, bool), np.ones(300, bool)
    one[5] = other[6] = False
    assert (sum_cohort(events, one) != sum_cohort(events, other)).any()


def test_cohort_comes_back_from_a_plan() -> None:
    cohort = Cohort((1,), (18, 64), 9, (2,), (3, 4), -5, None)
    assert Cohort.from_json(cohort.to_json()) == cohort
