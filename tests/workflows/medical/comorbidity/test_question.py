"""Comorbidity from records to a released table: what is shown is exact, and what cannot be counted is refused."""

from __future__ import annotations

import json
from collections.abc import Generator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from question_runs import ask, make_fake_store, read_store, use_own_home

import citytide
from citytide.datasets.medical.records import KINDS
from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import resolve_settings, sourced
from citytide.hpc.plan.steps import ReductionStep
from citytide.hpc.release.policy import Policy
from citytide.hpc.run.runs import Run
from citytide.kernels.medical.events import UNDATED
from citytide.workflows.medical.comorbidity.question import MOST_CODES, plan_codes
from citytide.workflows.medical.comorbidity.settings import ComorbiditySettings
from citytide.workflows.medical.counting.refusals import Refusal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Generator[Run]:
    """The synthetic persons, imported on the way; that nobody has both first on one day may be shown."""
    folder = tmp_path_factory.mktemp("comorbidity")
    with pytest.MonkeyPatch.context() as patch:
        use_own_home(patch, folder)
        (folder / "policy.yaml").write_text("zeros: show\n")
        policy = str(folder / "policy.yaml")
        yield ask("comorbidity", folder / "run", synthetic_events=20_000, min_persons=40, policy=policy)


def find_firsts(run: Run) -> list[dict[str, int]]:
    """Of each person the first day of each condition."""
    events, codes = read_store(run)
    told: list[dict[str, int]] = [{} for _ in range(events.n_persons)]
    for person, own in enumerate(told):
        for at in range(events.offset[person], events.offset[person + 1]):
            if events.kind[at] == KINDS.index("condition"):
                code = codes[events.code[at]]
                own[code] = min(own.get(code, UNDATED), int(events.day[at]))
    return told


def test_every_number_that_is_shown_is_the_one_counted_by_hand(run: Run) -> None:
    firsts, pairs = find_firsts(run), run.open("pairs")
    codes = run.open("codes").set_index("code")["persons"]
    assert codes["*"] == len(firsts) and len(pairs) > 20
    counted = {name: 0 for name in ("both", "a_first", "b_first")}
    for row in pairs.itertuples():
        own = [
            (first[row.code_a], first[row.code_b]) for first in firsts if row.code_a in first and row.code_b in first
        ]
        exact = {
            "both": len(own),
            "a_first": sum(one < other < UNDATED for one, other in own),
            "b_first": sum(other < one < UNDATED for one, other in own),
        }
        assert exact["both"] >= 10 and row.persons == len(firsts)
        for name, value in exact.items():
            if not pd.isna(getattr(row, name)):
                assert getattr(row, name) == value and (value >= 10 or value == 0)
                counted[name] += 1
    assert min(counted.values()) > 5
    having = {code: sum(code in first for first in firsts) for code in codes.index if code != "*"}
    assert min(having.values()) >= 40 and codes.drop("*").to_dict() == having


def test_all_pairs_of_enough_persons_are_there(run: Run) -> None:
    firsts, pairs = find_firsts(run), run.open("pairs")
    codes = [code for code in run.open("codes")["code"] if code != "*"]
    wanted = {
        frozenset((a, b)) for a, b in combinations(codes, 2) if sum(a in first and b in first for first in firsts) >= 10
    }
    assert {frozenset(pair) for pair in zip(pairs["code_a"], pairs["code_b"], strict=True)} == wanted


def test_withheld_number_is_missing_in_both_files_and_what_follows_from_it(run: Run) -> None:
    pairs = run.open("pairs")
    csv = pd.read_csv(run.path / "pairs.csv", dtype={"code_a": str, "code_b": str})
    assert pairs["tie"].isna().any() and (csv.isna() == pairs.isna()).loc[:, "persons":].all().all()
    hidden = pairs["a_first"].isna().astype(int) + pairs["b_first"].isna()
    assert pairs.loc[hidden == 2, ["first", "p_value", "q_value"]].isna().all().all() and (hidden == 2).any()
    assert pairs.loc[(hidden == 1) & pairs["both"].notna(), "q_value"].notna().all() and (hidden == 1).any()
    assert np.allclose(csv["rr"], pairs["rr"].astype(float), equal_nan=True)
    shown = pairs[["a_first", "b_first", "tie"]].notna().sum(axis=1)
    assert (shown[pairs["both"].notna()] != 2).all()  # or the third could be computed


def test_report_says_the_answer_and_what_was_withheld(run: Run) -> None:
    result = run.result
    assert result["headline"].startswith("Of ") and "go together most" in result["headline"]
    assert any(warning.startswith("pairs: ") and "withheld" in warning for warning in result["warnings"])
    sidecar = json.loads((run.path / "figures" / "01-network.json").read_text())
    assert sidecar["title"] == "What comes together" and (run.path / "figures" / "01-network.svg").stat().st_size


