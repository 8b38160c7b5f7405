"""Drafts: runs whose inputs are opened and checked, and which are planned; nothing is written yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hpc.cluster import make_backend
from ..hpc.execution.backends import Backend
from ..hpc.plan.plans import Plan
from ..hpc.plan.profiles import Profile, load_profile
from ..hpc.plan.settings import RunFile, Sourced, read_run_file, resolve_settings, sourced
from ..hpc.run.references import Upstream, resolve_references
from .planning import plan_prepared, prepare_inputs
from .workflow import Prepared, Workflow, find_workflow, load_workflow

__all__ = ["Draft", "Stage", "draft_run", "draft_workflow"]


@dataclass(frozen=True)
class Stage:
    """The place of a run in a chain: the chain's folder, its own name, and the folders of the stages before it."""

    folder: Path
    name: str
    earlier: Mapping[str, Path]


@dataclass(frozen=True)
class Draft:
    """A run whose inputs are opened and checked, and which is planned; nothing is written yet."""

    workflow: Workflow
    prepared: Prepared
    plan: Plan
    profile: Profile
    backend: Backend
    settings: dict[str, dict[str, Any]]
    out: str | None
    command: tuple[str, ...]
    locator: Mapping[str, str]  # where the workflow is: import path, package and version
    upstream: tuple[Upstream, ...] = ()
    stage: Stage | None = None


def draft_run(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
    warm_up: bool = False,
) -> Draft:
    """Open the inputs of a workflow (or of a run file) and plan it; ``warm_up`` starts workers meanwhile."""
    file = _run_file(what)
    site = load_profile(profile or file.profile or "local")
    layers = [
        sourced(f"profile {site.name}", site.settings),
        sourced(f"file {what}", file.set),
        sourced("--set", set or {}),
    ]
    chosen = str(out) if out is not None else file.out
    command = _command(what, set or {}, profile, out)
    return draft_workflow(file.workflow, layers, site, out=chosen, command=command, warm_up=warm_up)


def draft_workflow(
    name: str,
    layers: Sequence[Sourced],
    site: Profile,
    *,
    out: str | None,
    command: tuple[str, ...],
    warm_up: bool = False,
    environment: Mapping[str, str] | None = None,
    stage: Stage | None = None,
) -> Draft:
    """Resolve the settings of a workflow from layers, open its inputs and plan it.

    Parameters
    ----------
    environment
        Where ``CITYTIDE_SET__KEY`` is looked for; that of this process by default.
    stage
        The place of the run in a chain: its settings may name products of earlier stages.
    """
    workflow, upstream = load_workflow(name), list[Upstream]()

    def resolve(values: Mapping[str, Any]) -> Mapping[str, Any]:
        resolved, found = resolve_references(values, stages=stage.earlier if stage else None)
        upstream.extend(found)
        return resolved

    settings, table = resolve_settings(workflow.settings, layers, environment, resolve=resolve)
    backend = make_backend(site)
    if warm_up:
        backend.warm_up(workflow.modules)
    prepared, at = prepare_inputs(workflow, settings), find_workflow(name)
    plan = plan_prepared(prepared, backend)
    locator = {"path": at.path, "package": at.package, "version": at.version}
    return Draft(workflow, prepared, plan, site, backend, table, out, command, locator, tuple(upstream), stage)


def _command(what: str | Path, sets: Mapping[str, Any], profile: str | None, out: str | Path | None) -> tuple[str, ...]:
    """The command line that starts the same run, for the record of a run started from Python too."""
    words = ["citytide", "run", str(what)]
    for key, value in sets.items():
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        words += ["--set", f"{key}={text}"]
    words += ["--profile", profile] if profile else []
    return (*words, *(["--out", str(out)] if out is not None else []))


def _run_file(what: str | Path) -> RunFile:
    name = str(what)
    return read_run_file(Path(name)) if name.endswith((".yaml", ".yml")) else RunFile(workflow=name)
