from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from citytide.kernels.engines import EngineError
from citytide.kernels.traffic.godunov import advance_density, parabolic_flow

PARABOLIC: dict[str, Any] = {
    "time_step_s": 1.0,
    "cell_length_m": 50.0,
    "free_speed_m_s": 25.0,
    "jam_density_veh_m": 0.12,
}
TRIANGULAR: dict[str, Any] = {"free_speed_m_s": 20.0, "wave_speed_m_s": 5.0, "jam_density_veh_m": 0.2}
ROADS = [PARABOLIC, {**TRIANGULAR, "time_step_s": 2.0, "cell_length_m": 50.0}]
ENGINES = ["numpy", "numba", "python"]


def ring(n_cells: int = 60, n_links: int = 3, jam: float = 0.12) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.0, jam, (n_links, n_cells))


def ghosted(density: np.ndarray) -> np.ndarray:
    return np.concatenate([density[:, -1:], density, density[:, :1]], axis=1)


def follow(density: np.ndarray, n_steps: int, **road: Any) -> np.ndarray:
    """The open road: what stands at an end stands beyond it too."""
    for _ in range(n_steps):
        density = advance_density(np.pad(density, ((0, 0), (1, 1)), mode="edge"), **road)
    return density


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("road", ROADS, ids=["parabolic", "triangular"])
@settings(max_examples=25)
@given(share=hnp.arrays("f8", st.tuples(st.integers(1, 3), st.integers(1, 12)), elements=st.floats(0.0, 1.0)))
def test_ring_keeps_every_vehicle_and_every_bound(engine: str, road: dict[str, Any], share: np.ndarray) -> None:
    jam = road["jam_density_veh_m"]
    before = share * jam
    after = advance_density(ghosted(before), engine=engine, **road)
    np.testing.assert_allclose(after.sum(axis=1), before.sum(axis=1), rtol=1e-13, atol=1e-15)
    assert after.min() >= -1e-15
    assert after.max() <= jam + 1e-15


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_shock_moves_at_rankine_hugoniot_speed(engine: str) -> None:
    n_cells, left, right = 800, 0.02, 0.10
    density = np.where(np.arange(n_cells) < n_cells // 2, left, right)[None, :]
    density = follow(density, 400, engine=engine, **PARABOLIC)
    speed = (parabolic_flow(right, 25.0, 0.12) - parabolic_flow(left, 25.0, 0.12)) / (right - left)
    moved = (density[0] < 0.06).sum() * 50.0 - n_cells // 2 * 50.0
    assert abs(moved - speed * 400) <= 100.0


def error_of_riemann_problem(left: float, right: float, n_cells: int) -> float:
    """L1 error [veh] after 40 s on [-1 km, 1 km] against the exact solution at the cells' centres."""
    speed, wave, jam, critical, time_s = 20.0, 5.0, 0.2, 0.04, 40.0

    def flow(density: float) -> float:
        return min(speed * density, wave * (jam - density))

    length = 2000.0 / n_cells
    step = length / speed
    centre = (np.arange(n_cells) + 0.5) * length - 1000.0
    density = np.where(centre < 0.0, left, right)[None, :]
    density = follow(density, round(time_s / step), time_step_s=step, cell_length_m=length, **TRIANGULAR)
    if left > critical > right:  # the flow is at capacity between two contacts
        exact = np.select([centre < -wave * time_s, centre < speed * time_s], [left, critical], right)
    else:
        front = (flow(left) - flow(right)) / (left - right) * time_s
        exact = np.where(centre < front, left, right)
    return float(np.abs(density[0] - exact).sum() * length)


@pytest.mark.parametrize(
    ("left", "right", "errors"),
    [
        (0.03, 0.12, {500: 0.14950, 1000: 0.10089, 2000: 0.02728, 4000: 0.01404}),
        (0.16, 0.01, {500: 2.3411, 1000: 1.6569, 2000: 1.1721, 4000: 0.8290}),
        (0.2, 0.0, {500: 3.1214, 1000: 2.2092, 2000: 1.5628, 4000: 1.1054}),
        (0.15, 0.08, {500: 1.3656, 1000: 0.9665, 2000: 0.6837, 4000: 0.4836}),
    ],
    ids=["shock", "both-branches", "queue-let-go", "congested-wave"],
)
def test_triangular_errors_are_the_published_ones(left: float, right: float, errors: dict[int, float]) -> None:
    measured = {n_cells: error_of_riemann_problem(left, right, n_cells) for n_cells in errors}
    for n_cells, error in errors.items():
        assert measured[n_cells] == pytest.approx(error, abs=1e-4)


def test_free_flow_at_courant_one_moves_whole_cells() -> None:
    assert error_of_riemann_problem(0.03, 0.01, 400) < 1e-12


@pytest.mark.parametrize("road", ROADS, ids=["parabolic", "triangular"])
def test_engines_agree_to_the_last_bit(road: dict[str, Any]) -> None:
    density = ghosted(ring(jam=road["jam_density_veh_m"]))
    reference = advance_density(density, engine="numpy", **road)
    for engine in ("numba", "python"):
        np.testing.assert_array_equal(advance_density(density, engine=engine, **road), reference)


@pytest.mark.parametrize("road", ROADS, ids=["parabolic", "triangular"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_arrays_of_cupy_stay_there_and_have_the_bits_of_the_host(cupy: Any, road: dict[str, Any], dtype: str) -> None:
    density = ghosted(ring(jam=road["jam_density_veh_m"])).astype(dtype)
    after = advance_density(cupy.asarray(density), engine="cupy", **road)
    assert isinstance(after, cupy.ndarray) and after.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(after.get(), advance_density(density, engine="numpy", **road))


def test_any_number_of_threads_gives_the_same_bits() -> None:
    density = ghosted(ring(n_links=7))
    alone = advance_density(density, **PARABOLIC)
    np.testing.assert_array_equal(advance_density(density, threads=2, **PARABOLIC), alone)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_result_has_the_dtype_given(engine: str, dtype: str) -> None:
    after = advance_density(ghosted(ring(4)).astype(dtype), engine=engine, **PARABOLIC)
    assert after.dtype == np.dtype(dtype)


def test_no_links_give_no_links() -> None:
    assert advance_density(np.empty((0, 5)), **PARABOLIC).shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_step_s": 3.0}, r"time_step_s must be positive and at most 2,.* got 3.0"),
        ({"time_step_s": 1.0, "wave_speed_m_s": 60.0}, r"time_step_s must be positive and at most 0.833,.* got 1.0"),
        ({"time_step_s": float("nan")}, "time_step_s must be positive"),
        ({"time_step_s": -1.0}, "time_step_s must be positive"),
        ({"free_speed_m_s": 0.0}, "free_speed_m_s must be positive and finite, got 0.0"),
        ({"jam_density_veh_m": -0.1}, "jam_density_veh_m must be positive and finite, got -0.1"),
        ({"wave_speed_m_s": float("nan")}, "wave_speed_m_s must be positive and finite, got nan"),
        ({"cell_length_m": float("inf")}, "cell_length_m must be positive and finite, got inf"),
    ],
)
def test_road_that_cannot_be_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        advance_density(ghosted(ring()), **{**PARABOLIC, **change})


@pytest.mark.parametrize("density", [np.zeros(5), np.zeros((3, 2)), np.zeros((3, 5), int), np.zeros((1, 2, 3))])
def test_array_that_is_not_link_by_cell_floats_is_refused(density: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be \(link, cell \+ 2\) floats"):
        advance_density(density, **PARABOLIC)


def test_engine_that_cannot_take_the_array_is_refused_with_those_that_can() -> None:
    with pytest.raises(EngineError, match="choose one of numpy, numba, python, cupy, cuda or 'auto'"):
        advance_density(ghosted(ring()), engine="fortran", **PARABOLIC)
    with pytest.raises(EngineError, match="'cupy' cannot take a host array here; usable: numba, numpy, python"):
        advance_density(ghosted(ring()), engine="cupy", **PARABOLIC)
