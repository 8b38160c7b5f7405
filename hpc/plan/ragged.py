"""Steps that fill ragged products, as they stand in ``plan.json``: rows are computed first and placed afterwards.

How many rows there are is known only then, so the arrays get their length between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import RunError
from ..store.products import Product, Variable
from ..store.ragged import is_ragged
from .steps import BlockStep, PlannedStep, ReductionStep, ShuffleStep, Step, plan_blocks

__all__ = ["PASS", "lower_steps"]

PASS = "citytide.hpc.ragged.shuffling:pass_columns"  # the function of a shuffle without one of its own
PLACE = "citytide.hpc.ragged.placing:place_rows"
SHARDS_HELD = 4  # by a task that places rows: as they are collected, and while they are compressed (measured: 3.4)


def lower_steps(steps: Sequence[Step], products: Mapping[str, Product]) -> list[PlannedStep]:
    """Every step as one or more steps of blocks, in the order they run.

    Raises
    ------
    RunError
        If a step and its ragged product do not fit each other, or a step reads what a ragged step left in ``work``.
    """
    planned: list[PlannedStep] = []
    for step in steps:
        planned += _lower(step, products)
    left = {f"work/{step.name}": step for step in planned if step.fills or step.kind == "split"}
    for reader in planned:
        for name in {*reader.inputs} & {*left} if reader.kind not in ("gather", "place") else ():
            raise RunError(
                f"step {reader.name!r} must not read {name!r}, rows that wait to be placed: name the product "
                f"{left[name].fills or 'of the shuffle'!r} among its inputs"
            )
    return planned


def _lower(step: Step, products: Mapping[str, Product]) -> list[PlannedStep]:
    product = products.get(step.product or "")
    if isinstance(step, ShuffleStep):
        if product is None or not is_ragged(product):
            raise RunError(
                f"shuffle {step.name!r} must fill a product with ragged variables, got {step.product!r}: declare a "
                "`Product` of this name with offsets (`instance_dimension`) and a variable that is `ragged`"
            )
        return _lower_shuffle(step, product)
    if product is None or not is_ragged(product):
        return step.levels() if isinstance(step, ReductionStep) else [plan_blocks(step)]
    if isinstance(step, ReductionStep):
        raise RunError(
            f"a reduction must not fill ragged variables, but {step.name!r} fills product {product.name!r}: use a "
            "`BlockStep` or a `ShuffleStep`"
        )
    if step.scalars:
        raise RunError(
            f"a step that fills ragged variables must have no scalars, but {step.name!r} has "
            f"{', '.join(step.scalars)}: declare them as variables of {product.name!r} that blocks fill"
        )
    _refuse_misfit(step.name, step.dim, step.extent, product)
    computed = replace(plan_blocks(step), kind="ragged", product=None, fills=product.name)
    return [computed, _place(f"{step.name}-place", computed, product)]


def _lower_shuffle(step: ShuffleStep, product: Product) -> list[PlannedStep]:
    for name in ("n_keys", "keys_per_bucket"):
        if (value := getattr(step, name)) < 1:
            raise RunError(f"shuffle {step.name!r}: {name} must be at least 1, got {value}: correct it")
    offsets = [variable for variable in product.filled_by("blocks") if variable.instance_dimension]
    if not offsets:
        raise RunError(
            f"shuffle {step.name!r}: product {product.name!r} must have a variable of offsets that blocks fill "
            "(`instance_dimension`), got none: declare one"
        )
    if len(offsets) > 1 and not step.gather:
        raise RunError(
            f"shuffle {step.name!r} must have a function `gather` to fill several variables of offsets, got "
            f"{', '.join(variable.name for variable in offsets)} of product {product.name!r} and no function: name one"
        )
    dim = offsets[0].instance_dimension
    _refuse_misfit(step.name, dim, step.n_keys, product)
    split = BlockStep(
        f"{step.name}-split", step.split, step.dim, step.extent, step.inputs, step.memory_bytes, step.seconds,
        step.params, step.per_block, bounds=step.bounds,
    )  # fmt: skip
    gather = BlockStep(
        f"{step.name}-gather", step.gather or PASS, dim, step.n_keys, (f"work/{split.name}",),
        step.gather_memory_bytes, step.gather_seconds, step.params, step.keys_per_bucket,
    )  # fmt: skip
    cut = plan_blocks(split)
    shuffle: dict[str, Any] = {
        "key": step.key, "n_keys": step.n_keys, "keys_per_bucket": step.keys_per_bucket, "split_blocks": cut.tasks,
    }  # fmt: skip
    gathered = replace(plan_blocks(gather), kind="gather", fills=product.name, shuffle=shuffle)
    return [
        replace(cut, kind="split", shuffle=shuffle), gathered, _place(f"{step.name}-place", gathered, product),
    ]  # fmt: skip


def _place(name: str, computed: PlannedStep, product: Product) -> PlannedStep:
    """The step that writes into whole shards what another one left."""
    shard = max(variable.shard_bytes for variable in product.filled_by("blocks"))
    return PlannedStep(
        name=name, kind="place", function=PLACE, dim=computed.dim, extent=computed.extent,
        per_block=computed.per_block, tasks=computed.tasks, bounds=computed.bounds,
        inputs=(f"work/{computed.name}",), product=product.name, memory_bytes=SHARDS_HELD * shard,
    )  # fmt: skip


def _refuse_misfit(step: str, dim: str, extent: int, product: Product) -> None:
    """Refuse variables that cannot be filled by rows of ``dim`` of unknown number."""
    if extent < 1:
        raise RunError(f"step {step!r} must have at least one {dim} to fill {product.name!r}, got {extent}")
    variables = {variable.name: variable for variable in product.filled_by("blocks")}
    for variable in variables.values():
        where = f"{product.name}.{variable.name} of step {step!r}"
        if variable.dtype == "string" or np.dtype(variable.dtype).hasobject:
            raise RunError(f"{where} must have a dtype of fixed size, got {variable.dtype}: use codes, or 'U16'")
        if variable.ragged:
            _refuse_without_offsets(where, variable, variables)
        elif variable.instance_dimension:
            _refuse_wrong_offsets(where, variable, dim, extent)
        elif variable.dims[:1] != (dim,) or variable.shape[:1] != (extent,):
            raise RunError(
                f"{where} must have a row for each {dim}, {extent}, got dims {variable.dims} and shape "
                f"{variable.shape}: correct them, or name its offsets (`ragged`)"
            )


def _refuse_without_offsets(where: str, variable: Variable, variables: Mapping[str, Variable]) -> None:
    offsets = variables.get(variable.ragged)
    if offsets is None or not offsets.instance_dimension:
        raise RunError(
            f"{where} must name offsets that blocks fill too, got {variable.ragged!r}: declare that variable with "
            "`instance_dimension`"
        )
    if len(variable.shape) != len(variable.dims) or variable.columns_per_shard:
        raise RunError(
            f"{where} must have a shape of as many entries as dims and no `columns_per_shard`, got {variable.shape} "
            f"for {variable.dims}: give 0 for the number of rows"
        )


def _refuse_wrong_offsets(where: str, variable: Variable, dim: str, extent: int) -> None:
    if variable.dtype != "int64" or variable.shape != (extent + 1,) or variable.instance_dimension != dim:
        raise RunError(
            f"{where} must be offsets of {dim!r}: int64 of shape {(extent + 1,)}, got {variable.dtype} of shape "
            f"{variable.shape} with instance_dimension {variable.instance_dimension!r}"
        )
