"""What a plan refuses before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import RunError
from ..store.products import Product
from .steps import PlannedStep

__all__ = ["refuse_shared_shards"]


def refuse_shared_shards(steps: Sequence[PlannedStep], products: Mapping[str, Product]) -> None:
    """Refuse two steps that write one product, and two blocks that would share a file."""
    owner: dict[str, str] = {}
    for step in steps:
        if step.product is None:
            continue
        if step.product in owner:
            raise RunError(f"steps {owner[step.product]!r} and {step.name!r} both write product {step.product!r}")
        owner[step.product] = step.name
        if step.kind == "place":  # its tasks own whole shards, wherever their blocks are cut
            continue
        for variable in products[step.product].filled_by("blocks"):
            if step.tasks > 1 and step.per_block % variable.per_shard:
                raise RunError(
                    f"two blocks of step {step.name!r} would share a shard of {step.product}.{variable.name}: blocks "
                    f"of {step.per_block} do not hold whole shards of {variable.per_shard}; make per_block a multiple"
                )