def test_store_of_the_run_answers_again_for_codes_by_name(run: Run, tmp_path: Path) -> None:
    codes = run.open("codes")["code"].tolist()[1:4]
    again = ask("comorbidity", tmp_path / "again", events=str(run.path), codes=",".join(codes), strata="none")
    own, whole = again.open("pairs"), run.open("pairs")
    assert set(own["code_a"]) | set(own["code_b"]) <= set(codes)
    merged = own.merge(whole, on=["code_a", "code_b"], suffixes=("", "_whole"))
    assert len(merged) == len(own) > 0 and (merged["both"] == merged["both_whole"]).all()
    assert np.allclose(own["expected"].astype(float), own["persons_a"] * (own["persons_b"] / own["persons"]))


def test_code_that_the_store_lacks_is_refused_in_words_that_are_shown(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError) as refused:
        citytide.run("comorbidity", set={"events": str(run.path), "codes": "X99"}, out=tmp_path / "run")
    assert "each of codes must be in the vocabulary of the store, got X99: remove" in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_empty_cohort_is_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    empty = citytide.run(
        "comorbidity", set={"events": str(run.path), "days": "1801-01-01..1801-12-31"}, out=tmp_path / "r"
    )
    assert empty.result["state"] == "failed"
    assert "a cohort must have at least 10 persons, and this one has fewer or none" in empty.result["error"]


def test_single_code_makes_no_pair(run: Run, tmp_path: Path) -> None:
    code = run.open("codes")["code"][1]
    alone = citytide.run("comorbidity", set={"events": str(run.path), "codes": code}, out=tmp_path / "r")
    sentence = "pairs need at least 2 codes that at least 10 persons of the cohort have, got 1: lower min_persons"
    assert alone.result["state"] == "failed" and sentence in alone.result["error"]


def test_more_codes_than_a_table_of_pairs_can_hold_are_refused() -> None:
    codes = [f"C{number}" for number in range(MOST_CODES + 1)]
    with pytest.raises(Refusal) as refused:
        plan_codes(ComorbiditySettings(codes=",".join(codes)), make_fake_store(codes))
    assert str(refused.value).startswith(
        "pairs are counted of at most 4,000 codes, because each two take 24 bytes of every partial result, got 4,001"
    )


@pytest.mark.parametrize("strata", ["age,weight", "none,age", "sex,sex", ""])
def test_stratum_that_is_none_is_refused(strata: str) -> None:
    settings: Any = {"strata": strata}
    with pytest.raises(RunError) as refused:
        resolve_settings(ComorbiditySettings, [sourced("--set", settings)], environment={})
    assert "strata must be any of age, sex, area, each once, or none alone, got" in str(refused.value)


def test_store_without_codes_is_refused() -> None:
    with pytest.raises(Refusal, match="pairs need a store that has events with codes, but it has none: import other"):
        plan_codes(ComorbiditySettings(), make_fake_store([]))


def make_noisy_store() -> Any:
    store = make_fake_store(["I10", "E11"])
    store.policy = Policy(epsilon=0.5, budget=2.0)
    return store


def test_expected_counts_of_strata_are_refused_with_noise_because_they_carry_none() -> None:
    with pytest.raises(Refusal) as refused:
        plan_codes(ComorbiditySettings(), make_noisy_store())
    assert str(refused.value) == (
        "each number over a store whose policy has noise must carry it, but expected counts over strata=age,sex would "
        "carry none (epsilon=0.5): set strata=none"
    )
    with pytest.raises(Refusal) as unbounded:
        plan_codes(ComorbiditySettings(strata="none"), make_noisy_store())
    assert str(unbounded.value) == (
        "noise needs a bound on the codes in which one person counts, got most_codes=0 and a policy with epsilon=0.5: "
        "set most_codes=5"
    )
    assert plan_codes(ComorbiditySettings(strata="none", most_codes=2), make_noisy_store()).steps


def test_release_with_noise_has_no_row_that_contradicts_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opendp")
    use_own_home(monkeypatch, tmp_path)
    (tmp_path / "policy.yaml").write_text("epsilon: 1.0\nbudget: 5.0\n")
    own = {"synthetic_events": 20_000, "policy": str(tmp_path / "policy.yaml"), "codes": "E11,I10,E78,E66,K76.0"}
    pairs = ask("comorbidity", tmp_path / "run", strata="none", most_codes=2, **own).open("pairs")
    assert pairs["phi"].dropna().between(-1, 1).all() and pairs["phi"].notna().any()
    known = pairs.dropna(subset=["both", "persons_a"])
    assert (known["both"] <= known["persons_a"]).all()


def test_releases_of_other_cohorts_codes_or_kinds_of_events_are_compared() -> None:
    def measure(**settings: Any) -> list[str]:
        steps = plan_codes(ComorbiditySettings(**settings), make_fake_store(["I10", "E11"])).steps
        return [step.release.table.measure for step in steps if isinstance(step, ReductionStep) and step.release]

    assert measure() == measure(ages="18-64", codes="I10", days="2015-01-01..2016-12-31", sex="female")
    assert measure() == measure(kinds="drug") == measure(kinds="")
