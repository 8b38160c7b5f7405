from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.rain.precipitation import (
    adjust_rain,
    compute_reflectivity,
    estimate_field_bias,
    estimate_rain,
    sample_rain,
)
from citytide.kernels.space.grid import Grid

GRID = Grid(1_000.0, -2_000.0, 500.0, 60, 80)


def make_truth(seed: int) -> np.ndarray:
    """Smooth rain over the grid, in mm/h, part of it dry."""
    phase = np.random.default_rng(seed).random(4) * 6.0
    y, x = np.meshgrid(GRID.y / 4_000.0, GRID.x / 5_000.0, indexing="ij")
    return np.maximum(4.0 * np.sin(x + phase[0]) * np.sin(y + phase[1]) + 2.0 * np.sin(0.5 * x + phase[2]) + 2.0, 0.0)


def set_gauges(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Places at the middles of different cells."""
    cell = np.random.default_rng(seed).choice(GRID.n_cells, n, replace=False)
    return GRID.x[cell % GRID.n_x], GRID.y[cell // GRID.n_x]


def test_marshall_and_palmers_rain_is_met() -> None:
    """Z = 200 R^1.6: 23 dBZ is 1 mm/h, 39 is 10, 55 is 100 (rounded, as every table has them)."""
    assert estimate_rain([23.0, 39.0, 55.0]).round(1).tolist() == [1.0, 10.0, 99.9]


def test_palette_of_meteoswiss_is_met() -> None:
    """R = (10^(dBZ / 10) / 316)^(2/3): the facts of the frames of 2015-05-15."""
    dbz = (np.arange(2, 251) - 71.5) / 2.0
    np.testing.assert_allclose(
        estimate_rain(dbz, a=316.0, b=1.5), (10 ** (dbz / 10) / 316.0) ** (1 / 1.5), rtol=1e-13
    )  # fmt: skip


@given(rain=st.floats(1e-3, 500.0), a=st.floats(50.0, 500.0), b=st.floats(1.0, 2.5))
def test_reflectivity_of_rain_is_undone(rain: float, a: float, b: float) -> None:
    assert estimate_rain(compute_reflectivity(rain, a=a, b=b), a=a, b=b) == pytest.approx(rain, rel=1e-11)


@pytest.mark.parametrize(("dtype", "rtol"), [("f4", 2e-5), ("f8", 1e-12)])
def test_fields_keep_dtype_gaps_and_dry_cells(dtype: str, rtol: float) -> None:
    rain = np.array([[0.0, 0.2, np.nan], [3.0, 80.0, 0.0]], dtype)
    dbz = compute_reflectivity(rain)
    back = estimate_rain(dbz)
    assert dbz.dtype == back.dtype == dtype and dbz[0, 0] == -np.inf
    np.testing.assert_allclose(back, rain, rtol=rtol)
    assert compute_reflectivity(rain, dry_dbz=-15.0)[0, 0] == -15.0
    assert estimate_rain([9.0, 10.0], min_dbz=10.0)[0] == 0.0 < estimate_rain([9.0, 10.0], min_dbz=10.0)[1]
    assert estimate_rain(70.0, max_dbz=53.0) == estimate_rain(53.0)


def test_gauges_read_the_cell_they_stand_in() -> None:
    field = np.arange(GRID.n_cells, dtype=float).reshape(GRID.shape)
    x = [GRID.west, GRID.west + 499.9, GRID.west + 500.0, GRID.east - 1e-9, GRID.east, GRID.west - 0.1]
    y = [GRID.south, GRID.south, GRID.south + 500.0, GRID.north - 1e-9, GRID.south, GRID.south]
    np.testing.assert_equal(sample_rain(field, x, y, grid=GRID), [0.0, 0.0, 81.0, GRID.n_cells - 1, np.nan, np.nan])


@given(seed=st.integers(0, 1000))
def test_window_takes_the_median_of_what_is_known(seed: int) -> None:
    random = np.random.default_rng(seed)
    field = np.where(random.random(GRID.shape) < 0.4, np.nan, random.random(GRID.shape))
    row, column = random.integers(0, 60), random.integers(0, 80)
    known = field[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    known = known[np.isfinite(known)]
    found = sample_rain(field, [GRID.x[column]], [GRID.y[row]], grid=GRID, window=3)
    np.testing.assert_equal(found, [np.median(known) if known.size else np.nan])


def test_field_bias_is_undone_and_takes_gauges() -> None:
    truth = make_truth(1)
    x, y = set_gauges(2, 40)
    gauges = sample_rain(truth, x, y, grid=GRID)
    adjusted = adjust_rain(0.6 * truth, gauges, x, y, grid=GRID, method="mean-field")
    np.testing.assert_allclose(adjusted, truth, rtol=1e-12, atol=1e-12)
    assert estimate_field_bias([2.0, 4.0], [1.0, 1.0]) == 1.0
    assert estimate_field_bias([2.0, 4.0], [1.0, 1.0], min_gauges=2) == 3.0
    assert estimate_field_bias([2.0, 4.0, 0.0, np.nan], [1.0, 1.0, 5.0, 5.0], min_gauges=2) == 3.0
    assert estimate_field_bias([2.0, 4.0], [1.0, 2.5], threshold=2.0, min_gauges=1) == 1.6


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_additive_adjustment_meets_the_gauges_and_nothing_is_negative(dtype: str) -> None:
    truth = make_truth(3)
    seen = np.maximum(truth + np.sin(truth), 0.0).astype(dtype)
    seen[:4] = np.nan
    x, y = set_gauges(4, 60)
    gauges = sample_rain(truth, x, y, grid=GRID)
    gauges[5] = np.nan
    adjusted = adjust_rain(seen, gauges, x, y, grid=GRID, method="additive")
    at = sample_rain(adjusted, x, y, grid=GRID)
    known = np.isfinite(gauges) & np.isfinite(at)
    assert adjusted.dtype == dtype and known.sum() > 40
    np.testing.assert_allclose(at[known], gauges[known], atol=1e-5 if dtype == "f4" else 1e-9)
    assert np.array_equal(np.isnan(adjusted), np.isnan(seen)) and not (adjusted < 0.0).any()


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_gauges_left_aside_are_met_better_than_by_the_radar(seed: int) -> None:
    """A radar that sees less the farther it looks: one factor mends a part of it, kriging more."""
    truth = make_truth(seed)
    fading = 0.8 - 0.5 * (GRID.x - GRID.west) / (GRID.east - GRID.west)
    seen = truth * fading
    x, y = set_gauges(seed + 10, 120)
    kept = np.arange(120) < 90
    gauges = np.where(kept, sample_rain(truth, x, y, grid=GRID), np.nan)
    aside = sample_rain(truth, x[~kept], y[~kept], grid=GRID)
    errors = [
        float(np.abs(sample_rain(field, x[~kept], y[~kept], grid=GRID) - aside).mean())
        for field in (
            seen,
            adjust_rain(seen, gauges, x, y, grid=GRID, method="mean-field"),
            adjust_rain(seen, gauges, x, y, grid=GRID, method="additive"),
        )
    ]
    assert errors[2] < 0.8 * errors[1] < errors[1] < errors[0]


@pytest.mark.parametrize("method", ["additive", "mean-field"])
def test_too_few_gauges_leave_the_rain_as_it_is(method: str) -> None:
    seen = make_truth(8)
    kept = seen.copy()
    x, y = set_gauges(9, 4)
    adjusted = adjust_rain(seen, [5.0, 6.0, np.nan, np.nan], x, y, grid=GRID, method=method)
    assert np.array_equal(adjusted, seen)
    adjusted += 1.0
    assert np.array_equal(seen, kept)


def test_frames_of_2015_are_as_strong_in_dbz(data: Path) -> None:
    """Rain of a real frame, by the palette's own steps of half a dBZ, comes back from whole reflectivities."""
    from PIL import Image

    with Image.open(sorted((data / "hydro/radar_mch_20150515").rglob("*.gif"))[9]) as image:
        frame = np.asarray(image)
    dbz = (frame[(frame >= 2) & (frame <= 250)].astype(np.float32) - 71.5) / 2.0
    assert dbz.size > 10_000
    back = compute_reflectivity(estimate_rain(dbz, a=316.0, b=1.5), a=316.0, b=1.5)
    assert np.abs(back - dbz).max() < 1e-4


def test_wrong_arguments_are_named() -> None:
    seen, (x, y) = make_truth(1), set_gauges(1, 3)
    at: dict = {"rain": seen, "gauge_rain": [1.0, 2.0, 3.0], "gauge_x": x, "gauge_y": y, "method": "additive"}
    for change, said in (
        ({"method": "magic"}, "method must be 'additive' or 'mean-field', got 'magic'"),
        ({"rain": seen - 9.0}, "rain must not be negative"),
        ({"rain": seen[1:]}, "does not fit its grid"),
        ({"gauge_rain": [1.0, -2.0, 3.0]}, "gauge_rain must not be negative, got -2"),
        ({"gauge_rain": [1.0]}, r"gauge_rain \(1,\)"),
        ({"gauge_x": x[1:]}, "one \\(gauge,\\) shape"),
        ({"window": 2}, "window must be an odd number of cells of at least 1, got 2"),
    ):
        with pytest.raises(ValueError, match=said):
            adjust_rain(grid=GRID, **{**at, **change})
    with pytest.raises(ValueError, match="a and b of the power law"):
        estimate_rain(10.0, a=0.0)
    with pytest.raises(ValueError, match="min_dbz must lie below"):
        estimate_rain(10.0, min_dbz=60.0, max_dbz=53.0)
    with pytest.raises(ValueError, match="rain must not be negative, got -1"):
        compute_reflectivity([1.0, -1.0])
    with pytest.raises(ValueError, match="must be of one shape"):
        estimate_field_bias([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="radar_rain must not be negative"):
        estimate_field_bias([1.0], [-1.0])


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (7,), (4, 5)])
def test_radar_and_rain_in_cupys_memory_have_the_bits_of_the_host(cupy: Any, dtype: str, shape: tuple) -> None:
    rain = (np.random.default_rng(1).gamma(0.5, 20.0, shape)).astype(dtype)
    if dtype != "i8":
        rain = np.where(rain > 60.0, rain.dtype.type(np.nan), rain)
    for function, settings in ((compute_reflectivity, {"dry_dbz": -15.0}), (compute_reflectivity, {}),
                               (estimate_rain, {"min_dbz": 3.0, "max_dbz": 53.0}), (estimate_rain, {})):  # fmt: skip
        found, expected = function(cupy.asarray(rain), **settings), function(rain, **settings)
        assert isinstance(found, cupy.ndarray) and found.dtype == expected.dtype
        np.testing.assert_array_equal(found.get(), expected, strict=True)
    with pytest.raises(ValueError, match="rain must not be negative, got -1"):
        compute_reflectivity(cupy.asarray(np.array([1.0, np.nan, -1.0])))


