"""Strata within which persons are compared."""

from __future__ import annotations

import numpy as np
from handmade_persons import Person, day, draw_events, make_events

from citytide.workflows.medical.comorbidity.strata import BANDS, count_strata_of, find_strata


def test_every_stratum_has_its_own_number() -> None:
    events = draw_events(2000, 3)
    by = ["age", "sex", "area"]
    found = find_strata(events, by, 4, 18_000)
    single = [find_strata(events, [name], 4, 18_000) for name in by]
    keys = set(zip(*(one.tolist() for one in single), strict=True))
    assert len(keys) == len(np.unique(found)) and 0 <= found.min() and found.max() < count_strata_of(by, 4)


def test_bands_have_ten_years_and_who_has_no_age_is_in_one_more() -> None:
    born = [day("2010-01-02"), day("2010-01-01"), day("1890-01-01"), day("2021-01-01")]
    events = make_events([*(Person(birth=birth) for birth in born), Person()])
    band = dict(
        zip(events.birth_day.tolist(), find_strata(events, ["age"], 1, day("2020-01-01")).tolist(), strict=True)
    )
    assert [band[birth] for birth in born] == [0, 1, BANDS - 1, BANDS]
    assert band[int(np.iinfo(np.int32).min)] == BANDS


def test_without_strata_all_are_together() -> None:
    assert set(find_strata(draw_events(20, 3), [], 4, 0)) == {0} and count_strata_of([], 4) == 1
