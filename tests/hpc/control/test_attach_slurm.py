"""The commands about runs on a real Slurm: each a process of its own, as a person gives them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from slurm_runs import blocks_done, jobs_of, nothing_is_left, slurm, wait_for, write_profile

pytestmark = pytest.mark.slurm
SUPPORT = Path(__file__).parents[2] / "support"


def citytide(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citytide", *words]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, **options)


def start(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A shell that starts the tests in the background ignores Ctrl-C for all below it; the one who sits here does not.
    hear: Any = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    return subprocess.Popen([sys.executable, "-m", "citytide", *words], env=environment, **pipes, **hear)


def status(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(citytide("status", str(run), "--json").stdout)
    return told


def submit(folder: Path, *sets: str, **profile: Any) -> Path:
    options = [word for text in sets for word in ("--set", text)]
    words = [
        "sums:WORKFLOW",
        "--profile",
        str(write_profile(folder, **profile)),
        "--out",
        str(folder / "run"),
        *options,
    ]
    sent = citytide("submit", *words, "--json")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout)["state"] == "pending"
    return folder / "run"


def test_run_on_slurm_is_followed_to_its_answer(sandbox, tmp_path: Path) -> None:
    profile = str(write_profile(tmp_path))
    words = ["sums:WORKFLOW", "--profile", profile, "--set", "rows=4", "--out", str(tmp_path / "run"), "--json"]
    done = citytide("run", *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "done" and "4 of 4 blocks" in done.stderr
    assert (tmp_path / "run" / "report.html").exists()
    assert nothing_is_left(tmp_path / "run")


def test_one_leaves_and_comes_back_and_drains(sandbox, tmp_path: Path) -> None:
    run = submit(tmp_path, "rows=600", "sleep=0.5")
    first = start("attach", str(run))
    wait_for("two blocks", 90, lambda: len(blocks_done(run)) > 2)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=20)
    assert first.returncode == 0 and "the run goes on without this screen" in said
    told = status(run)
    assert told["state"] == "running" and told["slurm"]["driver"]["state"] == "working"
    assert told["slurm"]["dashboard"].startswith("ssh ") and told["slurm"]["answers"] == "answering"
    assert citytide("logs", str(run), "--job", "scheduler").returncode == 0
    assert citytide("cancel", str(run), "--drain").returncode == 0
    left = citytide("attach", str(run))
    assert left.returncode == 130 and "stopped" in left.stdout
    assert 2 < len(blocks_done(run)) < 600 and nothing_is_left(run)


def test_cancelled_run_leaves_nothing_and_resumes(sandbox, tmp_path: Path) -> None:
    run = submit(tmp_path, "rows=100", "sleep=0.3")
    wait_for("two blocks", 90, lambda: len(blocks_done(run)) > 2)
    cancelled = citytide("cancel", str(run), "--json")
    assert cancelled.returncode == 0, cancelled.stderr
    told = json.loads(cancelled.stdout)
    assert told["state"] == "cancelled" and len(told["jobs"]) >= 2 and nothing_is_left(run)
    assert status(run)["state"] == "cancelled"
    done = citytide("resume", str(run), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "done" and nothing_is_left(run)


def test_held_driver_is_told_within_15_seconds_and_can_be_cancelled(sandbox, tmp_path: Path) -> None:
    run = submit(tmp_path, driver={"memory": "700MiB", "extra_directives": ["--begin=now+1hour"]})
    begun, asked = time.monotonic(), 0.0

    def is_told() -> dict[str, Any] | None:
        nonlocal asked
        asked = time.monotonic()  # before the command starts, which on a busy machine takes its time
        found = status(run)
        return found if found["slurm"]["waits"] and "BeginTime" in str(found) else None

    assert wait_for("a reason", 15, is_told)["state"] == "pending" and asked - begun < 15
    (job,) = jobs_of(run, "driver")
    slurm("scontrol", "hold", job.id)
    assert "JobHeld" in str(status(run)["slurm"]["waits"])  # by an administrator, where the tests run as root
    assert citytide("cancel", str(run)).returncode == 0
    assert status(run)["state"] == "cancelled" and nothing_is_left(run)


def test_driver_that_cannot_start_is_told_with_its_log(sandbox, tmp_path: Path) -> None:
    run = submit(tmp_path, python="/nowhere/python")
    failed = citytide("attach", str(run))
    assert failed.returncode == 1 and "no interpreter /nowhere/python" in failed.stderr
    assert "citytide resume" in failed.stderr and status(run)["state"] == "interrupted"
    assert nothing_is_left(run)


def test_controller_that_is_away_is_said_and_nothing_is_concluded(sandbox, tmp_path: Path) -> None:
    run = submit(tmp_path, driver={"memory": "700MiB", "extra_directives": ["--begin=now+1hour"]})
    sandbox.stop_controller()
    try:
        told = status(run)
        refused = citytide("cancel", str(run))
    finally:
        sandbox.start_controller()
    assert told["state"] == "pending" and "does not answer" in told["slurm"]["answers"]
    assert refused.returncode == 1 and "Slurm does not answer" in refused.stderr
    assert citytide("cancel", str(run)).returncode == 0
