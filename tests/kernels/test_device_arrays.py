from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.device_arrays import bits_of, choose_rows, copy_of, fetch, place_beside


def test_host_arrays_pass_through() -> None:
    values = np.arange(3.0)
    assert fetch(values) is values and place_beside(np.zeros(1), values) is values
    twin = copy_of(values)
    twin[0] = 9.0
    assert values[0] == 0.0


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bits_of_floats_from_zero_up_have_their_order(dtype: str) -> None:
    values = np.sort(np.append(np.random.default_rng(0).random(50) * 1e3, [0.0, np.inf])).astype(dtype)
    bits = bits_of(values)
    assert bits.dtype.itemsize == values.dtype.itemsize and (np.diff(bits) >= 0).all() and bits[0] == 0
    np.testing.assert_array_equal(bits.view(dtype), values)


def test_rows_are_chosen_into_a_new_array() -> None:
    mine, other = np.ones((3, 2)), np.zeros((3, 2))
    assert choose_rows(np.array([True, False, True]), mine, other)[:, 0].tolist() == [1.0, 0.0, 1.0]
    assert mine.all()
