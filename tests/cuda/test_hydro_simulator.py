"""Water on a simulated device is the water of the host, within what another cube root makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lockstep import Lockstep

from citytide.kernels.device_arrays import fetch, place
from citytide.kernels.engines import is_device_array
from citytide.kernels.hydro.inertia import device
from citytide.kernels.hydro.inertia.outflows import measure_outflows
from citytide.kernels.hydro.inertia.step import advance_inertia, measure_depths
from citytide.kernels.hydro.inertia.sweeps import INERTIA
from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.rain.advection import extrapolate_rain
from citytide.kernels.hydro.rain.trajectories import LOOK_UP, TRACE, Trajectories
from citytide.kernels.hydro.shallow_water.step import advance_shallow_water, measure_signals
from citytide.kernels.hydro.surface_water.maps import MAPS
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import PLACED, Forcing, Water

pytestmark = pytest.mark.cuda

ROUNDING = {"f4": 1e-5, "f8": 1e-12}


def make_case(dtype: str, *, ring: int = 1, faces: bool = True, n_members: int = 2) -> tuple[Surface, Water, Forcing]:
    """Uneven wet and dry ground under rain, with losses, a source and a held cell."""
    random = np.random.default_rng(1)
    surface = Surface.enclose(random.random((4, 5)), 0.03, cell_m=10.0, dtype=dtype, ring=ring)
    depth = np.maximum(random.random((n_members, 4, 5)) - 0.3, 0.0)
    n_x, open_ground = surface.shape[1], ~surface.is_wall
    forcing = Forcing(
        rain=np.where(open_ground, random.random((n_members, *surface.shape)) * 1e-3, 0.0),
        loss=np.where(open_ground, 2e-4, 0.0)[None],
        source_cell=np.array([(ring + 1) * n_x + ring + 1]), source=np.array([[0.02]]),
        level_cell=np.array([(ring + 2) * n_x + ring + 4]), level=np.array([[1.5]]),
    )  # fmt: skip
    return surface, Water.rest(surface, depth, n_members=n_members, faces=faces), forcing


def assert_alike(there: Water, here: Water, bound: float) -> None:
    for name in (*PLACED, "gained"):
        got, expected = getattr(there, name), getattr(here, name)
        assert got.dtype == expected.dtype and got.shape == expected.shape, name
        np.testing.assert_allclose(got, expected, rtol=bound, atol=bound, err_msg=name)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_local_inertia_on_the_device_is_that_of_the_host(dtype: str) -> None:
    surface, water, forcing = make_case(dtype)
    steps: dict[str, Any] = {"time_step_s": [0.5, 0.25], "n_steps": [1, 4], "clock_s": 7.0}
    there, peak = advance_inertia(water.on_device(), surface.on_device(), forcing, **steps)
    here, expected = advance_inertia(water, surface, forcing, engine="python", **steps)
    assert is_device_array(there.depth) and np.isfinite(here.maps[2]).any() and here.gained.any()
    assert_alike(there.on_host(), here, ROUNDING[dtype])
    np.testing.assert_array_equal(peak, expected)
    np.testing.assert_array_equal(measure_depths(there), measure_depths(there.on_host()))
    back = there.on_host()
    np.testing.assert_array_equal(measure_outflows(there, [3.0, 5.0]), measure_outflows(back, [3.0, 5.0]))
    assert measure_outflows(back).min() > 0.0
    np.testing.assert_array_equal(there.on_host().maps, back.maps)


@pytest.mark.parametrize("backwards", [False, True])
def test_threads_of_a_block_meet_in_any_order_where_a_member_between_two_others_waits(
    backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members take turns in a block's shared memory: who waits must not let two others have the same turn."""
    surface, water, forcing = make_case("f8", n_members=3)
    lockstep = Lockstep(backwards=backwards)
    monkeypatch.setattr(device, "cuda", lockstep)
    sweeps = INERTIA[8]

    def run(out: Any, *args: Any) -> None:
        arrays = (getattr(array, "_ary", array) for array in (out, *args))
        lockstep.run(device.advance_cell, sweeps.launch(out.shape[-2:]), *arrays)

    steps: dict[str, Any] = {"time_step_s": 0.5, "n_steps": [3, 1, 3]}
    here, _ = advance_inertia(water, surface, forcing, engine="python", **steps)
    monkeypatch.setattr(sweeps, "compiled", lambda engine, parallel=False: run)
    there, _ = advance_inertia(water.on_device(), surface.on_device(), forcing, **steps)
    assert_alike(there.on_host(), here, ROUNDING["f8"])


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_shallow_water_on_the_device_is_that_of_the_host(dtype: str, order: Any) -> None:
    surface, water, forcing = make_case(dtype, ring=order, faces=False)
    steps: dict[str, Any] = {"time_step_s": [0.5, 0.25], "n_steps": [1, 4], "clock_s": 7.0, "order": order}
    there, fastest = advance_shallow_water(water.on_device(), surface.on_device(), forcing, **steps)
    here, expected = advance_shallow_water(water, surface, forcing, engine="python", **steps)
    assert is_device_array(there.depth) and np.isfinite(here.maps[2]).any() and np.abs(here.flow_y).max() > 0.01
    assert_alike(there.on_host(), here, ROUNDING[dtype])
    np.testing.assert_allclose(fastest, expected, rtol=ROUNDING[dtype])
    np.testing.assert_allclose(measure_signals(there), measure_signals(there.on_host()), rtol=1e-6)


