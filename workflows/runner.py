"""Run, submit and resume workflows from Python; the command line calls the same functions."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..hpc.cluster import make_backend
from ..hpc.errors import RunError
from ..hpc.execution.backends import Backend
from ..hpc.execution.execution import execute_run
from ..hpc.plan.plans import Plan, choose_pool, make_plan
from ..hpc.plan.profiles import Profile, load_profile
from ..hpc.plan.settings import RunFile, read_run_file, resolve_settings, sourced
from ..hpc.run.progress import say
from ..hpc.run.records import write_json
from ..hpc.run.runs import Run, create_run, open_run, refuse_older
from ..hpc.store.products import Product
from ..hpc.store.stores import refuse_repeated_labels
from .workflow import Prepared, Workflow, find_workflow, load_workflow, reload_workflow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Draft",
    "draft_run",
    "drive",
    "follow",
    "lay_out",
    "open_run",
    "resume",
    "resume_remotely",
    "run",
    "start_run",
    "submit",
    "submit_laid_out",
]


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
    prepared, first = workflow.prepare(settings), backend.pools[0]
    values = {name: array for name, (_, array) in prepared.arrays.items()}
    for product in prepared.products:
        if isinstance(product, Product):
            refuse_repeated_labels(product, values)
    plan = make_plan(
        prepared.steps,
        prepared.products,
        workers=first.workers,
        threads=first.threads,
        memory_per_worker=first.memory_per_worker,
        input_bytes=prepared.input_bytes,
        pools=backend.pools,
        sources=prepared.sources,
    )
    chosen = str(out) if out is not None else file.out
    at = find_workflow(file.workflow)
    locator = {"path": at.path, "package": at.package, "version": at.version}
    command = _command(what, set or {}, profile, out)
    return Draft(workflow, prepared, plan, site, backend, table, chosen, command, locator)


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
        Settings that override those of the file.
    profile
        Name or path of a site profile; ``local`` by default.
    out
        Run folder; ``runs/<workflow>-<id>`` by default.
    quiet
        Print nothing on stderr.

    Returns
    -------
    Run
        Finished, failed or stopped: see its ``result``.

    Raises
    ------
    RunError, InputError
        Before work starts, if an input, a setting, the profile or the plan is refused.

    Examples
    --------
    >>> import tempfile
    >>> done = run("traffic-assignment", set={"gap": 1e-2}, out=tempfile.mkdtemp())
    >>> done.result["state"], done.open("assignment").flow.dims
    ('done', ('scenario', 'link'))
    """
    return start_run(draft_run(what, set=set, profile=profile, out=out, warm_up=True), quiet=quiet)


def start_run(draft: Draft, *, quiet: bool = False) -> Run:
    """Write a drafted run's folder and run it; on Slurm, submit it and follow it to its end."""
    laid = lay_out(draft)
    if draft.backend.is_remote:
        return follow(submit_laid_out(laid, draft.profile), quiet=quiet)
    return _execute(laid, draft.backend, draft.workflow, take_over=False, quiet=quiet)


