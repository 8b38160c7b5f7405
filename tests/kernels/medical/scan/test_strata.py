from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from person_records import EPOCH, age_on  # type: ignore[import-not-found]

from citytide.kernels.medical.accumulators.event_counts import EventCount
from citytide.kernels.medical.examples import make_events
from citytide.kernels.medical.scan.one_pass import scan_events
from citytide.kernels.medical.scan.strata import Strata

DAYS = st.dates(dt.date(1850, 1, 1), dt.date(2150, 12, 31)).map(lambda day: (day - EPOCH).days)
AGES = tuple(range(1, 110))


@given(DAYS, DAYS)
def test_age_is_that_of_the_calendar(one: int, other: int) -> None:
    born, day = sorted((one, other))
    events = make_events([[(day, 0)]], birth_day=[born])
    counted = scan_events(events, {"it": EventCount(Strata(AGES))}, 1)["it"]["events"][0]
    assert np.flatnonzero(counted).tolist() == [min(age_on(born, day), len(AGES))]


@pytest.mark.parametrize(("day", "age"), [("2001-02-28", 0), ("2001-03-01", 1), ("2004-02-28", 3), ("2004-02-29", 4)])
def test_who_was_born_on_29_february_has_the_birthday_on_1_march(day: str, age: int) -> None:
    born, today = (int(np.datetime64(each).astype(int)) for each in ("2000-02-29", day))
    found = scan_events(make_events([[(today, 0)]], birth_day=[born]), {"it": EventCount(Strata(AGES))}, 1)
    assert np.flatnonzero(found["it"]["events"][0]).tolist() == [age]


def test_a_leading_edge_of_0_changes_no_band() -> None:
    assert Strata((0, 18)).age_labels == Strata((18,)).age_labels == ("0-17", "18+", "unknown")
    assert Strata((0, 18)).shape == Strata((18,)).shape == (3, 1, 1, 1)
    assert Strata().age_labels == ("all",)


def test_what_lies_in_no_period_has_none() -> None:
    strata = Strata(period_edges=(0, 31, 59))
    assert [strata.find_period(day) for day in (-1, 0, 30, 31, 58, 59)] == [-1, 0, 0, 1, 1, -1]
    assert Strata().find_period(-1000) == 0


def test_strata_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"age_edges must rise, got \(18, 18\)"):
        Strata((18, 18))
    with pytest.raises(ValueError, match=r"age_edges must be >= 0, got -1"):
        Strata((-1, 18))
    with pytest.raises(ValueError, match=r"period_edges must be none or at least 2, got \(3,\): add the day after"):
        Strata(period_edges=(3,))
    with pytest.raises(ValueError, match=r"period_edges must span at most 183000 days, got 0 to 200000"):
        Strata(period_edges=(0, 200_000))
    with pytest.raises(ValueError, match=r"period_edges must make at most 32767 periods, got 39999"):
        Strata(period_edges=tuple(range(40_000)))
    with pytest.raises(ValueError, match=r"age_edges must be whole numbers, got \(1.5, 18\)"):
        Strata((1.5, 18))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"n_areas must be >= 0, got -1"):
        Strata(n_areas=-1)
