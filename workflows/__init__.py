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
    from ..hpc.plan.steps import Block, BlockStep, ReductionStep, ShuffleStep
    from ..hpc.run.result import Result, SummaryColumn, Tile
    from ..hpc.run.runs import Run
    from ..hpc.store.products import Column, Product, Table, Variable
    from ..hpc.store.ragged import Ragged
    from ..hpc.store.release_request import CountedTable, Policy, ReleaseRequest
    from ..hpc.store.sealed import unseal
    from .workflow import Prepared, Workflow, load_workflow

__all__ = [
    "Block",
    "BlockStep",
    "Column",
    "CountedTable",
    "Policy",
    "Prepared",
    "Product",
    "Ragged",
    "ReductionStep",
    "ReleaseRequest",
    "Result",
    "Run",
    "RunError",
    "Settings",
    "ShuffleStep",
    "Source",
    "SummaryColumn",
    "Table",
    "Tile",
    "Variable",
    "Workflow",
    "listed",
    "load_workflow",
    "unseal",
]

_HOMES = {
    "RunError": "..hpc.errors",
    "Settings": "..hpc.plan.settings",
    "listed": "..hpc.plan.settings",
    "Source": "..hpc.plan.sources",
    "Block": "..hpc.plan.steps",
    "BlockStep": "..hpc.plan.steps",
    "ReductionStep": "..hpc.plan.steps",
    "ShuffleStep": "..hpc.plan.steps",
    "Result": "..hpc.run.result",
    "SummaryColumn": "..hpc.run.result",
    "Tile": "..hpc.run.result",
    "Run": "..hpc.run.runs",
    "Column": "..hpc.store.products",
    "Product": "..hpc.store.products",
    "Table": "..hpc.store.products",
    "Variable": "..hpc.store.products",
    "Ragged": "..hpc.store.ragged",
    "CountedTable": "..hpc.store.release_request",
    "Policy": "..hpc.store.release_request",
    "ReleaseRequest": "..hpc.store.release_request",
    "unseal": "..hpc.store.sealed",
    "Prepared": ".workflow",
    "Workflow": ".workflow",
    "load_workflow": ".workflow",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
