"""Trajectories taken step by step are those of the extrapolation, and lead astray by as much as they are told to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.rain.advection import extrapolate_rain
from citytide.kernels.hydro.rain.trajectories import Trajectories


def make_case(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.Generator(np.random.Philox(8))
    y, x = np.mgrid[:40, :50]
    motion = np.stack([1.5 + 0.03 * y, -0.8 + 0.02 * x]).astype(dtype)
    return rng.random((40, 50)).astype(dtype), motion


def test_steps_lead_where_the_extrapolation_looks() -> None:
    for dtype in ("float32", "float64"):
        rain, motion = make_case(dtype)
        ways, whole = Trajectories(motion), extrapolate_rain(rain, motion, n_steps=5)
        for step in range(5):
            ways.step()
            assert np.array_equal(ways.look_up(rain), whole[step], equal_nan=True)


def test_straying_is_along_and_to_the_left() -> None:
    ways = Trajectories(np.stack([np.full((9, 20), 2.0), np.zeros((9, 20))]))
    ways.step()  # every way leads 2 cells west
    y, x = np.mgrid[:9, :20].astype(float)
    np.testing.assert_allclose(ways.look_up(x, ahead=1.0)[4, 5:15], x[4, 5:15] - 3.0)
    np.testing.assert_allclose(ways.look_up(y, aside=1.5)[4, 5:15], 2.5)  # left of westwards is south


def test_threads_leave_no_trace_and_where_nothing_moves_nothing_changes() -> None:
    rain, motion = make_case("float32")
    one, two = Trajectories(motion), Trajectories(motion, threads=2)
    for ways in (one, two):
        ways.step()
        ways.step()
    assert np.array_equal(one.look_up(rain), two.look_up(rain), equal_nan=True)
    still = Trajectories(np.zeros_like(motion))
    still.step()
    assert np.array_equal(still.look_up(rain, ahead=3.0), rain)  # a way of no length has no direction


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ["numpy", "cupy"])
def test_ways_in_whole_arrays_are_those_of_the_loops(cupy: Any, dtype: str, engine: Any) -> None:
    rain, motion = make_case(dtype)
    rain[3, 4] = np.nan
    motion[:, 5:8] = 0.0
    place = cupy.asarray if engine == "cupy" else np.asarray
    whole, loops = Trajectories(place(motion), engine=engine), Trajectories(motion)
    for _ in range(3):
        whole.step()
        loops.step()
        found = whole.look_up(place(rain), ahead=1.5, aside=-0.7)
        found, way = (found.get(), whole.way.get()) if engine == "cupy" else (found, whole.way)
        np.testing.assert_array_equal(way, loops.way)
        np.testing.assert_array_equal(found, loops.look_up(rain, ahead=1.5, aside=-0.7))
    assert np.isnan(found).any() and not np.isnan(found).all()


def test_field_of_the_host_is_not_looked_up_on_a_gpu(cupy: Any) -> None:
    rain, motion = make_case("float32")
    ways = Trajectories(cupy.asarray(motion))
    with pytest.raises(EngineError, match="got motion on a GPU and field on the host"):
        ways.look_up(rain)
