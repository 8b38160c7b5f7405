"""Incidence from records to a released table: what is shown is exact, and what cannot be counted is refused."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from question_runs import ask, make_fake_store, read_store, use_own_home

import citytide
from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import Policy
from citytide.hpc.run.runs import Run
from citytide.kernels.medical.events import NO_DAY
from citytide.workflows.medical.counting.refusals import Refusal
from citytide.workflows.medical.incidence.question import plan_incidence
from citytide.workflows.medical.incidence.settings import IncidenceSettings

COMMON, OTHER = "I10", "E11"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Generator[Run]:
    """The synthetic persons, imported on the way, by year and sex."""
    folder = tmp_path_factory.mktemp("incidence")
    with pytest.MonkeyPatch.context() as patch:
        use_own_home(patch, folder)
        lacks = f"{COMMON}>{OTHER}:365"
        yield ask("incidence", folder / "run", synthetic_events=20_000, by="year,sex", lacks=lacks, washout_days=30)


def test_overall_rate_is_the_one_counted_person_by_person(run: Run) -> None:
    events, codes = read_store(run)
    table = run.open("incidence")
    whole = table[(table["year"] == "all") & (table["sex"] == "all")].set_index("code")
    assert len(whole) > 5
    until = np.where(events.death_day == NO_DAY, events.observed_to, np.minimum(events.observed_to, events.death_day))
    since = events.observed_from + 30
    for code in whole.index[:5]:
        new = days = 0
        for person in range(events.n_persons):
            own = slice(events.offset[person], events.offset[person + 1])
            had = events.day[own][events.code[own] == codes.index(code)]
            first = int(had.min()) if len(had) else 2**40
            if since[person] <= until[person] and first >= since[person]:
                new += first <= until[person]
                days += min(first, int(until[person])) - int(since[person]) + 1
        assert whole.loc[code, "persons"] == new and whole.loc[code, "person_years"] == pytest.approx(days / 365.25)
        assert whole.loc[code, "rate"] == pytest.approx(1000 * new / (days / 365.25))


def test_shown_cells_have_at_least_ten_persons_and_hide_nothing_that_they_tell(run: Run) -> None:
    table = run.open("incidence")
    assert table["persons"].min() >= 10 and table["persons"].isna().any()
    hidden = table["persons"].isna()
    assert table.loc[hidden, ["person_years", "rate", "rate_low", "rate_high"]].isna().all().all()
    by_sex = table[(table["year"] == "all") & (table["sex"] != "all")].groupby("code")["persons"]
    assert not (by_sex.apply(lambda cells: int(cells.isna().sum())) == 1).any()  # the total would tell it


def test_care_gaps_are_counts_alone(run: Run) -> None:
    gaps = run.open("care_gaps")
    assert list(gaps.columns) == ["code", "lacks", "within_days", "persons", "persons_with", "persons_without"]
    (row,) = gaps.itertuples()
    assert (row.code, row.lacks, row.within_days) == (COMMON, OTHER, "365") and row.persons >= 10
    assert pd.isna(row.persons_with) == pd.isna(row.persons_without)


def test_report_says_the_answer_and_draws_the_trend(run: Run) -> None:
    result = run.result
    assert "begins in most persons" in result["headline"] and result["care_gaps"]
    assert any(warning.startswith("incidence: ") and "withheld" in warning for warning in result["warnings"])
    assert json.loads((run.path / "figures" / "01-trend.json").read_text())["title"] == "Rates by year"


def test_codes_by_name_stay_even_if_all_of_their_cells_are_withheld(run: Run, tmp_path: Path) -> None:
    settings = {"events": str(run.path), "codes": f"{COMMON},{OTHER}", "by": "", "ages": "0-3"}
    few = ask("incidence", tmp_path / "few", **settings)
    table = few.open("incidence")
    assert table["code"].tolist() == [COMMON, OTHER] and table["persons"].isna().all()
    assert few.result["headline"] == "No rate can be shown: each is withheld." and few.result["warnings"]


def test_code_that_the_store_lacks_is_refused_in_words_that_are_shown(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="each of codes must be in the vocabulary of the store, got X99: remove"):
        citytide.run("incidence", set={"events": str(run.path), "lacks": "I10>X99:30"}, out=tmp_path / "run")


def test_more_cells_than_a_partial_result_can_hold_are_refused() -> None:
    store = make_fake_store([f"C{number}" for number in range(60_000)])
    with pytest.raises(Refusal) as refused:
        plan_incidence(IncidenceSettings(by="month,age,sex,area"), store)
    assert str(refused.value).startswith(
        "incidence counts at most 25,000,000 cells, because each takes 16 bytes of every partial result, got 60,000 "
    )
    assert "(by=month,age,sex,area): name codes (codes=E11,I10 or codes=FILE), or fewer labels (by=year)" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (2**31 - 1, -(2**31), None),  # a store without a dated record
        (-700_000, 18_000, None),  # one record of the year 53
        (0, 3650, "2150-01-01..2150-12-31"),
    ],
)
def test_periods_without_days_or_over_ages_are_refused(first: int, last: int, days: str | None) -> None:
    store = make_fake_store(["I10"])
    store.first_day, store.last_day, store.observed = first, last, (NO_DAY, NO_DAY)
    with pytest.raises(Refusal, match=r"by=year needs days that the records have, over at most 500 years, .* set days"):
        plan_incidence(IncidenceSettings(by="year", days=days), store)


def test_person_years_are_refused_with_noise_because_they_carry_none() -> None:
    store = make_fake_store([COMMON])
    store.policy = Policy(epsilon=0.5, budget=2.0)
    with pytest.raises(Refusal) as refused:
        plan_incidence(IncidenceSettings(), store)
    assert str(refused.value) == (
        "each number over a store whose policy has noise must carry it, but person-years would carry none (epsilon="
        "0.5): ask comorbidity for counts of persons, or import with a policy of epsilon: 0"
    )


def test_summary_tells_the_rates_of_each_sex_beside_those_of_all(run: Run) -> None:
    table, summary = run.open("incidence"), run.result["summary"]
    of_years = table[table["year"] == "all"].set_index(["code", "sex"])["rate"]
    told = [(row["code"], sex, row[f"rate_sex_{sex}"]) for row in summary for sex in ("female", "male")]
    assert len(told) > 10 and not any(name.startswith("rate_year") for name in summary[0])
    for code, sex, rate in told:
        exact = of_years[code, sex]
        assert (rate is None and pd.isna(exact)) or rate == pytest.approx(exact, rel=1e-3)
