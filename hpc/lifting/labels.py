"""DataArrays as a kernel takes them: dims found by name, labels joined exactly, units compared, the result named."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["ANY", "check_labels", "core_dims", "describe_result", "free_dims", "has_loops", "is_a", "name_axis"]

ANY = "..."  # in the dims of a contract: any dims, or none
STAYS = ("long_name", "standard_name")  # attributes that are true of the same quantity, later or elsewhere


def is_a(value: Any, package: str, *kinds: str) -> bool:
    """Whether it is of a type of a package, which is not imported for the question."""
    module = sys.modules.get(package)  # not loaded: the value cannot be one of its own
    return module is not None and isinstance(value, tuple(getattr(module, kind) for kind in kinds))


def core_dims(dims: Iterable[str]) -> tuple[str, ...]:
    """The dims that a contract names."""
    return tuple(dim for dim in dims if dim != ANY)


def has_loops(arrays: Mapping[str, Any]) -> bool:
    """Whether some array of a contract has dims that the contract does not name."""
    return any(ANY in array.dims for array in arrays.values())


def free_dims(contract: Any, arrays: Mapping[str, Any]) -> tuple[Hashable, ...]:
    """Dims of the DataArrays that the contract does not name, in the order in which they appear."""
    present = (dim for array in arrays.values() for dim in getattr(array, "dims", ()))
    named = _name_dims(contract)
    return tuple(dict.fromkeys(dim for dim in present if dim not in named))


def name_axis(function: str, dims: tuple[Hashable, ...], settings: dict[str, Any]) -> tuple[Hashable, ...]:
    """Put positions for the names of dims in ``axis``, and tell which dims are left.

    Raises
    ------
    ValueError
        If it does not hold names of dims: a position says nothing where dims are found by name.
    """
    axis = settings.get("axis")
    if axis is None:
        return ()
    names = axis if isinstance(axis, tuple | list) else (axis,)
    if not set(names) <= set(dims):
        raise ValueError(
            f"{function} finds dims of DataArrays by name, so axis must name some of ({', '.join(map(str, dims))}), "
            f"got {axis!r}: give names, or omit it"
        )
    settings["axis"] = tuple(dims.index(name) for name in names)
    return tuple(dim for dim in dims if dim not in names)


def _name_dims(contract: Any) -> set[str]:
    returned = () if contract.structure else contract.gives.values()  # a structure comes back without labels
    return {dim for array in (*contract.takes.values(), *returned) for dim in core_dims(array.dims)}


def check_labels(function: str, contract: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse arrays that would be paired by position, and DataArrays of other dims, labels or units.

    Labels along y and x are those of the grid, if the contract names the setting that holds it.

    Raises
    ------
    ValueError
        In one sentence, with the argument and the way out.
    """
    labelled = {name: array for name, array in arrays.items() if is_a(array, "xarray", "DataArray")}
    for name, array in arrays.items():
        if name in labelled:
            _check_dims(function, contract, name, array)
            _check_units(function, contract, name, labelled)
        elif np.ndim(array):
            raise ValueError(
                f"{function} got a DataArray as {next(iter(labelled))} beside a {type(array).__name__} as {name}: "
                "label both or neither"
            )
        elif core_dims(contract.takes[name].dims):
            raise ValueError(
                f"{function} works over dims ({', '.join(contract.takes[name].dims)}), got a number as {name}: "
                "give a DataArray"
            )
    _check_alignment(function, labelled)
    for name, array in labelled.items():
        if contract.takes[name].on:
            _check_grid(function, name, array, contract.takes[name].on, settings[contract.takes[name].on])


def describe_result(contract: Any, arrays: Mapping[str, Any]) -> tuple[Hashable, dict[str, Any]]:
    """Name and attributes of the one array that a kernel returns."""
    ((name, array),) = contract.gives.items()
    same = getattr(arrays.get(name), "attrs", None)
    attrs = {key: same[key] for key in STAYS if key in same} if same is not None else {}
    if same is None and array.long_name:
        attrs["long_name"] = array.long_name
    units = array.units or getattr(arrays.get(array.units_of), "attrs", {}).get("units")
    if units is not None:
        attrs = {"units": units, **attrs}
    own = getattr(arrays.get(name), "name", None)
    return (name if own is None else own), attrs