def lay_out(draft: Draft) -> Run:
    """Write the folder of a drafted run: inputs, plan, empty products. Nothing runs yet."""
    from ..hpc.run.records import stamp_inputs

    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]] = draft.prepared.arrays
    record = {
        "workflow": draft.workflow.name,
        "locator": dict(draft.locator),
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
    return create_run(draft.out, draft.plan, arrays, record)


def submit(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
) -> Run:
    """Write a run's folder and submit its driver job; returns as soon as Slurm has accepted it.

    Parameters
    ----------
    what, set, profile, out
        As for :func:`run`; the profile must have a Slurm backend.

    Raises
    ------
    RunError, InputError
        Before anything is submitted, if an input, a setting, the profile or the plan is refused; or with Slurm's
        own message, if Slurm refuses the job.
    """
    draft = draft_run(what, set=set, profile=profile, out=out)
    refuse_local(draft.profile)
    return submit_laid_out(lay_out(draft), draft.profile)


def refuse_local(site: Profile) -> None:
    """Refuse a profile without a Slurm backend, which has nothing to submit to."""
    if not site.backend.startswith("slurm"):
        raise RunError(
            f"submit needs a profile with a Slurm backend, got {site.name!r} with backend {site.backend!r}: use "
            "`citytide run`, or a profile with `backend: slurm-jobs` (`citytide profile list`)"
        )


def submit_laid_out(laid: Run, site: Profile) -> Run:
    """Submit the driver job of a run whose folder is written, unless it has one already."""
    from ..hpc.slurm.jobs.submission import refuse_queued, submit_driver
    from ..hpc.slurm.query.controller import Controller

    use_slurm_conf(site)
    controller = Controller()
    with (laid.path / "submit.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two submissions at the same moment, the second finds the first one's job
        refuse_queued(laid.path, controller)
        job = submit_driver(laid.path, site, controller)
    say(f"run {laid.id}: driver job {job} is submitted; follow it: citytide attach {shlex.quote(str(laid.path))}")
    return laid


def use_slurm_conf(site: Profile) -> None:
    """Use the Slurm configuration that the profile names, if it names one."""
    if site.slurm_conf:
        os.environ["SLURM_CONF"] = site.slurm_conf


def drive(path: str | Path) -> Run:
    """Resume a run inside its driver job, and submit the next driver job if this allocation ends too early."""
    from ..hpc.slurm.jobs.submission import wait_for_end_of_others

    found = open_run(path)
    site = Profile.model_validate(found.record["profile"])
    use_slurm_conf(site)
    wait_for_end_of_others(found.path)
    return _execute(found, make_backend(site), reload_workflow(found.record), take_over=False, quiet=False)


def follow(started: Run, *, quiet: bool) -> Run:
    """Wait for a submitted run to end, showing how far it is; Ctrl-C leaves it running."""
    from ..hpc.control.attach import attach_to_run

    attach_to_run(started.path, quiet=quiet)
    return Run(started.path)


def resume(
    path: str | Path,
    *,
    profile: str | None = None,
    take_over: bool = False,
    quiet: bool = True,
    detach: bool = False,
) -> Run:
    """Resume a run: compute the blocks that its ledger lacks, and finish it.

    Parameters
    ----------
    path
        The run's folder or id.
    profile
        A profile to use in place of the one the run was started with.
    take_over
        Take the run over from a driver that still seems to run; use it only if you know that the driver has ended.
    quiet
        Print nothing on stderr.
    detach
        On Slurm, return as soon as the next driver job is submitted.

    Raises
    ------
    RunError
        If another driver runs, or the run's own inputs are damaged.
    """
    found = open_run(path)
    site = load_profile(profile) if profile else Profile.model_validate(found.record["profile"])
    if profile:
        found.record["profile"] = site.model_dump(mode="json")
    backend, workflow = make_backend(site), reload_workflow(found.record)
    for step in found.plan.steps:
        choose_pool(step, backend.pools)  # refuses what this profile cannot hold
    if backend.is_remote:
        sent = resume_remotely(found, site, take_over=take_over)
        return sent if detach else follow(sent, quiet=quiet)
    backend.warm_up(workflow.modules)
    return _execute(found, backend, workflow, take_over=take_over, quiet=quiet)


def resume_remotely(found: Run, site: Profile, *, take_over: bool = False) -> Run:
    """Submit the next driver job of a run, from any login node; a finished run is not changed."""
    from ..hpc.run.driver_lock import refuse_live
    from ..hpc.slurm.jobs.submission import cancel_jobs, refuse_queued
    from ..hpc.slurm.query.controller import Controller

    if found.status()["state"] == "done":
        return found
    refuse_older(found)
    use_slurm_conf(site)
    if take_over:
        cancel_jobs(found.path, Controller())
    else:
        refuse_live(found.path)
    refuse_queued(found.path, Controller())  # before anything in the run folder changes
    write_json(found.path / "run.json", found.record)  # the profile may have changed
    return submit_laid_out(found, site)


def _execute(found: Run, backend: Backend, workflow: Workflow, *, take_over: bool, quiet: bool) -> Run:
    from ..hpc.report.provenance import write_crate
    from ..hpc.report.report import write_report

    result = execute_run(found, backend, workflow.finish, take_over=take_over, quiet=quiet)
    if result["state"] == "expired":
        return Run(found.path)
    write_report(found.path)
    write_crate(found.path)
    return Run(found.path)


def _version() -> str:
    from importlib.metadata import version

    return version("citytide")
