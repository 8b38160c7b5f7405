"""A workflow: its settings, a preparation that opens the inputs and plans, and a finish that reads the products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..hpc.errors import RunError
from ..hpc.plan.settings import Settings
from ..hpc.plan.sources import Source
from ..hpc.plan.steps import Step
from ..hpc.run.result import Result
from ..hpc.run.runs import Run
from ..hpc.store.products import Product, Table
from ..hpc.store.ragged import Ragged

__all__ = ["WORKFLOWS", "NamedArrays", "Prepared", "Workflow", "load_workflow"]

NamedArrays = dict[str, tuple[tuple[str, ...], NDArray[Any]]]  # dims and values of each array that blocks read

# Name of each workflow, and the folder whose `question.py` holds it as WORKFLOW.
WORKFLOWS = {
    "flood-warning": "hydro.warning",
    "inundation": "hydro.inundation",
    "traffic-assignment": "traffic.assignment",
}


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs, opened and checked, before anything is written.

    ``then`` is the import path ``package.module:name`` of a function that plans what follows once the blocks of these
    steps are done: ``then(run)`` finds what they wrote under ``run.path`` and returns the next ``Prepared``, of which
    steps, products, arrays, inputs, notes, seeds, sources and ``then`` count. Its arrays are ``inputs-2.zarr`` to its
    steps, and ``inputs-3.zarr`` to those of the plan after it.
    """

    steps: tuple[Step, ...]
    products: tuple[Product | Table, ...]
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]]
    title: str = ""
    inputs: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seeds: Mapping[str, int] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    ragged: tuple[Ragged, ...] = ()  # which of the arrays are ragged, and their offsets
    then: str = ""

    @property
    def input_bytes(self) -> int:
        return sum(values.nbytes for _, values in self.arrays.values())


@dataclass(frozen=True)
class Workflow:
    """A question a user asks, by name.

    ``prepare(settings)`` opens and checks; ``finish(run)`` reads the published products, writes figures and tables into
    the run folder, and returns what they say as a :class:`~citytide.hpc.run.result.Result`; a mapping of the keys of
    ``result.json`` will do.
    """

    name: str
    summary: str
    settings: type[Settings]
    prepare: Callable[[Any], Prepared]
    finish: Callable[[Run], Result | Mapping[str, Any]]
    modules: tuple[str, ...] = ()  # imported by a worker before its first block


def load_workflow(name: str) -> Workflow:
    """Load a workflow by its name, or one of your own by its import path ``package.module:NAME``.

    Raises
    ------
    RunError
        If the name is unknown (the message lists the known ones), or nothing can be imported from the path.

    Examples
    --------
    >>> load_workflow("inundation").modules
    ('numba', 'citytide.workflows.hydro.inundation.steps')
    """
    module, colon, attribute = name.partition(":")
    if colon:
        return _import_workflow(name, module, attribute)
    if name not in WORKFLOWS:
        raise RunError(
            f"workflow must be one of {', '.join(WORKFLOWS)}, a run file (FILE.yaml) or package.module:NAME, "
            f"got {name!r}"
        )
    workflow: Workflow = import_module(f".{WORKFLOWS[name]}.question", __package__).WORKFLOW
    return workflow


def _import_workflow(name: str, module: str, attribute: str) -> Workflow:
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise RunError(
            f"workflow {name!r} cannot be imported ({error}): check that its folder is on PYTHONPATH"
        ) from None
    if not isinstance(found, Workflow):
        raise RunError(f"{name!r} must be a citytide.workflows.workflow.Workflow, got a {type(found).__name__}")
    return found
