"""What a block returns: every variable that it must fill, every scalar, and nothing that nobody declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...errors import FAILED, RunError
from ...store.products import Product
from ..steps import Block, PlannedStep
from .names import name_known

__all__ = ["refuse_incomplete"]


def refuse_incomplete(
    step: PlannedStep, product: Product | None, block: Block, results: Mapping[str, Any], yielded: Collection[str]
) -> None:
    """Refuse a block's result that would leave zeros or NaN in the product, or fail when the run ends.

    Parameters
    ----------
    step, product, block
        Whose result it is, and what the step fills.
    results
        What the function returned, scalars included.
    yielded
        Variables of which it yielded parts.

    Raises
    ------
    RunError
        For a variable or scalar that is missing, an array that the product does not declare, or a scalar of the ledger
        without one value for each row.
    """
    for name in step.scalars:
        if name not in results:
            raise RunError(
                f"a block must return every scalar of its step, got no {name!r} of step {step.name!r}: return it from "
                f"{step.function}, or take it out of the step's scalars",
                exit_code=FAILED,
            )
    if product is None:
        return
    filled = [variable.name for variable in product.filled_by("blocks")]
    for name in filled:
        if name not in results and name not in yielded:
            raise RunError(
                f"a block must return every variable of its product that blocks fill, got no {product.name}.{name} of "
                f"step {step.name!r}: return it from {step.function}, or leave the variable out",
                exit_code=FAILED,
            )
    for name in results:
        if name not in filled and name not in step.scalars:
            raise RunError(
                f"a block must return only variables of its product that blocks fill, and scalars, got {name!r} of "
                f"step {step.name!r}; {name_known(name, [*filled, *step.scalars])}",
                exit_code=FAILED,
            )
    rows = block.stop - block.start
    for variable in product.filled_by("ledger"):
        if variable.dims[:1] == (step.dim,) and variable.name in results and len(results[variable.name]) != rows:
            raise RunError(
                f"a block must return one value of a scalar for each of its rows ({rows}), got "
                f"{len(results[variable.name])} of {product.name}.{variable.name} from step {step.name!r}: correct "
                f"{step.function}",
                exit_code=FAILED,
            )
