from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run.result import Result, RowList, SummaryColumn, Tile, describe_result


def test_all_of_a_result_stands_in_plain_json() -> None:
    rows = [{"place": "A", "n": np.int64(3), "share": np.float64(0.5)}]
    result = Result(
        headline={"visits": "Most go to A."}, summary=rows, summary_title="1 place",
        columns={"n": SummaryColumn("Visits", digits=7)}, by_row={"late": {"A": np.int8(1)}},
        tiles=(Tile("Visits", np.float64(3.0), "3.0"),), lists=(RowList("lost", "1 lost", [{"id": np.uint8(7)}]),),
        unsolved=["A"], more={"scores": np.array([1.0, 2.0])},
    )  # fmt: skip
    told = describe_result(result)
    assert json.loads(json.dumps(told)) == told
    assert told["summary"] == [{"place": "A", "n": 3, "share": 0.5}] and told["late"] == {"A": 1}
    assert told["lost"] == [{"id": 7}] and told["lists"] == [
        {"key": "lost", "title": "1 lost", "columns": {}, "most_shown": 50}
    ]
    assert told["by_row"] == ["late"] and told["scores"] == [1.0, 2.0] and told["columns"]["n"]["digits"] == 7
    assert told["tiles"] == [{"heading": "Visits", "value": 3.0, "exact": "3.0"}] and "more" not in told


def test_a_mapping_stands_as_it_is() -> None:
    given: dict[str, Any] = {"summary": [], "warnings": [], "mine": 1}
    assert describe_result(given) == given


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"more": {"state": "done"}}, "state"),
        ({"more": {"summary": []}}, "summary"),
        ({"by_row": {"tiles": {}}}, "tiles"),
        ({"lists": (RowList("lost", "", []),), "more": {"lost": []}}, "lost"),
    ],
)
def test_a_key_has_one_meaning(given: dict[str, Any], key: str) -> None:
    with pytest.raises(RunError) as refused:
        Result(**given)
    assert str(refused.value) == (
        f"each key of a result must have one meaning, but {key!r} is taken: choose another name"
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            Result(summary=[{"day": b"x"}]),
            "texts, lists and mappings, but summary[0].day is a bytes",
        ),
        ({"summary": [], "places": {"A"}}, "but places is a set: make it one of them"),
        (Result(warnings="one sentence"), "warnings of a result must be a list of texts, got a str"),
        (Result(summary={"a": 1}), "summary of a result must be a list of rows"),  # type: ignore[arg-type]
        ({"state": "failed"}, "each key of a result must have one meaning, but 'state' is taken"),
        (None, "finish must return a Result or a mapping of the keys of result.json, got a NoneType"),
    ],
)
def test_what_result_json_cannot_hold_is_refused_by_its_place(answer: Any, sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        describe_result(answer)
    assert sentence in str(refused.value) and refused.value.exit_code == 1


def test_moments_and_numbers_of_numpy_stand_as_a_person_writes_them() -> None:
    given = {"summary": [{"day": np.datetime64("2020-01-02"), "n": np.int64(3), "noon": datetime.date(2020, 1, 2)}]}
    for answer in (given, Result(**given)):
        assert describe_result(answer)["summary"] == [{"day": "2020-01-02", "n": 3, "noon": "2020-01-02"}]
    assert json.loads(json.dumps(describe_result(Result("half a \ud800"))))["headline"] == "half a ?"
