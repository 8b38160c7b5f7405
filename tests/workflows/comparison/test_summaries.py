"""The summaries of two results, row by row of their first column."""

from __future__ import annotations

from citytide.workflows.comparison.summaries import compare_summaries

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
