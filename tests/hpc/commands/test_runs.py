"""What a person and a script are shown of runs in Slurm, with commands of Slurm that are scripts."""

from __future__ import annotations

import json
import os
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from queued import FakeSlurm, make_old, post_driver

from citytide.hpc.commands import runs as run_commands
from citytide.hpc.control import attach as following
from citytide.hpc.errors import RunError
from citytide.hpc.run.index import index_folder
from citytide.hpc.run.runs import open_run


def call(name: str, *words: str) -> Any:
    return CliRunner().invoke(getattr(run_commands, name), words)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{fake.folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(following, "FIRST_S", 0.0)
    return fake


def hold_drivers(slurm: FakeSlurm, names: Sequence[str]) -> None:
    slurm.hold(*({"id": n, "state": "PENDING", "reason": "JobHeldUser", "name": name} for n, name in enumerate(names)))


def test_status_tells_why_a_run_waits(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "a run")
    start = int(time.time()) + 900
    slurm.hold({"id": "12", "state": "PENDING", "reason": "Resources", "start": start, "name": post_driver(run)})
    shown = call("status", str(run))
    assert shown.exit_code == 0 and "pending, attempt 0" in shown.output
    assert "the nodes it needs are busy (Resources)" in shown.output and "expects to start it in 1" in shown.output
    assert f"citytide cancel '{run}'" in shown.output
    told = json.loads(call("status", str(run), "--json").output)
    assert told["state"] == "pending" and told["slurm"]["driver"]["expected_start"] == start
    assert told["slurm"]["waits"] == [told["slurm"]["driver"]["sentence"]]


def test_list_asks_once_for_all_runs(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    runs = [make_doubling(tmp_path / f"run{n}") for n in range(3)]
    hold_drivers(slurm, [post_driver(run) for run in runs[:2]])
    told = json.loads(call("status", "--json").output)
    assert sorted(one["state"] for one in told) == ["created", "pending", "pending"] and slurm.count("squeue") == 1
    slurm.go_away()
    assert call("status").output.count("pending") == 2


@pytest.mark.parametrize("file", ["run.json", "plan.json"])
def test_damaged_run_hides_no_other(tmp_path: Path, make_doubling, slurm: FakeSlurm, file: str) -> None:
    good, bad = make_doubling(tmp_path / "good"), make_doubling(tmp_path / "bad")
    (bad / file).write_text("{")
    (index_folder() / "broken.json").write_text("{")
    shown = call("status")
    assert (
        shown.exit_code == 0 and f"{bad / file}" in shown.stdout and f"created      {open_run(good).id}" in shown.stdout
    )
    assert "broken.json" in shown.stderr
    told = json.loads(call("status", "--json").stdout)
    assert sorted(one["state"] for one in told) == ["created", "damaged"]


def test_attach_tells_how_the_driver_ended(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run, began="12", text="ImportError: no numba\n")
    slurm.hold({"id": "12", "state": "FAILED", "exit": "256", "node": "node1", "end": 1000, "name": name})
    ended = call("attach", str(run))
    assert isinstance(ended.exception, RunError) and ended.exception.exit_code == 1
    assert "ImportError: no numba" in str(ended.exception) and "citytide resume" in str(ended.exception)


def test_leaving_attach_is_no_failure(
    tmp_path: Path, make_doubling, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_doubling(tmp_path / "run")

    def leave(*words: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "_follow", leave)
    left = call("attach", str(run))
    assert left.exit_code == 0 and "the run goes on without this screen" in left.stderr


def test_logs_are_shown_for_people_and_scripts(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run, began="12", text="one\ntwo\nthree\n")
    assert call("logs", str(run), "-n", "2").output == "two\nthree\n"
    told = json.loads(call("logs", str(run), "--json").output)
    assert told["lines"] == ["one", "two", "three"] and told["path"].endswith(".1.driver.12.log")
    assert "do not go together" in str(call("logs", str(run), "-f", "--json").exception)
    make_old(run)
    assert call("logs", str(run), "-f", "-n", "1").output == "three\n"  # nobody will write on


def test_cancel_and_bundle_answer_scripts(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    hold_drivers(slurm, [post_driver(run)])
    told = json.loads(call("cancel", str(run), "--json").output)
    assert told == {
        "run": str(run), "id": open_run(run).id, "state": "cancelled", "jobs": ["0"], "draining": False,
    }  # fmt: skip
    assert "the run is cancelled" in call("cancel", str(run)).output
    assert "nothing to drain" in str(call("cancel", str(run), "--drain").exception)
    archive = json.loads(call("bundle", str(run), "--out", str(tmp_path), "--json").output)["bundle"]
    with tarfile.open(archive) as opened:
        assert any(name.endswith("run.json") for name in opened.getnames())
