"""A kernel on chunked and labelled arrays.

``lift`` reads the contract that a kernel function carries and nothing else: which arrays it takes and gives, with their
dims and units (:mod:`.labels`), and along which dims they may be cut.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any

from .chunks import call_by_block, call_with_halo, move_to_end
from .labels import ANY, check_labels, core_dims, describe_result, free_dims, has_loops, is_a, name_axis

__all__ = ["lift"]

Kernel = Callable[..., Any]


def lift(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same kernel for NumPy, CuPy and Dask arrays and for xarray DataArrays.

    What comes back equals the kernel on the whole array, bit for bit, or the call is refused in one sentence.

    Parameters
    ----------
    function
        A public kernel function, such as :func:`citytide.kernels.traffic.godunov.advance_density`. The arrays that its
        contract names may be given by position or by keyword; the other arguments are passed on as they are.

    Returns
    -------
    function
        Takes what the kernel takes. NumPy and CuPy arrays go straight through.

        Dask arrays stay lazy, NumPy arrays may stand beside them: one call of the kernel per chunk, neighbouring cells
        fetched for a halo, and dims that the kernel needs whole brought into one chunk.

        DataArrays are joined by the names of their dims and must have the same labels in the same order, or none;
        those along y and x must be the grid's, where a grid is given. Numbers may stand beside them, for arrays of
        any dims. The result has the name, units and dims of the contract and the coordinates of the dims that
        are left; a result that is an argument's own quantity keeps its name. ``axis`` takes names of dims. A kernel
        that returns a structure gets the aligned values, and the structure comes back as it is.

    Raises
    ------
    TypeError
        If ``function`` carries no contract; when called, if an array is chunked and the contract has no blocks, or
        something chunked or labelled is given where the contract has no array.
    ValueError
        When called, if a DataArray has other dims or units than the contract, or labels differ between arguments.

    Examples
    --------
    >>> import dask.array as da
    >>> from citytide.kernels.traffic.godunov import advance_density
    >>> density = da.full((4, 102), 0.04, chunks=(2, 34))                 # a ghost cell at each end
    >>> after = lift(advance_density)(density, time_step_s=1.0, cell_length_m=50.0, free_speed_m_s=25.0,
    ...                               jam_density_veh_m=0.12)
    >>> after.shape, after.numblocks
    ((4, 100), (2, 3))

    >>> import xarray as xr
    >>> from citytide.kernels.hydro.rain.precipitation import estimate_rain
    >>> seen = xr.DataArray([23.0103, 39.0309], dims="x", name="dbz", attrs={"units": "dBZ"})
    >>> rain = lift(estimate_rain)(seen)
    >>> rain.name, rain.attrs["units"], rain.values.round(2).tolist()
    ('rain', 'mm h-1', [1.0, 10.03])
    """
    contract = getattr(function, "contract", None)
    if contract is None:
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(
            f"{name} has no contract, so it is unknown how its arrays may be split; lift takes kernel functions"
        )
    signature = inspect.signature(function)

    @wraps(function)
    def lifted(*args: Any, **kwargs: Any) -> Any:
        if not any(_is_lifted(each) for value in (*args, *kwargs.values()) for each in _flatten(value)):
            return function(*args, **kwargs)
        try:
            settings = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{function.__name__} cannot be called with these arguments: {error}") from None
        _refuse_undeclared(function, contract, settings)
        arrays = {name: settings.pop(name) for name in contract.takes if settings.get(name) is not None}
        if not contract.blocks:
            _refuse_chunks(function, arrays)
        if any(is_a(array, "xarray", "DataArray") for array in arrays.values()):
            return _labelled(function, contract, arrays, settings)
        if contract.halo:
            return call_with_halo(function, contract, arrays, settings)
        placed = [move_to_end(array, contract.takes[name].dims) for name, array in arrays.items()]
        return call_by_block(function, contract, tuple(arrays), settings, *placed)

    return lifted


def _flatten(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple | list) else (value,)


def _is_lifted(value: Any) -> bool:
    return is_a(value, "dask.array", "Array") or is_a(value, "xarray", "DataArray", "Dataset", "Variable")


