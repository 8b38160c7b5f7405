"""Pairs of codes counted block by block: the same whole numbers for any blocks, and as counted by hand."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from handmade_persons import Person, cut_events, draw_events, make_events
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.release.policy import Policy
from citytide.kernels.medical.events import UNDATED, PersonEvents
from citytide.workflows.medical.comorbidity import steps
from citytide.workflows.medical.counting.partials import add_partials, pack_facts
from citytide.workflows.medical.counting.refusals import Refusal

CODES = ["I10", "E11", "糖尿病", "J45", "C50", "N18"]
FACTS: dict[str, Any] = {
    "code": CODES, "name": [f"name of {code}" for code in CODES], "least": 10, "min_cell": 10, "is_stratified": True,
}  # fmt: skip


def make_block(events: PersonEvents, strata: tuple[str, ...] = ("age", "sex"), most: int = 0, **facts: Any) -> Any:
    return steps.CohortEvents(events, len(CODES), most, strata, 4, 18_000, {**FACTS, **facts})


def count_by_hand(events: PersonEvents) -> dict[tuple[int, int], dict[str, int]]:
    """Of each pair of codes, persons by what came first, one person after another."""
    told = {pair: dict.fromkeys(("a_first", "b_first", "tie", "undated"), 0) for pair in combinations(range(6), 2)}
    for person in range(events.n_persons):
        first: dict[int, int] = {}
        for at in range(events.offset[person], events.offset[person + 1]):
            code = int(events.code[at])
            first[code] = min(first.get(code, UNDATED), int(events.day[at]))
        for a, b in combinations(sorted(first), 2):
            if UNDATED in (first[a], first[b]):
                told[a, b]["undated"] += 1
            elif first[a] == first[b]:
                told[a, b]["tie"] += 1
            else:
                told[a, b]["a_first" if first[a] < first[b] else "b_first"] += 1
    return told


@pytest.mark.parametrize("n_blocks", [1, 7, 64])
def test_pairs_are_those_counted_by_hand_for_any_blocks(n_blocks: int) -> None:
    events = draw_events(400, 6, seed=3)
    partials = [steps.count_together(make_block(part)) for part in cut_events(events, n_blocks)]
    while len(partials) > 1:
        partials = [add_partials(partials[at : at + 8]) for at in range(0, len(partials), 8)]
    table = steps.list_pairs(partials[0])
    hand = {pair: told for pair, told in count_by_hand(events).items() if sum(told.values()) >= 10}
    assert list(zip(table["code_a"], table["code_b"], strict=True)) == [(CODES[a], CODES[b]) for a, b in hand]
    for name in ("a_first", "b_first"):
        assert table[name].tolist() == [told[name] for told in hand.values()]
    assert table["tie"].tolist() == [told["tie"] + told["undated"] for told in hand.values()]
    assert table["both"].tolist() == [sum(told.values()) for told in hand.values()]
    assert set(table["persons"]) == {400}
    assert (table["persons_a"] == table["both"] + table["only_a"]).all()
    assert (table["persons_b"] == table["both"] + table["only_b"]).all()


def test_expected_counts_are_of_strata_and_have_four_digits() -> None:
    events = draw_events(400, 6, seed=3)
    table = steps.list_pairs(steps.count_together(make_block(events, strata=("sex",))))
    has = np.zeros((400, 6), bool)
    has[np.repeat(np.arange(400), np.diff(events.offset)), events.code] = True
    exact = 0.0
    for sex in range(3):
        own = has[events.sex == sex]
        exact += own[:, 0].sum() * own[:, 1].sum() / len(own)
    assert table["expected"][0] == float(f"{exact:.4g}") != exact


def test_relative_risk_without_strata_is_computed_from_the_counts_that_are_shown() -> None:
    released = {
        name: np.ma.MaskedArray([value, value], [False, name == "persons_b"])
        for name, value in {
            "persons": 17_549, "persons_a": 7097, "persons_b": 3452, "both": 2780, "a_first": 1242, "b_first": 1443,
        }.items()
    }  # fmt: skip
    texts = {name: np.ma.array([name, name]) for name in ("code_a", "code_b")}
    derived = steps.derive_risks(released | texts, Policy())
    assert derived["rr"][0] == pytest.approx(1.9913682458, abs=1e-10)  # NAFLD: diabetes and hypertension
    assert derived["phi"][0] == pytest.approx(0.4042450864, abs=1e-10)
    assert derived["expected"][0] == pytest.approx(7097 * 3452 / 17_549)
    assert np.ma.is_masked(derived["rr"][1]) and np.ma.is_masked(derived["expected"][1])
    assert derived["first"].tolist() == ["code_b", "code_b"] and derived["p_value"][0] == pytest.approx(1.1e-4, rel=0.1)


def test_withheld_tie_leaves_what_comes_first_and_a_bound_of_the_p_value() -> None:
    counts = {"persons": 17_549, "persons_a": 7097, "persons_b": 3452, "both": 2780, "a_first": 0, "b_first": 1443}
    released = {name: np.ma.array([value], mask=[name == "a_first"]) for name, value in counts.items()}
    texts = {"code_a": np.ma.array(["I10"]), "code_b": np.ma.array(["E11"])}
    derived = steps.derive_risks(released | texts, Policy())
    exact = steps.derive_risks(released | texts | {"a_first": np.ma.array([1337])}, Policy())
    assert derived["first"].tolist() == ["E11"]
    assert derived["p_value"][0] == exact["p_value"][0] < 0.05  # all others with both: 1,337


@given(st.lists(st.integers(0, 60), min_size=6, max_size=6))
def test_counts_with_noise_make_a_row_that_does_not_contradict_itself(noisy: list[int]) -> None:
    n, only_a, only_b, a_first, b_first, tie = noisy
    both = a_first + b_first + tie
    counts = {
        "persons": n, "persons_a": both + only_a, "persons_b": both + only_b, "both": both, "a_first": a_first,
        "b_first": b_first,
    }  # fmt: skip
    released: dict[str, Any] = {name: np.ma.array([value]) for name, value in counts.items()}
    texts = {"code_a": np.ma.array(["I10"]), "code_b": np.ma.array(["E11"])}
    derived = steps.derive_risks(released | texts, Policy(epsilon=1.0, budget=1.0))
    for name, least, most in (("phi", -1.0, 1.0), ("rr", 0.0, np.inf), ("p_value", 0.0, 1.0)):
        told = derived[name].compressed()
        assert ((told >= least - 1e-12) & (told <= most + 1e-12)).all()


def test_codes_of_too_few_persons_are_not_listed_and_everybody_comes_first() -> None:
    persons = [Person([(5, 0), (6, 1)])] * 12 + [Person([(5, 2)])] * 9 + [Person()] * 4
    partial = steps.count_codes(make_block(make_events(persons)))
    table = steps.list_codes(partial)
    assert table["code"].tolist() == ["*", "I10", "E11"] and table["persons"].tolist() == [25, 12, 12]
    asked = steps.list_codes(partial | {"facts": pack_facts({**FACTS, "least": 0})})
    assert asked["persons"].tolist() == [25, 12, 12, 9, 0, 0, 0]  # what was asked for by name stays, to be withheld


@pytest.mark.parametrize(("n_lacking", "is_shown"), [(0, False), (9, False), (10, True)])
def test_code_that_few_persons_lack_is_left_out(n_lacking: int, is_shown: bool) -> None:
    persons = [Person([(5, 0)])] * 30 + [Person([(5, 1)])] * n_lacking
    for least in (10, 0):  # 0: it was asked for by name
        table = steps.list_codes(steps.count_codes(make_block(make_events(persons), least=least)))
        assert ("I10" in table["code"].tolist()) is is_shown


@pytest.mark.parametrize(("n_neither", "is_shown"), [(0, False), (9, False), (10, True)])
def test_pair_that_few_persons_have_neither_of_is_left_out(n_neither: int, is_shown: bool) -> None:
    both, one, other = Person([(5, 0), (6, 1)]), Person([(5, 0)]), Person([(5, 1)])
    events = make_events([both] * 20 + [one] * 30 + [other] * 30 + [Person()] * n_neither)
    table = steps.list_pairs(steps.count_together(make_block(events)))
    assert table["code_a"].tolist() == ["I10"] * is_shown


def test_person_counts_in_the_first_codes_alone_if_they_are_bounded() -> None:
    events = make_events([Person([(5, 0), (6, 1), (7, 2), (None, 3)])] * 10 + [Person()] * 10)
    counted = steps.count_codes(make_block(events, most=2))["persons"]
    assert counted.tolist() == [10, 10, 0, 0, 0, 0]
    table = steps.list_pairs(steps.count_together(make_block(events, most=2)))
    assert (table["code_a"].tolist(), table["code_b"].tolist()) == (["I10"], ["E11"])


def test_cohort_of_too_few_persons_is_refused_without_their_number() -> None:
    partial = steps.count_codes(make_block(make_events([Person([(5, 0)])] * 7)))
    with pytest.raises(Refusal) as refused:
        steps.list_codes(partial)
    assert str(refused.value) == (
        "a cohort must have at least 10 persons, and this one has fewer or none: choose wider ages, areas or days"
    )
