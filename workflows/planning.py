"""From what a workflow prepared to a plan on the pools of a backend: the first plan, and those that follow it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..hpc.errors import RunError
from ..hpc.execution.backends import Backend
from ..hpc.plan.plans import Plan, list_plans, make_plan
from ..hpc.run.index import index_folder
from ..hpc.run.privacy import find_persons, keep_text, keeps_persons, mark_sources, refuse_unmarked_persons
from ..hpc.run.records import stamp_inputs
from ..hpc.run.resumption.further_plans import FurtherPlan, name_inputs, open_inputs, refuse_repeated_names
from ..hpc.run.runs import Run
from ..hpc.store.products import Product
from ..hpc.store.sealed import running_step
from ..hpc.store.stores import refuse_repeated_labels
from .workflow import Prepared, Workflow

__all__ = ["plan_further", "plan_prepared", "prepare_inputs"]


def prepare_inputs(workflow: Workflow, settings: Any) -> Prepared:
    """Let a workflow open its inputs; what another run holds at person level stays marked, and out of messages.

    Raises
    ------
    RunError
        If a setting names such data and the workflow makes no source of it.
    PersonLevelError
        In place of whatever the workflow raised over such data.
    """
    persons = find_persons(dict(settings))
    if not persons:
        return workflow.prepare(settings)
    name = f"prepare-{workflow.name.replace(':', '-')}.txt"
    prepared = keep_text(lambda: workflow.prepare(settings), index_folder().parent, name)
    refuse_unmarked_persons(persons, prepared.sources)
    return prepared


def plan_prepared(prepared: Prepared, backend: Backend, *, run: Run | None = None) -> Plan:
    """Plan what was prepared, and refuse what cannot be done there; ``run`` is the one that is planned further."""
    first = backend.pools[0]
    number = len(list_plans(run.path)) + 1 if run else 1
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
        sources=mark_sources(prepared.sources),
        arrays=prepared.arrays,
        before=run.plan if run else None,
        inputs=name_inputs(number),
        laid_out=open_inputs(run) if run else None,
        why_no_gpu=backend.why_no_gpu,
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

    def plan_next() -> Any:
        with running_step():  # it may read persons of its own run
            return prepare(run)

    name = f"plan-{len(list_plans(run.path)) + 1}.txt"
    prepared = keep_text(plan_next, run.path, name) if keeps_persons(run.plan) else prepare(run)
    if not isinstance(prepared, Prepared):
        raise RunError(f"{function} must return a Prepared, got a {type(prepared).__name__}")
    plan = plan_prepared(prepared, backend, run=run)
    refuse_repeated_names(run.plan, plan)
    record = {
        "inputs": stamp_inputs(prepared.inputs),
        "notes": list(prepared.notes),
        "seeds": dict(prepared.seeds),
    }
    return FurtherPlan(plan, prepared.arrays, prepared.then, prepared.ragged, record)
