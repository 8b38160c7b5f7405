"""Arrays of a simulated device."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.device_arrays import bits_of, choose_rows, copy_of, fetch, place, place_beside
from citytide.kernels.engines import is_device_array

pytestmark = pytest.mark.cuda


def test_array_goes_there_and_back() -> None:
    values = np.arange(6.0).reshape(2, 3)
    there = place(values)
    values[:] = -1.0
    assert is_device_array(there)
    np.testing.assert_array_equal(fetch(there), np.arange(6.0).reshape(2, 3))
    assert is_device_array(place_beside(there, np.zeros(2)))


def test_empty_array_is_one_of_length_one() -> None:
    assert tuple(place(np.zeros((4, 0, 0, 0), "f4")).shape) == (1, 1, 1, 1)


def test_copy_and_chosen_rows_leave_the_first_as_it_was() -> None:
    there = place(np.ones((3, 2)))
    chosen = choose_rows(np.array([True, False, True]), there, place(np.zeros((3, 2))))
    assert fetch(chosen)[:, 0].tolist() == [1.0, 0.0, 1.0]
    twin = copy_of(there)
    twin[0, 0] = 5.0
    assert fetch(there).all() and fetch(there)[0, 0] == 1.0


def test_bits_share_the_memory() -> None:
    there = place(np.ones((1, 2), "f4"))
    bits = bits_of(there)
    there[0, 0] = 0.0
    assert bits[0, 0] == 0 and bits[0, 1] == np.float32(1.0).view(np.int32)
