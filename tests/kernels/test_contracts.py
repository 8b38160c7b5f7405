"""What contracts declare exists: parameters, dims, units, dtypes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from citytide.datasets.text.units import parse_units
from citytide.kernels.commands import _table
from citytide.kernels.contracts import Array, Contract

TABLE = _table()
OF_STRUCTURES = {"scan_events"}  # takes PersonEvents and gives tables by name: no bare array to declare
every_kernel = pytest.mark.parametrize("function", TABLE.values(), ids=TABLE.keys())


def contract_of(function: Any) -> Contract:
    contract = function.contract
    assert isinstance(contract, Contract)
    return contract


def test_table_holds_every_field() -> None:
    assert {name.partition(".")[0] for name in TABLE} >= {"hydro", "space", "traffic"}


@every_kernel
def test_every_array_taken_is_a_parameter(function: Callable[..., Any]) -> None:
    assert set(contract_of(function).takes) <= set(inspect.signature(function).parameters)


@every_kernel
def test_every_parameter_that_an_array_may_fill_is_declared(function: Callable[..., Any]) -> None:
    likes = {
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if any(kind in str(parameter.annotation) for kind in ("ArrayLike", "NDArray", "Bools"))
        and "Callable" not in str(parameter.annotation)
    }
    assert likes <= set(contract_of(function).takes)
    assert contract_of(function).takes or function.__name__ in OF_STRUCTURES


@every_kernel
def test_what_comes_back_is_declared(function: Callable[..., Any]) -> None:
    contract = contract_of(function)
    if function.__name__ in OF_STRUCTURES:
        return
    assert contract.gives and (contract.structure or len(contract.gives) == 1)
    returned = str(inspect.signature(function).return_annotation)
    assert contract.structure in returned
    assert contract.structure or any(word in returned for word in ("NDArray", "Scores", "Floats", "Any", "float"))


@every_kernel
def test_dims_are_declared_once_and_cut_where_they_are(function: Callable[..., Any]) -> None:
    contract = contract_of(function)
    taken = {dim for array in contract.takes.values() for dim in array.dims}
    for array in (*contract.takes.values(), *contract.gives.values()):
        assert len(set(array.dims)) == len(array.dims)
    assert all("..." not in array.dims[1:] for array in contract.gives.values())
    assert {*contract.blocks, *contract.halo} <= taken
    if contract.blocks:  # a dim that is summed over cannot be cut
        ((_, given),) = contract.gives.items()
        assert set(contract.blocks) <= set(given.dims)
    assert not contract.halo or len(contract.takes) == 1


@every_kernel
def test_units_and_dtypes_are_udunits_and_numpy_or_follow_an_argument(function: Callable[..., Any]) -> None:
    contract = contract_of(function)
    for array in (*contract.takes.values(), *contract.gives.values()):
        if array.units is not None:
            parse_units(array.units)
        assert not array.units_of or (array.units_of in contract.takes and array.units is None)
        parameters = inspect.signature(function).parameters
        assert array.dtype in parameters or np.dtype(array.dtype).kind in "fiub"
        assert not array.on or array.on in parameters


SUFFIXES = {"_mm": "mm", "_m_s": "m s-1", "_m": "m", "_s": "s", "_dbz": "dBZ", "_min": "min"}


@every_kernel
def test_units_are_those_of_the_parameters_name_and_docstring(function: Callable[..., Any]) -> None:
    contract = contract_of(function)
    doc = inspect.getdoc(function) or ""
    for name, array in (*contract.takes.items(), *contract.gives.items()):
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
        assert suffix is None or array.units == SUFFIXES[suffix], name
    for units in {array.units for array in contract.takes.values()} - {None, "1"}:
        assert f"[{units}]" in doc, units


@every_kernel
def test_a_bare_array_has_a_name_units_and_says_what_it_is(function: Callable[..., Any]) -> None:
    contract = contract_of(function)
    if contract.structure:
        return
    ((name, array),) = contract.gives.items()
    assert name.isidentifier()
    assert array.units or array.units_of
    assert name in contract.takes or array.long_name


def test_an_array_says_its_dims_alone() -> None:
    array = Array(("link",))
    assert (array.units, array.units_of, np.dtype(array.dtype)) == (None, "", np.dtype("f8"))
