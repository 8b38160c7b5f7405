"""Totals and constants are kept, an identity keeps its bits, a block is part of the whole, and every engine agrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.space.grid import Grid
from citytide.kernels.space.regrid_weights import REGRID
from citytide.kernels.space.regridding import RegridWeights, regrid, sample

ENGINES = [engine for engine in REGRID.engines if engine not in ("cuda", "cupy")]
METHODS = ["conservative", "bilinear"]
seeds = st.integers(0, 2**32 - 1)


def draw_edges(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    inner = np.unique(np.round(rng.uniform(low, high, rng.integers(0, 9)), 3))
    return np.unique(np.concatenate([[low], inner, [high]]))


def draw_grid(rng: np.random.Generator, margin: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A rectilinear grid over [2,490,000, 2,490,100] x [500,000, 500,100] and a margin."""
    return tuple(draw_edges(rng, low - margin, low + 100.0 + margin) for low in (2_490_000.0, 500_000.0))


def area(grid: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.outer(np.diff(grid[0]), np.diff(grid[1]))


def shape(grid: tuple[np.ndarray, np.ndarray]) -> tuple[int, int]:
    return grid[0].size - 1, grid[1].size - 1


def draw_field(rng: np.random.Generator, grid: Any, gaps: float = 0.3, dtype: str = "f8") -> np.ndarray:
    field = rng.uniform(-1.0, 9.0, (2, *shape(grid)))
    field[rng.random(field.shape) < gaps] = np.nan
    return field.astype(dtype)


@given(seeds)
def test_total_is_kept_where_the_target_covers_the_source(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = draw_grid(rng), draw_grid(rng)
    field = draw_field(rng, source, gaps=0.0)
    before = (field * area(source)).sum()
    assert (regrid(field, source, target) * area(target)).sum() == pytest.approx(before, rel=1e-12, abs=1e-9)


@given(seeds)
def test_total_of_a_field_with_gaps_is_kept_per_whole_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = draw_grid(rng), draw_grid(rng, margin=rng.uniform(0.0, 50.0))
    field = draw_field(rng, source)
    before = np.nansum(field * area(source))
    after = regrid(field, source, target, normalize="cell", min_cover=1e-15)
    assert np.nansum(after * area(target)) == pytest.approx(before, rel=1e-12, abs=1e-9)


@given(seeds, st.sampled_from(METHODS))
def test_a_constant_stays_and_means_lie_between_the_extremes(seed: int, method: Any) -> None:
    rng = np.random.default_rng(seed)
    source, target = draw_grid(rng), draw_grid(rng, margin=30.0)
    field = draw_field(rng, source)
    level = np.where(np.isnan(field), np.nan, 7.3)
    after = regrid(level, source, target, method=method, min_cover=1e-9)
    np.testing.assert_allclose(after[np.isfinite(after)], 7.3, rtol=1e-12)
    mean = regrid(field, source, target, method=method, min_cover=1e-9)
    held = np.isfinite(mean)
    assert (held == np.isfinite(after)).all()
    if held.any():
        assert mean[held].min() >= np.nanmin(field) - 1e-12
        assert mean[held].max() <= np.nanmax(field) + 1e-12


@given(seeds, st.sampled_from(METHODS), st.sampled_from(["f4", "f8"]), st.sampled_from(ENGINES))
def test_identity_keeps_every_bit(seed: int, method: Any, dtype: str, engine: Any) -> None:
    rng = np.random.default_rng(seed)
    grid = draw_grid(rng)
    field = draw_field(rng, grid, dtype=dtype)
    field[0, 0, 0] = -0.0
    after = regrid(field, grid, grid, method=method, engine=engine)
    assert after.dtype == field.dtype
    np.testing.assert_array_equal(after, field)
    np.testing.assert_array_equal(np.signbit(after[0, 0, 0]), True)


@given(seeds, st.sampled_from(METHODS), st.sampled_from(["f4", "f8"]))
def test_engines_agree_to_the_last_bit(seed: int, method: Any, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    source, target = draw_grid(rng), draw_grid(rng, margin=rng.uniform(-20.0, 20.0))
    field = draw_field(rng, source, dtype=dtype)
    options: dict[str, Any] = {"method": method, "min_cover": 0.5, "normalize": rng.choice(["cover", "cell"])}
    answers = [regrid(field, source, target, engine=engine, **options) for engine in ENGINES]
    answers.append(regrid(field, source, target, threads=2, **options))
    for answer in answers:
        assert answer.dtype == field.dtype
        np.testing.assert_array_equal(answer, answers[0])


@given(seeds, st.sampled_from(METHODS))
def test_a_block_is_that_part_of_the_whole_bit_for_bit(seed: int, method: Any) -> None:
    rng = np.random.default_rng(seed)
    source, target = draw_grid(rng), draw_grid(rng, margin=rng.uniform(-20.0, 40.0))
    field = draw_field(rng, source)
    weights = RegridWeights(source, target, method)
    row, column = (int(rng.integers(n)) for n in shape(target))
    rows, columns = slice(row, row + 1 + int(rng.integers(4))), slice(column, column + 1 + int(rng.integers(4)))
    part = weights.block(rows, columns)
    np.testing.assert_array_equal(part.apply(field[(..., *part.window)]), weights.apply(field)[..., rows, columns])
    again = part.block(slice(0, 1), slice(0, 1))
    whole = weights.apply(field)[..., row : row + 1, column : column + 1]
    np.testing.assert_array_equal(again.apply(field[(..., *again.window)]), whole)


def test_leading_dims_are_blocks() -> None:
    rng = np.random.default_rng(3)
    source, target = draw_grid(rng), draw_grid(rng)
    fields = np.stack([draw_field(rng, source) for _ in range(3)])
    weights = RegridWeights(source, target)
    assert weights.apply(fields).shape == (3, 2, *shape(target))
    np.testing.assert_array_equal(weights.apply(fields)[2, 1], weights.apply(fields[2, 1]))
    assert weights.apply(fields[:0]).shape == (0, 2, *shape(target))


def test_one_in_four_of_known_means() -> None:
    fine, coarse = Grid(0.0, 0.0, 1.0, 2, 4), Grid(0.0, 0.0, 2.0, 1, 3)
    field = np.array([[1.0, 2.0, np.nan, 8.0], [3.0, 4.0, np.nan, np.nan]])
    np.testing.assert_array_equal(regrid(field, fine, coarse), [[2.5, 8.0, np.nan]])
    np.testing.assert_array_equal(regrid(field, fine, coarse, normalize="cell"), [[2.5, 2.0, np.nan]])
    np.testing.assert_array_equal(regrid(field, fine, coarse, min_cover=0.5), [[2.5, np.nan, np.nan]])
    np.testing.assert_array_equal(regrid(field, fine, coarse, valid=field != 8.0), [[2.5, np.nan, np.nan]])
    np.testing.assert_array_equal(regrid(np.ma.masked_greater(field, 2.0), fine, coarse), [[1.5, np.nan, np.nan]])


@given(seeds)
def test_a_plane_is_met_by_bilinear_and_by_sample(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = Grid(500_000.0, 2_490_000.0, 30.0, 7, 9)
    a, b = rng.uniform(-1.0, 1.0, 2)
    plane = a * (grid.x - grid.west) + b * (grid.y - grid.south)[:, None]
    x, y = rng.uniform(grid.x[0], grid.x[-1], (3, 4)), rng.uniform(grid.y[0], grid.y[-1], (3, 4))
    expected = a * (x - grid.west) + b * (y - grid.south)
    np.testing.assert_allclose(sample(plane, grid, x, y), expected, atol=2e-7)  # places within a billionth are one
    inner = Grid(500_020.0, 2_490_020.0, 10.0, 17, 23)
    expected = a * (inner.x - grid.west) + b * (inner.y - grid.south)[:, None]
    np.testing.assert_allclose(regrid(plane, grid, inner, method="bilinear"), expected, atol=2e-7)


def test_sample_meets_middles_whatever_lies_beside_them() -> None:
    grid = Grid(500_000.3, 2_490_000.7, 9.7, 5, 6)
    field = np.random.default_rng(0).uniform(0.0, 1.0, (2, *grid.shape)).astype("f4")
    field[:, 2, 2] = np.nan
    x, y = np.meshgrid(grid.x, grid.y)
    for method in ("bilinear", "nearest"):
        found = sample(field, grid, x, y, method=method)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, field)
        assert found.dtype == np.float32


def test_sample_is_nan_beside_a_gap_and_off_the_grid() -> None:
    grid = Grid(0.0, 0.0, 10.0, 2, 3)
    field = np.array([[0.0, 1.0, np.nan], [4.0, 5.0, 6.0]])
    x, y = np.array([10.0, 20.0, 0.0, -0.1, 30.0]), np.array([5.0, 5.0, 0.0, 5.0, 20.0])
    np.testing.assert_array_equal(sample(field, grid, x, y), [0.5, np.nan, 0.0, np.nan, 6.0])
    np.testing.assert_array_equal(sample(field, grid, x, y, method="nearest"), [1.0, np.nan, 0.0, np.nan, 6.0])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"method": "cubic"}, "unknown method 'cubic'; choose one of conservative, bilinear"),
        ({"normalize": "sum"}, "unknown normalize 'sum'"),
        ({"min_cover": 0.0}, "min_cover must be above 0 and at most 1, got 0.0"),
        ({"field": np.zeros((3, 2))}, r"field must be \(..., 2, 3\) as its grid has it, got \(3, 2\)"),
        ({"field": np.zeros((2, 3), complex)}, "field must be float32 or float64, got complex128"),
        ({"valid": np.ones((3, 2))}, r"valid must be \(2, 3\) or \(2, 3\), got \(3, 2\)"),
        ({"target": ([2.0, 0.0], [0.0, 1.0])}, "target y edges must ascend, got 2 before 0; turn the axis"),
        ({"target": ([0.0, 1.0], [0.0, np.inf])}, "target x edges must be finite, got inf at 1"),
        ({"source": ([0.0], [0.0, 1.0])}, r"source y edges must be a row of at least two edges, got shape \(1,\)"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], problem: str) -> None:
    asked: dict[str, Any] = {"field": np.zeros((2, 3)), "source": Grid(0, 0, 1, 2, 3), "target": Grid(0, 0, 2, 1, 2)}
    with pytest.raises(ValueError, match=problem):
        regrid(**{**asked, **change})


def test_an_empty_block_and_an_unknown_way_to_sample_are_refused() -> None:
    grid = Grid(0, 0, 1, 2, 3)
    with pytest.raises(ValueError, match="a block must be a contiguous run of target cells"):
        RegridWeights(grid, grid).block(slice(1, 1), slice(0, 1))
    with pytest.raises(ValueError, match="unknown method 'cubic'"):
        sample(np.zeros((2, 3)), grid, 0.5, 0.5, method="cubic")  # type: ignore[arg-type]
