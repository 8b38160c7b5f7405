"""Nodes that a table names tell where a line runs, whichever way it is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.ends import NamedEnds, read_named_ends


def find(
    folder: Path, ends: list[tuple[str, str]], places: list[tuple[int, int]], names: tuple[str, str] = ("u", "v")
) -> NamedEnds | None:
    held = read_columns(folder, {names[0]: [a for a, _ in ends], names[1]: [b for _, b in ends]})
    first, last = np.array(places).T
    return read_named_ends(held, list(range(len(ends))), first, last)


def test_lines_drawn_against_their_nodes_are_turned(tmp_path: Path) -> None:
    named = find(tmp_path, [("10", "20"), ("20", "30"), ("30", "10")], [(0, 1), (2, 1), (2, 0)])
    assert named is not None and named.is_turned.tolist() == [False, True, False]
    assert named.start == [10, 20, 30] and named.end == [20, 30, 10]


@pytest.mark.parametrize("names", [("from", "to"), ("a_node", "b_node"), ("FNODE_", "TNODE_"), ("source", "target")])
def test_nodes_have_many_names(tmp_path: Path, names: tuple[str, str]) -> None:
    named = find(tmp_path, [("A", "B"), ("B", "C"), ("C", "A")], [(0, 1), (1, 2), (0, 2)], names)
    assert named is not None and named.is_turned.tolist() == [False, False, True] and named.start == [1, 2, 3]


def test_a_ring_and_a_dead_end_are_read(tmp_path: Path) -> None:
    named = find(tmp_path, [("1", "1"), ("2", "1")], [(5, 5), (5, 7)])
    assert named is not None and named.is_turned.tolist() == [False, True]


def test_where_nothing_tells_two_nodes_apart_lines_are_as_drawn(tmp_path: Path) -> None:
    named = find(tmp_path, [("1", "2"), ("2", "1")], [(0, 1), (1, 0)])
    assert named is not None and not named.is_turned.any()
    named = find(tmp_path, [("1", "2"), ("2", "1")], [(0, 1), (0, 1)])
    assert named is not None and named.is_turned.tolist() == [False, True]


def test_a_table_without_nodes_has_none(tmp_path: Path) -> None:
    assert find(tmp_path, [("1", "2")], [(0, 1)], ("u", "w")) is None


@pytest.mark.parametrize(
    ("ends", "problem"),
    [
        ([("1", "2"), ("1", "3")], r"line 3: columns 'u' and 'v' do not fit the lines: those of node '1' have no end"),
        ([("1", "2"), ("", "3")], r"line 3: u is empty; name both nodes in every row, or remove both columns"),
    ],
)
def test_nodes_that_do_not_fit_are_refused(tmp_path: Path, ends: list[tuple[str, str]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        find(tmp_path, ends, [(0, 1), (2, 3)])