@pytest.mark.parametrize("window", [1, 3])
def test_gauges_in_cupys_memory_read_what_they_read_on_the_host(cupy: Any, window: int) -> None:
    field = np.where(np.random.default_rng(2).random(GRID.shape) < 0.5, np.nan, make_truth(2))
    x, y = np.append(set_gauges(3, 30), [[GRID.west - 1.0], [GRID.south]], axis=1)
    places = [cupy.asarray(x), cupy.asarray(y)]
    found = sample_rain(cupy.asarray(field), *places, grid=GRID, window=window)
    assert isinstance(found, cupy.ndarray)
    np.testing.assert_array_equal(found.get(), sample_rain(field, x, y, grid=GRID, window=window))
    nobody = cupy.zeros(0)
    assert sample_rain(cupy.asarray(field), nobody, nobody, grid=GRID, window=window).shape == (0,)
    with pytest.raises(EngineError, match="got rain on a GPU and gauge_x on the host: hand over cupy"):
        sample_rain(cupy.asarray(field), x, y, grid=GRID)
    with pytest.raises(EngineError, match="got gauge_x on a GPU and rain on the host: hand over cupy"):
        sample_rain(field, *places, grid=GRID)


def test_field_bias_of_cupys_arrays_is_a_number_of_the_host(cupy: Any) -> None:
    gauges, radar = [2.0, 4.0, 0.0, np.nan], [1.0, 1.0, 5.0, 5.0]
    found = estimate_field_bias(cupy.asarray(gauges), cupy.asarray(radar), min_gauges=2)
    assert isinstance(found, float) and found == 3.0
    assert estimate_field_bias(cupy.zeros(0), cupy.zeros(0)) == 1.0
    with pytest.raises(EngineError, match="got gauge_rain on a GPU and radar_rain on the host"):
        estimate_field_bias(cupy.asarray(gauges), radar)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("method", ["additive", "mean-field"])
def test_adjusted_rain_in_cupys_memory_is_that_of_the_host(cupy: Any, dtype: str, method: str) -> None:
    truth = make_truth(3)
    seen = np.maximum(truth + np.sin(truth), 0.0).astype(dtype)
    seen[:4] = np.nan
    x, y = set_gauges(4, 60)
    gauges = sample_rain(truth, x, y, grid=GRID)
    gauges[5] = np.nan
    for told in (gauges, np.where(np.arange(60) < 2, gauges, np.nan)):  # also with too few
        expected = adjust_rain(seen, told, x, y, grid=GRID, method=method)
        given = [cupy.asarray(one) for one in (seen, told, x, y)]
        found = adjust_rain(*given, grid=GRID, method=method)
        assert isinstance(found, cupy.ndarray) and found is not given[0] and found.dtype == dtype
        np.testing.assert_allclose(found.get(), expected, rtol=2e-6 if dtype == "f4" else 1e-9, atol=1e-8)
    with pytest.raises(EngineError, match="got rain on a GPU and gauge_rain on the host"):
        adjust_rain(cupy.asarray(seen), gauges, x, y, grid=GRID, method=method)
