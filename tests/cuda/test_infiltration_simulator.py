"""Infiltration on a simulated device is that of the host, and what is wrong there is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.device_arrays import place
from citytide.kernels.engines import EngineError
from citytide.kernels.hydro.infiltration import compute_infiltration

pytestmark = pytest.mark.cuda

STEP = {"time_step_s": 60.0}


def make_soil() -> dict[str, Any]:
    """Of 4 rows and 5 columns, sealed cells and cells without suction or room among them."""
    random = np.random.default_rng(3)
    conductivity, suction, deficit = (
        10.0 ** random.uniform(-9, -3, (4, 5)),
        random.random((4, 5)),
        random.random((4, 5)),
    )
    conductivity[0], suction[1], deficit[2] = 0.0, 0.0, 0.0
    return {"conductivity_m_s": conductivity, "suction_m": suction, "deficit": deficit}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5), (4, 5), (5,)])
def test_infiltration_on_the_device_is_that_of_the_host(dtype: str, shape: tuple[int, ...]) -> None:
    sunk, soil = np.random.default_rng(2).random(shape).astype(dtype), make_soil()
    found = compute_infiltration(place(sunk), **{name: place(values) for name, values in soil.items()}, **STEP)
    expected = compute_infiltration(sunk, **soil, **STEP)
    np.testing.assert_array_equal(found.copy_to_host(), expected, strict=True)
    assert (expected > 0.0).any() and (expected == 0.0).any()


def test_numbers_stand_for_all_cells() -> None:
    soil = {"conductivity_m_s": 1e-5, "suction_m": 0.2, "deficit": 0.3}
    found = compute_infiltration(place(np.zeros((1, 2, 3))), **soil, **STEP)
    np.testing.assert_array_equal(
        found.copy_to_host(), np.broadcast_to(compute_infiltration(0.0, **soil, **STEP), (1, 2, 3))
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("conductivity_m_s", -1.0, "conductivity_m_s must be finite and >= 0, got -1"),
        ("suction_m", np.inf, "suction_m must be finite and >= 0, got inf"),
        ("deficit", 1.5, "deficit must be at most 1, got 1.5"),
        ("deficit", np.nan, "deficit must be finite and >= 0, got nan"),
    ],
)
def test_what_is_wrong_on_the_device_is_named(name: str, value: float, said: str) -> None:
    soil = make_soil()
    soil[name][3, 4] = value
    with pytest.raises(ValueError, match=said):
        compute_infiltration(place(np.ones((2, 4, 5))), **{name: place(one) for name, one in soil.items()}, **STEP)


def test_arrays_of_two_memories_are_refused() -> None:
    with pytest.raises(EngineError, match=r"got sunk on a GPU and suction_m on the host: hand over numba\.cuda"):
        compute_infiltration(place(np.ones(3)), conductivity_m_s=1e-5, suction_m=np.ones(3), deficit=0.1, **STEP)
    with pytest.raises(EngineError, match="may have up to 3 dims here, got 4: reshape them"):
        compute_infiltration(place(np.ones((2, 1, 1, 3))), conductivity_m_s=1e-5, suction_m=0.1, deficit=0.1, **STEP)
    with pytest.raises(EngineError, match="cannot take a GPU array here"):
        compute_infiltration(
            place(np.ones(3)), conductivity_m_s=1e-5, suction_m=0.1, deficit=0.1, engine="numba", **STEP
        )
