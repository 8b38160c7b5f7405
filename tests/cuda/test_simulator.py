"""The whole public function on a simulated device, in a process of its own: ``make simulator``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import EngineError
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
@pytest.mark.parametrize("shape", [(1, 3), (3, 42)])
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