def test_water_that_is_no_number_is_noted() -> None:
    surface, water, _ = make_case("f4", faces=False)
    water.depth[1, 2, 2] = np.nan
    _, fastest = advance_shallow_water(water.on_device(), surface, time_step_s=0.1)
    assert np.isfinite(fastest[0]) and not np.isfinite(fastest[1])
    assert not np.isfinite(measure_signals(water.on_device())[1])


def test_windows_on_the_device_meet_the_horizon_and_do_a_broken_one_again() -> None:
    surface, water, forcing = make_case("f8")
    forcing = replace(forcing, source=np.array([[2.0], [0.0]]))  # one member's water soon outruns its bound
    span: dict[str, Any] = {"start_s": 0.0, "horizon_s": 4.0}
    there, n_there = advance_flood(water.on_device(), surface, forcing, **span)
    here, n_here = advance_flood(water, surface, forcing, engine="python", **span)
    assert n_there.tolist() == n_here.tolist() and n_here[0] > n_here[1]
    assert_alike(there.on_host(), here, 1e-10)


def test_water_without_maps_comes_back_without_them() -> None:
    surface, _, _ = make_case("f4")
    water = Water.rest(surface, 0.1, maps=False).on_device()
    after, _ = advance_inertia(water, surface, time_step_s=0.5)
    assert not after.has_maps and after.on_host().maps.shape == (len(MAPS), 0, 0, 0)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rain_carried_on_the_device_is_that_of_the_host_to_the_last_bit(dtype: str) -> None:
    from numba import cuda

    random = np.random.default_rng(2)
    rain = random.random((5, 6)).astype(dtype)
    rain[1, 2] = np.nan
    motion = random.uniform(-1.5, 1.5, (2, 5, 6))
    there = extrapolate_rain(cuda.to_device(rain), motion, n_steps=3)
    assert there.dtype == rain.dtype
    here = extrapolate_rain(rain, motion, n_steps=3, engine="python")
    assert np.isnan(here).any() and not np.isnan(here).all()
    np.testing.assert_array_equal(there.copy_to_host(), here)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_ways_on_the_device_are_those_of_the_host_to_the_last_bit(dtype: str) -> None:
    random, number = np.random.default_rng(3), np.dtype(dtype).type
    motion = random.uniform(-1.5, 1.5, (2, 5, 6)).astype(dtype)
    motion[:, 2] = 0.0  # a way of no length has no direction
    field = random.random((5, 6)).astype(dtype)
    field[1, 2] = np.nan
    ways = Trajectories(motion, engine="python")
    way = place(ways.way)
    for _ in range(2):
        ways.step()
        TRACE("cuda", way, place(motion[0]), place(motion[1]), number(0.0), number(0.5))
    np.testing.assert_array_equal(fetch(way), ways.way)
    scalars = map(number, (0.4, -0.3, 0.0, np.nan))
    there = fetch(LOOK_UP("cuda", place(np.empty_like(field)), place(field), way[0], way[1], *scalars))
    here = ways.look_up(field, ahead=0.4, aside=-0.3)
    assert here.dtype == there.dtype == field.dtype and 0 < np.isnan(here).sum() < here.size
    np.testing.assert_array_equal(there, here)


@pytest.mark.parametrize("scheme", ["inertia", "first", "second"])
def test_benchmark_advances_water_on_the_device(scheme: str) -> None:
    from citytide.benchmarks.cases.hydro_device import time_device, time_triad

    answer = time_device(3, scheme=scheme, members=2, steps=2, repeat=1)
    cells = 49 if scheme == "second" else 25  # with the ring
    assert answer["updates"] == 36 and answer["checksum"] == pytest.approx(9 / cells, rel=1e-3)
    assert time_triad(n=10, repeat=1) > 0.0
