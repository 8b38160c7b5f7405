"""The whole public function on a simulated device, in a process of its own: ``make simulator``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
from citytide.kernels.space.grid import Grid
from citytide.kernels.space.regridding import regrid
from citytide.kernels.traffic.godunov import advance_density

pytestmark = pytest.mark.cuda

PARABOLIC: dict[str, Any] = {
    "time_step_s": 1.0,
    "cell_length_m": 50.0,
    "free_speed_m_s": 25.0,
    "jam_density_veh_m": 0.12,
}
ROADS = [PARABOLIC, {**PARABOLIC, "wave_speed_m_s": 6.0}]


@pytest.mark.parametrize("road", ROADS, ids=["parabolic", "triangular"])
@pytest.mark.parametrize(
    "shape",
    [(1, 3), (3, 42), (120, 12), (2, 302), (1, 1026), (1, 1100)],
    ids=["a cell", "short links", "short links in two blocks", "long links", "a block", "a link in two blocks"],
)
def test_density_on_the_device_is_the_reference_to_the_last_bit(road: dict[str, Any], shape: tuple[int, int]) -> None:
    from numba import cuda

    density = np.random.default_rng(0).uniform(0.0, 0.12, shape)
    after = advance_density(cuda.to_device(density), **road)
    assert type(after).__name__ == "FakeCUDAArray"
    np.testing.assert_array_equal(after.copy_to_host(), advance_density(density, engine="numpy", **road))


def test_float32_stays_float32_on_the_device() -> None:
    from numba import cuda

    density = np.full((1, 4), 0.05, "f4")
    assert advance_density(cuda.to_device(density), **PARABOLIC).dtype == np.float32


def test_host_engine_cannot_take_a_device_array() -> None:
    from numba import cuda

    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here; usable: cuda"):
        advance_density(cuda.to_device(np.zeros((1, 4))), engine="numba", **PARABOLIC)


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_regridded_field_on_the_device_is_the_reference_to_the_last_bit(method: Any, dtype: str) -> None:
    from numba import cuda

    rng = np.random.default_rng(0)
    field = rng.uniform(0.0, 1.0, (2, 5, 7)).astype(dtype)
    field[rng.random(field.shape) < 0.2] = np.nan
    grids = Grid(0.0, 0.0, 10.0, 5, 7), Grid(-3.0, 4.0, 7.0, 6, 11)
    after = regrid(cuda.to_device(field), *grids, method=method)
    assert after.dtype == field.dtype
    np.testing.assert_array_equal(after.copy_to_host(), regrid(field, *grids, method=method, engine="numpy"))


def test_grids_apart_give_nan_on_the_device() -> None:
    from numba import cuda

    after = regrid(cuda.to_device(np.ones((2, 2))), Grid(0.0, 0.0, 1.0, 2, 2), Grid(50.0, 50.0, 1.0, 2, 3))
    np.testing.assert_array_equal(after.copy_to_host(), np.full((2, 3), np.nan))


def test_a_mask_cannot_be_laid_over_a_device_array() -> None:
    from numba import cuda

    grid = Grid(0.0, 0.0, 1.0, 2, 2)
    with pytest.raises(ValueError, match="on a GPU mark unknown cells with NaN"):
        regrid(cuda.to_device(np.ones((2, 2))), grid, grid, valid=np.ones((2, 2), bool))
