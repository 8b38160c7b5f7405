"""The summaries of two results, row by row of their first column."""

from __future__ import annotations

from typing import Any

import pytest

from citytide.workflows.comparison.summaries import compare_summaries, list_lone_rows

BASE, SHUT = {"scenario": "base", "tstt": 552.0, "note": "x"}, {"scenario": "shut", "tstt": 498.0, "note": "y"}


def test_rows_are_matched_by_their_first_column_and_lone_ones_are_named() -> None:
    found, told = compare_summaries([SHUT, BASE], [BASE], {})
    assert [(one.name, one.largest, one.at) for one in found] == [("tstt", 0.0, {"scenario": "base"})]
    assert told == ["summary: 1 rows are in one run only: shut."]


def test_picked_rows_are_held_against_each_other() -> None:
    found, told = compare_summaries([BASE, SHUT], [BASE, SHUT], {"scenario": ("base", "shut")})
    assert [(one.a, one.b, one.largest) for one in found] == [(552.0, 498.0, -54.0)]
    assert told == ["summary: row 'base' of A is compared with row 'shut' of B."]
    assert compare_summaries([BASE], [SHUT], {"scenario": ("shut", "base")}) == ([], [])


def test_runs_without_summary_have_nothing_to_compare() -> None:
    assert compare_summaries([], [BASE], {}) == ([], [])


@pytest.mark.parametrize(
    ("one", "other", "size"),
    [(1.0, None, None), (None, 1.0, None), (1.0, float("nan"), None), (True, False, -1.0), (1, "many", None)],
)
def test_a_number_in_one_run_alone_and_yes_against_no_are_differences(one: Any, other: Any, size: float | None) -> None:
    (found,), told = compare_summaries([{"place": "A", "n": one}], [{"place": "A", "n": other}], {})
    assert (found.differing, found.unsized, found.largest) == (1, int(size is None), size) and not told
    ((lost,), _) = compare_summaries([{"place": "A", "n": 1}], [{"place": "A"}], {})
    assert (lost.name, lost.differing, lost.a, lost.b) == ("n", 1, 1, None)


def test_a_label_of_several_rows_names_none_of_them() -> None:
    rows = [{"place": "A", "n": 1}, {"place": "A", "n": 2}, {"place": "B", "n": 3}]
    found, told = compare_summaries(rows, [{**rows[0], "n": 9}, *rows[1:]], {})
    assert [one.at for one in found] == [{"place": "B"}]
    assert told == ["summary: 1 labels name several rows, not compared: A."]


def test_rows_are_matched_by_the_column_and_not_by_its_place() -> None:
    (found,), told = compare_summaries([{"place": "A", "n": 1}], [{"n": 4, "place": "A"}], {})
    assert (found.name, found.largest, found.at) == ("n", 3.0, {"place": "A"}) and not told
    (found,), _ = compare_summaries([{"share": 1.0, "n": 1}], [{"share": 1.0, "n": 3}], {"share": ("1", "1")})
    assert found.largest == 2.0  # 1 and 1.0 are one label, as in stores


def test_lone_rows_are_listed() -> None:
    assert list_lone_rows([SHUT, BASE], [BASE], {}) == ["shut"]
    assert list_lone_rows([BASE], [SHUT], {}) == list_lone_rows([], [BASE], {}) == []
    assert list_lone_rows([SHUT, BASE], [BASE], {"scenario": ("base", "base")}) == []