def _check_dims(function: str, contract: Any, name: str, array: Any) -> None:
    dims = contract.takes[name].dims
    core, given = core_dims(dims), set(array.dims)
    more = given - set(core)
    if set(core) - given or (more & _name_dims(contract) if ANY in dims else more):
        raise ValueError(
            f"{function} works over dims ({', '.join(dims)}), got ({', '.join(map(str, array.dims))}) as {name}: "
            "rename or select dims first"
        )


def _check_units(function: str, contract: Any, name: str, labelled: Mapping[str, Any]) -> None:
    declared, given = contract.takes[name], labelled[name].attrs.get("units")
    wanted, owner = declared.units, ""
    if declared.units_of in labelled:
        wanted, owner = labelled[declared.units_of].attrs.get("units"), f"the units of {declared.units_of}, "
    if wanted is not None and given is not None and not _is_same_unit(str(given), str(wanted)):
        raise ValueError(
            f"{function} takes {name} in {owner}{str(wanted)!r}, got units {str(given)!r}: convert the values, "
            "or fix the attribute"
        )


def _is_same_unit(given: str, wanted: str) -> bool:
    given, wanted = " ".join(given.split()), " ".join(wanted.split())
    if not given or given == wanted:
        return True
    try:
        import cf_units

        return bool(cf_units.Unit(given) == cf_units.Unit(wanted))
    except (ModuleNotFoundError, ValueError):  # beside the kernels alone; and UDUNITS does not know every unit
        return False


def _check_alignment(function: str, labelled: Mapping[str, Any]) -> None:
    """Labels pair values: the same ones in the same order, or none at all."""
    sizes: dict[Hashable, tuple[str, int]] = {}
    seen: dict[tuple[Hashable, frozenset[Hashable]], tuple[str, Any]] = {}
    bare: dict[Hashable, tuple[str, bool]] = {}
    for name, array in labelled.items():
        for dim, size in array.sizes.items():
            first, other = sizes.setdefault(dim, (name, size))
            if size != other:
                raise ValueError(
                    f"{function} joins dims by name, but {dim!r} has size {other} in {first} and {size} in {name}: "
                    "align or reindex first"
                )
            first, has_labels = bare.setdefault(dim, (name, dim in array.coords))
            if has_labels != (dim in array.coords):
                raise ValueError(
                    f"{function} joins labels exactly, but of {first} and {name} only one has labels along {dim!r}: "
                    "give both the labels, or drop them"
                )
        for key, coordinate in array.coords.items():
            if not coordinate.dims:
                continue  # of the whole array: tells nothing of which value belongs to which
            first, before = seen.setdefault((key, frozenset(coordinate.dims)), (name, coordinate))
            if not before.variable.equals(coordinate.variable.transpose(*before.dims)):
                raise ValueError(
                    f"{function} joins labels exactly, but {key!r} differs between {first} and {name} in its values "
                    "or their order: align or reindex first"
                )


def _check_grid(function: str, name: str, array: Any, on: str, grid: Any) -> None:
    """Labels along y and x are the centres of the grid's cells: a field turned upside down would be read as it is."""
    for dim in ("y", "x"):
        if dim not in array.coords:
            continue
        centres, near = _find_centres(grid, dim)
        labels = array[dim].values
        is_there = labels.dtype.kind in "iuf" and labels.shape == centres.shape
        if not (is_there and np.allclose(labels, centres, rtol=0.0, atol=near)):
            raise ValueError(
                f"{function} takes {name} on the cells of {on}, from south to north and from west to east, but its "
                f"labels along {dim!r} are not their centres: sort or reindex first"
            )


def _find_centres(grid: Any, dim: str) -> tuple[Any, float]:
    """Centres of cells along y or x, and how far a label may be off: little, or anywhere in cells given by edges."""
    if hasattr(grid, dim):
        return np.asarray(getattr(grid, dim)), 1e-3 * float(grid.cell_m)
    edges = np.asarray(grid["yx".index(dim)], dtype=float)
    return 0.5 * (edges[1:] + edges[:-1]), 0.499 * float(np.abs(np.diff(edges)).min())
