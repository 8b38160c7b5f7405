"""Roads that are drawn twice: there and back, or by mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from roadfiles import read_columns

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.road_lines.pairs import DrawnLines, find_overlaps, find_single_rows
from citytide.datasets.traffic.roads.directions import find_directions

Shapes = list[tuple[int, ...]]
Points = dict[int, tuple[float, float]]
PRIMARY = {"highway": "primary"}


def describe(shapes: Shapes, tags: list[dict[str, str]], points: Points | None = None) -> DrawnLines:
    """Lines whose places lie 100 m apart along a bent street, or where ``points`` says."""
    place = points or {k: (100.0 * k, 30.0 * k * k) for shape in shapes for k in shape}
    return DrawnLines(
        range(len(shapes)),
        shapes,
        [np.array([place[k] for k in shape]) for shape in shapes],
        [(shape[0], shape[-1]) for shape in shapes],
        [find_directions(tag) for tag in tags],
        tags,
    )


def find(
    folder: Path,
    shapes: Shapes,
    columns: dict[str, list[str]] | None = None,
    tags: list[dict[str, str]] | None = None,
    points: Points | None = None,
) -> tuple[list[bool], list[bool], tuple[str, ...]]:
    n = len(shapes)
    held = read_columns(folder, columns or {"name": [""] * n})
    said = tags or [{"highway": "primary"}] * n
    single, _, again, notes = find_single_rows(held, describe(shapes, said, points))
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
    assert find(tmp_path, [(0, 1), (1, 0)], tags=tags)[:2] == ([False, False], [False, True])


def test_a_line_that_repeats_another_is_read_once(tmp_path: Path) -> None:
    single, again, notes = find(tmp_path, [(0, 1), (0, 1), (1, 2)])
    assert again == [False, True, False] and not any(single) and "1 lines that repeat another are read once" in notes[0]


def test_keys_tell_parallel_edges_apart(tmp_path: Path) -> None:
    assert find(tmp_path, [(0, 1), (0, 1)], {"key": ["0", "1"]})[1] == [False, False]


def test_a_column_reversed_says_that_each_row_is_one_direction(tmp_path: Path) -> None:
    columns = {"reversed": ["False", "True", "False"]}
    assert find(tmp_path, [(0, 1), (1, 0), (1, 2)], columns)[0] == [True] * 3


def test_a_line_back_may_run_beside_the_other(tmp_path: Path) -> None:
    """Two-way rows there and back, 5 m apart; two lines 80 m apart are two roads."""
    shapes: Shapes = [(0, 8, 1), (1, 9, 0), (1, 2), (2, 1)]
    near = {0: (0.0, 0.0), 1: (200.0, 0.0), 2: (200.0, 200.0), 8: (100.0, -2.5), 9: (100.0, 2.5)}
    assert find(tmp_path, shapes, points=near)[0] == [True] * 4
    far = {**near, 8: (100.0, -40.0), 9: (100.0, 40.0)}
    assert find(tmp_path, shapes[:2], points=far)[0] == [False, False]


def test_a_line_with_a_vertex_less_is_the_same_road(tmp_path: Path) -> None:
    straight = {0: (0.0, 0.0), 1: (50.0, 0.0), 2: (100.0, 0.0)}
    assert find(tmp_path, [(0, 1, 2), (2, 0)], points=straight)[0] == [True, True]
    assert find(tmp_path, [(0, 1, 2), (0, 2)], points=straight)[1] == [False, True]


def test_a_footway_along_a_street_is_not_the_street_again(tmp_path: Path) -> None:
    tags = [PRIMARY, {"highway": "footway"}, {"highway": "abandoned"}]
    assert find(tmp_path, [(0, 1), (0, 1), (0, 1)], tags=tags)[1] == [False] * 3


def test_pieces_that_repeat_another_are_told(tmp_path: Path) -> None:
    held = read_columns(tmp_path, {"name": ["", "", ""]})
    assert find_overlaps(held, describe([(0, 1), (1, 2), (1, 0)], [PRIMARY] * 3)).tolist() == [False, False, True]
    with pytest.raises(InputError, match=r"line 4: the line is that of line 2, with another lanes: '2' instead of ''"):
        find_overlaps(held, describe([(0, 1), (1, 2), (1, 0)], [PRIMARY, PRIMARY, {**PRIMARY, "lanes": "2"}]))


@pytest.mark.parametrize("column", ["lanes", "n_lanes", "车道数"])
def test_lanes_of_a_table_that_draws_each_direction_are_asked_for(tmp_path: Path, column: str) -> None:
    shapes, tags = [(0, 1), (1, 0)], [{**PRIMARY, "lanes": "2"}] * 2
    with pytest.raises(InputError, match=rf"line 2: column '{column}' may count the lanes of one direction or of both"):
        find(tmp_path, shapes, {column: ["2", "2"]}, tags)
    assert find(tmp_path, shapes, {"lanes_total": ["2", "2"]}, tags)[0] == [True, True]
    assert find(tmp_path, shapes, {column: ["2", "2"], "osmid": ["7", "7"]}, tags)[0] == [True, True]


@pytest.mark.parametrize("columns", [{"directed": ["false"]}, {}])
def test_lanes_of_gmns_and_visum_are_asked_for_where_a_row_is_a_road(
    tmp_path: Path, columns: dict[str, list[str]]
) -> None:
    name = "lanes" if columns else "numlanes"
    with pytest.raises(InputError, match=rf"'{name}' may count .* two-way roads.*; name it lanes_per_direction if it"):
        find(tmp_path, [(0, 1)], {**columns, name: ["2"]}, [{**PRIMARY, "lanes": "2"}])


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
        (
            [(0, 1), (0, 1)],
            [{**PRIMARY, "maxspeed:forward": "50.0"}, {**PRIMARY, "maxspeed:forward": "80.0"}],
            r"line 3: the line is that of line 2, with another maxspeed forward: '80.0' instead of '50.0'",
        ),
        ([(0, 1), (0, 1)], [PRIMARY, {"highway": "secondary"}], r"another highway: 'secondary' instead of 'primary'"),
        (
            [(0, 1), (1, 0)],
            [PRIMARY, {"highway": "secondary"}],
            r"line 3: the line is that of line 2 driven back, with another highway: 'secondary' .*write oneway = yes",
        ),
        (
            [(0, 1), (1, 0)],
            [{**PRIMARY, "lanes": "3"}, {**PRIMARY, "lanes": "1"}],
            r"another lanes: '1' instead of '3'",
        ),
        (
            [(0, 1), (1, 0)],
            [PRIMARY, {**PRIMARY, "oneway": "yes"}],
            r"line 3: the line is that of line 2, with another",
        ),
    ],
)
def test_what_may_be_either_is_refused(
    tmp_path: Path, shapes: Shapes, tags: list[dict[str, str]] | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        find(tmp_path, shapes, tags=tags)


def test_one_overlap_does_not_make_a_table_of_roads_one_of_directions(tmp_path: Path) -> None:
    columns = {"reversed": ["False"] * 3 + ["True"]}
    shapes: Shapes = [(0, 1), (1, 2), (2, 3), (1, 0)]
    for tag in (PRIMARY, {**PRIMARY, "oneway": "no"}):
        with pytest.raises(
            InputError, match=r"line 3: 1 two-way roads are drawn there and back, such as line 2, and 2"
        ):
            find(tmp_path, shapes, columns, [tag] * 4)
