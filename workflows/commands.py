"""Commands that run workflows: run, plan, submit, resume."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import click

from ..hpc.commands.site import as_json, show_json
from .settings_help import WorkflowCommand

if TYPE_CHECKING:
    from ..hpc.run.runs import Run
    from .drafts import Draft

__all__ = ["drive", "plan", "resume", "run", "submit"]

_set = click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting; overrides the file's. Repeatable."
)
_profile = click.option("--profile", metavar="NAME|FILE", help="Site profile; `local` by default.")
_out = click.option("--out", metavar="DIR", help="Run folder; runs/<workflow>-<id> by default.")
_detach = click.option("--detach", is_flag=True, help="On Slurm: return as soon as the driver's job is submitted.")


@click.command(cls=WorkflowCommand)
@click.argument("what", metavar="WORKFLOW|FILE.yaml")
@_set
@_profile
@_out
@_detach
@as_json
def run(what: str, sets: tuple[str, ...], profile: str | None, out: str | None, detach: bool, as_json: bool) -> None:
    """Run a workflow, a run file or a chain of runs (a file with `stages:`) to its end. With a Slurm profile it is
    submitted and followed.

    \b
    Examples:
      citytide run traffic-assignment
      citytide run traffic-assignment --set network=sioux-falls --set gap=1e-10 --out runs/sioux
      citytide run morning.yaml --set demand_factors=0.8,1.0,1.2 --json
      citytide run morning.yaml --profile our-cluster --detach
      citytide run inundation --set terrain=run:runs/ground/heights
      citytide run chain.yaml --set flood.rain=60

    A setting that takes a file takes run:RUN/PRODUCT too, the product of another run (folder or id) that is done; in
    a chain RUN may be the name of an earlier stage.

    A setting may come from the environment too: CITYTIDE_SET__GAP=1e-6 overrides the file's gap, and --set overrides
    both.

    Exit codes: 0 done (or submitted), 1 failed, 2 bad input or a plan that cannot fit, 3 another driver holds the run,
    130 cancelled, stopped by Ctrl-C (resume it) or, on Slurm, left by Ctrl-C (the run goes on: attach to it).
    """
    from ..hpc.plan.settings import is_chain_file, parse_set
    from .drafts import draft_run
    from .runner import lay_out, start_run, submit_laid_out

    if is_chain_file(what):
        from . import chain
        from .chain_commands import tell_begun, tell_chain

        options: dict[str, Any] = {"set": parse_set(sets), "profile": profile, "out": out}
        if detach:
            tell_begun(chain.submit_chain(what, **options), as_json)
        else:
            tell_chain(chain.run_chain(what, **options, quiet=False), as_json, _tell)
        return
    draft = draft_run(what, set=parse_set(sets), profile=profile, out=out, warm_up=True)
    if detach:
        _refuse_detached(draft.backend.is_remote, draft.profile.name)
        _tell_submitted(submit_laid_out(lay_out(draft), draft.profile), as_json)
        return
    _tell(start_run(draft, quiet=False), as_json)


@click.command()
@click.argument("run")
@_profile
@click.option("--take-over", is_flag=True, help="Take the run over from a driver that seems to run, but has ended.")
@click.option(
    "--restart",
    metavar="STEP",
    multiple=True,
    help="Compute a step again, and every later one that reads from it; also of a run that is done. Repeatable.",
)
@click.option(
    "--accept-changes", is_flag=True, help="Go on although code, version or sources have changed; it is recorded."
)
@_detach
@as_json
def resume(
    run: str,
    profile: str | None,
    take_over: bool,
    restart: tuple[str, ...],
    accept_changes: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Resume RUN (folder or id): compute the blocks that its ledger lacks. A chain goes on with the stages it lacks.

    A run is refused if the code of its steps, citytide's version or a source has changed since it was laid out.

    \b
    Examples:
      citytide resume runs/demo
      citytide resume runs/demo --profile our-cluster --detach
      citytide resume runs/demo --restart assignment

    Exit codes: the same as for `citytide run`.
    """
    from ..hpc.plan.profiles import Profile, load_profile
    from ..hpc.run.index import find_chain, note_again
    from ..hpc.run.progress import say
    from ..hpc.run.runs import open_run
    from . import runner

    if find_chain(run):
        from .chain import resume_chain
        from .chain_commands import tell_begun, tell_chain

        flags: dict[str, Any] = {"take_over": take_over, "restart": restart, "accept_changes": accept_changes}
        chain = resume_chain(run, profile=profile, detach=detach, quiet=False, **flags)
        if detach:
            tell_begun(chain, as_json)
        else:
            tell_chain(chain, as_json, _tell)
        return
    found = open_run(run)
    note_again(found.id, found.workflow, found.path, str(found.record["created"]))
    options: dict[str, Any] = {
        "profile": profile, "take_over": take_over, "restart": restart, "accept_changes": accept_changes,
    }  # fmt: skip
    if found.record.get("chain"):
        say(
            f"this run is a stage; to go on with the whole chain: citytide resume {shlex.quote(str(found.path.parent))}"
        )
    if not detach:
        _tell(runner.resume(run, **options, quiet=False), as_json)
    site = load_profile(profile) if profile else Profile.model_validate(found.record["profile"])
    _refuse_detached(site.backend.startswith("slurm"), site.name)
    _tell_submitted(runner.resume(run, **options, quiet=False, detach=True), as_json)


