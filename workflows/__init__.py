"""Workflows: one folder per question a user asks, and the names from which a question of your own is written.

``from citytide.workflows import Workflow, Prepared, Settings, BlockStep, Product, Variable``; the page
docs/workflow-of-your-own.md writes a question with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernels.exports import export_lazily

if TYPE_CHECKING:
    from ..hpc.errors import RunError
    from ..hpc.plan.settings import Settings, listed
    from ..hpc.plan.sources import Source
    from ..hpc.plan.steps import Block, BlockStep, ReductionStep
    from ..hpc.run.runs import Run
    from ..hpc.store.products import Column, Product, Table, Variable
    from .workflow import Prepared, Workflow, load_workflow

__all__ = [
    "Block",
    "BlockStep",
    "Column",
    "Prepared",
    "Product",
    "ReductionStep",
    "Run",
    "RunError",
    "Settings",
    "Source",
    "Table",
    "Variable",
    "Workflow",
    "listed",
    "load_workflow",
]

_HOMES = {
    "RunError": "..hpc.errors",
    "Settings": "..hpc.plan.settings",
    "listed": "..hpc.plan.settings",
    "Source": "..hpc.plan.sources",
    "Block": "..hpc.plan.steps",
    "BlockStep": "..hpc.plan.steps",
    "ReductionStep": "..hpc.plan.steps",
    "Run": "..hpc.run.runs",
    "Column": "..hpc.store.products",
    "Product": "..hpc.store.products",
    "Table": "..hpc.store.products",
    "Variable": "..hpc.store.products",
    "Prepared": ".workflow",
    "Workflow": ".workflow",
    "load_workflow": ".workflow",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
