"""What a plan refuses before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import RunError
from ..store.products import Product, Table
from ..store.tables import refuse_table
from .steps import PlannedStep, ReductionStep, Step

__all__ = ["refuse_missing_rows", "refuse_shared_shards", "refuse_tables"]


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


def refuse_missing_rows(steps: Sequence[Step], products: Mapping[str, Product]) -> None:
    """Refuse a reduction into a store that does not say how many rows it writes."""
    for step in steps:
        if isinstance(step, ReductionStep) and step.product in products and step.rows < 1:
            raise RunError(
                f"rows of reduction {step.name!r} must be at least 1 for the store {step.product!r}, got {step.rows}: "
                "give the number of rows that finalize returns"
            )


def refuse_tables(steps: Sequence[PlannedStep], stores: Sequence[Product], tables: Sequence[Table]) -> None:
    """Refuse a table that cannot be written, that nobody fills, that two steps fill, or that a step would read."""
    taken = {store.name for store in stores}
    for table in tables:
        refuse_table(table)
        if table.name in taken:
            raise RunError(f"each product must have a name of its own, but two are called {table.name!r}: rename one")
        taken.add(table.name)
        fillers = [step.name for step in steps if step.product == table.name]
        if not fillers:
            raise RunError(
                f"a table must be filled by a step, but none has product={table.name!r}: name it as the product of the "
                "step that returns its columns, or omit it"
            )
        if len(fillers) > 1:
            raise RunError(
                f"a table must be filled by one step, but {fillers[0]!r} and {fillers[1]!r} both have "
                f"product={table.name!r}: give each a table of its own"
            )
        if any(step.name == f"{table.name}-table" for step in steps):
            raise RunError(
                f"a step must have a name of its own, but the one that writes table {table.name!r} is called "
                f"'{table.name}-table' too: rename the step or the table"
            )
        readers = [s.name for s in steps for read in s.inputs if read.partition(":")[0] == table.name]
        if readers:
            raise RunError(
                f"a step must read stores, files or earlier blocks, but {readers[0]!r} reads the table {table.name!r}: "
                f"read 'work/{fillers[0]}', or write a store"
            )
