"""Water on a real GPU, where one is at hand: ``pytest -m gpu``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.rain.advection import extrapolate_rain
from citytide.kernels.hydro.rain.nowcast import nowcast_ensemble
from citytide.kernels.hydro.shallow_water.step import advance_shallow_water
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water, measure_volumes

pytestmark = pytest.mark.gpu


def hills(n: int, dtype: str, ring: int = 1) -> Surface:
    y, x = np.mgrid[0:n, 0:n] / 25.0
    return Surface.enclose(np.sin(x) + np.cos(1.3 * y), 0.03, cell_m=10.0, dtype=dtype, ring=ring)


@pytest.mark.parametrize(("dtype", "bound"), [("f4", 1e-3), ("f8", 1e-9)])
def test_flood_on_the_device_is_that_of_the_host_and_loses_no_water(dtype: str, bound: float) -> None:
    surface = hills(200, dtype)
    rain = Forcing(rain=np.where(surface.is_wall, 0.0, 2e-5)[None])
    water, span = Water.rest(surface, 0.2, n_members=3), {"start_s": 0.0, "horizon_s": 120.0}
    there, n_there = advance_flood(water.on_device(), surface.on_device(), rain, **span)
    here, n_here = advance_flood(water, surface, rain, **span)
    assert n_there.tolist() == n_here.tolist()
    np.testing.assert_allclose(there.on_host().depth, here.depth, rtol=0, atol=bound)
    fed = measure_volumes(water, surface) + 120.0 * 2e-5 * 200 * 200 * 100.0
    assert measure_volumes(there.on_host(), surface) == pytest.approx(fed, rel=1e-4 if dtype == "f4" else 1e-10)


@pytest.mark.parametrize("order", [1, 2])
def test_shallow_water_on_the_device_is_that_of_the_host(order: Any) -> None:
    surface = hills(200, "f8", ring=order)
    water = Water.rest(surface, np.random.default_rng(0).random((200, 200)), faces=False)
    steps: dict[str, Any] = {"time_step_s": 0.2, "n_steps": 20, "order": order}
    there, fastest = advance_shallow_water(water.on_device(), surface.on_device(), **steps)
    here, expected = advance_shallow_water(water, surface, **steps)
    np.testing.assert_allclose(there.on_host().depth, here.depth, rtol=0, atol=1e-9)
    np.testing.assert_allclose(fastest, expected, rtol=1e-9)


def test_rain_carried_on_the_device_is_that_of_the_host() -> None:
    from numba import cuda

    random = np.random.default_rng(2)
    rain, motion = random.random((300, 400)), random.uniform(-2.0, 2.0, (2, 300, 400))
    there = extrapolate_rain(cuda.to_device(rain), motion, n_steps=3, outside=0.0)
    np.testing.assert_allclose(
        there.copy_to_host(), extrapolate_rain(rain, motion, n_steps=3, outside=0.0), rtol=0, atol=1e-9
    )


def test_ensemble_of_rain_on_the_device_is_that_of_the_host() -> None:
    cupy = pytest.importorskip("cupy")
    y, x = np.mgrid[:200, :240]
    random = np.random.Generator(np.random.Philox(9))
    rain = np.zeros((3, 200, 240), np.float32)
    for at_x, at_y, peak in random.uniform((0, 0, 2), (240, 200, 40), (60, 3)):
        for step in range(3):
            rain[step] += peak * np.exp(-((x - at_x - step) ** 2 + (y - at_y) ** 2) / 60.0)
    motion = np.stack([np.ones((200, 240)), np.zeros((200, 240))])
    asked: dict[str, Any] = {"n_steps": 6, "members": [0, 1], "seed": 1}
    here = nowcast_ensemble(rain, motion, **asked)
    there = nowcast_ensemble(cupy.asarray(rain), cupy.asarray(motion), **asked).get()
    assert (np.isnan(there) != np.isnan(here)).mean() < 1e-3
    off = np.abs(there - here)
    assert np.nanmean(off) < 1e-4 * np.nanmean(here) and (off > 0.01).mean() < 1e-3
    for engine in ("cuda", "cupy"):
        carried = extrapolate_rain(cupy.asarray(rain[-1]), cupy.asarray(motion), n_steps=3, engine=engine)
        np.testing.assert_allclose(carried.get(), extrapolate_rain(rain[-1], motion, n_steps=3), rtol=0, atol=1e-3)