def _refuse_undeclared(function: Kernel, contract: Any, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        is_many = isinstance(value, tuple | list)  # such as *cases, which a function gets that knows no labels
        for each in filter(_is_lifted, _flatten(value)):
            kind = "a Dask array" if is_a(each, "dask.array", "Array") else f"a {type(each).__name__}"
            if is_many or name not in contract.takes:
                raise TypeError(
                    f"{function.__name__} takes {name} without chunks or labels, got {kind}: give NumPy values"
                )
            if is_a(each, "xarray", "Dataset", "Variable"):
                raise TypeError(
                    f"{function.__name__} takes arrays and DataArrays, got {kind} as {name}: give a DataArray"
                )


def _refuse_chunks(function: Callable[..., Any], arrays: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if is_a(getattr(array, "data", array), "dask.array", "Array"):
            raise TypeError(
                f"{function.__name__} needs its arguments whole and cannot take a Dask array as {name}: call "
                ".compute() on it, or run many such calls as the blocks of a workflow"
            )


def _labelled(function: Kernel, contract: Any, arrays: Mapping[str, Any], settings: dict[str, Any]) -> Any:
    check_labels(function.__name__, contract, arrays, settings)
    arrays = _without_new_dims(contract, arrays)
    if contract.structure or (has_loops(contract.takes) and not has_loops(contract.gives)):
        result = _reduce(function, contract, arrays, settings)
    elif contract.halo:
        result = _keep_inside(function, contract, arrays, settings)
    else:
        result = _loop(function, contract, arrays, settings)
    if not contract.structure:
        result.name, result.attrs = describe_result(contract, arrays)
    return result


def _without_new_dims(contract: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """A coordinate that has the name of a dim that only the result has would take that dim's place."""
    given = {dim for array in contract.gives.values() for dim in core_dims(array.dims)}
    new = given - {dim for array in arrays.values() for dim in getattr(array, "dims", ())}
    return {
        name: array.drop_vars(new & set(array.coords)) if is_a(array, "xarray", "DataArray") else array
        for name, array in arrays.items()
    }


def _loop(function: Kernel, contract: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Dims that the contract does not name broadcast by name; chunks may lie along them."""
    import xarray as xr

    ((_, given),) = contract.gives.items()
    return xr.apply_ufunc(
        partial(call_by_block, function, contract, tuple(arrays), settings),
        *arrays.values(),
        input_core_dims=[core_dims(contract.takes[name].dims) for name in arrays],
        output_core_dims=[core_dims(given.dims)],
        exclude_dims=set(contract.sizes(**arrays, **settings)) if contract.sizes else set(),
        join="exact",
        dask="allowed",
        keep_attrs="override",
    )


def _reduce(function: Kernel, contract: Any, arrays: Mapping[str, Any], settings: dict[str, Any]) -> Any:
    """All dims reach the kernel, in one order, and with size 1 where an array lacks them."""
    import xarray as xr

    loops = free_dims(contract, arrays)
    left = name_axis(function.__name__, loops, settings)
    held, places = [], []
    for name, array in arrays.items():
        own = getattr(array, "dims", ())
        order = [dim for each in contract.takes[name].dims for dim in (loops if each == ANY else (each,))]
        held.append(tuple(dim for dim in order if dim in own))
        places.append(tuple(slice(None) if dim in own else None for dim in order) if own else ...)

    def run(*values: Any) -> Any:
        placed = (value if place is ... else value[place] for value, place in zip(values, places, strict=True))
        return function(**dict(zip(arrays, placed, strict=True)), **settings)

    if contract.structure:
        labelled = ((getattr(array, "variable", array), own) for array, own in zip(arrays.values(), held, strict=True))
        return run(*(array.transpose(*own).data if hasattr(array, "dims") else array for array, own in labelled))
    return xr.apply_ufunc(
        run, *arrays.values(), input_core_dims=held, output_core_dims=[left], join="exact", keep_attrs="override"
    )


def _keep_inside(function: Kernel, contract: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """A halo is cut off the coordinates too."""
    import xarray as xr

    ((name, array),) = arrays.items()
    array = array.transpose(*contract.takes[name].dims)
    inside = array.isel({dim: slice(width, -width) for dim, width in contract.halo.items() if width})
    values = call_with_halo(function, contract, {name: array.data}, settings)
    return xr.DataArray(values, dims=inside.dims, coords=inside.coords)
