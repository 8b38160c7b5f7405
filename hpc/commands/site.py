"""Commands about sites and what runs left: report, profile, doctor."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["as_json", "doctor", "profile", "report", "show_json"]

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout and nothing else.")


def show_json(data: Any) -> None:
    """Print strict JSON: what is not a number becomes null."""
    click.echo(json.dumps(_strict(data), ensure_ascii=False))


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    if isinstance(value, float) and value - value != 0.0:  # NaN and infinities
        return None
    return value


@click.command()
@click.argument("run")
def report(run: str) -> None:
    """Write the report of RUN (folder or id) again and print its path; of a chain, that of each stage.

    \b
    Example:
      citytide report runs/demo
    """
    from ..control.chains import open_chain
    from ..report.report import write_report
    from ..run.index import find_chain, find_run

    if find_chain(run):
        chain = open_chain(run)
        for begun in filter(None, map(chain.run, chain.names)):
            click.echo(write_report(begun.path))
        return
    click.echo(write_report(find_run(run)))


@click.group()
def profile() -> None:
    """Site profiles: where and how runs are computed."""


@profile.command("list")
@as_json
def list_profiles(as_json: bool) -> None:
    """List profiles by name and file."""
    from ..plan.profiles import find_profiles, load_profile

    rows = [{"name": name, "path": str(path)} for name, path in find_profiles().items()]
    if as_json:
        show_json(rows)
        return
    for row in rows:
        click.echo(f"{row['name']:<16} {load_profile(row['path']).description:<48} {row['path']}")


@profile.command()
@click.argument("name", default="local")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show profile NAME (or a .yaml file) with every default filled in.

    \b
    Example:
      citytide profile show local
    """
    import yaml

    from ..plan.profiles import load_profile

    data = load_profile(name).model_dump(mode="json")
    if as_json:
        show_json(data)
    else:
        click.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip())


@profile.command()
@click.argument("name", default="local")
@as_json
def explain(name: str, as_json: bool) -> None:
    """Tell which file and line set each value of profile NAME.

    \b
    Example:
      citytide profile explain local
    """
    from ..plan.profiles import explain_profile

    rows = explain_profile(name)
    if as_json:
        show_json([vars(row) for row in rows])
        return
    for row in rows:
        click.echo(f"{row.key:<28} {row.value!s:<24} {row.source}")


@profile.command("export")
@click.argument("name", metavar="NAME|FILE")
@click.option("--to", "target", metavar="TOOL", required=True, help="The tool to write for: jobqueue (dask-jobqueue).")
@click.option("--pool", default="cpu", show_default=True, help="The pool whose jobs it describes.")
@click.option("--out", metavar="FILE", help="Write it there; on stdout by default.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def export_profile(name: str, target: str, pool: str, out: str | None, force: bool) -> None:
    """Write a pool of profile NAME (or of a .yaml file) as another tool reads it.

    With `--to jobqueue`: the section `jobqueue: slurm:` of ~/.config/dask/jobqueue.yaml, with which
    dask_jobqueue.SLURMCluster() asks for the same jobs as citytide.cluster(NAME).

    \b
    Examples:
      citytide profile export generic-cpu --to jobqueue
      citytide profile export ours.yaml --to jobqueue --pool gpu --out ~/.config/dask/jobqueue.yaml

    Exit codes: 0 done, 2 the profile cannot be written for that tool, or the file exists.
    """
    from pathlib import Path

    from ..errors import RunError
    from ..plan.profiles import load_profile
    from ..slurm.jobqueue.section import write_section

    if target != "jobqueue":
        raise RunError(f"--to must be jobqueue, the one tool that a profile can be written for, got {target!r}")
    path = None if out is None else Path(out).expanduser()
    if path is not None and path.exists() and not force:
        raise RunError(f"{path} exists: name another file, or give --force to replace it")
    text = write_section(load_profile(name), pool)
    if path is None:
        click.echo(text, nl=False)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"wrote {path}")


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Check this machine: what runs here, what is missing, and the way out.

    \b
    Example:
      citytide doctor
    """
    from ..report.doctor import examine

    findings = examine()
    if as_json:
        show_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'NO '} {finding.what:<18} {finding.found}")
            if not finding.ok:
                click.echo(f"{'':<22} {finding.cure}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)
