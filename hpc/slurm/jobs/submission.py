"""Submission: a run's driver as a small job of its own, found again by its name whatever became of the reply."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from ...errors import BUSY, FAILED, RunError, resume_command
from ...plan.profiles import Profile
from ...run.driver_lock import live_driver, newest_attempt
from ...run.job_names import job_name, parse_name
from ...run.records import read_json
from ..query.controller import Controller, Entry, Refused, Unanswered
from ..query.job_states import is_over
from .scripts import driver_script

__all__ = [
    "cancel_jobs",
    "find_jobs",
    "own_job",
    "refuse_queued",
    "submit_driver",
    "wait_for_end_of_others",
    "write_driver_script",
]

SEARCH_S = 30.0  # for a job whose submission was not answered


def submit_driver(run: Path, profile: Profile, controller: Controller) -> str:
    """Submit the driver job of a run's next attempt and return its id.

    Raises
    ------
    RunError
        With Slurm's own sentence if it refuses; or, if it did not answer, saying how to find out what became of it.
    """
    name, script = write_driver_script(run, profile)
    try:
        return controller.submit(script)
    except Refused as error:
        script.unlink()  # no job has this name
        raise RunError(
            f"Slurm refuses the driver job of run {run}: {error}; fix profile {profile.name!r} "
            f"(`citytide profile check {quote(profile.name)}`), then `{resume_command(run)}`",
            exit_code=FAILED,
        ) from None
    except Unanswered as error:
        if found := _search(controller, name):
            return found.id
        raise RunError(
            f"Slurm did not answer ({error}), so it is unknown whether it took job {name}: `citytide status` tells "
            f"when it answers again; if there is no such job, `{resume_command(run)}`",
            exit_code=FAILED,
        ) from None


def write_driver_script(run: Path, profile: Profile, *, after: str | None = None) -> tuple[str, Path]:
    """Name and script of the driver job of the next attempt."""
    for folder in ("", "scripts", "logs"):
        (run / "slurm" / folder).mkdir(exist_ok=True, mode=0o700)
    identity = str(read_json(run / "run.json")["id"])
    taken = [n.attempt for p in (run / "slurm" / "scripts").glob("*.driver.sh") if (n := parse_name(p.stem))]
    name = job_name(identity, max([newest_attempt(run), *taken]) + 1, "driver", None)
    script = run / "slurm" / "scripts" / f"{name}.sh"
    python = profile.python or sys.executable
    script.write_text(driver_script(profile, name=name, run=run.resolve(), python=python, dependency=after))
    return name, script


def _search(controller: Controller, name: str) -> Entry | None:
    deadline = time.monotonic() + SEARCH_S
    while True:
        try:
            found = next((entry for entry in controller.queue() if entry.name == name), None)
            if found or time.monotonic() > deadline:
                return found
        except Unanswered:
            if time.monotonic() > deadline:
                return None
        time.sleep(2.0)


def find_jobs(run: Path, controller: Controller) -> list[Entry]:
    """Every job of the run that Slurm knows of, by name; raises Unanswered."""
    identity = str(read_json(run / "run.json")["id"])
    return [entry for entry in controller.queue() if (n := parse_name(entry.name)) and n.run_id == identity]


def refuse_queued(run: Path, controller: Controller) -> None:
    """A run has one driver: it is not submitted again while one lives or waits in the queue.

    Raises
    ------
    RunError
        Naming the job; or if Slurm does not answer, for then it cannot be known.
    """
    try:
        jobs = find_jobs(run, controller)
    except Unanswered as error:
        raise RunError(
            f"Slurm does not answer ({error}): whether run {run} has a driver in the queue is unknown; try again later",
            exit_code=BUSY,
        ) from None
    for entry in jobs:
        name = parse_name(entry.name)
        if name and name.pool == "driver" and not is_over(entry):
            at = quote(str(run))
            raise RunError(
                f"run {run} has driver job {entry.id}, {entry.state.lower()}: follow it with `citytide attach {at}`, "
                f"or end it with `citytide cancel {at}`",
                exit_code=BUSY,
            )


def cancel_jobs(run: Path, controller: Controller, *, but: Sequence[str] = ()) -> list[str]:
    """Cancel every job of the run and return their ids; raises Unanswered."""
    ids = [entry.id for entry in find_jobs(run, controller) if not is_over(entry) and entry.id not in but]
    if ids:
        controller.cancel(ids)
    return ids


def wait_for_end_of_others(run: Path, seconds: float = 45.0) -> None:
    """In a driver job: wait until an earlier driver, whose node hangs, has a heartbeat too old to count."""
    deadline = time.monotonic() + seconds
    while live_driver(run) and time.monotonic() < deadline:
        time.sleep(1.0)


def own_job() -> str | None:
    """The id of the job this process stands in."""
    return os.environ.get("SLURM_JOB_ID")
