"""What a release shows, says and writes down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import CountedTable, Policy

SEX_AGE = CountedTable(("sex", "age"), ("persons",), follows={"years": ("persons",)}, measure="persons")
EXACT = {
    "sex": ["f", "f", "m", "m", "all", "all", "f", "m", "all"],
    "age": ["0-17", "18-", "0-17", "18-", "0-17", "18-", "all", "all", "all"],
    "persons": [3, 50, 40, 60, 43, 110, 53, 100, 153],
    "years": [9.0, 100.0, 80.0, 120.0, 89.0, 220.0, 109.0, 200.0, 309.0],
}
PAIRS = CountedTable(
    ("code",),
    ("both", "first", "second"),
    sums={"both": ("first", "second")},
    follows={"cost": ("both",)},
    largest={"cost": ("cost_1", "cost_2")},
    keep_empty=False,
)


def test_withheld_numbers_are_missing_and_not_below_the_mask(log: Any, cohort: np.ndarray) -> None:
    shown = log.release(EXACT, cohort, SEX_AGE)
    assert shown.columns["persons"].tolist() == [None] * 4 + [43, 110, 53, 100, 153]
    assert shown.columns["years"].tolist() == [None] * 4 + [89.0, 220.0, 109.0, 200.0, 309.0]
    assert shown.columns["persons"].data[:4].tolist() == [0] * 4 == shown.columns["years"].data[:4].tolist()
    assert shown.columns["sex"].tolist() == EXACT["sex"]
    assert shown.notes == (
        "1 of 9 cells are withheld because they hold fewer than 10 persons",
        "3 of 9 cells are withheld because withheld cells could be computed from them",
    )


def test_rows_without_a_shown_count_are_left_out_if_the_table_says_so(log: Any, cohort: np.ndarray) -> None:
    exact = {
        "code": ["a", "b", "c"],
        "both": [9, 70, 900],
        "first": [4, 30, 400],
        "second": [5, 40, 500],
        "cost": [90.0, 100.0, 1000.0],
        "cost_1": [10.0, 95.0, 20.0],
        "cost_2": [10.0, 1.0, 20.0],
    }
    shown = log.release(exact, cohort, PAIRS)
    assert {name: values.tolist() for name, values in shown.columns.items()} == {
        "code": ["b", "c"],
        "both": [None, 900],
        "first": [None, 400],
        "second": [40, 500],
        "cost": [None, 1000.0],
    }
    assert shown.notes[-1] == "1 of 3 rows are left out: all of their counts are withheld"
    assert "1 of 9 cells are withheld because a few persons make up most of a sum" in shown.notes
    again = log.release(exact, cohort, PAIRS, run_id="run-1")
    assert (again.notes, again.columns["code"].tolist(), again.line) == (shown.notes, ["b", "c"], 1)


def test_release_of_small_cells_alone_says_so(log: Any, cohort: np.ndarray) -> None:
    table = CountedTable(("code",), ("persons",))
    shown = log.release({"code": list("abcdefghijkl"), "persons": [1, 2, 3] * 4}, cohort, table)
    assert shown.columns["persons"].mask.all()
    assert shown.notes == ("all 12 cells are withheld: each holds fewer than 10 persons",)


def test_release_of_no_rows_says_so(log: Any, cohort: np.ndarray) -> None:
    empty = {"code": np.zeros(0, "<U1"), "persons": np.zeros(0, int)}
    assert log.release(empty, cohort, CountedTable(("code",), ("persons",))).notes == (
        "the table has no rows: nothing was counted",
    )


def test_log_tells_what_was_asked_and_nothing_exact(log: Any, cohort: np.ndarray) -> None:
    log.release(EXACT, cohort, SEX_AGE, purpose="planning")
    line = dict(log.kept[0].line)
    assert (line["run_id"], line["step"], line["purpose"], line["measure"]) == ("run-1", "count", "planning", "persons")
    assert (line["withheld"], line["shown"], line["epsilon"]) == (4, 5, 0.0)
    assert line["policy"]["min_cell"] == 10 and Path(line["folder"]) == Path("run")
    assert json.loads(json.dumps(line)) and "153" not in json.dumps(line)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Policy(purposes=("planning",)), "purpose must be one of planning"),
        (Policy(epsilon=1.0), "noise needs"),
        (Policy(budget=-1.0), "budget must be finite"),
    ],
)
def test_refused_release_writes_nothing(log: Any, cohort: np.ndarray, policy: Policy, message: str) -> None:
    with pytest.raises(RunError, match=message):
        log.release(EXACT, cohort, SEX_AGE, policy)
    assert not log.kept


def test_asking_again_with_another_table_is_refused(log: Any, cohort: np.ndarray) -> None:
    """A restarted run whose source changed must not be answered by what was released before."""
    shown = log.release(EXACT, cohort, SEX_AGE, run_id="run-1")
    again = log.release({**EXACT, "persons": np.array(EXACT["persons"], np.int32)}, cohort, SEX_AGE, run_id="run-1")
    assert (again.line, again.notes) == (1, shown.notes)
    other, one_more = {**EXACT, "years": [10.0, *EXACT["years"][1:]]}, cohort + np.eye(2, 64, dtype=np.uint64)
    for exact, who in ((other, cohort), (EXACT, one_more)):
        with pytest.raises(RunError) as refused:
            log.release(exact, who, SEX_AGE, run_id="run-1")
        assert str(refused.value) == (
            "a step of a run releases one table, but what step 'count' of run run-1 counts now is not what release 1 "
            "(run run-1, step count) was made of: start a new run"
        )
    assert len(log.kept) == 1


def test_a_release_does_not_print_its_counts(log: Any, cohort: np.ndarray) -> None:
    log.release(EXACT, cohort, SEX_AGE)
    assert "run-1" in repr(log.kept[0]) and "153" not in repr(log.kept[0]) and "309" not in str(log.kept[0])


@pytest.mark.parametrize("n_fewer", [3, 12])
def test_persons_are_compared_with_releases_of_measures_that_tell_how_many_there_are(
    log: Any, cohort: np.ndarray, n_fewer: int
) -> None:
    n = int(cohort[0].sum())
    log.release({"what": ["persons"], "rows": [n]}, cohort, CountedTable(("what",), ("rows",), measure="import 0"))
    fewer = cohort.copy()
    fewer[0, 0] -= np.uint64(n_fewer)
    table = CountedTable(("code",), ("persons",), measure="codes", compared_with=("import 0",))
    exact = {"code": ["*"], "persons": [n - n_fewer]}
    if n_fewer >= 10:
        assert log.release(exact, fewer, table).columns["persons"].tolist() == [n - n_fewer]
        return
    with pytest.raises(RunError) as refused:
        log.release(exact, fewer, table)
    assert str(refused.value) == (
        "the persons of two releases must be the same or differ by at least 10, but those of this one differ from "
        "those of release 1 (run run-1, step count) by fewer than 10 persons: ask for the same cohort, or for one that "
        "differs by at least 10 persons"
    )
    assert len(log.kept) == 1


def test_cost_that_one_person_dominates_is_withheld_with_its_count(log: Any, cohort: np.ndarray) -> None:
    """The example of docs/release.md."""
    table = CountedTable(
        ("area",), ("persons",), follows={"cost": ("persons",)}, largest={"cost": ("largest", "second")}
    )
    exact = {
        "area": ["north", "south"],
        "persons": [40, 40],
        "cost": [1000.0, 1000.0],
        "largest": [60.0, 900.0],
        "second": [50.0, 20.0],
    }
    shown = log.release(exact, cohort, table)
    assert {name: values.tolist() for name, values in shown.columns.items()} == {
        "area": ["north", "south"],
        "persons": [40, None],
        "cost": [1000.0, None],
    }
    assert shown.notes == ("1 of 2 cells are withheld because a few persons make up most of a sum",)
