"""A kernel on chunked and labelled arrays.

``lift`` reads the contract that a kernel function carries (``dims``, ``blocks``, ``halo``) and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

__all__ = ["lift"]


def lift(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same kernel for NumPy, CuPy and Dask arrays and for xarray DataArrays.

    Parameters
    ----------
    function
        A public kernel function, such as :func:`citytide.kernels.traffic.godunov.advance_density`. Its positional
        arguments are arrays over the dims of its contract; the others are passed on as they are.

    Returns
    -------
    function
        Takes what the kernel takes. A Dask array stays lazy: one call of the kernel per chunk, neighbouring cells
        fetched for a halo, the result equal bit for bit to the kernel on the whole array. A DataArray keeps name,
        coordinates and attributes; its dims are found by name, and a halo is cut off the coordinates too.

    Raises
    ------
    TypeError
        If ``function`` carries no contract; when called, if an array is chunked and the contract has no blocks.
    ValueError
        When called, if a DataArray has other dims than the contract.

    Examples
    --------
    >>> import dask.array as da
    >>> from citytide.kernels.traffic.godunov import advance_density
    >>> density = da.full((4, 102), 0.04, chunks=(2, 34))                 # a ghost cell at each end
    >>> after = lift(advance_density)(density, time_step_s=1.0, cell_length_m=50.0, free_speed_m_s=25.0,
    ...                               jam_density_veh_m=0.12)
    >>> after.shape, after.numblocks
    ((4, 100), (2, 3))
    """
    contract = getattr(function, "contract", None)
    if contract is None:
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(f"{name} carries no contract, so nothing says how it may be cut; lift takes kernel functions")

    @wraps(function)
    def lifted(*arrays: Any, **settings: Any) -> Any:
        if any(_is(array, "xarray", "DataArray") for array in arrays):
            return _labelled(function, contract, arrays, settings)
        return _chunked(function, contract, arrays, settings)

    return lifted


def _is(array: Any, package: str, kind: str) -> bool:
    module = sys.modules.get(package)  # not loaded: the array cannot be one of its own
    return module is not None and isinstance(array, getattr(module, kind))


def _labelled(function: Callable[..., Any], contract: Any, arrays: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
    for array in arrays:
        if not _is(array, "xarray", "DataArray"):
            raise ValueError(
                f"{function.__name__} got a DataArray beside a {type(array).__name__}: label both or neither"
            )
        if set(array.dims) != set(contract.dims):
            raise ValueError(
                f"{function.__name__} works over dims ({', '.join(contract.dims)}), "
                f"got ({', '.join(map(str, array.dims))})"
            )
    arrays = tuple(array.transpose(*contract.dims) for array in arrays)
    result = _chunked(function, contract, tuple(array.data for array in arrays), settings)
    inner = {dim: slice(width, -width) for dim, width in contract.halo.items() if width}
    return arrays[0].isel(inner).copy(data=result)


def _chunked(function: Callable[..., Any], contract: Any, arrays: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
    if not any(_is(array, "dask.array", "Array") for array in arrays):
        return function(*arrays, **settings)
    if not contract.blocks:
        raise TypeError(
            f"{function.__name__} needs its arguments whole and cannot take a Dask array: call .compute() on it, or "
            "run many such calls as the blocks of a workflow"
        )
    import dask.array as da

    depth = {axis: contract.halo.get(dim, 0) for axis, dim in enumerate(contract.dims)}
    first = next(array for array in arrays if _is(array, "dask.array", "Array"))
    if first.ndim != len(depth):
        raise ValueError(f"{function.__name__} works over dims ({', '.join(contract.dims)}), got {first.ndim} of them")
    chunks = tuple(
        _room_for_halo(sizes, depth[axis], cut=dim in contract.blocks)
        for axis, (dim, sizes) in enumerate(zip(contract.dims, first.chunks, strict=True))
    )
    # The ghost cells at the ends of a dim are part of the array, and the kernel returns a block without its halo:
    # so blocks overlap inside, nothing is laid around the outside, and nothing is trimmed afterwards.
    blocks = [
        da.overlap.overlap(da.asanyarray(array).rechunk(chunks), depth=depth, boundary="none") for array in arrays
    ]
    return da.map_blocks(
        function,
        *blocks,
        dtype=first.dtype,
        meta=first._meta,
        chunks=tuple(_without_ends(sizes, depth[axis]) for axis, sizes in enumerate(chunks)),
        name=None,
        **settings,
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
