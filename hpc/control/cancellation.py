"""Cancel a run: end its jobs, wait until they are gone, and note in the ledger that a person wanted it."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass

from ..errors import BUSY, FAILED, RunError
from ..execution.blocks import STOP
from ..run.driver_lock import hold_driver_lock, live_driver
from ..run.keys import remove_keys
from ..run.runs import Run
from ..run.state import find_driver_job
from ..slurm.jobs.scratch import scratch_bases, sweep_scratch
from ..slurm.jobs.submission import find_jobs
from ..slurm.query.controller import Controller, Entry, Unanswered
from ..slurm.query.job_states import is_over
from ..store.ledger import Ledger
from ..store.stores import sweep_partial

__all__ = ["Cancelled", "cancel_run", "drain_run"]

GONE_S = 120.0  # a job has 30 s to end by itself, then Slurm kills it and cleans up
CALM = ("created", "done", "failed", "stopped", "cancelled", "interrupted", "damaged")


@dataclass(frozen=True)
class Cancelled:
    """Ids of the jobs that were cancelled, and the state of the run now."""

    jobs: tuple[str, ...]
    state: str


def drain_run(run: Run) -> None:
    """Let the blocks that run finish; the driver then stops by itself.

    Raises
    ------
    RunError
        If no driver is at work that could.
    """
    if live_driver(run.path) is None:
        at = shlex.quote(str(run.path))
        raise RunError(
            f"no driver is at work on run {run.path}, so there is nothing to drain: `citytide status {at}` shows "
            f"its state, and `citytide cancel {at}` cancels jobs that wait in the queue"
        )
    (run.path / STOP).touch()


def cancel_run(run: Run, *, timeout_s: float = GONE_S) -> Cancelled:
    """Cancel every job of the run, wait until they are gone, and note it; ``resume`` goes on all the same.

    Raises
    ------
    RunError
        If a driver outside Slurm is alive, if Slurm does not answer, or if jobs do not end.
    """
    site = run.record.get("profile") or {}
    _refuse_driver_outside_slurm(run)
    if find_driver_job(run.path, run.id) is None and not (run.path / "slurm").exists():
        _refuse_local(run)
    controller = Controller(conf=site.get("slurm_conf"))
    pause_s = min(3.0, max(1.0, float(site.get("poll_s", 3.0))))
    before = run.status()["state"]
    taken = _take_back(run, controller, timeout_s, pause_s)
    state = str(run.status()["state"])
    driver = live_driver(run.path)
    if driver is not None and not driver.get("job"):
        _refuse_driver_outside_slurm(run)  # somebody took the run up here meanwhile
    if state not in ("done", "cancelled") and before != "failed" and (taken or state not in CALM):
        with (
            hold_driver_lock(run.path, take_over=True) as attempt,
            Ledger(run.path / "ledger.jsonl", attempt) as ledger,
        ):
            job = find_driver_job(run.path, run.id)
            after = {"after": job.name} if job else {}
            ledger.append("end", state="cancelled", time=round(time.time(), 3), **after)
        state = "cancelled"
    if live_driver(run.path) is None:  # a job that Slurm had to kill may have been writing
        sweep_partial(run.path)
    remove_keys(run.path)
    for left in (run.path / "slurm").glob("scheduler-*.json"):
        left.unlink(missing_ok=True)
    sweep_scratch(run.id, scratch_bases(pool.get("scratch") for pool in site.get("pools", {}).values()))
    return Cancelled(tuple(taken), state)


def _take_back(run: Run, controller: Controller, timeout_s: float, pause_s: float) -> dict[str, None]:
    """Cancel what there is, again and again: a driver that is ending may still submit."""
    taken: dict[str, None] = {}
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            left = [entry for entry in find_jobs(run.path, controller) if not is_over(entry)]
            fresh = [entry.id for entry in left if entry.id not in taken and entry.state != "COMPLETING"]
            controller.cancel(fresh)
        except Unanswered as error:
            if time.monotonic() < deadline and taken:
                time.sleep(pause_s)
                continue
            done = f"; {len(taken)} jobs were cancelled, and whether they are gone is unknown" if taken else ""
            raise RunError(
                f"Slurm does not answer ({error}), so the jobs of run {run.path} cannot be cancelled now{done}: "
                "repeat `citytide cancel` when it answers",
                exit_code=FAILED,
            ) from None
        taken |= dict.fromkeys(fresh)
        if not left:
            return taken
        if time.monotonic() > deadline:
            raise RunError(
                f"jobs of run {run.path} do not end: {_name(left)}; list them with `squeue`, then cancel again",
                exit_code=FAILED,
            )
        time.sleep(pause_s)


def _name(entries: list[Entry]) -> str:
    return ", ".join(f"{entry.id} ({entry.state.lower()})" for entry in entries)


def _refuse_driver_outside_slurm(run: Run) -> None:
    driver = live_driver(run.path)
    if driver is not None and not driver.get("job"):
        at = shlex.quote(str(run.path))
        raise RunError(
            f"run {run.path} is driven by process {driver['pid']} on {driver['host']}, which is not a job of Slurm: "
            f"stop it with Ctrl-C there, or let it finish its blocks with `citytide cancel {at} --drain`",
            exit_code=BUSY,
        )


def _refuse_local(run: Run) -> None:
    raise RunError(f"run {run.path} was never submitted to Slurm, and no driver is alive: there is nothing to cancel")
