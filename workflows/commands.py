"""Commands that run workflows: run, plan, resume, and verify for what they left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..hpc.commands import as_json, show_json

__all__ = ["drive", "plan", "resume", "run", "submit", "verify"]

_set = click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting; beats the file's. Repeatable."
)
_profile = click.option("--profile", metavar="NAME|FILE", help="Site profile; `local` by default.")


@click.command()
@click.argument("what", metavar="WORKFLOW|FILE.yaml")
@_set
@_profile
@click.option("--out", metavar="DIR", help="Run folder; runs/<workflow>-<id> by default.")
@as_json
def run(what: str, sets: tuple[str, ...], profile: str | None, out: str | None, as_json: bool) -> None:
    """Run a workflow, or a run file, to its end.

    \b
    Examples:
      citytide run traffic-assignment
      citytide run traffic-assignment --set network=sioux-falls --set gap=1e-10 --out runs/sioux
      citytide run morning.yaml --set demand_factors=0.8,1.0,1.2 --json

    Exit codes: 0 done, 1 failed, 2 bad input or a plan that cannot fit, 3 another driver holds the run,
    130 stopped by Ctrl-C (resume it).
    """
    from ..hpc.settings import parse_set
    from .runner import draft_run, start_run

    draft = draft_run(what, set=parse_set(sets), profile=profile, out=out, warm_up=True)
    _tell(start_run(draft, quiet=False), as_json)


@click.command()
@click.argument("run")
@_profile
@click.option("--take-over", is_flag=True, help="Take the run from a driver that seems to live, but is gone.")
@as_json
def resume(run: str, profile: str | None, take_over: bool, as_json: bool) -> None:
    """Go on with RUN (folder or id): compute what its ledger lacks.

    \b
    Example:
      citytide resume runs/demo
    """
    from . import runner

    _tell(runner.resume(run, profile=profile, take_over=take_over, quiet=False), as_json)


@click.command()
@click.argument("what", metavar="WORKFLOW|FILE.yaml")
@_set
@_profile
@click.option("--out", metavar="DIR", help="Run folder; runs/<workflow>-<id> by default.")
def submit(what: str, sets: tuple[str, ...], profile: str | None, out: str | None) -> None:
    """Submit a run (first version; grows)."""
    from ..hpc.settings import parse_set
    from . import runner

    runner.submit(what, set=parse_set(sets), profile=profile, out=out)


@click.command(hidden=True)
@click.argument("run")
def drive(run: str) -> None:
    """What a driver job runs; a person says resume."""
    from . import runner

    _tell(runner.drive(run), False)


@click.command()
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
    from ..hpc.settings import parse_set
    from .runner import draft_run

    drafted = draft_run(what, set=parse_set(sets), profile=profile).plan
    if as_json:
        show_json(drafted.to_json())
        return
    rows = []
    for step in drafted.steps:
        megabytes = [f"{size / 1e6:,.1f}" for size in (step.bytes_in, step.bytes_out, step.memory_bytes)]
        rows.append([step.name, f"{step.tasks:,}", *megabytes, f"{step.seconds:,.1f}"])
    _table(["step", "tasks", "in MB", "out MB", "MB a block", "CPU s"], rows)
    click.echo(
        f"{drafted.tasks:,} tasks on {drafted.workers} workers, {drafted.node_hours:.2g} node-hours; a worker needs "
        f"{drafted.peak_memory_bytes / 1e6:,.0f} MB of the {drafted.memory_per_worker / 1e6:,.0f} MB it is granted"
    )


@click.command()
@click.argument("what", metavar="NAME|RUN")
@as_json
def verify(what: str, as_json: bool) -> None:
    """Hash files again: those of a data set NAME, or all that a RUN (folder or id) wrote.

    Damaged blocks are noted in the run's ledger, and `citytide resume` computes those alone. Exit code 1 if anything
    is damaged.

    \b
    Examples:
      citytide data verify sioux-falls
      citytide data verify runs/demo
    """
    problems = _verify_run(what) if _is_run(what) else _verify_dataset(what)
    if as_json:
        show_json({"what": what, "damaged": problems})
    else:
        for problem in problems:
            click.echo(f"{problem.get('path', what)}: {problem['problem']}")
        click.echo(f"{what}: {len(problems)} damaged" if problems else f"{what}: every file is what was written")
        if problems and _is_run(what):
            click.echo(f"to mend it: citytide resume {what}")
    if problems:
        raise SystemExit(1)


def _is_run(what: str) -> bool:
    from pathlib import Path

    from ..hpc.index import index_folder

    return "/" in what or Path(what).is_dir() or (index_folder() / f"{what}.json").is_file()


def _verify_run(what: str) -> list[dict[str, Any]]:
    from ..hpc.runs import open_run
    from ..hpc.verify import as_json as damage_as_json
    from ..hpc.verify import verify_run

    return [damage_as_json(damage) for damage in verify_run(open_run(what))]


def _verify_dataset(name: str) -> list[dict[str, Any]]:
    from ..datasets.catalogue import verify_dataset

    return [{"problem": str(problem)} for problem in verify_dataset(name)]


def _tell(done: Any, as_json: bool) -> None:
    """What came of a run, for a person or a script, and the exit code that goes with it."""
    from ..hpc.errors import DONE, FAILED, STOPPED
    from ..hpc.progress import say

    result = done.result
    if as_json:
        show_json({key: result[key] for key in ("run", "state", "products", "summary")})
    else:
        if result["summary"]:
            columns = [name for name in result["summary"][0] if name not in ("lower_bound", "sptt")]
            _table(columns, [[_figure(row[column]) for column in columns] for row in result["summary"][:20]])
            if len(result["summary"]) > 20:
                click.echo(f"... and {len(result['summary']) - 20} more in {result['run']}/report.html")
        for name, path in result["products"].items():
            click.echo(f"{name}: {path}")
        click.echo(f"report: {result['run']}/report.html")
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    if result["state"] != "done":
        say(f"the run {result['state']}; to go on: citytide resume {result['run']}")
    raise SystemExit({"done": DONE, "failed": FAILED, "stopped": STOPPED}[result["state"]])


def _figure(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need: a pipe or a narrow terminal must not cost digits."""
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    for row in [columns, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())
