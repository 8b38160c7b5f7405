"""Lines join each total with the rows that it covers."""

from __future__ import annotations

import numpy as np

from citytide.hpc.release.suppression.lines import concatenate_lines, find_row_lines, make_lines

SEX = np.array(["f", "f", "m", "m", "all", "all"])
AGE = np.array(["0-17", "18-", "0-17", "18-", "0-17", "all"])


def list_lines(labels: list[np.ndarray]) -> set[tuple[int, tuple[int, ...]]]:
    rows = find_row_lines(labels, "all")
    pairs = zip(rows.start[:-1], rows.start[1:], strict=True)
    parts = [tuple(sorted(rows.part[first:end].tolist())) for first, end in pairs]
    return set(zip(rows.total.tolist(), parts, strict=True))


def test_totals_cover_rows_over_one_label_and_over_several() -> None:
    """Row 5 is the total over age of row 4, which has no other age, and over both labels of rows 0 to 3."""
    assert list_lines([SEX, AGE]) == {(4, (0, 2)), (5, (4,)), (5, (0, 1, 2, 3))}


def test_table_without_totals_has_no_lines() -> None:
    assert list_lines([SEX[:4], AGE[:4]]) == set() == list_lines([])


def test_only_chosen_rows_are_parts() -> None:
    rows = find_row_lines([np.array(["a", "b", "c", "all"])], "all", None, np.array([0, 2]))
    assert (rows.total.tolist(), rows.part.tolist()) == ([3], [0, 2])


def test_bounds_tell_whether_a_total_is_the_sum_of_its_parts() -> None:
    values = np.array([4, 5, 9, 8, 10])
    lines = make_lines(np.array([2, 3, 4]), np.array([0, 2, 4, 6]), np.array([0, 1] * 3), values)
    assert lines.low.tolist() == [0, -np.inf, 0] and lines.high.tolist() == [0, 0, np.inf]
    twice = concatenate_lines([lines, lines])
    assert twice.line.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3
