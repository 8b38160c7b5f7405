"""A workflow: its settings, a preparation that opens the inputs and plans, and a finish that reads the products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
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
from ..kernels.plugins import Plugin, PluginError, list_plugins

__all__ = [
    "WORKFLOWS", "NamedArrays", "Prepared", "Workflow", "find_workflow", "list_workflows", "load_workflow",
    "reload_workflow",
]  # fmt: skip

NamedArrays = dict[str, tuple[tuple[str, ...], NDArray[Any]]]  # dims and values of each array that blocks read

# Name of each workflow, and the folder whose `question.py` holds it as WORKFLOW.
WORKFLOWS = {
    "comorbidity": "medical.comorbidity",
    "events-import": "medical.records",
    "flood-warning": "hydro.warning",
    "incidence": "medical.incidence",
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


def list_workflows() -> dict[str, tuple[Plugin, ...]]:
    """Where the workflow of each name is: the built-in ones, then those of installed packages. Nothing is imported.

    Examples
    --------
    >>> list_workflows()["inundation"][0].path
    'citytide.workflows.hydro.inundation.question:WORKFLOW'
    """
    own = version("citytide")
    found: dict[str, tuple[Plugin, ...]] = {
        name: (Plugin(name, f"{__package__}.{folder}.question:WORKFLOW", "citytide", own),)
        for name, folder in WORKFLOWS.items()
    }
    for name, plugins in list_plugins("citytide.workflows").items():
        found[name] = (*found.get(name, ()), *plugins)
    return found


def find_workflow(name: str) -> Plugin:
    """Where a workflow is, by its name or by its import path ``package.module:NAME``.

    Raises
    ------
    RunError
        If the name is unknown (the message lists the known ones), or several packages own it.
    """
    known = list_workflows()
    if ":" in name:
        owned = (plugin for plugins in known.values() for plugin in plugins if plugin.path == name)
        return next(owned, Plugin(name, name))
    if name not in known:
        told = [one if one in WORKFLOWS else f"{one} (from {known[one][0].origin})" for one in known]
        raise RunError(
            f"workflow must be one of {', '.join(told)}, a run file (FILE.yaml) or package.module:NAME, got {name!r}"
        )
    if len(known[name]) > 1:
        raise RunError(
            f"a workflow's name must have one owner, but {name!r} is of {_join(p.origin for p in known[name])}: "
            f"uninstall all but one, or name the one you mean by its path "
            f"({' or '.join(plugin.path for plugin in known[name])})"
        )
    return known[name][0]


def load_workflow(name: str) -> Workflow:
    """Load a workflow by its name, built-in or of an installed package, or by its import path ``package.module:NAME``.

    Raises
    ------
    RunError
        If the name is unknown (the message lists the known ones), has several owners, or cannot be imported.

    Examples
    --------
    >>> load_workflow("inundation").modules
    ('numba', 'citytide.workflows.hydro.inundation.steps')
    """
    return _import_workflow(find_workflow(name))


def reload_workflow(record: Mapping[str, Any]) -> Workflow:
    """Load the workflow of a run again, from where its ``run.json`` says it was; if it moved, from where its package
    has it now.

    Raises
    ------
    RunError
        If it can no longer be imported.
    """
    name, locator = str(record["workflow"]), record.get("locator")
    if not locator:  # of a run that an earlier version laid out
        return load_workflow(name)
    then = Plugin(name, **locator)
    now = [plugin for plugin in list_workflows().get(name, ()) if plugin.package == then.package]
    problems = []
    for plugin in (then, *now[:1]):
        try:
            return _import_workflow(plugin)
        except RunError as error:
            problems.append(str(error))
    raise RunError(
        f"workflow {name!r} must be importable to go on with this run, but {then.path} is not: "
        + (f"install {then.origin}, with which the run was begun" if then.package else "put its folder on PYTHONPATH")
        + f" ({problems[0]})"
    )


def _import_workflow(plugin: Plugin) -> Workflow:
    name = plugin.name
    if not plugin.package:
        found = _import_own(plugin)
    else:
        try:
            found = plugin.load()
        except PluginError as error:
            raise RunError(f"workflow {name!r} cannot be used: {error}") from error
    if not isinstance(found, Workflow):
        raise RunError(f"{plugin.path!r} must be a citytide.workflows.Workflow, got a {type(found).__name__}")
    if plugin.package and found.name != name:
        raise RunError(
            f"a workflow must have the name of its entry point, but {name!r} of {plugin.origin} calls itself "
            f"{found.name!r}: make both the same in that package"
        )
    return found


def _import_own(plugin: Plugin) -> Any:
    """A workflow that is named by its path, in a folder of the user's."""
    module, _, attribute = plugin.path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise RunError(
            f"workflow {plugin.path!r} cannot be imported ({error}): check that its folder is on PYTHONPATH"
        ) from None


def _join(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
