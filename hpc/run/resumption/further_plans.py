"""Further plans of a run: made when the blocks so far are done, and recorded as the first was.

A plan that follows has the number 2, 3 and so on. Its arrays stand in ``inputs-2.zarr``; ``plan-2.json`` appears last
and makes it count, so a driver that is killed in between plans again, with the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import RunError
from ...identity.changes import SOURCES_FILE, Identity
from ...plan.plans import Plan, list_plans, read_plans
from ...store.ledger import read_ledger
from ...store.ragged import Ragged, describe_ragged
from ...store.stores import create_product, hash_file, read_arrays, refuse_repeated_labels, write_arrays
from ..records import read_json, write_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..runs import Run

__all__ = [
    "FurtherPlan", "PlanNext", "create_products", "find_next", "lay_out_further", "name_inputs", "open_inputs",
    "read_stored_inputs", "refuse_repeated_names",
]  # fmt: skip


@dataclass(frozen=True)
class FurtherPlan:
    """A plan that follows, the arrays its blocks read, what plans the one after it, and what else it has to tell."""

    plan: Plan
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]]
    then: str = ""
    ragged: tuple[Ragged, ...] = ()
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
    inputs = run.path / name_inputs(number)
    values = {name: array for name, (_, array) in further.arrays.items()}
    for product in further.plan.products:
        refuse_repeated_labels(product, values)
    shutil.rmtree(inputs, ignore_errors=True)  # of a driver that was killed here
    write_arrays(inputs, further.arrays, describe_ragged(further.arrays, further.ragged))
    made_of = Identity.take(further.plan)
    if made_of.files:
        known = read_json(run.path / SOURCES_FILE) if (run.path / SOURCES_FILE).exists() else {}
        write_json(run.path / SOURCES_FILE, {**known, **made_of.files})
    for product in further.plan.products:
        create_product(run.path, product, values)
    stored = {
        str(file.relative_to(run.path)): hash_file(file, sync=True)
        for file in sorted(inputs.rglob("*"))
        if file.is_file()
    }
    path = run.path / f"plan-{number}.json"
    record = {**further.record, "identity": made_of.to_record(), "then": further.then, "stored_inputs": stored}
    write_json(path, {**further.plan.to_json(), **record})
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


def create_products(run: Run, folder: Path, names: Collection[str] | None = None) -> None:
    """Lay out the products of all plans once more, or those of some names."""
    for number, plan in enumerate(read_plans(run.path), start=1):
        chosen = [product for product in plan.products if names is None or product.name in names]
        arrays = read_arrays(run.path / name_inputs(number)) if chosen else {}
        for product in chosen:
            create_product(folder, product, arrays)


def read_stored_inputs(run: Run) -> dict[str, str]:
    """Hash of every file that blocks read and no block wrote: the plans and their arrays."""
    stored = dict(run.record.get("stored_inputs", {}))
    for path in list_plans(run.path)[1:]:
        stored |= read_json(path)["stored_inputs"]
    planned = (line for line in read_ledger(run.path / "ledger.jsonl") if line["kind"] == "planned")
    return stored | {line["path"]: line["sha256"] for line in planned}


def open_inputs(run: Run) -> dict[str, dict[str, tuple[tuple[str, ...], Any]]]:
    """The arrays that each plan of a run laid out so far, by group and name: dims and, not read yet, values."""
    import zarr

    groups = [name_inputs(number) for number in range(1, len(list_plans(run.path)) + 1)]
    return {
        group: {
            name: (tuple(getattr(array.metadata, "dimension_names", None) or ()), array)
            for name, array in sorted(zarr.open_group(run.path / group, mode="r").arrays())
        }
        for group in groups
    }


def name_inputs(number: int) -> str:
    """The group that holds the arrays of the plan of this number.

    Examples
    --------
    >>> name_inputs(1), name_inputs(2)
    ('inputs.zarr', 'inputs-2.zarr')
    """
    return "inputs.zarr" if number == 1 else f"inputs-{number}.zarr"
