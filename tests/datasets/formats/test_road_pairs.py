"""Roads that are drawn twice: there and back, or by mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.formats.road_pairs import find_single_rows

Shapes = list[tuple[int, ...]]


def find(
    folder: Path, shapes: Shapes, columns: dict[str, list[str]] | None = None, tags: list[dict[str, str]] | None = None
) -> tuple[list[bool], list[bool], tuple[str, ...]]:
    n = len(shapes)
    held = read_columns(folder, columns or {"name": [""] * n})
    said = tags or [{"highway": "primary"}] * n
    two_way = np.array([tag.get("oneway", "no") == "no" for tag in said])
    single, _, again, notes = find_single_rows(held, range(n), shapes, two_way, said)
    return single.tolist(), again.tolist(), notes


def test_a_line_there_and_a_line_back_are_one_road(tmp_path: Path) -> None:
    single, again, notes = find(tmp_path, [(0, 1, 2), (2, 1, 0)])
    assert single == [True, True] and not any(again) and "1 two-way roads are drawn there and back" in notes[0]


def test_each_pair_once_is_a_table_of_roads(tmp_path: Path) -> None:
    assert find(tmp_path, [(0, 1), (1, 2), (2, 0)])[0] == [False] * 3


def test_two_roads_between_two_nodes_are_two(tmp_path: Path) -> None:
    assert find(tmp_path, [(0, 1, 2), (2, 3, 0)])[0] == [False, False]


def test_one_way_lines_on_one_road_are_as_they_are(tmp_path: Path) -> None:
    tags = [{"highway": "primary", "oneway": "yes"}, {"highway": "primary", "oneway": "yes"}]
    assert find(tmp_path, [(0, 1), (1, 0)], tags=tags)[:2] == ([False, False], [False, False])
    tags[1] = {**tags[1], "oneway": "-1"}
    assert find(tmp_path, [(0, 1), (0, 1)], tags=tags)[:2] == ([False, False], [False, False])


def test_a_line_that_repeats_another_is_read_once(tmp_path: Path) -> None:
    single, again, notes = find(tmp_path, [(0, 1), (0, 1), (1, 2)])
    assert again == [False, True, False] and not any(single) and "1 lines that repeat another are read once" in notes[0]


def test_keys_tell_parallel_edges_apart(tmp_path: Path) -> None:
    assert find(tmp_path, [(0, 1), (0, 1)], {"key": ["0", "1"]})[1] == [False, False]


def test_a_column_reversed_says_that_each_row_is_one_direction(tmp_path: Path) -> None:
    columns = {"reversed": ["False", "True", "False"]}
    assert find(tmp_path, [(0, 1), (1, 0), (1, 2)], columns)[0] == [True] * 3


@pytest.mark.parametrize(
    ("shapes", "tags", "problem"),
    [
        (
            [(0, 1), (1, 0), (1, 2)],
            None,
            r"line 4: 1 two-way roads are drawn there and back, such as line 2, and 1 only",
        ),
        (
            [(0, 1), (0, 1)],
            [{"highway": "primary", "lanes": "2"}, {"highway": "primary", "lanes": "3"}],
            r"line 3: the line is that of line 2, with another lanes: '3' instead of '2'; remove one of them",
        ),
    ],
)
def test_what_may_be_either_is_refused(
    tmp_path: Path, shapes: Shapes, tags: list[dict[str, str]] | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        find(tmp_path, shapes, tags=tags)
