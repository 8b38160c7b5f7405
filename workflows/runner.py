"""Run a workflow from Python: the same four verbs as on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..hpc.clusters import Backend, make_backend
from ..hpc.execution import execute_run
from ..hpc.plans import Plan, make_plan
from ..hpc.profiles import Profile, load_profile
from ..hpc.runs import Run, create_run, open_run
from ..hpc.settings import RunFile, read_run_file, resolve_settings, sourced
from .workflow import Prepared, Workflow, load_workflow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Draft", "draft_run", "open_run", "resume", "run", "start_run"]


@dataclass(frozen=True)
class Draft:
    """A run that was opened, checked and planned; nothing is written yet."""

    workflow: Workflow
    prepared: Prepared
    plan: Plan
    profile: Profile
    backend: Backend
    settings: dict[str, dict[str, Any]]
    out: str | None
    command: tuple[str, ...]


def draft_run(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
    warm_up: bool = False,
) -> Draft:
    """Open the inputs of a workflow (or of a run file) and plan it; workers may warm up meanwhile."""
    file = _run_file(what)
    site = load_profile(profile or file.profile or "local")
    workflow = load_workflow(file.workflow)
    layers = [
        sourced(f"profile {site.name}", site.settings),
        sourced(f"file {what}", file.set),
        sourced("--set", set or {}),
    ]
    settings, table = resolve_settings(workflow.settings, layers)
    backend = make_backend(site)
    if warm_up:
        backend.warm_up(workflow.modules)
    prepared = workflow.prepare(settings)
    plan = make_plan(
        prepared.steps,
        prepared.products,
        workers=backend.workers,
        threads=backend.threads,
        memory_per_worker=backend.memory_per_worker,
        input_bytes=prepared.input_bytes,
    )
    chosen = str(out) if out is not None else file.out
    return Draft(workflow, prepared, plan, site, backend, table, chosen, _command(what, set or {}, profile, out))


def _command(what: str | Path, sets: Mapping[str, Any], profile: str | None, out: str | Path | None) -> tuple[str, ...]:
    """The command line that asks for the same, also when Python asked."""
    words = ["citytide", "run", str(what)]
    for key, value in sets.items():
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        words += ["--set", f"{key}={text}"]
    words += ["--profile", profile] if profile else []
    return (*words, *(["--out", str(out)] if out is not None else []))


def _run_file(what: str | Path) -> RunFile:
    name = str(what)
    return read_run_file(Path(name)) if name.endswith((".yaml", ".yml")) else RunFile(workflow=name)


def run(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
    quiet: bool = True,
) -> Run:
    """Run a workflow, or a run file, to its end.

    Parameters
    ----------
    what
        A workflow's name, or the path of a run file (``workflow, set, profile, out``).
    set
        Settings that beat those of the file.
    profile
        Name or path of a site profile; ``local`` by default.
    out
        Run folder; ``runs/<workflow>-<id>`` by default.
    quiet
        Say nothing on stderr.

    Returns
    -------
    Run
        Finished, failed or stopped: see its ``result``.

    Raises
    ------
    RunError, InputError
        Before work starts, if anything asked for cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> done = run("traffic-assignment", set={"gap": 1e-2}, out=tempfile.mkdtemp())
    >>> done.result["state"], done.open("assignment").flow.dims
    ('done', ('scenario', 'link'))
    """
    return start_run(draft_run(what, set=set, profile=profile, out=out, warm_up=True), quiet=quiet)


def start_run(draft: Draft, *, quiet: bool = False) -> Run:
    """Lay a drafted run out on disk and run it."""
    from ..hpc.records import stamp_inputs

    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]] = draft.prepared.arrays
    record = {
        "workflow": draft.workflow.name,
        "name": draft.prepared.title or draft.workflow.name,
        "version": _version(),
        "command": list(draft.command),
        "settings": draft.settings,
        "profile": draft.profile.model_dump(mode="json"),
        "inputs": stamp_inputs(draft.prepared.inputs),
        "seeds": dict(draft.prepared.seeds),
        "notes": list(draft.prepared.notes),
        "attrs": dict(draft.prepared.attrs),
    }
    started = create_run(draft.out, draft.plan, arrays, record)
    return _execute(started, draft.backend, draft.workflow, take_over=False, quiet=quiet)


def resume(path: str | Path, *, profile: str | None = None, take_over: bool = False, quiet: bool = True) -> Run:
    """Go on with a run: compute what its ledger lacks, and finish it.

    Parameters
    ----------
    path
        The run's folder or id.
    profile
        Another profile than the one the run was started with.
    take_over
        Take the run from a driver that seems to live; say so only if you know that it is gone.
    quiet
        Say nothing on stderr.

    Raises
    ------
    RunError
        If another driver lives, or the run's own inputs are damaged.
    """
    found = open_run(path)
    site = load_profile(profile) if profile else Profile.model_validate(found.record["profile"])
    backend, workflow = make_backend(site), load_workflow(found.workflow)
    backend.warm_up(workflow.modules)
    return _execute(found, backend, workflow, take_over=take_over, quiet=quiet)


def _execute(found: Run, backend: Backend, workflow: Workflow, *, take_over: bool, quiet: bool) -> Run:
    from ..hpc.provenance import write_crate
    from ..hpc.report import write_report

    execute_run(found, backend, workflow.finish, take_over=take_over, quiet=quiet)
    write_report(found.path)
    write_crate(found.path)
    return Run(found.path)


def _version() -> str:
    from importlib.metadata import version

    return version("citytide")