@click.command(cls=WorkflowCommand)
@click.argument("what", metavar="WORKFLOW|FILE.yaml")
@_set
@_profile
@_out
@click.option("--dry-run", is_flag=True, help="Print the job scripts; nothing is submitted, nothing is written.")
@as_json
def submit(
    what: str, sets: tuple[str, ...], profile: str | None, out: str | None, dry_run: bool, as_json: bool
) -> None:
    """Submit a workflow, or a run file, to Slurm and return: a small job drives the run.

    \b
    Examples:
      citytide submit morning.yaml --profile our-cluster --dry-run
      citytide submit morning.yaml --profile our-cluster
      citytide submit traffic-assignment --profile generic-cpu --set network=anaheim --json

    Afterwards use citytide status, attach, logs, cancel and resume, each with the run's folder or id.

    Exit codes: 0 submitted, 1 Slurm refused or did not answer, 2 bad input or a plan that cannot fit.
    """
    from ..hpc.plan.settings import is_chain_file, parse_set
    from .drafts import draft_run
    from .runner import lay_out, refuse_local, submit_laid_out

    if is_chain_file(what):
        from . import chain
        from .chain_commands import tell_begun

        options: dict[str, Any] = {"set": parse_set(sets), "profile": profile, "out": out}
        if dry_run:
            drafted = chain.draft_chain(what, **options)
            chain.refuse_local_stages(drafted.record)
            chain.refuse_occupied_chain(drafted.path)
            _print_scripts(drafted.first, as_json)
        else:
            tell_begun(chain.submit_chain(what, **options), as_json)
        return
    draft = draft_run(what, set=parse_set(sets), profile=profile, out=out)
    refuse_local(draft.profile)
    if dry_run:
        _print_scripts(draft, as_json)
        return
    _tell_submitted(submit_laid_out(lay_out(draft), draft.profile), as_json)


def _print_scripts(draft: Draft, as_json: bool) -> None:
    from pathlib import Path

    from ..hpc.control.dry_run import make_scripts
    from ..hpc.run.runs import name_run, refuse_occupied

    identity = name_run(draft.workflow.name)
    path = Path(draft.out) if draft.out is not None else Path("runs") / identity
    refuse_occupied(path)
    scripts = make_scripts(draft.profile, identity, path)
    if as_json:
        show_json({"id": identity, "run": str(path.absolute()), "scripts": scripts})
        return
    for name, script in scripts.items():
        click.echo(f"# {'-' * 8} {name}.sh")
        click.echo(script)


def _refuse_detached(is_remote: bool, profile: str) -> None:
    from ..hpc.errors import RunError

    if not is_remote:
        raise RunError(
            f"--detach needs a profile with a Slurm backend, got {profile!r}, which runs on this machine: omit "
            "--detach, or choose another profile (`citytide profile list`)"
        )


def _tell_submitted(sent: Run, as_json: bool) -> None:
    """Print the folder (as JSON: folder, id and state) of a submitted run."""
    if as_json:
        show_json({"run": str(sent.path.resolve()), "id": sent.id, "state": sent.status()["state"]})
    else:
        click.echo(sent.path)


@click.command(hidden=True)
@click.argument("run")
def drive(run: str) -> None:
    """Run a driver job; users call resume."""
    from . import runner
    from .chain import begin_next

    done = runner.drive(run)
    begin_next(done)
    _tell(done, False)


