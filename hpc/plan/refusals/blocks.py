"""Blocks of a step: where they begin and end, who of a gang reads which rows, and whose a shard is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ...errors import RunError
from ...store.products import Product, Variable
from ..steps import BlockStep, PlannedStep, ReductionStep, ShuffleStep, Step

__all__ = ["refuse_bad_blocks", "refuse_shared_shards"]


def refuse_bad_blocks(step: Step) -> None:
    """Refuse blocks that do not cover the step's rows once, before any of them is asked what it needs."""
    least = 1 if isinstance(step, ReductionStep | ShuffleStep) else 0
    if step.extent < least or step.per_block < 1:
        raise RunError(
            f"extent must be at least {least} and per_block at least 1, got {step.extent} and {step.per_block} of step "
            f"{step.name!r}: leave out a step that has nothing to do"
        )
    bounds = [int(bound) for bound in step.bounds]
    if not bounds:
        _refuse_bad_ranks(step)
        return
    if step.per_block != 1:
        raise RunError(
            f"blocks are cut by bounds or by per_block, got both of step {step.name!r} (per_block {step.per_block}): "
            "leave one out"
        )
    if bounds[0] != 0 or bounds[-1] != step.extent:
        raise RunError(
            f"bounds must go from 0 to the step's extent, {step.extent}, got {bounds[0]} to {bounds[-1]} of step "
            f"{step.name!r}: add the bounds that are missing"
        )
    for before, after in pairwise(bounds):
        if after <= before:
            raise RunError(
                f"bounds must rise, got {after} after {before} of step {step.name!r}: a block must have at least one "
                "row"
            )
    _refuse_bad_ranks(step)


def _refuse_bad_ranks(step: Step) -> None:
    """Refuse rows of ranks that are not one piece for each rank, from 0 on."""
    if not isinstance(step, BlockStep):
        return
    if step.ranks < 0:
        raise RunError(f"ranks must be at least 0, got {step.ranks} of step {step.name!r}: 0 is a step without a gang")
    bounds = [int(bound) for bound in step.rank_bounds]
    if not bounds and not step.rank_dim:
        return
    if not bounds or not step.rank_dim or not step.ranks:
        raise RunError(
            "ranks, rank_dim and rank_bounds must be given together, got "
            f"{step.ranks}, {step.rank_dim!r} and {len(bounds)} bounds of step {step.name!r}: add what is missing"
        )
    if step.rank_dim == step.dim:
        raise RunError(
            f"rank_dim must be another dim than the step's, got {step.dim!r} twice of step {step.name!r}: a block's "
            "own rows go to all of its ranks"
        )
    falls = any(after < before for before, after in pairwise(bounds))
    if len(bounds) != step.ranks + 1 or bounds[0] != 0 or falls:
        raise RunError(
            f"rank_bounds must begin at 0, not fall, and be one more than the ranks ({step.ranks + 1}), got "
            f"{len(bounds)} bounds {_shorten(bounds)} of step {step.name!r}: give one piece of {step.rank_dim!r} to "
            "each rank"
        )


def _shorten(bounds: Sequence[int]) -> str:
    listed = [str(bound) for bound in bounds]
    return ", ".join(listed if len(listed) <= 6 else [*listed[:3], "...", *listed[-2:]])


def refuse_shared_shards(steps: Sequence[PlannedStep], products: Mapping[str, Product]) -> None:
    """Refuse two steps that write one product or table, and two blocks that would share a file."""
    owner: dict[str, str] = {}
    for step in steps:
        if step.product is None:
            continue
        if step.product in owner:
            raise RunError(
                f"steps {owner[step.product]!r} and {step.name!r} both write product {step.product!r}: give each its "
                "own"
            )
        owner[step.product] = step.name
        if step.product in products and step.tasks > 1 and step.kind == "block":
            for variable in products[step.product].filled_by("blocks"):
                if not variable.ragged and not variable.instance_dimension:  # whose rows are not those of the blocks
                    _refuse_cut_shard(step, variable)


def _refuse_cut_shard(step: PlannedStep, variable: Variable) -> None:
    rows, name = variable.per_shard, f"{step.product}.{variable.name}"
    if step.bounds:
        if cut := next((bound for bound in step.bounds[1:-1] if bound % rows), None):
            raise RunError(
                f"two blocks of step {step.name!r} would share a shard of {name}: bound {cut} is not a multiple of its "
                f"{rows} rows; cut the blocks there (cut_by_cost takes per_shard={rows})"
            )
    elif step.per_block % rows:
        raise RunError(
            f"two blocks of step {step.name!r} would share a shard of {name}: blocks "
            f"of {step.per_block} do not hold whole shards of {rows}; make per_block a multiple"
        )
