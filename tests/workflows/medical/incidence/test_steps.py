"""Incidence counted block by block: the same whole numbers for any blocks, and as counted day by day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from handmade_persons import Person, cut_events, day, draw_events, make_events
from scipy.stats import chi2

from citytide.kernels.medical.events import UNDATED, PersonEvents
from citytide.workflows.medical.counting.partials import add_partials, pack_facts
from citytide.workflows.medical.counting.refusals import Refusal
from citytide.workflows.medical.incidence import steps
from citytide.workflows.medical.incidence.axes import Axes, cut_periods

CODES = ["I10", "E11", "糖尿病", "J45"]
AXES = Axes(age_edges=(20, 40), by_sex=True, period_edges=cut_periods(15_000, 18_000, "year"), period="year")


def count(events: PersonEvents, axes: Axes, *, n_blocks: int = 1, washout: int = 0, **more: Any) -> dict[str, Any]:
    facts = {"code": CODES, "name": CODES, "axes": axes.to_json(), "least": 0, "min_cell": 10, **more}
    partials = [
        steps.count_new(steps.ScannedEvents(part, len(CODES), axes, washout, facts))
        for part in cut_events(events, n_blocks)
    ]
    while len(partials) > 1:
        partials = [add_partials(partials[at : at + 8]) for at in range(0, len(partials), 8)]
    return partials[0]


@pytest.mark.parametrize("n_blocks", [7, 64])
def test_whole_numbers_are_the_same_for_any_blocks(n_blocks: int) -> None:
    events = draw_events(300, 4, seed=2)
    whole, cut = count(events, AXES), count(events, AXES, n_blocks=n_blocks)
    assert all((whole[name] == cut[name]).all() for name in whole)


def test_rates_without_labels_are_those_counted_person_by_person() -> None:
    events, washout = draw_events(300, 4, seed=2), 100
    table = steps.list_rates(count(events, Axes(), washout=washout))
    new, days = np.zeros(4, int), np.zeros(4, int)
    for person in range(300):
        since, until = int(events.observed_from[person]) + washout, int(events.observed_to[person])
        own = slice(events.offset[person], events.offset[person + 1])
        for code in range(4):
            had = events.day[own][events.code[own] == code]
            first = int(had.min()) if len(had) else None
            if since > until or (first is not None and (first < since or first == UNDATED)):
                continue
            begins = first is not None and first <= until
            new[code] += begins
            days[code] += (first if begins else until) - since + 1
    assert table["code"].tolist() == CODES and table["persons"].tolist() == new.tolist()
    assert table["person_years"].tolist() == pytest.approx(days / 365.25)


def test_totals_come_first_and_are_the_sums_of_their_places() -> None:
    table = steps.list_rates(count(draw_events(300, 4, seed=2), AXES))
    names = ("age", "sex", "year")
    rows = list(zip(table["code"], *(table[name] for name in names), strict=True))
    persons = dict(zip(rows, table["persons"].tolist(), strict=True))
    years = dict(zip(rows, table["person_years"].tolist(), strict=True))
    assert rows[0] == ("I10", "all", "all", "all") and len(persons) == len(rows)
    for axis in range(1, 4):
        for total in [row for row in rows if row[axis] == "all"]:
            parts = [
                row
                for row in rows
                if row[axis] != "all" and row[:axis] + row[axis + 1 :] == total[:axis] + total[axis + 1 :]
            ]
            assert persons[total] == sum(persons[row] for row in parts)
            assert years[total] == pytest.approx(sum(years[row] for row in parts))


def test_place_of_nobody_has_no_row() -> None:
    person = Person([(15_100, 0)], since=15_000, until=15_200, sex=1)
    table = steps.list_rates(count(make_events([person] * 12), Axes(by_sex=True)))
    assert sorted(set(table["sex"])) == ["all", "female"]


def test_only_codes_of_enough_persons_are_listed_unless_they_were_asked_for() -> None:
    persons = [Person([(15_100, 0)], since=15_000, until=15_200)] * 12 + [
        Person([(15_100, 1)], since=15_000, until=15_200)
    ] * 3
    partial = count(make_events(persons), Axes(), least=10)
    assert steps.list_rates(partial)["code"].tolist() == ["I10"]
    asked = pack_facts({"code": CODES, "name": CODES, "axes": Axes().to_json(), "least": 0, "min_cell": 10})
    assert steps.list_rates(partial | {"facts": asked})["persons"].tolist() == [12, 3, 0, 0]


def test_cohort_counts_who_is_observed_for_a_day_at_least() -> None:
    persons = [
        Person(since=100, until=200),
        Person(since=100, until=109),  # the washout takes all of it
        Person(since=100, until=200, death=105),
        Person(since=100, until=110),
        Person(),
    ]
    block = steps.ScannedEvents(make_events(persons), 1, Axes(), 10, {})
    assert block.find_observed().sum() == 2


def test_unobserved_cohort_is_refused_without_its_number() -> None:
    with pytest.raises(Refusal, match="a cohort must have at least 10 persons, and this one has fewer or none"):
        steps.list_rates(count(make_events([Person([(5, 0)])] * 12), Axes()))


def test_interval_is_the_exact_one_of_garwood() -> None:
    persons = np.ma.MaskedArray([0, 12, 1844, 5], [False, False, False, True])
    years = np.ma.MaskedArray([10.0, 100.0, 5e4, 7.0], [False, False, False, True])
    derived = steps.derive_rates({"persons": persons, "person_years": years})
    for at, n in enumerate([0, 12, 1844]):
        per = 1000.0 / years[at]
        low = chi2.ppf(0.025, 2 * n) / 2 if n else 0.0
        wanted = [n * per, low * per, chi2.ppf(0.975, 2 * n + 2) / 2 * per]
        assert [derived[name][at] for name in ("rate", "rate_low", "rate_high")] == pytest.approx(wanted)
    assert all(np.ma.is_masked(derived[name][3]) for name in derived)


def test_periods_begin_with_months_and_years_and_cover_the_days_once() -> None:
    edges = cut_periods(day("2014-11-20"), day("2016-02-10"), "year")
    assert np.array(edges, "M8[D]").astype(str).tolist() == ["2014-11-20", "2015-01-01", "2016-01-01", "2016-02-11"]
    assert Axes(period_edges=edges, period="year").columns == {"year": ("2014", "2015", "2016")}
    months = Axes(period_edges=cut_periods(0, 58, "month"), period="month")
    assert months.columns == {"month": ("1970-01", "1970-02")} and months.period_edges == (0, 31, 59)
    assert Axes.from_json(months.to_json()) == months
