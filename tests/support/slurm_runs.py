"""Runs on the private Slurm: begun by a profile of few words, waited for, taken apart."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from sums import store_bytes

from citytide.hpc.run.job_names import parse_name
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.slurm.jobs.submission import find_jobs
from citytide.hpc.slurm.query.controller import Controller, Entry
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.workflows import runner

HERE = Path(__file__).parent
BUSY = 3.0  # `make test` runs other parts beside these: a wait for a condition may last so much longer
POOL = {"partition": "debug", "memory": "700MiB", "walltime": "00:10:00", "max_jobs": 2, "idle_hold_s": 5}


def write_profile(folder: Path, *, allocation: bool = False, **changed: Any) -> Path:
    """A profile on the sandbox; ``changed`` replaces keys of the document, ``cpu`` those of the pool."""
    cpu = {**POOL, **changed.pop("cpu", {})}
    if allocation:
        cpu = {**{k: v for k, v in cpu.items() if k not in ("max_jobs", "idle_hold_s")}, "nodes": 2}
    document = {
        "name": "night",
        "backend": "slurm-allocation" if allocation else "slurm-jobs",
        "poll_s": 1,
        "environment": [f"export PYTHONPATH='{HERE}'", *changed.pop("environment", [])],
        "driver": {"memory": "700MiB", **changed.pop("driver", {})},
        "pools": {"cpu": cpu, **changed.pop("pools", {})},
        **changed,
    }
    path = folder / "night.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def begin(folder: Path, profile: Path, **settings: Any) -> Path:
    """Submit the sums; returns the run's folder."""
    return runner.submit("sums:WORKFLOW", set=settings, profile=str(profile), out=folder / "run").path


def undisturbed(folder: Path, **settings: Any) -> dict[str, bytes]:
    """The bytes of the same run on this machine, with nothing going wrong."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(HERE)
    try:
        run = runner.run("sums:WORKFLOW", set=settings, out=folder / "undisturbed")
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    assert run.result["state"] == "done"
    return store_bytes(run.path)


def wait_for(what: str, seconds: float, is_so: Callable[[], Any]) -> Any:
    """Whatever ``is_so`` returns once it is true; fails with ``what`` when BUSY times the seconds are over."""
    seconds *= BUSY
    deadline = time.monotonic() + seconds
    while True:
        if found := is_so():
            return found
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.3)


def blocks_done(run: Path) -> Mapping[tuple[str, int], Any]:
    return done_blocks(read_ledger(run / "ledger.jsonl"))


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    return [line for line in read_ledger(run / "ledger.jsonl") if line["kind"] == kind]


def jobs_of(run: Path, role: str | None = None, state: str | None = None) -> list[Entry]:
    """Jobs that Slurm has of a run, by pool (or ``driver``) and state."""
    return [
        entry
        for entry in find_jobs(run, Controller())
        if (name := parse_name(entry.name)) and role in (None, name.pool) and state in (None, entry.state)
    ]


def is_idle(run: Path) -> bool:
    """Whether nothing of the run is in the queue any more."""
    return all(entry.state not in ("PENDING", "RUNNING", "COMPLETING", "SUSPENDED") for entry in jobs_of(run))


def wait_for_end(run: Path, seconds: float = 120.0) -> Run:
    """The run once its driver has ended and its jobs are gone."""
    wait_for(f"the end of {run}", seconds, lambda: (run / "result.json").exists() and is_idle(run))
    return open_run(run)


def processes_of(run: Path, word: str = "") -> list[int]:
    """Processes on this machine that name the run, and a word, in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(run) in command and word in command and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def leftovers(run: Path) -> list[str]:
    """What a run must not leave behind: jobs, keys, scratch folders, scheduler files, half-written files."""
    identity = open_run(run).id
    scratch = [str(path) for path in Path("/tmp").glob(f"citytide-*{identity}*")]
    keys = [str(path) for path in (run / "slurm").glob("keys-*")] + [str(p) for p in run.glob("slurm/scheduler-*.json")]
    queued = [f"{e.id} {e.name} {e.state}" for e in jobs_of(run) if e.state in ("PENDING", "RUNNING")]
    return scratch + keys + queued + [str(path) for path in run.rglob("*.partial")]


def slurm(*command: str) -> str:
    """Output of one of Slurm's commands."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def nothing_is_left(run: Path) -> bool:
    """True once it is so; a job's last act is to remove its scratch folder."""
    wait_for(f"a clean end (left: {leftovers(run)})", 30, lambda: is_idle(run) and not leftovers(run))
    return True
