"""Weights are shares: of a length, of an area; what lies on the grid is covered once, and nothing is lost or made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from citytide.datasets.traffic.road_files import open_roads
from citytide.kernels.space.crosswalk import Crosswalk, cross_lines, cross_points, cross_polygons
from citytide.kernels.space.datum import project
from citytide.kernels.space.grid import Grid

GRID = Grid(500.0, 2000.0, 10.0, 12, 16)  # 160 m x 120 m


@st.composite
def lines(draw: Any, inside: bool = True, rounded: bool | None = None) -> tuple[Any, Any, Any]:
    """Lines of one to five vertices, on the grid or around it, in general position or on its lines."""
    count = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    offset = np.concatenate([[0], np.cumsum(count)])
    reach = 0.0 if inside else 70.0
    x = draw(arrays(np.float64, int(offset[-1]), elements=st.floats(500.0 - reach, 660.0 + reach)))
    y = draw(arrays(np.float64, int(offset[-1]), elements=st.floats(2000.0 - reach, 2120.0 + reach)))
    if draw(st.booleans()) if rounded is None else rounded:
        x, y = np.round(x / 5.0) * 5.0, np.round(y / 5.0) * 5.0
    return offset, x, y


def same(one: Crosswalk, other: Crosswalk) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("offset", "column", "weight")
    ) and (one.n_columns == other.n_columns)


@given(lines())
def test_rows_of_lines_on_the_grid_sum_to_one(line: tuple[Any, Any, Any]) -> None:
    weights = cross_lines(*line, GRID)
    assert abs(weights.covered - 1.0).max() <= 1e-12
    assert (weights.weight > 0.0).all()
    row = weights.row
    assert (np.diff(weights.column)[np.diff(row) == 0] > 0).all()


@given(lines(inside=False))
def test_a_line_covers_the_share_of_it_that_lies_on_the_grid(line: tuple[Any, Any, Any]) -> None:
    import shapely

    offset, x, y = line
    weights = cross_lines(offset, x, y, GRID)
    frame = shapely.box(GRID.west, GRID.south, GRID.east, GRID.north)
    for k in range(len(offset) - 1):
        points = np.column_stack([x, y])[offset[k] : offset[k + 1]]
        parts = [shapely.linestrings(points[n : n + 2]) for n in range(len(points) - 1)]
        length = sum(part.length for part in parts)
        if length > 1e-6:
            inside = sum(part.intersection(frame).length for part in parts)
            assert weights.covered[k] == pytest.approx(inside / length, abs=1e-9)


@settings(max_examples=30)
@given(lines(inside=False))
def test_uncompiled_traversals_give_the_same_bits(line: tuple[Any, Any, Any]) -> None:
    assert same(cross_lines(*line, GRID), cross_lines(*line, GRID, engine="python"))


@given(lines(inside=False), st.randoms(use_true_random=False))
def test_shuffled_lines_give_the_same_rows(line: tuple[Any, Any, Any], random: Any) -> None:
    offset, x, y = line
    order = list(range(len(offset) - 1))
    random.shuffle(order)
    moved = np.concatenate([[0], np.cumsum(np.diff(offset)[order])])
    vertices = np.concatenate([np.arange(offset[k], offset[k + 1]) for k in order])
    one, other = cross_lines(offset, x, y, GRID), cross_lines(moved, x[vertices], y[vertices], GRID)
    for place, k in enumerate(order):
        a, b = slice(*one.offset[k : k + 2]), slice(*other.offset[place : place + 2])
        assert np.array_equal(one.column[a], other.column[b]) and np.array_equal(one.weight[a], other.weight[b])


def test_threads_leave_the_same_bits() -> None:
    rng = np.random.default_rng(5)
    offset = np.arange(0, 4001, 4)
    x, y = rng.uniform(500, 660, 4000), rng.uniform(2000, 2120, 4000)
    assert same(cross_lines(offset, x, y, GRID), cross_lines(offset, x, y, GRID, threads=2))


def test_a_line_along_a_grid_line_or_the_outer_edge_counts_once() -> None:
    inner = cross_lines([0, 2], [520.0, 520.0], [2000.0, 2120.0], GRID)
    outer = cross_lines([0, 2], [660.0, 660.0], [2000.0, 2120.0], GRID)
    assert inner.column.tolist() == [row * 16 + 2 for row in range(12)]
    assert outer.column.tolist() == [row * 16 + 15 for row in range(12)]
    assert np.allclose(inner.weight, 1 / 12, rtol=0, atol=1e-15)


def test_a_line_that_comes_back_counts_both_ways() -> None:
    there_and_back = cross_lines([0, 3], [505.0, 525.0, 505.0], [2005.0] * 3, GRID)
    assert there_and_back.column.tolist() == [0, 1, 2]
    assert there_and_back.weight.tolist() == [0.25, 0.5, 0.25]


def test_a_line_without_length_is_a_point() -> None:
    weights = cross_lines([0, 2, 3], [505.0, 505.0, 700.0], [2015.0, 2015.0, 2015.0], GRID)
    assert weights.offset.tolist() == [0, 1, 1] and weights.column.tolist() == [16] and weights.weight.tolist() == [1.0]


def test_a_line_from_far_away_is_cut_at_the_edge_before_it_is_walked() -> None:
    weights = cross_lines([0, 2], [-1e9, 1e9], [2005.0, 2005.0], GRID)
    assert weights.column.tolist() == list(range(16))
    assert weights.covered[0] == pytest.approx(160.0 / 2e9, rel=1e-6)


@given(st.floats(500, 660), st.floats(2000, 2120))
def test_a_point_lies_in_the_cell_around_it(x: float, y: float) -> None:
    (cell,) = cross_points([x], [y], GRID).column.tolist()
    row, column = divmod(cell, 16)
    assert GRID.x_edges[column] <= x <= GRID.x_edges[column + 1]
    assert GRID.y_edges[row] <= y <= GRID.y_edges[row + 1]


@given(
    st.lists(st.tuples(st.floats(0, 2 * np.pi), st.floats(0.1, 55)), min_size=3, max_size=9, unique_by=lambda p: p[0]),
    st.floats(540, 620),
    st.floats(2030, 2090),
    st.booleans(),
)
def test_an_area_is_shared_out_as_exact_clipping_does(
    corners: list[tuple[float, float]], x: float, y: float, turned: bool
) -> None:
    import shapely

    angle, radius = np.array(sorted(corners)).T
    px, py = x + radius * np.cos(angle), y + radius * np.sin(angle)
    shape = shapely.polygons(np.column_stack([px, py]))
    if not shape.is_valid or shape.area < 1.0:
        return
    if turned:
        px, py = px[::-1], py[::-1]
    weights = cross_polygons([0, 1], [False], [0, len(px)], px, py, GRID)
    across, up = np.meshgrid(GRID.x, GRID.y)
    cells = shapely.box(across.ravel() - 5, up.ravel() - 5, across.ravel() + 5, up.ravel() + 5)
    known = shapely.area(shapely.intersection(cells, shape)) / shape.area
    assert np.allclose(weights.spread([1.0]), known, rtol=0, atol=1e-10)
    plain = cross_polygons([0, 1], [False], [0, len(px)], px, py, GRID, engine="python")
    assert same(weights, plain)


def test_areas_that_tile_a_box_cover_every_cell_once() -> None:
    """Four crooked quadrangles around one shared corner."""
    import shapely

    corner = {
        (i, j): (500 + 80 * i + (7 * j if i == 1 else 0), 2000 + 60 * j + (9 * i if j == 1 else 0))
        for i in range(3)
        for j in range(3)
    }
    rings = [[(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)] for j in range(2) for i in range(2)]
    x, y = np.array([corner[key] for ring in rings for key in ring], dtype=float).T
    x[x > 640], y[y > 2110] = 660.0, 2120.0
    weights = cross_polygons([0, 1, 2, 3, 4], [False] * 4, np.arange(0, 17, 4), x, y, GRID)
    assert abs(weights.covered - 1.0).max() <= 1e-12
    sizes = [shapely.polygons(np.column_stack([x, y])[k : k + 4]).area for k in range(0, 16, 4)]
    assert np.allclose(weights.spread(sizes), 100.0, rtol=0, atol=1e-9)


def test_an_area_of_a_million_cells_still_sums_to_one() -> None:
    fine = Grid(0.0, 0.0, 1.0, 1100, 1100)
    weights = cross_polygons([0, 1], [False], [0, 4], [3.3, 1091.7, 1080.1, 11.9], [2.2, 9.4, 1093.3, 1077.7], fine)
    assert len(weights.column) > 1_000_000 and abs(weights.covered[0] - 1.0) <= 1e-12


def test_a_hole_is_cut_out_whichever_way_it_turns() -> None:
    square, hole = [500, 540, 540, 500], [510, 530, 530, 510]
    low, high = [2000, 2000, 2040, 2040], [2010, 2010, 2030, 2030]
    for turn in (1, -1):
        x, y = square + hole[::turn], low + high[::turn]
        weights = cross_polygons([0, 2], [False, True], [0, 4, 8], x, y, GRID)
        assert len(weights.column) == 12 and weights.covered[0] == pytest.approx(1.0, abs=1e-12)
        assert 16 + 1 not in weights.column.tolist()


def test_an_area_half_off_the_grid_is_half_covered() -> None:
    for x, y in (([480, 520, 520, 480], [2000, 2000, 2040, 2040]), ([640, 680, 680, 640], [2100, 2100, 2140, 2140])):
        weights = cross_polygons([0, 1], [False], [0, 4], x, y, GRID)
        assert weights.covered[0] == pytest.approx(0.5 if x[0] == 480 else 0.25, abs=1e-12)


@given(lines(), st.data())
def test_what_is_spread_is_kept_and_what_is_even_stays_even(line: tuple[Any, Any, Any], data: Any) -> None:
    weights = cross_lines(*line, GRID)
    values = data.draw(arrays(np.float64, weights.n_rows, elements=st.floats(0, 1e6)))
    assert weights.spread(values).sum() == pytest.approx(values.sum(), rel=1e-12)
    assert np.allclose(weights.gather(np.full(GRID.n_cells, 7.0)), 7.0, rtol=1e-14)
    field = data.draw(arrays(np.float64, GRID.n_cells, elements=st.floats(-5, 5)))
    assert (weights.gather_max(field) >= weights.gather(field) - 1e-12).all()


def test_a_row_off_the_grid_gathers_nothing() -> None:
    weights = cross_points([0.0, 505.0], [0.0, 2005.0], GRID)
    field = np.arange(GRID.n_cells, dtype=float)
    assert np.isnan(weights.gather(field)[0]) and np.isnan(weights.gather_max(field)[0])
    assert weights.gather(field)[1] == weights.gather_max(field)[1] == 0.0


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: cross_lines([0, 2], [0.0, np.nan], [0.0, 0.0], GRID), r"vertex 1 lies at nan, 0.0"),
        (lambda: cross_lines([0, 0, 2], [0.0, 1.0], [0.0, 0.0], GRID), r"line 0 has no vertex"),
        (lambda: cross_lines([0, 3], [0.0, 1.0], [0.0, 0.0], GRID), r"vertex_offset must rise from 0 to 2"),
        (lambda: cross_points([0.0], [0.0, 1.0], GRID), r"one length"),
        (
            lambda: cross_polygons([0, 1], [False], [0, 3], [0, 1, 2], [0, 0, 0], GRID),
            "area 0 must be larger than 0 m2",
        ),
        (lambda: cross_points([505.0], [2005.0], GRID).gather([1.0]), r"each of 192 columns"),
        (lambda: Crosswalk(np.array([0, 2]), np.array([1]), np.array([1.0]), 3), r"2 entries has 1 columns"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(call: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        call()


def test_futian_on_ten_metres(data: Path) -> None:
    """The car network of Futian covers 376 x 442 cells; some 35,000 pairs of link and cell."""
    roads = open_roads(data / "traffic/futian/roads.graphml")
    x, y = project(roads.vertex_x, roads.vertex_y, "EPSG:4547")
    grid = Grid.cover(x.min(), y.min(), x.max(), y.max(), cell_m=10.0)
    assert grid.shape == (376, 442)
    weights = cross_lines(roads.vertex_offset, x, y, grid)
    assert abs(weights.covered - 1.0).max() <= 1e-12
    assert len(weights.column) == pytest.approx(35_000, rel=0.06)
    assert same(weights, cross_lines(roads.vertex_offset, x, y, grid))
