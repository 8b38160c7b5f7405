"""Nobody who knows all that is shown can compute a withheld cell of a small table."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_with_totals import Equations, add_margins, find_told, list_equations

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.complementary import withhold_further
from citytide.hpc.release.suppression.lines import Lines, concatenate_lines, find_row_lines, make_lines
from citytide.hpc.release.suppression.thresholds import find_small_cells


def withhold(inner: np.ndarray, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    labels, counts = add_margins(inner)
    rows = find_row_lines(labels, "all")
    lines = make_lines(rows.total, rows.start, rows.part, counts)
    return counts, withhold_further(counts, find_small_cells(counts, policy), lines, policy)


def test_attacker_computes_the_one_withheld_cell_of_a_line() -> None:
    """The measure can fail: with the small cell alone withheld, the attack succeeds."""
    _, counts = add_margins(np.array([[3, 20], [30, 40]]))
    withheld = counts < 10
    assert find_told(counts, withheld, list_equations((2, 2)), Policy()) == [0]


SHAPES = [(2,), (4,), (2, 2), (3, 3), (4, 4), (2, 2, 2), (3, 3, 2)]


@pytest.mark.parametrize(("shape", "zeros"), list(product(SHAPES, ["withhold", "show"])))
def test_no_withheld_cell_of_small_tables_can_be_computed(shape: tuple[int, ...], zeros: str) -> None:
    """500 tables in all."""
    policy = Policy(min_cell=3, zeros=zeros)  # type: ignore[arg-type]
    random = np.random.default_rng(len(shape) * 100 + shape[0])
    for _ in range(36):
        counts, withheld = withhold(random.negative_binomial(1, 0.2, size=shape), policy)
        assert find_told(counts, withheld, list_equations(shape), policy) == []


@settings(max_examples=60, deadline=None)
@given(inner=st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=4))
def test_no_withheld_cell_of_a_drawn_table_can_be_computed(inner: list[list[int]]) -> None:
    table = np.array(inner)
    counts, withheld = withhold(table, Policy(min_cell=5))
    assert find_told(counts, withheld, list_equations(table.shape), Policy(min_cell=5)) == []


def make_row_sums(parts: np.ndarray) -> tuple[np.ndarray, Lines, Equations]:
    """Rows of parts and their sum, and a last row that is the total of the others."""
    table = np.concatenate([parts, parts.sum(axis=0, keepdims=True)])
    table = np.concatenate([table.sum(axis=1, keepdims=True), table], axis=1)
    n_rows, n_columns = table.shape
    number = np.arange(table.size).reshape(table.shape)
    equations = [[(int(row[0]), 1), *((int(cell), -1) for cell in row[1:])] for row in number]
    equations += [[(int(column[-1]), 1), *((int(cell), -1) for cell in column[:-1])] for column in number.T]
    values = table.ravel()
    across = make_lines(number[:, 0], np.arange(n_rows + 1) * (n_columns - 1), number[:, 1:].ravel(), values)
    down = make_lines(number[-1], np.arange(n_columns + 1) * (n_rows - 1), number[:-1].T.ravel(), values)
    return values, concatenate_lines([across, down]), equations


@pytest.mark.parametrize("zeros", ["withhold", "show"])
def test_no_withheld_part_of_sums_in_a_row_can_be_computed(zeros: str) -> None:
    policy = Policy(min_cell=3, zeros=zeros)  # type: ignore[arg-type]
    random = np.random.default_rng(8)
    for _ in range(40):
        values, lines, equations = make_row_sums(random.negative_binomial(1, 0.2, size=(3, 3)))
        withheld = withhold_further(values, find_small_cells(values, policy), lines, policy)
        assert find_told(values, withheld, equations, policy) == []


def test_smallest_other_cell_is_withheld_and_totals_stay() -> None:
    counts, withheld = withhold(np.array([4, 25, 12, 40]), Policy())
    assert counts[withheld].tolist() == [4, 12]


def test_withheld_cells_of_a_line_leave_room_for_the_minimum() -> None:
    """Two cells of 2 and 3 persons alone would tell that there are 5 persons in them."""
    counts, withheld = withhold(np.array([2, 3, 30, 40]), Policy(zeros="show"))
    assert counts[withheld].tolist() == [2, 3, 30]


def test_table_without_small_cells_is_shown_whole() -> None:
    _, withheld = withhold(np.full((5, 5), 10), Policy())
    assert not withheld.any()


def test_known_cells_that_tell_a_withheld_one_are_refused() -> None:
    counts = np.array([4, 25, 29])
    line = make_lines(np.array([2]), np.array([0, 2]), np.array([0, 1]), counts)
    known = np.array([False, True, True])
    with pytest.raises(RunError, match=r"must not be computable from what earlier releases have shown, but 1 cells"):
        withhold_further(counts, counts < 10, line, Policy(), known=known)


def test_large_table_of_sums_in_rows_takes_few_passes() -> None:
    """200,000 rows of a sum with three parts: each row is a group of its own and needs no solver."""
    random = np.random.default_rng(1)
    parts = random.negative_binomial(0.4, 0.01, size=(3, 200_000))
    values = np.concatenate([parts.sum(axis=0, keepdims=True), parts]).ravel()
    n_rows = parts.shape[1]
    rows = np.arange(n_rows)
    part = (np.arange(1, 4)[None] * n_rows + rows[:, None]).ravel()
    lines = make_lines(rows, np.arange(n_rows + 1) * 3, part, values)
    withheld = withhold_further(values, values < 10, lines, Policy()).reshape(4, n_rows)
    n_parts = withheld[1:].sum(axis=0)
    assert ((n_parts != 1) | withheld[0]).all()
    assert (withheld[0] <= (n_parts > 0)).all()


def test_large_linked_group_is_searched_in_pieces() -> None:
    random = np.random.default_rng(2)
    counts, withheld = withhold(random.negative_binomial(0.7, 0.02, size=(60, 70)), Policy())
    assert (counts[~withheld] >= 10).all()
    assert 0 < withheld.sum() < 1.1 * (counts < 10).sum()
