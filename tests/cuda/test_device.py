"""The public functions on a real GPU, where one is at hand: ``pytest -m gpu``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.device_arrays import fetch, place
from citytide.kernels.traffic.godunov import advance_density
from citytide.kernels.traffic.network import RoadNetwork
from citytide.kernels.traffic.paths import load_trees

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


@pytest.mark.parametrize("side", [50, 90], ids=["labels in shared memory", "labels in global memory"])
def test_trees_on_the_device_cost_what_those_of_the_host_cost_and_carry_the_same_flows_every_time(side: int) -> None:
    rng = np.random.default_rng(0)
    n = side * side
    node = np.arange(n).reshape(side, side)
    pairs = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    tail = np.concatenate([part.ravel() for one, other in pairs for part in (one, other)])
    head = np.concatenate([part.ravel() for one, other in pairs for part in (other, one)])
    cost = rng.lognormal(0.0, 1.0, len(tail))
    network = RoadNetwork(n, tail, head, cost, *([np.ones(len(tail))] * 3), passable=rng.random(n) < 0.98)
    zones = np.sort(rng.choice(n, 40, replace=False))
    trips = np.repeat(zones, 40), np.tile(zones, 40), rng.integers(1, 9, 1600).astype(float)
    first, second = (load_trees(network, place(cost), *trips) for _ in range(2))
    expected = load_trees(network, cost, *trips)
    np.testing.assert_array_equal(fetch(first.od_cost), expected.od_cost)
    np.testing.assert_array_equal(fetch(first.flow), expected.flow)  # whole trips, and no paths tie
    np.testing.assert_array_equal(fetch(second.flow), fetch(first.flow))
