"""Commands about runs that are on their way: status, attach, logs, cancel, bundle."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

import click

from .site import as_json, show_json

if TYPE_CHECKING:
    from ..run.runs import Run

__all__ = ["attach", "bundle", "cancel", "logs", "status"]

RESUMABLE = ("interrupted", "stopped", "failed", "cancelled", "damaged", "created")
GONE = ("ended",)


@click.command()
@click.argument("run", required=False)
@as_json
def status(run: str | None, as_json: bool) -> None:
    """Show the state of RUN (folder or id), of a chain that of all its stages; or list all runs.

    The states: created, pending (its driver's job waits or starts), running, waiting (its allocation is used up and the
    next one waits), done, failed, stopped, cancelled, interrupted (its driver is gone), damaged.

    \b
    Examples:
      citytide status
      citytide status runs/demo --json

    Exit codes: 0, whatever the state; 2 if there is no such run.
    """
    from ..control.chains import describe_chain, open_chain
    from ..run.index import find_chain

    if run is None:
        _list(as_json)
        return
    if find_chain(run):
        _show_chain(describe_chain(open_chain(run), _status), as_json)
        return
    one = _status(run)
    if as_json:
        show_json(one)
    else:
        _show(one)


def _show_chain(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(told)
        return
    click.echo(f"chain {told['id']}: {told['state']}")
    for stage in told["stages"]:
        if stage["state"] == "not begun":
            after = f", waits for {', '.join(stage['waits_for'])}" if stage["waits_for"] else ""
            click.echo(f"stage {stage['name']} ({stage['workflow']}): not begun{after}")
        else:
            click.echo(f"stage {stage['name']}: {stage['state']}")
            _show(stage)
    if told["error"]:
        click.echo(told["error"])
    if told["state"] in RESUMABLE:
        click.echo(f"to go on with the chain: citytide resume {shlex.quote(told['chain'])}")


def _status(name: str) -> dict[str, Any]:
    from ..control.run_status import query_queue, read_status
    from ..run.runs import open_run
    from ..run.state import find_driver_job, needs_query
    from ..slurm.query.controller import Controller
    from ..store.ledger import read_ledger

    run = open_run(name)
    if not needs_query(run.path, run.id, read_ledger(run.path / "ledger.jsonl")):
        return read_status(run)
    job = find_driver_job(run.path, run.id)
    return read_status(run, seen=query_queue(Controller(conf=_conf(run)), [job] if job else []))


def _conf(run: Run) -> str | None:
    return (run.record.get("profile") or {}).get("slurm_conf")


def _list(as_json: bool) -> None:
    """All runs; each cluster is asked once, for all runs that only it knows of."""
    from ..control.run_status import QueueSnapshot, query_queue, read_status
    from ..errors import RunError
    from ..run.index import list_runs
    from ..run.runs import open_run
    from ..run.state import SubmittedDriver, find_driver_job, needs_query
    from ..slurm.query.controller import Controller
    from ..store.ledger import read_ledger

    runs: list[Run | dict[str, Any]] = []
    drivers: dict[str | None, list[SubmittedDriver]] = {}
    asking: dict[str, str | None] = {}
    for note in list_runs():
        try:
            run = open_run(note["path"])
            if needs_query(run.path, run.id, read_ledger(run.path / "ledger.jsonl")):
                job = find_driver_job(run.path, run.id)
                drivers.setdefault(_conf(run), []).extend([job] if job else [])
                asking[run.id] = _conf(run)
            runs.append(run)
        except (RunError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            runs.append(_damaged(note, error))
    seen: dict[str | None, QueueSnapshot] = {
        conf: query_queue(Controller(conf=conf), jobs) for conf, jobs in drivers.items()
    }
    known = []
    for one in runs:
        if isinstance(one, dict):
            known.append(one)
            continue
        try:
            known.append(read_status(one, seen=seen[asking[one.id]] if one.id in asking else None))
        except (RunError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            known.append(_damaged({"id": one.path.name, "path": str(one.path), **one.record}, error))
    if as_json:
        show_json(known)
        return
    for told in known:
        click.echo(f"{told['state']:<12} {told['id']:<44} {told['run']}")
        if told["state"] == "damaged" and told["error"]:
            click.echo(f"{'':<12} {told['error']}")
    if not known:
        click.echo("no runs yet; start one with: citytide run WORKFLOW (`citytide run --help` lists them)")


def _damaged(note: dict[str, Any], error: Exception) -> dict[str, Any]:
    """A row for a run whose files cannot be read: it must not hide the others."""
    from ..errors import RunError

    why = str(error) if isinstance(error, RunError) else f"{note['path']}: {type(error).__name__}: {error}"
    empty = {"attempt": 0, "steps": {}, "devices": {}, "driver": None, "products": {}, "upstream": [], "slurm": None}
    workflow = note.get("workflow")
    return {"run": note["path"], "id": note["id"], "workflow": workflow, "state": "damaged", "error": why, **empty}


def _show(one: dict[str, Any]) -> None:
    from ..run.references import Upstream

    at = shlex.quote(one["run"])
    click.echo(f"{one['id']} ({one['workflow']}): {one['state']}, attempt {one['attempt']}")
    for name, step in one["steps"].items():
        used = f", by {'; '.join(one['devices'][name])}" if one["devices"].get(name) else ""
        click.echo(f"  {name:<24} {step['done']:>8} of {step['blocks']} blocks{used}")
    if one["driver"] and not (one["slurm"] or {}).get("driver"):
        click.echo(f"  driven by process {one['driver']['pid']} on {one['driver']['host']}")
    if one["slurm"]:
        _show_jobs(one["slurm"])
    if one["error"]:
        click.echo(f"  {one['error']}")
    for name, path in one["products"].items():
        click.echo(f"  product {name}: {path}")
    for upstream in one["upstream"]:
        click.echo(f"  reads {Upstream(**upstream).describe()}")
    if one["state"] in ("pending", "running", "waiting") and one["slurm"]:
        click.echo(f"  to follow it: citytide attach {at}; to end it: citytide cancel {at}")
    if one["state"] in RESUMABLE:
        click.echo(f"  to go on: citytide resume {at}")


def _show_jobs(slurm: dict[str, Any]) -> None:
    if slurm["answers"] != "answering":
        click.echo(f"  Slurm {slurm['answers']}")
    if slurm["driver"]:
        _show_job("driver", slurm["driver"])
    live = [job for job in slurm["jobs"] if job["state"] not in GONE]
    for job in live:
        _show_job(f"{job['pool']}.{job['serial']}", job)
    bad = [job for job in slurm["jobs"] if job["state"] in GONE and job["ending"] not in (None, "done", "cancelled")]
    for job in bad[-3:]:
        _show_job(f"{job['pool']}.{job['serial']}", job)
    over = sum(job["state"] in GONE for job in slurm["jobs"])
    if over > len(bad[-3:]):
        click.echo(f"  {over} worker jobs have ended")
    shown = {job["sentence"] for job in [slurm["driver"] or {"sentence": ""}, *live]}
    for wait in slurm["waits"]:
        if wait not in shown:
            click.echo(f"  waits: {wait}")
    if slurm["dashboard"]:
        click.echo(f"  dashboard: {slurm['dashboard']}")


def _show_job(label: str, job: dict[str, Any]) -> None:
    from ..slurm.query.reasons import say_time

    age = say_time(time.time() - job["since"]) if job["since"] else ""
    click.echo(f"  {label:<10} {job['id']:<9} {job['state']:<11} {job['node']:<12} {age:>12}  {job['sentence']}")


@click.command()
@click.argument("run")
def attach(run: str) -> None:
    """Attach to RUN (folder or id) until it ends: blocks done, what it waits for, and why it ended.

    Ctrl-C leaves; the run goes on.

    \b
    Examples:
      citytide attach runs/demo
      citytide attach traffic-assignment-20260102-030405-1f2e

    Exit codes: 0 done, or you left; 1 failed, or its driver's job ended before the run did; 130 stopped or cancelled.
    """
    from ..control.attach import Detached, attach_to_run
    from ..control.chains import find_stage
    from ..control.run_status import read_status
    from ..errors import DONE, FAILED, STOPPED
    from ..run.progress import say
    from ..run.runs import open_run

    found = open_run(find_stage(run))
    try:
        attach_to_run(found.path, quiet=False)
    except Detached as left:
        say(str(left))
        return
    told = read_status(found)
    _show(told)
    raise SystemExit({"done": DONE, "failed": FAILED}.get(told["state"], STOPPED))


@click.command()
@click.argument("run")
@click.option("--job", default="driver", show_default=True, metavar="NAME|driver|scheduler", help="Whose log.")
@click.option("-n", "--lines", default=40, show_default=True, type=click.IntRange(0), help="So many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows, until the run ends; Ctrl-C leaves.")
@as_json
def logs(run: str, job: str, lines: int, follow: bool, as_json: bool) -> None:
    """Print the end of a log of RUN (folder or id): that of its driver, its scheduler, or a worker job.

    NAME is a job's name as `citytide status` shows it (cpu.3; 2.cpu.3 of the second attempt), or its id in Slurm.

    \b
    Examples:
      citytide logs runs/demo
      citytide logs runs/demo --job cpu.3 -n 200
      citytide logs runs/demo -f

    Exit codes: 0 done, 2 there is no such run or log.
    """
    from ..control.chains import find_stage
    from ..control.job_logs import find_log, follow_log, read_lines
    from ..errors import RunError
    from ..run.runs import open_run

    if follow and as_json:
        raise RunError("--follow and --json do not go together: a log that grows is no one object")
    found = open_run(find_stage(run))
    log = find_log(found.path, found.id, job)
    shown = read_lines(log, lines)
    if as_json:
        show_json({"run": str(found.path.resolve()), "job": job, "path": str(log.resolve()), "lines": shown})
        return
    for line in shown:
        click.echo(line)
    if follow:
        try:
            for line in follow_log(log, lambda: found.status()["state"] not in ("pending", "running", "waiting")):
                click.echo(line)
        except KeyboardInterrupt:
            return


@click.command()
@click.argument("run")
@click.option("--drain", is_flag=True, help="Only let the running blocks finish; the driver then stops by itself.")
@as_json
def cancel(run: str, drain: bool, as_json: bool) -> None:
    """Cancel every job of RUN (folder or id) and wait until they are gone. Finished blocks are kept.

    \b
    Examples:
      citytide cancel runs/demo
      citytide cancel runs/demo --drain

    Exit codes: 0 done, 1 Slurm does not answer or jobs do not end, 2 there is nothing to cancel, 3 the run is
    driven by a process that is not a job of Slurm.
    """
    from ..control.cancellation import Cancelled, cancel_run, drain_run
    from ..control.chains import find_stage
    from ..run.runs import open_run

    found = open_run(find_stage(run))
    if drain:
        drain_run(found)
        answer = Cancelled((), str(found.status()["state"]))
    else:
        answer = cancel_run(found)
    at = shlex.quote(str(found.path))
    if as_json:
        told = {"run": str(found.path.resolve()), "id": found.id, "state": answer.state, "jobs": list(answer.jobs)}
        show_json({**told, "draining": drain})
    elif drain:
        click.echo(f"blocks that run are finished and kept, no other starts; see: citytide attach {at}")
    else:
        n = len(answer.jobs)
        said = f"{n} job{'s' * (n != 1)} cancelled" if n else "no job of it was in the queue"
        click.echo(f"{said}; the run is {answer.state}")
        if answer.state in RESUMABLE:
            click.echo(f"to go on: citytide resume {at}")


@click.command()
@click.argument("run")
@click.option("--out", metavar="FILE", help="The archive, or a folder for it; beside the run's folder by default.")
@as_json
def bundle(run: str, out: str | None, as_json: bool) -> None:
    """Collect the records of RUN (folder or id) for a support ticket: records, scripts, logs; no keys, no data.

    \b
    Examples:
      citytide bundle runs/demo
      citytide bundle runs/demo --out ticket.tar.gz

    Exit codes: 0 done, 2 there is no such run, or the archive cannot be written.
    """
    from pathlib import Path

    from ..report.bundle import bundle_run
    from ..run.index import find_run

    path = bundle_run(find_run(run), Path(out) if out is not None else None)
    if as_json:
        show_json({"bundle": str(path.resolve())})
    else:
        click.echo(path)
