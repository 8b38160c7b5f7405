"""What a plan refuses before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..store.products import Product, Table
from .refusals.blocks import refuse_bad_blocks, refuse_shared_shards
from .refusals.functions import refuse_missing_functions
from .refusals.inputs import NOTHING, Earlier, NamedArrays, Readable
from .refusals.names import refuse_bad_names
from .refusals.products import refuse_unfilled, refuse_unknown_product
from .refusals.tables import refuse_bad_tables, refuse_missing_rows
from .sources import Source
from .steps import PlannedStep

__all__ = ["Earlier", "NamedArrays", "check_plan", "refuse_bad_blocks", "refuse_missing_rows", "refuse_shared_shards"]


def check_plan(
    steps: Sequence[PlannedStep],
    products: Sequence[Product | Table],
    sources: Mapping[str, Source],
    arrays: NamedArrays | None,
    earlier: Earlier = NOTHING,
    inputs: str = "inputs.zarr",
) -> None:
    """Refuse, in one sentence, the first thing about a plan that could not go right.

    Parameters
    ----------
    steps
        In the order they run, reductions as their levels.
    products, sources
        What the steps fill, and what they read where it lies.
    arrays
        What will stand in ``inputs``; if None, nothing is checked that needs them.
    earlier
        What a run that is planned further has already.
    inputs
        The group that holds ``arrays``.

    Raises
    ------
    RunError
        With the rule, the name and value that break it, and the way out.
    """
    refuse_bad_names(steps, products)
    stores = {product.name: product for product in products if isinstance(product, Product)}
    tables = {table.name: table for table in products if isinstance(table, Table)}
    refuse_unknown_product(steps, [product.name for product in products])
    refuse_shared_shards(steps, stores)
    refuse_unfilled(steps, stores, tables, arrays)
    refuse_bad_tables(steps, list(tables.values()))
    Readable(steps, stores, tables, sources, arrays, earlier, inputs).refuse_unknown()
    refuse_missing_functions(steps)
