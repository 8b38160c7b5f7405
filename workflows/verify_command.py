"""The command ``citytide data verify``: hash the files of a data set, or all files that a run wrote."""

from __future__ import annotations

import shlex
from typing import Any

import click

from ..hpc.commands.site import as_json, show_json

__all__ = ["verify"]


@click.command()
@click.argument("what", metavar="NAME|RUN")
@as_json
def verify(what: str, as_json: bool) -> None:
    """Hash files again: those of a data set NAME, or all files that a RUN (folder or id) wrote.

    Damaged blocks are noted in the run's ledger, and `citytide resume` computes only those. Of a run its sources, and
    the products of other runs that it read, are hashed again too: one that has changed is named. The exit code is 1 if
    anything is damaged or changed.

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
        if any("source" in problem for problem in problems):
            click.echo(
                "what the run computed is of its sources as they were: put them back, or compute it again: "
                f"citytide resume {shlex.quote(what)} --restart STEP"
            )
        if any("upstream" in problem for problem in problems):
            click.echo("what the run computed is of that product as it was: put it back, or start a new run")
        if any("source" not in problem and "upstream" not in problem for problem in problems) and _is_run(what):
            click.echo(_find_way_out(what))
    if problems:
        raise SystemExit(1)


def _find_way_out(run: str) -> str:
    """The sentence that says how a damaged run is repaired: resume, unless it refuses the run's layout."""
    from ..hpc.errors import RunError
    from ..hpc.run.runs import open_run, refuse_older

    try:
        refuse_older(open_run(run))
    except RunError as error:
        return f"it cannot be repaired: {error}"
    return f"to repair it: citytide resume {shlex.quote(run)}"


def _is_run(what: str) -> bool:
    from pathlib import Path

    from ..hpc.run.index import index_folder

    return "/" in what or Path(what).is_dir() or (index_folder() / f"{what}.json").is_file()


def _verify_run(what: str) -> list[dict[str, Any]]:
    from ..hpc.run.references import find_changed_upstream
    from ..hpc.run.resumption.verify import as_json as damage_as_json
    from ..hpc.run.resumption.verify import verify_run
    from ..hpc.run.runs import open_run

    run = open_run(what)
    changed = [{"problem": sentence, "upstream": True} for sentence in find_changed_upstream(run)]
    return [*(damage_as_json(damage) for damage in verify_run(run)), *changed]


def _verify_dataset(name: str) -> list[dict[str, Any]]:
    from ..datasets.catalogue.downloads import verify_dataset

    return [{"problem": str(problem)} for problem in verify_dataset(name)]
