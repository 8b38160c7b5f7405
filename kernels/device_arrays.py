"""Arrays in the memory of a GPU, of CuPy or of Numba, handled alike; host arrays pass through the same functions."""

from __future__ import annotations

from numbers import Number
from types import ModuleType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .engines import EngineError, empty_for, is_cupys, is_device_array

__all__ = [
    "Library",
    "array_module",
    "as_alike",
    "bits_of",
    "choose_rows",
    "copy_into",
    "copy_of",
    "fetch",
    "is_cupys",
    "is_numbas",
    "place",
    "place_beside",
    "refuse_mixed",
]

Library = Literal["numba", "cupy"]


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
    if any(is_cupys(array) for array in arrays):
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
    xp = array_module(*given.values())
    refuse_mixed(**given)
    return tuple(one if one is None else xp.asarray(one, dtype) for one in given.values())


def refuse_mixed(**given: Any) -> None:
    """Refuse arrays of one call that lie in different memories; numbers and None go with any.

    Raises
    ------
    EngineError
        If host data stand beside a GPU's array, or CuPy's arrays beside Numba's.
    """
    on_device = [name for name, one in given.items() if is_device_array(one)]
    if not on_device:
        return
    first = on_device[0]
    bring, back = ("cupy.asarray", "get") if is_cupys(given[first]) else ("numba.cuda.to_device", "copy_to_host")
    for name, one in given.items():
        if not (one is None or name in on_device or _is_number(one)):
            raise EngineError(
                f"arrays of one call must be in one memory, got {first} on a GPU and {name} on the host: "
                f"hand over {bring}({name}), or {first}.{back}()"
            )
        if name in on_device and is_cupys(one) != is_cupys(given[first]):
            cupys, numbas = (name, first) if is_cupys(one) else (first, name)
            raise EngineError(
                f"arrays of one call must be of one kind, got {cupys} of CuPy and {numbas} of Numba: "
                f"hand over cupy.asarray({numbas})"
            )


def place(array: Any, library: Library = "numba") -> Any:
    """A copy in a GPU's memory: Numba's, which ``cupy.asarray`` takes without another copy, or CuPy's.

    Of an empty array Numba's copy has length 1 in each dim: it knows no empty arrays there. CuPy's copy is empty.

    Raises
    ------
    ImportError
        If the library is not installed, or Numba has no CUDA target here.
    ValueError
        If the library is unknown.
    """
    if library not in ("numba", "cupy"):
        raise ValueError(f"library must be 'numba' or 'cupy', got {library!r}")
    array = np.ascontiguousarray(array)
    if library == "cupy":
        import cupy

        return cupy.array(array)
    import numba.cuda

    return numba.cuda.to_device(array if array.size else np.zeros((1,) * array.ndim, array.dtype))


def place_beside(like: Any, array: Any) -> Any:
    """A host array where ``like`` lives."""
    if not is_device_array(like):
        return array
    if is_cupys(like):
        import cupy

        return cupy.asarray(array)
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
    return array.get() if is_cupys(array) else array.copy_to_host()


def copy_of(array: Any) -> Any:
    """A copy where the array lives."""
    if not is_device_array(array) or is_cupys(array):
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
        if is_numbas(chosen):
            copy_into(chosen[row], other[row])
        else:
            chosen[row] = other[row]
    return chosen


def copy_into(rows: Any, source: Any) -> None:
    """Overwrite an array, such as a row of a larger one, with another of its kind."""
    if is_numbas(rows):
        rows.copy_to_device(source)
    else:
        rows[...] = source


def is_numbas(array: Any) -> bool:
    """Whether it is an array in a GPU's memory, or a simulated one's, but not CuPy's."""
    return is_device_array(array) and not is_cupys(array)


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
