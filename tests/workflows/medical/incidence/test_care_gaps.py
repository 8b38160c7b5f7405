"""Care gaps: who lacks what should follow."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_persons import Person, cut_events, draw_events, make_events

from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import resolve_settings, sourced
from citytide.workflows.medical.counting.partials import add_partials
from citytide.workflows.medical.incidence.care_gaps import (
    CareGap,
    FollowedEvents,
    count_gaps,
    find_gap,
    list_gaps,
    read_gaps,
)
from citytide.workflows.medical.incidence.settings import IncidenceSettings


@pytest.mark.parametrize(
    ("events", "followed", "without"),
    [
        ([(100, 0), (150, 1)], True, False),
        ([(100, 0), (100, 1)], True, False),  # on the same day
        ([(100, 0), (190, 1)], True, False),  # on the last day
        ([(100, 0), (191, 1)], True, True),
        ([(100, 0), (99, 1)], True, True),  # before
        ([(100, 0), (None, 1)], True, True),  # nobody knows when
        ([(100, 0), (120, 0), (195, 1)], True, True),  # the first day counts
        ([(None, 0), (150, 1)], False, False),
        ([(250, 0)], False, False),  # not followed up long enough
        ([(10, 0)], False, False),  # before the person was observed
        ([(150, 1)], False, False),
    ],
)
def test_gap_is_found_in_whom_it_is(events: list[tuple[int | None, int]], followed: bool, without: bool) -> None:
    person = make_events([Person(events, since=50, until=300)])
    assert [mask.tolist() for mask in find_gap(person, [0], [1], 90)] == [[followed], [without]]


def test_who_dies_within_the_days_was_not_followed_up() -> None:
    persons = make_events([Person([(100, 0)], since=50, until=300, death=death) for death in (189, 190)])
    followed, _ = find_gap(persons, [0], [1], 90)
    assert persons.death_day[followed].tolist() == [190]


def test_counts_are_the_same_for_any_blocks_and_add_up() -> None:
    events = draw_events(500, 4, seed=4)
    gaps = tuple({"codes": [0], "lacks": lacks, "within_days": 300} for lacks in ([1], [2, 3]))
    facts = {"code": ["a", "a"], "lacks": ["b", "c+d"], "within_days": ["300", "300"]}
    parts = [count_gaps(FollowedEvents(part, None, gaps, facts)) for part in cut_events(events, 9)]
    table, whole = list_gaps(add_partials(parts)), list_gaps(count_gaps(FollowedEvents(events, None, gaps, facts)))
    assert all((table[name] == whole[name]).all() for name in table)
    assert (table["persons"] == table["persons_with"] + table["persons_without"]).all() and table["persons"].min() > 0
    assert np.sum([part["cohort"][0] for part in parts]) == table["persons"][0]  # all who are in one of the gaps


def test_gaps_are_written_with_commas_and_pluses() -> None:
    assert read_gaps("E10 + E11 > HBA1C : 365, I10>D:7") == [
        CareGap(("E10", "E11"), ("HBA1C",), 365), CareGap(("I10",), ("D",), 7)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("lacks", "E11>HBA1C", "each care gap must be CODE>CODE:DAYS, such as E11>HBA1C:365, got 'E11>HBA1C'"),
        ("lacks", "E11:365", "each care gap must be CODE>CODE:DAYS, such as E11>HBA1C:365, got 'E11:365'"),
        ("lacks", "+>B:3", "each care gap must be CODE>CODE:DAYS, such as E11>HBA1C:365, got '+>B:3'"),
        ("by", "weight", "each of by must be one of age, sex, area, month, year, got weight"),
        ("by", "month,year", "by must name each label once, and month or year but not both, got month,year"),
        ("age_edges", "40,20", "age_edges must be whole years that rise, such as 20,40,60, got 40,20"),
    ],
)
def test_setting_that_means_nothing_is_refused(key: str, value: str, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        resolve_settings(IncidenceSettings, [sourced("--set", {key: value})], environment={})
    assert sentence in str(refused.value)
