"""From what a workflow prepared to a plan on the pools of a backend: the first plan, and those that follow it."""

from __future__ import annotations

from importlib import import_module

from ..hpc.errors import RunError
from ..hpc.execution.backends import Backend
from ..hpc.plan.plans import Plan, list_plans, make_plan
from ..hpc.run.records import stamp_inputs
from ..hpc.run.resumption.further_plans import FurtherPlan, name_inputs, refuse_repeated_names
from ..hpc.run.runs import Run
from ..hpc.store.products import Product
from ..hpc.store.stores import refuse_repeated_labels
from .workflow import Prepared

__all__ = ["plan_further", "plan_prepared"]


def plan_prepared(prepared: Prepared, backend: Backend, *, before: Plan | None = None, number: int = 1) -> Plan:
    """Plan what was prepared, and refuse what cannot be done there; ``before`` is what is planned already."""
    first = backend.pools[0]
    values = {name: array for name, (_, array) in prepared.arrays.items()}
    for product in prepared.products:
        if isinstance(product, Product):
            refuse_repeated_labels(product, values)
    return make_plan(
        prepared.steps,
        prepared.products,
        workers=first.workers,
        threads=first.threads,
        memory_per_worker=first.memory_per_worker,
        input_bytes=prepared.input_bytes,
        pools=backend.pools,
        sources=prepared.sources,
        arrays=prepared.arrays,
        before=before,
        inputs=name_inputs(number),
    )


def plan_further(run: Run, function: str, backend: Backend) -> FurtherPlan:
    """Plan what follows in a run whose blocks are done so far, by the function that its last plan names.

    Raises
    ------
    RunError
        If the function cannot be imported or returns something else, or its plan is refused.
    """
    module, _, name = function.partition(":")
    try:
        prepare = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RunError(
            f"`then` must be the import path package.module:name of a function, but {function!r} cannot be imported "
            f"({error}): check that its folder is on PYTHONPATH"
        ) from None
    prepared = prepare(run)
    if not isinstance(prepared, Prepared):
        raise RunError(f"{function} must return a Prepared, got a {type(prepared).__name__}")
    plan = plan_prepared(prepared, backend, before=run.plan, number=len(list_plans(run.path)) + 1)
    refuse_repeated_names(run.plan, plan)
    record = {
        "inputs": stamp_inputs(prepared.inputs),
        "notes": list(prepared.notes),
        "seeds": dict(prepared.seeds),
    }
    return FurtherPlan(plan, prepared.arrays, prepared.then, prepared.ragged, record)
