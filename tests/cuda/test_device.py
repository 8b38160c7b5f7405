"""The public functions on a real GPU, where one is at hand: ``pytest -m gpu``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.traffic.godunov import advance_density

pytestmark = pytest.mark.gpu

ROAD: dict[str, Any] = {
    "time_step_s": 1.0,
    "cell_length_m": 50.0,
    "free_speed_m_s": 25.0,
    "jam_density_veh_m": 0.12,
}


@pytest.mark.parametrize("wave_speed_m_s", [None, 6.0], ids=["parabolic", "triangular"])
@pytest.mark.parametrize(("dtype", "bound"), [("f8", 1e-16), ("f4", 1e-7)])
def test_density_on_the_device_is_the_reference_within_a_rounding(
    wave_speed_m_s: float | None, dtype: str, bound: float
) -> None:
    from numba import cuda

    density = np.random.default_rng(0).uniform(0.0, 0.12, (1000, 1002)).astype(dtype)
    after = advance_density(cuda.to_device(density), wave_speed_m_s=wave_speed_m_s, **ROAD).copy_to_host()
    reference = advance_density(density, engine="numpy", wave_speed_m_s=wave_speed_m_s, **ROAD)
    assert after.dtype == reference.dtype
    np.testing.assert_allclose(after, reference, rtol=0, atol=bound)  # a device fuses multiply and add
