from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.kernels.device_arrays import as_alike, bits_of, choose_rows, copy_of, fetch, place_beside
from citytide.kernels.engines import EngineError


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


def test_host_data_of_any_form_become_host_arrays_of_one_dtype() -> None:
    kept = np.arange(3.0)
    one, two, three, none = as_alike(np.float64, one=kept, two=[1, 2], three=4, none=None)
    assert one is kept and none is None
    assert two.dtype == three.dtype == np.float64 and three.shape == ()


def test_each_keeps_its_dtype_unless_one_is_named() -> None:
    found = as_alike(one=np.ones(2, np.float32), two=[True, False], three=[1, 2])
    assert [array.dtype for array in found] == [np.float32, np.bool_, np.int64]


def test_numbers_go_along_with_a_device_array(cupy: Any) -> None:
    kept = cupy.asarray(np.ones(2, np.float32))
    found = as_alike(kept=kept, number=2.5, counted=3, truth=True, typed=np.float32(1.5), lone=np.array(0.5), none=None)
    assert found[0] is kept and found[-1] is None
    assert all(isinstance(array, cupy.ndarray) for array in found[:-1])
    assert [array.dtype for array in found[1:5]] == [np.float64, np.int64, np.bool_, np.float32]
    (single,) = as_alike(np.float64, kept=kept)
    assert isinstance(single, cupy.ndarray) and single.dtype == np.float64


@pytest.mark.parametrize("host", [np.ones(2), [1.0, 2.0], (1.0,)])
def test_host_data_beside_a_device_array_are_refused_by_both_names(cupy: Any, host: Any) -> None:
    said = (
        "arrays of one call must be in one memory, got ensemble on a GPU and observed on the host: "
        r"hand over cupy.asarray\(observed\), or ensemble.get\(\)"
    )
    for given in ({"ensemble": cupy.ones(2), "observed": host}, {"observed": host, "ensemble": cupy.ones(2)}):
        with pytest.raises(EngineError, match=said):
            as_alike(np.float64, **given)


def test_an_array_of_numba_is_refused_with_the_way_to_cupy_alone_and_beside_cupys(cupy: Any) -> None:
    class FakeCUDAArray:
        """By its name the simulator's arrays are known."""

    for beside in ({}, {"other": cupy.ones(2)}):
        with pytest.raises(EngineError, match=r"got one of Numba's: hand over cupy.asarray\(it\)"):
            as_alike(field=FakeCUDAArray(), **beside)
