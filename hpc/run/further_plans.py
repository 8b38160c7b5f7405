"""Further plans of a run: made when the blocks so far are done, and recorded as the first was.

A plan that follows has the number 2, 3 and so on. Its arrays stand in ``inputs-2.zarr``; ``plan-2.json`` appears last
and makes it count, so a driver that is killed in between plans again, with the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..plan.plans import Plan, list_plans, read_plans
from ..store.stores import create_product, hash_file, read_arrays, refuse_repeated_labels, write_arrays
from .records import read_json, write_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .runs import Run

__all__ = [
    "FurtherPlan", "PlanNext", "create_products", "find_next", "lay_out_further", "read_stored_inputs",
    "refuse_repeated_names",
]  # fmt: skip


@dataclass(frozen=True)
class FurtherPlan:
    """A plan that follows, the arrays its blocks read, what plans the one after it, and what else it has to tell."""

    plan: Plan
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]]
    then: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


# Of a run and the import path of a function: the plan that the function makes of what the run wrote so far.
PlanNext = Callable[["Run", str], FurtherPlan]


def find_next(run: Run) -> str:
    """Import path of the function that plans what follows; empty if nothing does."""
    plans = list_plans(run.path)
    newest = run.record if len(plans) == 1 else read_json(plans[-1])
    return str(newest.get("then") or "")


def lay_out_further(run: Run, further: FurtherPlan) -> Path:
    """Write the arrays and empty products of a plan that follows; its ``plan-N.json`` comes last."""
    number = len(list_plans(run.path)) + 1
    inputs = run.path / _inputs_name(number)
    values = {name: array for name, (_, array) in further.arrays.items()}
    for product in further.plan.products:
        refuse_repeated_labels(product, values)
    shutil.rmtree(inputs, ignore_errors=True)  # of a driver that was killed here
    write_arrays(inputs, further.arrays)
    for product in further.plan.products:
        create_product(run.path, product, values)
    stored = {
        str(file.relative_to(run.path)): hash_file(file, sync=True)
        for file in sorted(inputs.rglob("*"))
        if file.is_file()
    }
    path = run.path / f"plan-{number}.json"
    write_json(path, {**further.plan.to_json(), **further.record, "then": further.then, "stored_inputs": stored})
    return path


def refuse_repeated_names(before: Plan, after: Plan) -> None:
    """Refuse a plan that follows if it uses a name of the plans before it again.

    Raises
    ------
    RunError
        Naming the step or the product.
    """
    pairs = (
        ("step", [step.name for step in before.steps], [step.name for step in after.steps]),
        ("product", _name_products(before), _name_products(after)),
        ("source", list(before.sources), list(after.sources)),
    )
    for kind, old, new in pairs:
        if repeated := sorted(set(old) & set(new)):
            raise RunError(
                f"each {kind} of a run must have a name of its own, but its further plan uses {repeated[0]!r} again: "
                f"rename the {kind}"
            )


def _name_products(plan: Plan) -> list[str]:
    return [product.name for product in plan.products] + [table.name for table in plan.tables]


def create_products(run: Run, folder: Path) -> None:
    """Lay out the products of all plans once more, in another folder."""
    for number, plan in enumerate(read_plans(run.path), start=1):
        arrays = read_arrays(run.path / _inputs_name(number))
        for product in plan.products:
            create_product(folder, product, arrays)


def read_stored_inputs(run: Run) -> dict[str, str]:
    """Hash of every file that blocks read and no block wrote: the plans and their arrays."""
    stored = dict(run.record.get("stored_inputs", {}))
    for path in list_plans(run.path)[1:]:
        stored |= read_json(path)["stored_inputs"]
    return stored


def _inputs_name(number: int) -> str:
    return "inputs.zarr" if number == 1 else f"inputs-{number}.zarr"
