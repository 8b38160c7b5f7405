"""What reductions ask to release: into a table whose columns may be withheld, by functions that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import RunError
from ...store.products import Product, Table
from ...store.release_request import CountedTable
from ..steps import ReductionStep, Step
from .functions import has_function
from .names import name_known

__all__ = ["refuse_bad_releases"]


def refuse_bad_releases(steps: Sequence[Step], kept: Mapping[str, Product | Table]) -> None:
    """Refuse a release that would not fill its table, or fill one that cannot hold it.

    Parameters
    ----------
    steps
        As the question gave them.
    kept
        Products and tables of the plan, by name.

    Raises
    ------
    RunError
        For a product that is no table, a table at person level, a column that could not be withheld, a label that is no
        column, or a function for further columns that is not there.
    """
    for step in steps:
        if not isinstance(step, ReductionStep) or step.release is None or step.product not in kept:
            continue
        table = kept[step.product]
        if not isinstance(table, Table):
            raise RunError(
                f"aggregates of persons are released as a Table, but step {step.name!r} fills product "
                f"{step.product!r}: declare Table({step.product!r}, ...) in its place"
            )
        if table.person_level:
            raise RunError(
                f"a released table must not be at person level, but step {step.name!r} fills {step.product!r}: omit "
                "its person_level, or the release"
            )
        _refuse_columns(step.name, table, step.release.table)
        derive = step.release.table.derive
        if derive and not has_function(derive.partition(":")[0], derive.partition(":")[2]):
            raise RunError(
                "`derive` of a release must be the import path package.module:name of a function, but this "
                f"environment has no {derive!r}, which step {step.name!r} names: correct the name"
            )


def _refuse_columns(step: str, table: Table, counted: CountedTable) -> None:
    declared = [column.name for column in table.columns]
    for label in counted.labels:
        if label not in declared:
            raise RunError(
                f"each label of a release must be a column of its table, got {label!r} of step {step!r}; "
                f"{name_known(label, declared)}"
            )
    for column in table.columns:
        if column.name not in counted.labels and not column.may_be_withheld:
            raise RunError(
                f"a column of a released table that is no label must be declared with may_be_withheld=True, got "
                f"{table.name}.{column.name} of step {step!r}: declare it so"
            )
