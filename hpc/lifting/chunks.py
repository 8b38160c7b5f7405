"""A kernel on Dask arrays: one call for each block that its contract allows.

To Dask a kernel is a generalized ufunc: dims that its contract names are core dims and stand last, those of ``"..."``
are loop dims, along which blocks are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .labels import ANY, core_dims, is_a

__all__ = ["call_by_block", "call_with_halo", "move_to_end"]

Kernel = Callable[..., Any]


def move_to_end(array: Any, dims: tuple[str, ...]) -> Any:
    """Dims that stand before ``"..."`` moved behind it."""
    front, named = _count(dims)
    return np.moveaxis(array, range(front), range(-named, front - named)) if front else array


def _call(function: Kernel, dims: Mapping[str, tuple[str, ...]], settings: Mapping[str, Any], *arrays: Any) -> Any:
    given = {}
    for (name, own), array in zip(dims.items(), arrays, strict=True):
        front, named = _count(own)
        given[name] = np.moveaxis(array, range(-named, front - named), range(front)) if front else array
    return function(**given, **settings)


def _count(dims: tuple[str, ...]) -> tuple[int, int]:
    """How many dims stand before ``"..."``, and how many there are beside it."""
    return (dims.index(ANY), len(dims) - 1) if ANY in dims else (0, len(dims))


def call_by_block(
    function: Kernel, contract: Any, names: tuple[str, ...], settings: Mapping[str, Any], *arrays: Any
) -> Any:
    """Call the kernel on whole arrays, or on each block of Dask arrays; core dims stand last, here and in the answer.

    Parameters
    ----------
    names
        Which of the contract's arrays are given.
    settings
        The kernel's other arguments.

    Raises
    ------
    ValueError
        If shapes do not fit the contract or do not broadcast.
    """
    dims = {name: contract.takes[name].dims for name in names}
    run = partial(_call, function, dims, settings)
    first = next((array for array in arrays if is_a(array, "dask.array", "Array")), None)
    if first is None:
        return run(*arrays)
    import dask.array as da

    given = dict(zip(names, arrays, strict=True))
    _check_shapes(function.__name__, dims, given)
    ((_, result),) = contract.gives.items()
    sizes = contract.sizes(**given, **settings) if contract.sizes else {}
    taken = ",".join(f"({','.join(core_dims(own))})" for own in dims.values())
    returned = ",".join(f"new_{dim}" if dim in sizes else dim for dim in core_dims(result.dims))
    return da.apply_gufunc(
        run,
        f"{taken}->({returned})",
        *arrays,
        meta=da.utils.meta_from_array(first, dtype=_find_dtype(result.dtype, given)),
        output_sizes={f"new_{dim}": size for dim, size in sizes.items()},
        allow_rechunk=True,  # a core dim becomes one chunk
    )


def _check_shapes(function: str, dims: Mapping[str, tuple[str, ...]], arrays: Mapping[str, Any]) -> None:
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    loops = []
    for name, shape in shapes.items():
        named = _count(dims[name])[1]
        if len(shape) < named or (ANY not in dims[name] and len(shape) > named):
            raise ValueError(
                f"{function} works over dims ({', '.join(dims[name])}), got {len(shape)} of them as {name}"
            )
        loops.append(tuple(size for size in shape[: len(shape) - named] if not np.isnan(size)))
    try:
        np.broadcast_shapes(*loops)
    except ValueError:
        texts = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{function} broadcasts its arrays, but the shapes do not fit: {texts}") from None


def _find_dtype(declared: str, arrays: Mapping[str, Any]) -> np.dtype[Any]:
    if declared not in arrays:
        return np.dtype(declared)
    array = arrays[declared]
    own = np.dtype(array.dtype if hasattr(array, "dtype") else np.asarray(array).dtype)
    return own if own.kind == "f" else np.dtype("float")


def call_with_halo(function: Kernel, contract: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Call a kernel of one array, whose result lacks the ghost cells, on each block with the cells beside it.

    Raises
    ------
    ValueError
        If the array has another number of dims.
    """
    ((name, array),) = arrays.items()
    if not is_a(array, "dask.array", "Array"):
        return function(**arrays, **settings)
    import dask.array as da

    dims = contract.takes[name].dims
    if array.ndim != len(dims):
        raise ValueError(f"{function.__name__} works over dims ({', '.join(dims)}), got {array.ndim} of them as {name}")
    depth = {axis: contract.halo.get(dim, 0) for axis, dim in enumerate(dims)}
    chunks = tuple(
        _room_for_halo(sizes, depth[axis], cut=dim in contract.blocks)
        for axis, (dim, sizes) in enumerate(zip(dims, array.chunks, strict=True))
    )
    # The ghost cells at the ends of a dim are part of the array, and the kernel returns a block without its halo:
    # so blocks overlap inside, nothing is laid around the outside, and nothing is trimmed afterwards.
    return da.map_blocks(
        partial(_call, function, {name: dims}, settings),
        da.overlap.overlap(array.rechunk(chunks), depth=depth, boundary="none"),
        dtype=array.dtype,
        meta=da.utils.meta_from_array(array),
        chunks=tuple(_without_ends(sizes, depth[axis]) for axis, sizes in enumerate(chunks)),
        name=None,
    )


def _room_for_halo(sizes: tuple[int, ...], depth: int, *, cut: bool) -> tuple[int, ...]:
    """Chunk sizes in which each block can lend ``depth`` cells to its neighbours and has one left at an outer end."""
    if not cut:
        return (sum(sizes),)
    if depth == 0:
        return sizes
    merged: list[int] = []
    for size in sizes:
        if merged and (merged[-1] <= depth or size < depth):
            merged[-1] += size
        else:
            merged.append(size)
    if len(merged) > 1 and merged[-1] <= depth:
        last = merged.pop()
        merged[-1] += last
    return tuple(merged)


def _without_ends(sizes: tuple[int, ...], depth: int) -> tuple[int, ...]:
    inner = list(sizes)
    inner[0] -= depth
    inner[-1] -= depth
    return tuple(inner)
