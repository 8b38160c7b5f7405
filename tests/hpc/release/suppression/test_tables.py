"""Totals that can be formed from a table are compared like its own."""

from __future__ import annotations

import numpy as np

from citytide.hpc.release.suppression.tables import ShownTable, add_totals, match_rows


def make_table(labels: dict[str, list[str]], counts: list[int], shown: list[bool]) -> ShownTable:
    names = {name: np.array(column) for name, column in labels.items()}
    return ShownTable(names, np.array([counts]), np.array([shown]), np.arange(len(counts)))


FINE = make_table({"sex": ["f", "f", "m"], "age": ["0-17", "18-", "18-"]}, [12, 30, 25], [True, True, False])
COARSE = make_table({"sex": ["f", "m"]}, [42, 25], [True, True])


def test_total_is_shown_only_if_all_parts_are() -> None:
    wider = add_totals(FINE, COARSE, ["sex", "age"], "all")
    formed = slice(3, None)
    assert wider.labels["sex"][formed].tolist() == ["f", "m"] and wider.labels["age"][formed].tolist() == ["all"] * 2
    assert wider.values[0, formed].tolist() == [42, 25] and wider.shown[0, formed].tolist() == [True, False]
    assert wider.origin[formed].tolist() == [0, 2]  # the smallest part takes the total away


def test_rows_of_unlike_tables_match_by_their_labels() -> None:
    names = ["sex", "age"]
    mine, other = add_totals(FINE, COARSE, names, "all"), add_totals(COARSE, FINE, names, "all")
    row, other_row = match_rows(mine, other)
    assert mine.values[0, row].tolist() == other.values[0, other_row].tolist() == [42, 25]


def test_own_total_comes_before_one_that_is_formed() -> None:
    table = make_table({"sex": ["f", "m", "all"]}, [12, 30, 45], [True] * 3)
    wider = add_totals(table, make_table({}, [45], [True]), ["sex"], "all")
    assert wider.values.tolist() == [[12, 30, 45]]
