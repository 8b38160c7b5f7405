import json
import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from queued import FakeSlurm, make_old, post_driver

from citytide.hpc.control import attach
from citytide.hpc.control.attach import Detached, LedgerTail, attach_to_run
from citytide.hpc.errors import RunError
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.runs import open_run
from citytide.hpc.slurm.query.job_states import Board, write_jobs
from citytide.hpc.store.ledger import Ledger, done_blocks, read_ledger


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{fake.folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(attach, "FIRST_S", 0.0)
    monkeypatch.setattr(attach, "READ_S", 0.2)
    monkeypatch.setattr(attach, "REPORT_S", 0.2)
    return fake


def drive_in_another_thread(run: Path, *, state: str, after_s: float) -> threading.Thread:
    def drive() -> None:
        time.sleep(after_s)
        with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
            ledger.append("driver", host="node1", pid=1, time=time.time())
            for block in range(12):
                ledger.append("block", step="double", block=block, seconds=0.1)
                ledger.sync()
            write_jobs(run, Board(time.time(), waits=("pool 'cpu': no nodes",), dashboard="ssh -N node1"))
            time.sleep(0.6)
            ledger.append("end", state=state, time=time.time())
        driver = json.loads((run / "driver.json").read_text())
        (run / "driver.json").write_text(json.dumps({**driver, "job": "12"}))

    thread = threading.Thread(target=drive)
    thread.start()
    return thread


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_follower_waits_for_the_driver_and_sees_it_end(
    tmp_path: Path, make_doubling, slurm: FakeSlurm, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run)
    slurm.hold({"id": "12", "state": "PENDING", "reason": "Resources", "name": name})
    thread = drive_in_another_thread(run, state=state, after_s=1.0)
    (run / "slurm" / "logs" / f"{name}.12.log").touch()
    attach_to_run(run, quiet=False)
    thread.join()
    said = capsys.readouterr().err
    assert "job 12 is pending for 3" in said and "the nodes it needs are busy" in said
    assert "double: 12 of 12 blocks" in said and "dashboard: ssh -N node1" in said
    assert slurm.count("squeue") <= 3


def test_driver_that_never_begins_is_an_error_that_says_why(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run with blank")
    name = post_driver(run, began="12", text="bash: python: command not found\n")
    slurm.hold({"id": "12", "state": "FAILED", "exit": "32512", "node": "node1", "end": 1000, "name": name})
    with pytest.raises(RunError, match=r"command not found.*citytide resume '.*run with blank'") as told:
        attach_to_run(run, quiet=True)
    assert told.value.exit_code == 1


def test_end_just_seen_is_looked_at_twice(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run, began="12")
    slurm.hold({"id": "12", "state": "CANCELLED", "node": "node1", "end": int(time.time()), "name": name})
    with pytest.raises(RunError, match="is interrupted: its driver job 12 was cancelled"):
        attach_to_run(run, quiet=True)
    assert slurm.count("squeue") == 2


def test_silent_slurm_ends_no_follower(
    tmp_path: Path, make_doubling, slurm: FakeSlurm, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_doubling(tmp_path / "run")
    name = post_driver(run, began="12")
    make_old(run)
    slurm.go_away()
    slurm.hold({"id": "12", "state": "FAILED", "node": "node1", "end": 1000, "name": name})
    threading.Timer(1.5, slurm.come_back).start()
    with pytest.raises(RunError, match="is interrupted"):
        attach_to_run(run, quiet=False)
    assert "Unable to contact" in capsys.readouterr().err and slurm.count("squeue") >= 2


def test_ended_run_returns_at_once_and_asks_nobody(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
        ledger.append("driver", host="here", pid=1, time=time.time())
        ledger.append("end", state="stopped", time=time.time())
    attach_to_run(run, quiet=True)
    assert slurm.count("squeue") == 0


def test_run_nobody_drives_is_said_to_be_so(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    with pytest.raises(RunError, match=r"is created: it has no driver; to go on: citytide resume"):
        attach_to_run(run, quiet=True)
    assert slurm.count("squeue") == 0


def test_interrupt_leaves_the_run_alone(
    tmp_path: Path, make_doubling, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_doubling(tmp_path / "run")
    slurm.hold({"id": "12", "state": "PENDING", "name": post_driver(run)})

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    # its own clock only: subprocess sleeps too, while it waits for squeue
    monkeypatch.setattr(attach, "time", SimpleNamespace(**{**vars(time), "sleep": interrupt}))
    with pytest.raises(Detached, match=r"goes on without this screen; come back: citytide attach") as told:
        attach_to_run(run, quiet=True)
    assert told.value.exit_code == 130 and open_run(run).status()["state"] == "pending"
    assert slurm.count("scancel") == 0


def test_tail_counts_what_the_ledger_counts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    tail = LedgerTail(path)
    tail.read()
    with Ledger(path, 1) as old, Ledger(path, 2) as new:
        old.append("driver", attempt=1)
        old.append("block", step="s", block=1)
        old.sync()
        tail.read()
        with path.open("ab") as torn:
            torn.write(b'{"kind":"block","step":"s","bl')
        tail.read()
        assert tail.done["s"] == {1}
        os.truncate(path, path.stat().st_size - 30)
        new.append("driver", attempt=2)
        new.append("block", step="s", block=2)
        new.append("bad", step="s", block=1)
        new.sync()
        old.append("block", step="s", block=3)  # taken over: it does not count
        old.append("end", state="done")
    tail.read()
    lines = read_ledger(path)
    assert {("s", block) for block in tail.done["s"]} == set(done_blocks(lines)) == {("s", 2)}
    assert [line["kind"] for line in tail.lines] == [line["kind"] for line in lines if line["kind"] != "block"]
    with Ledger(path, 3) as ledger:
        ledger.append("restart", steps=["s"], products=[])
    tail.read()
    assert not tail.done["s"] and not done_blocks(read_ledger(path))
