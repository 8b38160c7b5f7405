"""What settings of a cohort mean, and which are refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from handmade_persons import day

from citytide.hpc.errors import REFUSED, RunError
from citytide.hpc.plan.settings import resolve_settings, sourced
from citytide.workflows.medical.counting.refusals import Refusal
from citytide.workflows.medical.counting.settings import CohortSettings, make_cohort

STORE = SimpleNamespace(areas=("", "Futian", "南山"))


def test_settings_become_places_of_the_store() -> None:
    settings = CohortSettings(
        kinds="condition,drug", ages="65-", sex="female", areas="南山", days="2015-01-01..2015-12-31"
    )
    cohort = make_cohort(settings, STORE, 7)
    assert (cohort.kinds, cohort.ages, cohort.sexes, cohort.areas) == ((1, 2), (65, 200), (1,), (2,))
    assert (cohort.first_day, cohort.last_day, cohort.age_day) == (day("2015-01-01"), day("2015-12-31"), 7)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("kinds", "illness", "each kind must be one of other, condition, drug"),
        ("ages", "64-18", "ages must be two whole years, the lesser first, such as 18-64 or 65-"),
        ("ages", "old", "ages must be two whole years, the lesser first, such as 18-64 or 65-"),
        ("days", "2015-01-01", "days must be two days, the earlier first, such as 2015-01-01..2019-12-31"),
        ("days", "2019-01-01..2015-01-01", "days must be two days, the earlier first"),
        ("days", "1/2/2015..3/4/2015", "days must be two days, the earlier first"),
    ],
)
def test_setting_that_means_nothing_is_refused(key: str, value: str, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        resolve_settings(CohortSettings, [sourced("--set", {key: value})], environment={})
    assert sentence in str(refused.value)


def test_area_that_the_store_lacks_is_refused_by_name() -> None:
    with pytest.raises(Refusal) as refused:
        make_cohort(CohortSettings(areas="Futian,Luohu"), STORE, 0)
    assert str(refused.value) == "each of areas must be an area of the store, got Luohu: it has Futian, 南山"
    assert refused.value.exit_code == REFUSED
    with pytest.raises(Refusal, match="got Luohu: it has none"):
        make_cohort(CohortSettings(areas="Luohu"), SimpleNamespace(areas=("",)), 0)
