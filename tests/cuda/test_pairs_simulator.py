"""Pairs of codes counted on a simulated device, in a process of its own: ``make simulator``."""

from __future__ import annotations

import numpy as np
import pytest
from person_events import draw_events

from citytide.kernels.device_arrays import fetch, place
from citytide.kernels.engines import EngineError
from citytide.kernels.medical.first import find_first_occurrences
from citytide.kernels.medical.pairs import count_pairs

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize("mean", [3.0, 30.0])  # the longer persons have more pairs than a block has threads
def test_pairs_on_the_device_are_the_reference_to_the_last_integer(mean: float) -> None:
    first = find_first_occurrences(*draw_events(6, 6, mean, 40, undated=0.2), 40, engine="python")
    found = count_pairs(*map(place, first), 40)
    assert type(found.first).__name__ == "FakeCUDAArray"
    for mine, other in zip(found, count_pairs(*first, 40, engine="python"), strict=True):
        assert mine.dtype == np.int64
        np.testing.assert_array_equal(fetch(mine), other)


def test_a_code_beyond_the_table_is_refused_on_the_device() -> None:
    with pytest.raises(ValueError, match=r"code must be below n_codes \(3\), got a larger one on the device"):
        count_pairs(place(np.array([0, 2])), place(np.array([1, 2], "i4")), place(np.array([0, 3], "u4")), 3)


def test_host_engine_cannot_take_device_arrays() -> None:
    arrays = place(np.array([0, 1])), place(np.array([1], "i4")), place(np.array([0], "u4"))
    with pytest.raises(EngineError, match="'numba' cannot take a GPU array here; usable: cuda"):
        count_pairs(*arrays, 3, engine="numba")
