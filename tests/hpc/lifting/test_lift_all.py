"""Every kernel, lifted in every form, equals the kernel on the whole array or refuses in one sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from lifting import GRID, NOT_LABELLED, ROWS, TABLE  # type: ignore[import-not-found]

from citytide.hpc.lifting.lift import lift

WHOLE = "needs its arguments whole and cannot take a Dask array"
every_kernel = pytest.mark.parametrize("name", ROWS)


@pytest.fixture(autouse=True)
def in_one_thread() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def direct(name: str, **arrays: Any) -> Any:
    row = ROWS[name]
    return TABLE[name](**{key: values for key, (_, values) in row.arrays.items()} | arrays, **row.settings)


def labels_of(name: str, dim: str, size: int) -> Any:
    is_on_grid = dim in ("y", "x") and any(array.on for array in TABLE[name].contract.takes.values())
    return getattr(GRID, dim) if is_on_grid else 100 + 10 * np.arange(size)


def label(name: str, array: str, *, chunks: Any = None) -> xr.DataArray:
    """With labels along all dims, and the units of the contract."""
    dims, values = ROWS[name].arrays[array]
    declared = TABLE[name].contract.takes[array]
    coords = {dim: labels_of(name, dim, size) for dim, size in zip(dims.split(), np.shape(values), strict=True)}
    units = {} if declared.dtype == "bool" else {"units": declared.units or "m"}
    made = xr.DataArray(values, coords, dims.split(), attrs=units | {"history": "made up"})
    return made if chunks is None else made.chunk(chunks)


def check_same(found: Any, expected: Any) -> None:
    """Bit for bit, in structures too."""
    if dataclasses.is_dataclass(expected):
        assert type(found) is type(expected)
        for field in dataclasses.fields(expected):
            check_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, tuple):
        assert type(found) is type(expected) and len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_same(one, other)
    else:
        values = np.asarray(getattr(found, "data", found) if isinstance(found, xr.DataArray) else found)
        assert values.dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(values, expected)


def check_labelled(name: str, found: Any, expected: Any) -> None:
    result = ROWS[name].result
    if result is None:
        check_same(found, expected)
        return
    dims, title, units = result
    assert isinstance(found, xr.DataArray)
    assert (found.dims, found.name, found.attrs.get("units")) == (tuple(dims.split()), title, units)
    assert "history" not in found.attrs and "history" not in found.encoding
    check_same(found, expected)
    contract = TABLE[name].contract
    resized = set(contract.sizes(**ROWS[name].settings)) if contract.sizes else set()
    for dim in {dim for dims, _ in ROWS[name].arrays.values() for dim in dims.split()} & set(found.dims):
        if dim in resized:
            assert dim not in found.coords
        else:
            width = contract.halo.get(dim, 0)
            labels = labels_of(name, dim, found.sizes[dim] + 2 * width)
            np.testing.assert_array_equal(found[dim], labels[width : len(labels) - width])


def test_every_kernel_has_a_row() -> None:
    assert set(ROWS) | NOT_LABELLED == set(TABLE)


@every_kernel
def test_whole_arrays_pass_straight_through(name: str) -> None:
    row = ROWS[name]
    arrays = {key: values for key, (_, values) in row.arrays.items()}
    check_same(lift(TABLE[name])(**arrays, **row.settings), direct(name))


@every_kernel
@pytest.mark.parametrize("chunks", [1, 2, "uneven", -1], ids=str)
@pytest.mark.parametrize("labelled", [False, True], ids=["dask", "xarray on dask"])
def test_chunks_change_nothing_or_are_refused(name: str, chunks: Any, labelled: bool) -> None:
    row = ROWS[name]
    arrays: dict[str, Any] = {}
    for key, (dims, values) in row.arrays.items():
        cut = tuple((1, size - 1) if size > 1 else (1,) for size in values.shape) if chunks == "uneven" else chunks
        arrays[key] = da.from_array(values, chunks=cut)
        if labelled:
            arrays[key] = label(name, key, chunks=dict(zip(dims.split(), arrays[key].chunks, strict=True)))
    if not row.blocks:
        with pytest.raises(TypeError, match=WHOLE):
            lift(TABLE[name])(**arrays, **row.settings)
        return
    found = lift(TABLE[name])(**arrays, **row.settings)
    lazy = found.data if labelled else found
    assert isinstance(lazy, da.Array)
    expected = direct(name)
    assert (lazy.dtype, lazy.shape) == (expected.dtype, expected.shape)
    blocks = dask.compute(*lazy.to_delayed().ravel())
    for block, place in zip(blocks, np.ndindex(lazy.numblocks), strict=True):  # as announced, so they come
        assert block.shape == tuple(sizes[at] for sizes, at in zip(lazy.chunks, place, strict=True))
    if labelled:
        check_labelled(name, found, expected)
    else:
        check_same(found.compute(), expected)


@every_kernel
def test_one_chunked_array_beside_whole_ones(name: str) -> None:
    row = ROWS[name]
    for chosen in row.arrays:
        arrays = {key: da.from_array(values, chunks=2) if key == chosen else values
                  for key, (_, values) in row.arrays.items()}  # fmt: skip
        if row.blocks:
            check_same(lift(TABLE[name])(**arrays, **row.settings).compute(), direct(name))
        else:
            with pytest.raises(TypeError, match=f"{WHOLE} as {chosen}"):
                lift(TABLE[name])(**arrays, **row.settings)


@every_kernel
def test_labels_give_the_same_numbers_with_name_units_and_coordinates(name: str) -> None:
    row = ROWS[name]
    arrays = {key: label(name, key) for key in row.arrays}
    check_labelled(name, lift(TABLE[name])(**arrays, **row.settings), direct(name))


@every_kernel
def test_order_of_dims_does_not_matter(name: str) -> None:
    """All but the first array are turned round: the first says in which order dims come back."""
    row = ROWS[name]
    arrays = {key: label(name, key) for key in row.arrays}
    for key in list(arrays)[1:]:
        arrays[key] = arrays[key].transpose()
    check_labelled(name, lift(TABLE[name])(**arrays, **row.settings), direct(name))
    first = next(iter(arrays))
    if "..." not in TABLE[name].contract.takes[first].dims:
        arrays[first] = arrays[first].transpose()
        check_labelled(name, lift(TABLE[name])(**arrays, **row.settings), direct(name))


@every_kernel
@pytest.mark.parametrize("chunks", [None, 2], ids=["xarray", "xarray on dask"])
def test_arrays_of_fewer_dims_broadcast_by_name(name: str, chunks: int | None) -> None:
    row = ROWS[name]
    free = [key for key, array in TABLE[name].contract.takes.items() if "..." in array.dims and key in row.arrays]
    for short in free[1:]:
        dims, values = row.arrays[short]
        for dim in (dim for dim in dims.split() if dim not in TABLE[name].contract.takes[short].dims):
            arrays = {key: label(name, key, chunks=chunks if row.blocks else None) for key in row.arrays}
            arrays[short] = arrays[short].isel({dim: 0}, drop=True)
            expected = direct(name, **{short: values.take([0], axis=dims.split().index(dim))})
            check_labelled(name, lift(TABLE[name])(**arrays, **row.settings), expected)


@every_kernel
def test_other_labels_and_other_orders_are_refused(name: str) -> None:
    row = ROWS[name]
    arrays = {key: label(name, key) for key in row.arrays}
    for second in list(arrays)[1:]:
        for dim in arrays[second].dims:
            if any(dim in arrays[first].dims for first in list(arrays)[: list(arrays).index(second)]):
                turned = arrays[second].isel({dim: slice(None, None, -1)})
                moved = arrays[second].assign_coords({dim: arrays[second][dim] + 1})
                for other in (turned, moved):
                    if other.sizes[dim] > 1 or other is moved:
                        with pytest.raises(
                            ValueError, match=f"joins labels exactly, but '{dim}' differs between .* and"
                        ):
                            lift(TABLE[name])(**arrays | {second: other}, **row.settings)
                if arrays[second].sizes[dim] > 1:
                    with pytest.raises(ValueError, match=f"'{dim}' has size \\d+ in .* and \\d+ in {second}"):
                        lift(TABLE[name])(
                            **arrays | {second: arrays[second].isel({dim: slice(1, None)})}, **row.settings
                        )


@every_kernel
def test_labels_on_one_side_alone_are_refused(name: str) -> None:
    arrays = {key: label(name, key) for key in ROWS[name].arrays}
    for second in list(arrays)[1:]:
        shared = [dim for dim in arrays[second].dims if dim in next(iter(arrays.values())).dims]
        for dim in shared:
            with pytest.raises(ValueError, match=f"only one has labels along '{dim}'"):
                lift(TABLE[name])(**arrays | {second: arrays[second].drop_vars(dim)}, **ROWS[name].settings)


@pytest.mark.parametrize("name", [name for name in ROWS if any(a.on for a in TABLE[name].contract.takes.values())])
def test_field_turned_upside_down_or_moved_is_refused(name: str) -> None:
    arrays = {key: label(name, key) for key in ROWS[name].arrays}
    on_grid = [key for key in arrays if TABLE[name].contract.takes[key].on]
    for change in (lambda a: a.isel(y=slice(None, None, -1)), lambda a: a.assign_coords(x=a.x + 5.0)):
        changed = {key: change(arrays[key]) for key in on_grid}
        with pytest.raises(ValueError, match="from south to north and from west to east, but its labels along"):
            lift(TABLE[name])(**arrays | changed, **ROWS[name].settings)


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].result])
def test_coordinate_with_the_name_of_a_new_dim_does_not_take_its_place(name: str) -> None:
    arrays = {key: label(name, key) for key in ROWS[name].arrays}
    first, result = next(iter(arrays)), ROWS[name].result
    assert result is not None
    dims = [dim for dim in result[0].split() if not any(dim in array.dims for array in arrays.values())]
    arrays[first] = arrays[first].assign_coords(dict.fromkeys(dims, 3))
    found = lift(TABLE[name])(**arrays, **ROWS[name].settings)
    assert not set(dims) & set(found.coords) and set(found.to_dataset(name="a").dims) == set(found.dims)


@pytest.mark.parametrize("name", [name for name in ROWS if not ROWS[name].result])
def test_structure_holds_the_arrays_that_are_declared(name: str) -> None:
    contract, result = TABLE[name].contract, direct(name)
    parts = result if type(result) is tuple else (result,)  # a structure, or one and an array beside it
    sizes = {dim: size for dims, values in ROWS[name].arrays.values()
             for dim, size in zip(dims.split(), np.shape(values), strict=True)}  # fmt: skip
    for field, array in contract.gives.items():
        held = [part for part in parts if hasattr(part, field)]
        values = np.asarray(getattr(held[0], field) if held else parts[-1])
        assert "..." in array.dims or values.ndim == len(array.dims), field
        for dim, size in zip(array.dims, values.shape, strict=False):
            assert sizes.setdefault(dim, size) == size, (field, dim)
        assert values.dtype == (np.dtype(float) if array.dtype in ("water", *contract.takes) else array.dtype), field


@every_kernel
def test_other_units_and_other_dims_are_refused(name: str) -> None:
    row = ROWS[name]
    arrays = {key: label(name, key) for key in row.arrays}
    for key, array in arrays.items():
        declared = TABLE[name].contract.takes[key]
        if declared.units or declared.units_of:
            with pytest.raises(ValueError, match=f"takes {key} in .*, got units 'furlong': convert the values"):
                lift(TABLE[name])(**arrays | {key: array.assign_attrs(units="furlong")}, **row.settings)
        for dim in set(array.dims) & set(declared.dims):
            with pytest.raises(ValueError, match=f"works over dims .* as {key}: rename or select dims first"):
                lift(TABLE[name])(**arrays | {key: array.rename({dim: "elsewhere"})}, **row.settings)


@every_kernel
def test_units_that_are_not_stated_are_not_asked_for(name: str) -> None:
    row = ROWS[name]
    arrays = {key: label(name, key).drop_attrs() for key in row.arrays}
    found = lift(TABLE[name])(**arrays, **row.settings)
    check_same(found, direct(name))
    if row.result is not None:
        (given,) = TABLE[name].contract.gives.values()
        assert found.attrs.get("units") == given.units


@pytest.mark.parametrize("kind", [da.from_array, xr.DataArray])
def test_cases_of_an_interval_stay_whole_and_bare(kind: Callable[..., Any]) -> None:
    interval = TABLE["hydro.estimate_interval"]
    check_same(
        lift(interval)(np.mean, np.arange(9.0), seed=1, n_draws=9), interval(np.mean, np.arange(9.0), seed=1, n_draws=9)
    )
    with pytest.raises(TypeError, match="estimate_interval takes cases without chunks or labels, got a Da"):
        lift(interval)(np.mean, kind(np.arange(9.0)), seed=1)
