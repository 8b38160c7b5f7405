import json
import os
import time
from pathlib import Path

import pytest
from queued import FakeSlurm, make_old, post_driver

from citytide.hpc.control.run_status import QueueSnapshot, query_queue, read_status
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.runs import open_run
from citytide.hpc.run.state import find_driver_job, needs_query
from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.controller import Controller
from citytide.hpc.slurm.query.job_states import Board, JobView, write_jobs
from citytide.hpc.store.ledger import Ledger, read_ledger


def drive_once(run: Path, state: str | None, *, job: str | None = "12", **end: str) -> None:
    """What a driver leaves that ended so, or was killed (None)."""
    with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
        ledger.append("driver", host="node1", pid=1, time=time.time())
        if state:
            ledger.append("end", state=state, time=time.time(), **end)
    driver = json.loads((run / "driver.json").read_text())
    (run / "driver.json").write_text(json.dumps({**driver, "job": job}))


def state_of(run: Path, seen: QueueSnapshot | None = None) -> str:
    return str(open_run(run).status(seen=seen)["state"])


def seen(*entries: Entry) -> QueueSnapshot:
    return QueueSnapshot(time.time(), entries)


def test_run_is_pending_until_its_driver_begins(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    assert state_of(run) == "created"
    name = post_driver(run)
    waiting = Entry("12", name, "PENDING", "Priority", submitted=time.time() - 600, start=time.time() + 3600)
    assert state_of(run) == state_of(run, seen(waiting)) == "pending"
    told = read_status(open_run(run), seen=seen(waiting))["slurm"]
    assert told["driver"]["state"] == "pending" and told["driver"]["expected_start"] == waiting.start
    (wait,) = told["waits"]
    assert "pending for 10 min" in wait and "Slurm expects to start it in" in wait


def test_driver_job_that_ended_without_a_word_interrupts_its_run(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run, began="12", text="ModuleNotFoundError: No module named 'citytide'\n")
    gone = Entry("12", name, "FAILED", exit_code="1:0", node="node1", end=time.time())
    assert state_of(run, seen(gone)) == "interrupted"
    told = read_status(open_run(run), seen=seen(gone))["slurm"]["driver"]
    assert told["state"] == "ended" and "No module named 'citytide'" in told["sentence"]


def test_job_that_slurm_no_longer_lists_is_gone_only_after_a_minute(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run)
    assert state_of(run, seen()) == "pending"
    make_old(run)
    assert state_of(run, seen()) == "interrupted"


def test_unanswered_is_not_gone(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run)
    make_old(run)
    away = QueueSnapshot(time.time(), unanswered="squeue ended with code 1")
    assert state_of(run, away) == "pending"
    told = read_status(open_run(run), seen=away)["slurm"]
    assert "does not answer" in told["answers"] and told["driver"]["state"] == "unknown"


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_driver_that_signed_off_is_believed_without_asking(tmp_path: Path, make_doubling, state: str) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run, began="12")
    drive_once(run, state)
    (run / "result.json").write_text("{}")
    if state == "failed":
        with Ledger(run / "ledger.jsonl", 1) as ledger:
            ledger.append("failed", step="double", block=1, error="no", time=1.0)
            ledger.append("end", state="failed", time=1.0)
    found = open_run(run)
    assert found.status()["state"] == state
    assert not needs_query(run, found.id, read_ledger(run / "ledger.jsonl"))


def test_next_driver_in_the_queue_counts_for_more_than_the_last_end(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run, began="12")
    drive_once(run, "stopped")
    name = post_driver(run, attempt=2)
    assert state_of(run) == "pending"
    post_driver(run, attempt=2, began="13")  # python is starting
    assert state_of(run) == "pending"
    assert state_of(run, seen(Entry("13", name, "RUNNING", node="node1"))) == "pending"
    make_old(run)
    assert state_of(run, seen(Entry("13", name, "FAILED", exit_code="1:0", node="node1"))) == "stopped"


def test_used_up_allocation_waits_for_the_next(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run, began="12")
    drive_once(run, "expired")
    name = post_driver(run, attempt=2)
    assert state_of(run) == "waiting"
    assert state_of(run, seen(Entry("13", name, "PENDING", "Dependency"))) == "waiting"
    make_old(run)
    assert state_of(run, seen()) == "interrupted"


def test_cancelled_run_is_cancelled_until_it_is_submitted_again(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run)
    drive_once(run, "cancelled", job=None, after=name)
    assert state_of(run) == state_of(run, seen()) == "cancelled"
    post_driver(run, attempt=2)
    assert state_of(run) == "pending"


def test_jobs_a_silent_driver_told_of_are_looked_at_again(tmp_path: Path, make_doubling) -> None:
    run = make_doubling(tmp_path / "run")
    identity = open_run(run).id
    post_driver(run, began="12")
    drive_once(run, None)
    jobs = [JobView(str(n), f"{identity}.1.cpu.{n}", "cpu", 1, n, state="working", since=time.time()) for n in (1, 2)]
    write_jobs(run, Board(time.time(), jobs=tuple(jobs), waits=("old news",), dashboard="ssh"))
    alive = Entry("1", jobs[0].name, "RUNNING", node="node2", start=time.time() - 60, end=time.time() + 600)
    stray = Entry("3", f"{identity}.1.cpu.3", "PENDING", "Resources", submitted=time.time() - 5)
    told = read_status(open_run(run), seen=seen(alive, stray, Entry("9", "another.1.cpu.1", "RUNNING")))["slurm"]
    assert {job["serial"]: job["state"] for job in told["jobs"]} == {1: "starting", 2: "submitted", 3: "pending"}
    assert told["waits"] == [] and told["dashboard"] is None


def test_all_runs_of_a_cluster_are_looked_at_by_one_command(
    tmp_path: Path, make_doubling, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = FakeSlurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{slurm.folder}{os.pathsep}{os.environ['PATH']}")
    jobs = []
    for n in range(3):
        run = make_doubling(tmp_path / f"run{n}")
        post_driver(run, began=str(n))
        jobs.append(find_driver_job(run, open_run(run).id))
    assert not query_queue(Controller(), jobs).unanswered
    assert slurm.count("squeue") == 1 and slurm.count("sacct") == 0
    slurm.go_away()
    assert "Unable to contact" in query_queue(Controller(), jobs).unanswered