@click.command(cls=WorkflowCommand)
@click.argument("what", metavar="WORKFLOW|FILE.yaml")
@_set
@_profile
@as_json
def plan(what: str, sets: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    """Show what a run would do: tasks, bytes, memory and time. Nothing is written.

    \b
    Example:
      citytide plan traffic-assignment --set demand_factors=0.8,1.0,1.2
    """
    from ..hpc.plan.settings import is_chain_file, parse_set
    from .drafts import draft_run

    if is_chain_file(what):
        from .chain_commands import plan_chain

        plan_chain(what, parse_set(sets), profile, as_json, _show_plan, _plan_as_json)
        return
    draft = draft_run(what, set=parse_set(sets), profile=profile)
    if as_json:
        show_json(_plan_as_json(draft))
        return
    _show_plan(draft)


def _plan_as_json(draft: Draft) -> dict[str, Any]:
    return {**draft.plan.to_json(), "upstream": [asdict(one) for one in draft.upstream]}


def _show_plan(draft: Draft) -> None:
    drafted, rows = draft.plan, []
    for step in drafted.steps:
        megabytes = [f"{size / 1e6:,.1f}" for size in (step.bytes_in, step.bytes_out, step.memory_bytes)]
        rows.append([step.name, f"{step.tasks:,}", *megabytes, f"{step.seconds:,.1f}"])
    _table(["step", "tasks", "in MB", "out MB", "MB a block", "CPU s"], rows)
    for sentence in drafted.describe_shares():
        click.echo(sentence)
    for pool in drafted.pools:
        memory = f"{pool.memory_per_worker / 1e6:,.0f} MB"
        gpus = f", {pool.gpus} GPU each" if pool.gpus else ""
        gpus += f" of {pool.gpu_memory / 1e9:.3g} GB" if pool.gpus and pool.gpu_memory else ""
        click.echo(f"pool {pool.name!r}: {pool.workers} workers of {pool.threads} threads and {memory}{gpus}")
    click.echo(f"{drafted.tasks:,} tasks, {drafted.node_hours:.2g} node-hours")
    for upstream in draft.upstream:
        click.echo(f"reads {upstream.describe()}")
    if draft.prepared.then:
        click.echo(f"more is planned once these blocks are done, by {draft.prepared.then}")


def _tell(done: Run, as_json: bool) -> None:
    """Print the result of a run, for a person or a script, and exit with its code."""
    from ..hpc.errors import DONE, FAILED, STOPPED
    from ..hpc.run.progress import say

    state, at = str(done.status()["state"]), shlex.quote(str(done.path))
    result = {"products": {}, "summary": [], "warnings": [], **done.result, "run": str(done.path.resolve())}
    if as_json:
        show_json({"run": result["run"], "state": state, "products": result["products"], "summary": result["summary"]})
    else:
        if result["summary"]:
            told, shown = result.get("columns", {}), result["summary"][:20]
            columns = [
                name for name in dict.fromkeys(name for row in shown for name in row)  # rows may lack some
                if not (isinstance(told.get(name), dict) and told[name].get("is_hidden_in_terminal"))
            ]  # fmt: skip
            if columns:
                _table(columns, [[_cell(row, column, told.get(column)) for column in columns] for row in shown])
            if len(result["summary"]) > 20:
                click.echo(f"... and {len(result['summary']) - 20} more in {result['run']}/report.html")
        for name, path in result["products"].items():
            click.echo(f"{name}: {path}")
        if (done.path / "report.html").exists():
            click.echo(f"report: {result['run']}/report.html")
    for warning in [*result["warnings"], *result.get("accepted", ())]:
        say(f"warning: {warning}")
    if state in ("expired", "pending", "waiting", "running"):  # the next job goes on
        say(f"the run has not ended and goes on in the next job; to follow it: citytide attach {at}")
        raise SystemExit(DONE)
    if state != "done":
        said = {"failed": "the run failed", "stopped": "the run stopped", "cancelled": "the run was cancelled"}
        say(f"{said.get(state, f'the run is {state}')}; to go on: citytide resume {at}")
    unsolved = result.get("unsolved") or result.get("overflowed")  # as it was called in runs of earlier versions
    if state == "done" and unsolved:
        say(f"{len(unsolved)} of {len(result['summary'])} rows are not solved: their numbers are not finite")
        raise SystemExit(FAILED)
    raise SystemExit({"done": DONE, "stopped": STOPPED, "cancelled": STOPPED}.get(state, FAILED))


def _cell(row: Mapping[str, Any], column: str, told: Any) -> str:
    """A row's cell; where its value is missing, what the result says for that."""
    missing = told.get("missing") if isinstance(told, dict) else None
    return str(missing) if missing and row.get(column, "") is None else _figure(row.get(column, ""))


def _figure(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else " ".join(str(value).split("\n"))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their content, so that no digit is lost in a pipe or a narrow terminal."""
    widths = [max(_width(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    for row in [columns, *rows]:
        gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([row[0] + gaps[0], *map("".join, zip(gaps[1:], row[1:], strict=True))]).rstrip())


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
