"""Water in CuPy's memory, in whole arrays, is the water of whole arrays on the host to the last bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.inertia.outflows import measure_outflows
from citytide.kernels.hydro.inertia.step import advance_inertia, measure_depths
from citytide.kernels.hydro.inundation import advance_flood
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import PLACED, Forcing, Water, measure_volumes

RANDOM = np.random.default_rng(1)
SURFACE = Surface.enclose(RANDOM.random((4, 5)), 0.03, cell_m=10.0)
OPEN = ~SURFACE.is_wall
RAIN = np.where(OPEN, RANDOM.random((2, *SURFACE.shape)) * 1e-3, 0.0)
LOSS = np.where(OPEN, 2e-4, 0.0)[None]
FED = {"source_cell": np.array([15]), "source": np.array([[0.02]])}
HELD = {"level_cell": np.array([26, 27]), "level": np.array([[1.5, 1.2]])}
FORCINGS = {
    "none": Forcing(),
    "rain": Forcing(rain=RAIN),
    "loss": Forcing(loss=LOSS),
    "rain and loss": Forcing(rain=RAIN[:1], loss=LOSS),
    "sources": Forcing(**FED),
    "levels": Forcing(rain=RAIN, **HELD),
    "empty lists": Forcing(
        source_cell=np.zeros(0, int), source=np.zeros((1, 0)), level_cell=np.zeros(0, int), level=np.zeros((1, 0))
    ),
    "all": Forcing(rain=RAIN, loss=LOSS, **FED, **HELD),
}


def make_water(*, maps: bool = True, n_held: int = 1) -> Water:
    depth = np.maximum(np.random.default_rng(2).random((2, 4, 5)) - 0.3, 0.0)
    return Water.rest(SURFACE, depth, n_members=2, maps=maps, n_held=n_held)


def assert_same(there: Water, here: Water) -> None:
    for name in (*PLACED, "gained"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name), err_msg=name, strict=True)


@pytest.mark.parametrize("maps", [True, False], ids=["maps", "no maps"])
@pytest.mark.parametrize("name", list(FORCINGS))
def test_inertia_on_cupys_arrays_has_the_bits_of_the_host(cupy: Any, name: str, maps: bool) -> None:
    water = make_water(maps=maps, n_held=2 if name == "levels" else 1)
    steps: dict[str, Any] = {"time_step_s": [0.5, 0.0], "n_steps": [2, 3], "clock_s": 7.0}  # the second member waits
    there = water.on_device(library="cupy")
    assert all(isinstance(getattr(there, field), cupy.ndarray) for field in PLACED)
    after, peak = advance_inertia(there, SURFACE.on_device("cupy"), FORCINGS[name], engine="cupy", **steps)
    here, expected = advance_inertia(water, SURFACE, FORCINGS[name], engine="numpy", **steps)
    assert all(isinstance(getattr(after, field), cupy.ndarray) for field in PLACED)
    assert_same(after.on_host(), here)
    np.testing.assert_array_equal(peak, expected)
    np.testing.assert_array_equal(measure_depths(after), measure_depths(here))
    np.testing.assert_allclose(measure_volumes(after, SURFACE), measure_volumes(here, SURFACE), rtol=1e-14)
    np.testing.assert_array_equal(measure_outflows(after, [3.0, 5.0]), measure_outflows(here, [3.0, 5.0]))
    assert_same(after.on_host(), here)


def test_a_flood_on_cupys_arrays_is_that_of_the_host_also_where_a_window_is_done_again(cupy: Any) -> None:
    forcing = replace(FORCINGS["all"], source=np.array([[2.0], [0.0]]))  # one member's water soon outruns its bound
    span: dict[str, Any] = {"start_s": 0.0, "horizon_s": 4.0}
    there, n_there = advance_flood(make_water().on_device(library="cupy"), SURFACE, forcing, engine="cupy", **span)
    here, n_here = advance_flood(make_water(), SURFACE, forcing, engine="numpy", **span)
    assert n_there.tolist() == n_here.tolist() and n_here[0] > n_here[1]
    assert_same(there.on_host(), here)


def test_one_member_becomes_many_and_a_forcing_may_lie_beside_the_water(cupy: Any) -> None:
    one = Water.rest(SURFACE, 0.1)
    many = one.on_device(2, library="cupy")
    assert many.n_members == 2 and isinstance(many.maps, cupy.ndarray)
    after, _ = advance_inertia(many, SURFACE, Forcing(rain=cupy.asarray(RAIN)), time_step_s=0.5, engine="cupy")
    here, _ = advance_inertia(Water.rest(SURFACE, 0.1, n_members=2), SURFACE, Forcing(rain=RAIN), time_step_s=0.5,
                              engine="numpy")  # fmt: skip
    assert_same(after.on_host(), here)


def test_a_forcing_of_another_memory_or_dtype_is_refused(cupy: Any) -> None:
    forcing = Forcing(rain=cupy.asarray(RAIN))
    with pytest.raises(EngineError, match="got one of CuPy's on a GPU for water of the host's: hand it over on the"):
        advance_inertia(make_water(), SURFACE, forcing, time_step_s=0.5)
    forcing = Forcing(rain=cupy.asarray(RAIN.astype("f4")))
    with pytest.raises(EngineError, match="must have the water's dtype float64, got float32: convert it first"):
        advance_inertia(make_water().on_device(library="cupy"), SURFACE, forcing, time_step_s=0.5, engine="cupy")
    with pytest.raises(ValueError, match="library must be 'numba' or 'cupy', got 'torch'"):
        make_water().on_device(library="torch")  # type: ignore[arg-type]
