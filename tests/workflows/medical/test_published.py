"""Published records, from their files to released tables: the numbers that others have counted of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from question_runs import ask, use_own_home

NAFLD = {  # of the package survival of R: its events of persons
    "persons": 17_549, "persons_a": 7097, "persons_b": 3452, "both": 2780, "a_first": 1242, "b_first": 1443, "tie": 95,
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_own_home(monkeypatch, tmp_path)


def test_diabetes_and_hypertension_come_together_as_published(data: Path, tmp_path: Path) -> None:
    source = str(data / "medical" / "nafld.rda")
    run = ask("comorbidity", tmp_path / "run", events=source, strata="none", codes="htn,diabetes")
    (pair,) = run.open("pairs").to_dict("records")
    assert (pair["code_a"], pair["code_b"]) == ("htn", "diabetes")
    assert {name: int(pair[name]) for name in NAFLD} == NAFLD
    assert pair["rr"] == pytest.approx(1.9913682458, abs=1e-10)
    assert pair["first"] == "diabetes" and pair["p_value"] < 2e-4


def test_eunomia_has_its_users_and_those_who_begin_while_observed(data: Path, tmp_path: Path) -> None:
    source, codes = str(data / "medical" / "eunomia_gibleed_5.3.zip"), "1118084,192671"
    first = ask("comorbidity", tmp_path / "pairs", events=source, tables="eras", kinds="", codes=codes)
    persons = first.open("codes").set_index("code")["persons"]
    assert persons.to_dict() == {"*": 2694, "1118084": 1844, "192671": 479}
    rates = ask("incidence", tmp_path / "rates", events=str(first.path), codes=codes, by="").open("incidence")
    assert rates.set_index("code")["persons"].to_dict() == {"1118084": 1800, "192671": 479}
