"""Run, submit and resume workflows from Python; the command line calls the same functions."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..hpc.cluster import make_backend
from ..hpc.errors import RunError
from ..hpc.execution.backends import Backend
from ..hpc.execution.execution import execute_run
from ..hpc.execution.functions import find_function
from ..hpc.plan.plans import choose_pool
from ..hpc.plan.profiles import Profile, load_profile
from ..hpc.run.driver_lock import refuse_live
from ..hpc.run.progress import say
from ..hpc.run.records import write_json
from ..hpc.run.references import accept_changed_upstream, refuse_changed_upstream
from ..hpc.run.references import as_json as upstream_as_json
from ..hpc.run.resumption.continuation import Continuation, check_continuation, write_continuation
from ..hpc.run.resumption.further_plans import FurtherPlan
from ..hpc.run.resumption.restart import find_restarted
from ..hpc.run.runs import Run, create_run, open_run, refuse_older
from .drafts import Draft, draft_run
from .planning import plan_further
from .workflow import Workflow, reload_workflow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "draft_run", "drive", "follow", "lay_out", "open_run", "resume", "resume_remotely", "run", "start_run", "submit",
    "submit_laid_out",
]  # fmt: skip


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
        "command": list(draft.command),
        "settings": draft.settings,
        "profile": draft.profile.model_dump(mode="json"),
        "inputs": stamp_inputs(draft.prepared.inputs),
        "seeds": dict(draft.prepared.seeds),
        "notes": list(draft.prepared.notes),
        "attrs": dict(draft.prepared.attrs),
        "upstream": upstream_as_json(draft.upstream),
        "then": draft.prepared.then,
        "chain": {"folder": str(draft.stage.folder), "stage": draft.stage.name} if draft.stage else None,
    }
    return create_run(draft.out, draft.plan, arrays, record, ragged=draft.prepared.ragged)


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
    refuse_changed_upstream(found)
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
    restart: Sequence[str] = (),
    accept_changes: bool = False,
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
    restart
        Names of steps to compute again, with every later step that reads from them; also of a run that is done.
    accept_changes
        Go on although code, version or sources have changed; run record, result, report and crate then say so.
    quiet
        Print nothing on stderr.
    detach
        On Slurm, return as soon as the next driver job is submitted.

    Raises
    ------
    RunError
        If another driver runs, the run's own inputs are damaged, or its code, version or sources have changed.
    """
    found = open_run(path)
    site = load_profile(profile) if profile else Profile.model_validate(found.record["profile"])
    if profile:
        found.record["profile"] = site.model_dump(mode="json")
    if (found.status()["state"] != "done" or restart) and not accept_changes:
        refuse_changed_upstream(found)
    backend, workflow = make_backend(site), reload_workflow(found.record)
    for step in found.list_unfinished(find_restarted(found.plan, restart)):
        choose_pool(step, backend.pools)  # refuses what this profile cannot hold
    if backend.is_remote:
        sent = resume_remotely(found, site, take_over=take_over, restart=restart, accept_changes=accept_changes)
        return sent if detach else follow(sent, quiet=quiet)
    chosen = check_continuation(found, find_function, restart=restart, accept_changes=accept_changes)
    _write_accepted(found, chosen, restart, accept_changes, take_over)
    backend.warm_up(workflow.modules)
    return _execute(found, backend, workflow, take_over=take_over, quiet=quiet)


def _write_accepted(
    found: Run, chosen: Continuation, restart: Sequence[str], accept_changes: bool, take_over: bool
) -> None:
    """Write down what a resume accepts and computes again, once nothing of it is refused."""
    if accept_changes and (found.status()["state"] != "done" or restart):
        if not take_over:
            refuse_live(found.path)
        accept_changed_upstream(found)
    write_continuation(found, chosen, take_over=take_over)


def resume_remotely(
    found: Run, site: Profile, *, take_over: bool = False, restart: Sequence[str] = (), accept_changes: bool = False
) -> Run:
    """Submit the next driver job of a run, from any login node; a finished run is not changed."""
    from ..hpc.slurm.jobs.submission import cancel_jobs, refuse_queued
    from ..hpc.slurm.query.controller import Controller

    if found.status()["state"] == "done" and not restart:
        return found
    refuse_older(found)
    chosen = check_continuation(found, find_function, restart=restart, accept_changes=accept_changes)
    use_slurm_conf(site)
    if take_over:
        cancel_jobs(found.path, Controller())
    else:
        refuse_live(found.path)
    refuse_queued(found.path, Controller())  # before anything in the run folder changes
    _write_accepted(found, chosen, restart, accept_changes, take_over)
    write_json(found.path / "run.json", found.record)  # the profile may have changed
    return submit_laid_out(found, site)


def _execute(found: Run, backend: Backend, workflow: Workflow, *, take_over: bool, quiet: bool) -> Run:
    from ..hpc.report.provenance import write_crate
    from ..hpc.report.report import write_report

    def plan_next(run: Run, function: str) -> FurtherPlan:
        return plan_further(run, function, backend)

    result = execute_run(found, backend, workflow.finish, plan_next=plan_next, take_over=take_over, quiet=quiet)
    if result["state"] == "expired":
        return Run(found.path)
    write_report(found.path)
    write_crate(found.path)
    return Run(found.path)
