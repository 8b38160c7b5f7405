"""Cells of another plane keep the water that falls on them."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from citytide.kernels.space.grid import Grid
from citytide.kernels.space.quads import QuadWeights
from citytide.kernels.space.regridding import regrid


def turn(n_y: int, n_x: int, cell: float, angle: float, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Corners of cells that are turned and bent."""
    y, x = np.meshgrid(np.arange(n_y + 1) * cell, np.arange(n_x + 1) * cell, indexing="ij")
    y = y + bend * np.sin(x / 40.0)
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.0, 3.0), st.floats(0.0, 4.0), st.floats(3.0, 25.0))
def test_integral_is_kept(angle: float, bend: float, cell: float) -> None:
    x, y = turn(7, 9, 10.0, angle, bend)
    rate = np.random.default_rng(3).random((2, 7, 9))
    target = Grid.cover(x.min() - 1, y.min() - 1, x.max() + 1, y.max() + 1, cell_m=cell)
    weights = QuadWeights(x, y, target)
    area = np.abs((x[:-1, :-1] - x[1:, 1:]) * (y[:-1, 1:] - y[1:, :-1]) - (x[:-1, 1:] - x[1:, :-1])
                  * (y[:-1, :-1] - y[1:, 1:])) / 2  # fmt: skip
    found = np.nan_to_num(weights.apply(rate)) * weights.cover * cell**2
    np.testing.assert_allclose(found.sum(axis=(1, 2)), (rate * area).sum(axis=(1, 2)), rtol=1e-10)
    assert weights.cover.max() <= 1.0 + 1e-9


def test_upright_cells_are_carried_as_regrid_does() -> None:
    field = np.random.default_rng(1).random((3, 8, 6))
    field[1, 2, 3] = np.nan
    source, target = Grid(3.0, -4.0, 10.0, 8, 6), Grid(0.0, 0.0, 7.0, 9, 8)
    x, y = np.meshgrid(source.x_edges, source.y_edges)
    found = QuadWeights(x, y, target).apply(field)
    np.testing.assert_allclose(found, regrid(field, source, target), rtol=1e-12)
    strict = QuadWeights(x, y, target).apply(field, min_cover=0.5)
    np.testing.assert_allclose(strict, regrid(field, source, target, min_cover=0.5), rtol=1e-12)


def test_compiled_is_as_it_stands() -> None:
    x, y = turn(3, 4, 10.0, 0.4, 2.0)
    grid = Grid.cover(x.min(), y.min(), x.max(), y.max(), cell_m=8.0)
    one, other = (QuadWeights(x, y, grid, engine).matrix.toarray() for engine in ("numba", "python"))
    assert np.array_equal(one, other) and one.sum() * 64.0 == pytest.approx(1200.0)


def test_corner_that_does_not_exist_makes_its_cells_unknown() -> None:
    x, y = turn(2, 2, 10.0, 0.0)
    x[0, 0] = np.inf
    found = QuadWeights(x, y, Grid(0.0, 0.0, 10.0, 2, 2)).apply(np.ones((2, 2)))
    assert np.array_equal(found, [[np.nan, 1.0], [1.0, 1.0]], equal_nan=True)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x and y must hold the corners of cells, .* got \(2, 2\) and \(2, 3\)"):
        QuadWeights(np.zeros((2, 2)), np.zeros((2, 3)), Grid(0.0, 0.0, 1.0, 1, 1))
    x, y = turn(2, 2, 10.0, 0.0)
    with pytest.raises(ValueError, match=r"field must be \(\.\.\., 2, 2\), got \(3, 2\)"):
        QuadWeights(x, y, Grid(0.0, 0.0, 1.0, 1, 1)).apply(np.zeros((3, 2)))
