"""Tables of a plan, and the steps that write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import RunError
from ...store.products import Product, Table
from ...store.tables import refuse_table
from ..steps import PlannedStep, ReductionStep, Step

__all__ = ["refuse_bad_tables", "refuse_missing_rows"]


def refuse_missing_rows(steps: Sequence[Step], products: Mapping[str, Product]) -> None:
    """Refuse a reduction into a store that does not say how many rows it writes."""
    for step in steps:
        if isinstance(step, ReductionStep) and step.product in products and step.rows < 1:
            raise RunError(
                f"rows of reduction {step.name!r} must be at least 1 for the store {step.product!r}, got {step.rows}: "
                "give the number of rows that finalize returns"
            )


def refuse_bad_tables(steps: Sequence[PlannedStep], tables: Sequence[Table]) -> None:
    """Refuse columns that cannot be written, and a step with the name of the step that writes a table."""
    for table in tables:
        refuse_table(table)
        if any(step.name == f"{table.name}-table" for step in steps):
            raise RunError(
                f"a step must have a name of its own, but the one that writes table {table.name!r} is called "
                f"'{table.name}-table' too: rename the step or the table"
            )
