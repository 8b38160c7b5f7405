"""Products and tables of a plan: a step fills each, and each variable has the length that its step gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...errors import RunError
from ...store.products import Product, Table, Variable
from ..steps import PlannedStep
from .inputs import NamedArrays
from .names import name_known

__all__ = ["refuse_unfilled", "refuse_unknown_product"]


def refuse_unknown_product(steps: Sequence[PlannedStep], names: Iterable[str]) -> None:
    """Refuse a step that fills what the plan does not list."""
    known = list(names)
    for step in steps:
        if step.product is not None and step.product not in known:
            raise RunError(
                f"a step must fill a product or table of the plan, got {step.product!r} of step {step.name!r}; "
                f"{name_known(step.product, known)}"
            )


def refuse_unfilled(
    steps: Sequence[PlannedStep],
    products: Mapping[str, Product],
    tables: Mapping[str, Table],
    arrays: NamedArrays | None,
) -> None:
    """Refuse what would be published as zeros or NaN, and variables of another length than their step's."""
    fillers = {step.product: step for step in steps if step.product is not None}
    for table in tables:
        if table not in fillers:
            raise RunError(
                f"a table must be filled by a step, got {table!r}, which no step names: give one product={table!r}"
            )
    for product in products.values():
        step = fillers.get(product.name)
        for variable in product.variables:
            if variable.filled == "inputs":
                if arrays is not None:
                    _refuse_unlike_input(product, variable, arrays)
            elif variable.filled == "blocks":
                _refuse_no_blocks(product, variable, step)
            elif variable.filled == "ledger":
                _refuse_no_scalar(product, variable, step)


def _refuse_no_blocks(product: Product, variable: Variable, step: PlannedStep | None) -> None:
    if step is None:
        raise RunError(
            f"a variable that is filled by blocks needs a step that fills its product, got "
            f"{product.name}.{variable.name}: set product={product.name!r} of a step, or leave the product out"
        )
    if step.kind not in ("block", "finalize") or variable.ragged or variable.instance_dimension:
        return
    if not variable.shape or variable.shape[0] != step.extent:
        rows = "rows" if step.kind == "finalize" else "extent"
        raise RunError(
            f"a variable that is filled by blocks must be as long as its step's {rows}, got shape {variable.shape} of "
            f"{product.name}.{variable.name} and {rows} {step.extent} of step {step.name!r}: give both one length"
        )


def _refuse_no_scalar(product: Product, variable: Variable, step: PlannedStep | None) -> None:
    if step is None or variable.name not in step.scalars:
        who = "no step fills the product" if step is None else f"step {step.name!r} has {list(step.scalars)}"
        raise RunError(
            "a variable that is filled from the ledger must be among the scalars of the step that fills its product, "
            f"got {product.name}.{variable.name}, and {who}: add it there, or leave the variable out"
        )
    if variable.dims[:1] == (step.dim,) and variable.shape[:1] != (step.extent,):
        raise RunError(
            "a variable that is filled from the ledger must be as long as its step's extent, got shape "
            f"{variable.shape} of {product.name}.{variable.name} and extent {step.extent} of step {step.name!r}: give "
            "both one length"
        )


def _refuse_unlike_input(product: Product, variable: Variable, arrays: NamedArrays) -> None:
    name = f"{product.name}.{variable.name}"
    if variable.name not in arrays:
        raise RunError(
            f"a variable that is filled from the inputs must have an array of its name, got {name}; "
            f"{name_known(variable.name, arrays)}"
        )
    dims, values = arrays[variable.name]
    if tuple(dims) != tuple(variable.dims) or (variable.shape and values.shape != tuple(variable.shape)):
        raise RunError(
            f"a variable that is filled from the inputs must have the dims and shape of its array, got {variable.dims} "
            f"{variable.shape or ''} of {name} and {tuple(dims)} {values.shape} of the array: correct one of them"
        )
    declared = "string" if variable.dtype == "string" else _name_kind(np.dtype(variable.dtype))
    if declared != _name_kind(values.dtype):
        raise RunError(
            f"a variable that is filled from the inputs must have the kind of numbers of its array, got "
            f"{variable.dtype} of {name} and {values.dtype} of the array: correct one of them"
        )


def _name_kind(dtype: np.dtype) -> str:
    return "string" if dtype.kind in "UTOS" else dtype.kind
