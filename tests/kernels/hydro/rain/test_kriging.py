from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.kernels.engines import EngineError, Sweeps
from citytide.kernels.hydro.rain.kriging import KRIGING, krige_gauges


def place(seed: int, gauges: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values and places of gauges in a box of 100 km."""
    random = np.random.default_rng(seed)
    x, y = random.random((2, gauges)) * 100_000.0
    return random.gamma(0.5, 3.0, gauges), x, y


def solve_directly(
    value: np.ndarray, at_x: np.ndarray, at_y: np.ndarray, x: float, y: float, range_m: float, nugget: float, k: int
) -> float:
    """One cell by the usual system of weights with a Lagrange multiplier."""
    near = np.argsort(np.hypot(at_x - x, at_y - y), kind="stable")[:k]
    at_x, at_y, value = at_x[near], at_y[near], value[near]
    n = len(near)
    system = np.ones((n + 1, n + 1))
    system[:n, :n] = (1 - nugget) * np.exp(-np.hypot(at_x[:, None] - at_x, at_y[:, None] - at_y) / range_m)
    system[range(n), range(n)], system[n, n] = 1.0, 0.0
    right = np.append((1 - nugget) * np.exp(-np.hypot(at_x - x, at_y - y) / range_m), 1.0)
    return float(np.linalg.solve(system, right)[:n] @ value)


@pytest.mark.parametrize("engine", ["numba", "numpy", "python"])
@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000), gauges=st.integers(1, 30), k=st.integers(1, 16), nugget=st.sampled_from([0.0, 0.1, 0.6])
)
def test_every_cell_solves_its_own_system(engine: str, seed: int, gauges: int, k: int, nugget: float) -> None:
    value, at_x, at_y = place(seed, gauges)
    x, y = np.linspace(-5_000.0, 105_000.0, 19), np.linspace(0.0, 90_000.0, 5)
    found = krige_gauges(
        value, at_x, at_y, x, y, range_m=30_000.0, nugget=nugget, n_neighbours=k, engine=engine
    )  # fmt: skip
    expected = [[solve_directly(value, at_x, at_y, east, north, 30_000.0, nugget, k) for east in x] for north in y]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_two_gauges_share_the_line_between_them_as_reckoned_by_hand() -> None:
    """Weights w and 1 - w with 2 w - 1 = (c(h) - c(L - h)) / (1 - c(L))."""
    found = krige_gauges([1.0, 0.0], [0.0, 10.0], [0.0, 0.0], [2.5], [0.0], range_m=10.0)
    near, far, apart = np.exp([-0.25, -0.75, -1.0])
    assert found[0, 0] == pytest.approx(0.5 + 0.5 * (near - far) / (1.0 - apart), rel=1e-14)


@given(seed=st.integers(0, 1000))
def test_gauges_are_met_exactly_and_a_level_field_stays_level(seed: int) -> None:
    value, at_x, at_y = place(seed, 40)
    for gauge in range(0, 40, 7):
        (((met,),)) = krige_gauges(value, at_x, at_y, at_x[[gauge]], at_y[[gauge]], range_m=20_000.0).tolist()
        assert met == pytest.approx(value[gauge], abs=1e-9)
    lines = np.linspace(0.0, 100_000.0, 20)
    for nugget in (0.0, 0.5):
        level = krige_gauges(np.full(40, 7.25), at_x, at_y, lines, lines, range_m=20_000.0, nugget=nugget)
        np.testing.assert_allclose(level, 7.25, rtol=1e-12)


def test_any_part_of_the_grid_and_any_number_of_threads_give_the_same_bits() -> None:
    value, at_x, at_y = place(1, 120)
    x, y = np.arange(0.0, 100_000.0, 900.0), np.arange(0.0, 100_000.0, 1_300.0)
    whole = krige_gauges(value, at_x, at_y, x, y, range_m=25_000.0, nugget=0.05)
    assert np.array_equal(whole, krige_gauges(value, at_x, at_y, x, y, range_m=25_000.0, nugget=0.05, threads=3))
    part = krige_gauges(value, at_x, at_y, x[13:60], y[7:40], range_m=25_000.0, nugget=0.05)
    assert np.array_equal(whole[7:40, 13:60], part)


def test_places_need_no_order() -> None:
    value, at_x, at_y = place(3, 40)
    random = np.random.default_rng(4)
    x, y = random.random(70) * 100_000.0, random.random(45) * 100_000.0
    mixed = krige_gauges(value, at_x, at_y, x, y, range_m=20_000.0, n_neighbours=5)
    sorted_ = krige_gauges(value, at_x, at_y, np.sort(x), np.sort(y), range_m=20_000.0, n_neighbours=5)
    np.testing.assert_array_equal(mixed[np.argsort(y)][:, np.argsort(x)], sorted_)


def test_gauges_equally_near_are_taken_in_their_order_wherever_the_tile_begins() -> None:
    at_x, at_y = (line.ravel() for line in np.meshgrid(np.arange(9.0), np.arange(9.0)))  # ties in every cell
    value, lines = np.random.default_rng(2).random(81), np.arange(0.0, 8.5, 0.25)
    whole = krige_gauges(value, at_x, at_y, lines, lines, range_m=3.0, n_neighbours=5)
    part = krige_gauges(value, at_x, at_y, lines[5:], lines[3:], range_m=3.0, n_neighbours=5)
    assert np.array_equal(whole[3:, 5:], part)
    cell = solve_directly(value, at_x, at_y, lines[6], lines[10], 3.0, 0.0, 5)
    assert whole[10, 6] == pytest.approx(cell, rel=1e-10)


def test_silent_gauges_are_left_out_and_more_neighbours_than_gauges_are_all() -> None:
    value, at_x, at_y = place(3, 12)
    silent = np.arange(12) % 3 == 0
    lines = np.linspace(0.0, 100_000.0, 9)
    found = krige_gauges(np.where(silent, np.nan, value), at_x, at_y, lines, lines, range_m=2e4, n_neighbours=99)
    rest = krige_gauges(value[~silent], at_x[~silent], at_y[~silent], lines, lines, range_m=2e4)
    assert np.array_equal(found, rest)
    assert krige_gauges(value, at_x, at_y, lines, [], range_m=2e4).shape == (0, 9)


def test_wrong_arguments_are_named() -> None:
    at: dict = {"value": [1.0, 2.0], "gauge_x": [0.0, 1.0], "gauge_y": [0.0, 0.0], "x": [0.0], "y": [0.0]}
    for change, said in (
        ({"value": [1.0]}, r"value \(1,\), gauge_x \(2,\)"),
        ({"x": [[0.0]]}, "x and y must each have one dimension"),
        ({"value": [np.nan, np.nan]}, "value must be finite at one gauge at least"),
        ({"gauge_x": [3.0, 3.0]}, "two gauges stand at x 3, y 0: omit one, or give a nugget"),
        ({"gauge_x": [3.0, np.inf]}, "gauge_x must be finite"),
        ({"range_m": 0.0}, "range_m must be finite and above 0, got 0.0"),
        ({"nugget": 1.0}, r"nugget must be in \[0, 1\), got 1.0"),
        ({"n_neighbours": 0}, "n_neighbours must be at least 1, got 0"),
    ):
        with pytest.raises(ValueError, match=said):
            krige_gauges(**{"range_m": 1.0, **at, **change})
    assert np.isfinite(krige_gauges(**{**at, "gauge_x": [3.0, 3.0]}, range_m=1.0, nugget=0.1)).all()


@pytest.mark.parametrize("k", [5, 16, 99])
@pytest.mark.parametrize("nugget", [0.0, 0.3])
def test_cupys_gauges_give_cupys_field_near_that_of_the_host(cupy: Any, k: int, nugget: float) -> None:
    value, at_x, at_y = place(5, 30)
    value[3] = np.nan
    x, y = np.arange(0.0, 100_000.0, 2_900.0), np.arange(0.0, 100_000.0, 7_300.0)
    numbers: dict = {"range_m": 25_000.0, "nugget": nugget, "n_neighbours": k}
    given = [cupy.asarray(one) for one in (value, at_x, at_y, x, y)]
    found = krige_gauges(*given, **numbers)
    assert isinstance(found, cupy.ndarray) and found.dtype == np.float64
    np.testing.assert_allclose(found.get(), krige_gauges(value, at_x, at_y, x, y, **numbers), rtol=1e-9, atol=1e-9)
    assert krige_gauges(*given[:4], cupy.zeros(0), **numbers).shape == (0, x.size)
    with pytest.raises(EngineError, match="got value on a GPU and x on the host: hand over cupy"):
        krige_gauges(*given[:3], x, y, **numbers)
    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here; usable: cupy"):
        krige_gauges(*given, **numbers, engine="numba")


def test_pieces_of_the_whole_array_form_have_the_bits_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties in every cell: of two gauges as near the first is taken, as the compiled form does."""
    at_x, at_y = (line.ravel() for line in np.meshgrid(np.arange(9.0), np.arange(9.0)))
    value, lines = np.random.default_rng(2).random(81), np.arange(0.0, 8.5, 0.25)
    given = (value, at_x, at_y, lines, lines[3:])
    whole = krige_gauges(*given, range_m=3.0, n_neighbours=5, engine="numpy")
    np.testing.assert_allclose(whole, krige_gauges(*given, range_m=3.0, n_neighbours=5), rtol=1e-9)
    monkeypatch.setattr("citytide.kernels.hydro.rain.kriging.PIECE", 700)
    pieces = Sweeps(whole=KRIGING.whole)("numpy", np.empty(whole.shape), *given, 5, 3.0, 0.0)
    assert np.array_equal(whole, pieces)


def test_cupys_gauges_are_refused_as_those_of_the_host_are(cupy: Any) -> None:
    two, one = cupy.asarray([1.0, 2.0]), cupy.asarray([0.0])
    for at_x, said in (
        ([3.0, 3.0], "two gauges stand at x 3, y 0: omit one, or give a nugget"),
        ([3.0, np.inf], "gauge_x must be finite, got inf"),
    ):
        with pytest.raises(ValueError, match=said):
            krige_gauges(two, cupy.asarray(at_x), cupy.zeros(2), one, one, range_m=1.0)
