"""Arrays in the memory of a GPU, of CuPy or of Numba, handled alike; host arrays pass through the same functions."""

from __future__ import annotations

from numbers import Number
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from .engines import EngineError, empty_for, is_device_array

__all__ = ["array_module", "as_alike", "bits_of", "choose_rows", "copy_of", "fetch", "place", "place_beside"]


def array_module(*arrays: Any) -> ModuleType:
    """The module whose functions take these arrays: CuPy if one of them is CuPy's, else NumPy.

    Raises
    ------
    EngineError
        If one is an array of Numba's in a GPU's memory, which has no functions of its own.

    Examples
    --------
    >>> array_module([1.0, 2.0], np.ones(2)).__name__
    'numpy'
    """
    if any(_is_cupy(array) for array in arrays):
        import cupy

        module: ModuleType = cupy
        return module
    if any(is_device_array(array) for array in arrays):
        raise EngineError("this kernel takes a GPU's arrays as CuPy's, got one of Numba's: hand over cupy.asarray(it)")
    return np


def as_alike(dtype: npt.DTypeLike | None = None, /, **given: Any) -> tuple[Any, ...]:
    """What was given, in order, as arrays of one module: all of CuPy, or all of NumPy.

    Beside a CuPy array only numbers become CuPy's too. An array of the host, or a list, is refused: to copy it would
    cost more than the work, and nobody would see it. Without a CuPy array all is host data, in any form.

    Parameters
    ----------
    dtype
        Of all that comes back; None keeps each one's own.
    **given
        Arrays, lists and numbers by the names that a refusal gives them; None, for one that was omitted, stays None.

    Raises
    ------
    EngineError
        If host data stand beside a CuPy array, or an array is Numba's, which has no functions of its own.

    Examples
    --------
    >>> ensemble, observed, valid = as_alike(np.float64, ensemble=np.ones((2, 1), np.float32), observed=3, valid=None)
    >>> ensemble.dtype, observed, valid
    (dtype('float64'), array(3.), None)
    """
    modules = {name: array_module(one) for name, one in given.items()}
    on_device = [name for name, module in modules.items() if module is not np]
    xp = modules[on_device[0]] if on_device else np
    for name, one in given.items():
        if on_device and not (one is None or name in on_device or _is_number(one)):
            raise EngineError(
                f"arrays of one call must be in one memory, got {on_device[0]} on a GPU and {name} on the host: "
                f"hand over cupy.asarray({name}), or {on_device[0]}.get()"
            )
    return tuple(one if one is None else xp.asarray(one, dtype) for one in given.values())


def place(array: Any) -> Any:
    """A copy in a GPU's memory, of Numba's kind; ``cupy.asarray`` takes it without another copy.

    An empty array becomes one of length 1 in each dim: a device has no empty arrays.

    Raises
    ------
    ImportError
        If Numba has no CUDA target here.
    """
    import numba.cuda

    array = np.ascontiguousarray(array)
    return numba.cuda.to_device(array if array.size else np.zeros((1,) * array.ndim, array.dtype))


def place_beside(like: Any, array: Any) -> Any:
    """A host array where ``like`` lives."""
    if not is_device_array(like):
        return array
    if _is_cupy(like):
        import cupy

        return cupy.asarray(array if array.size else np.zeros((1,) * array.ndim, array.dtype))
    return place(array)


def fetch(array: Any) -> Any:
    """The array in host memory.

    Examples
    --------
    >>> fetch(np.ones(2))
    array([1., 1.])
    """
    if not is_device_array(array):
        return array
    return array.get() if _is_cupy(array) else array.copy_to_host()


def copy_of(array: Any) -> Any:
    """A copy where the array lives."""
    if not is_device_array(array) or _is_cupy(array):
        return array.copy()
    twin = empty_for(array, array.shape)
    if array.size:
        twin.copy_to_device(array)
    return twin


def choose_rows(takes: npt.NDArray[np.bool_], mine: Any, other: Any) -> Any:
    """The rows of ``mine`` where ``takes``, those of ``other`` elsewhere; a new array.

    Examples
    --------
    >>> choose_rows(np.array([True, False]), np.ones(2), np.zeros(2))
    array([1., 0.])
    """
    chosen = copy_of(mine)
    for row in np.flatnonzero(~takes):
        if is_device_array(chosen) and not _is_cupy(chosen):
            chosen[row].copy_to_device(other[row])
        else:
            chosen[row] = other[row]
    return chosen


def bits_of(array: Any) -> Any:
    """The same memory as whole numbers of the same width; of floats from 0 up they have the floats' order.

    Examples
    --------
    >>> bits_of(np.array([1.0], np.float32)).dtype
    dtype('int32')
    """
    return array.view(np.dtype(f"i{array.dtype.itemsize}"))


def _is_number(one: Any) -> bool:
    return isinstance(one, Number | np.generic) or (isinstance(one, np.ndarray) and one.ndim == 0)


def _is_cupy(array: Any) -> bool:
    return type(array).__module__.partition(".")[0] == "cupy"
