import json
import os
import time
from pathlib import Path

import pytest
from queued import FakeSlurm, post_driver

from citytide.hpc.control.cancellation import cancel_run, drain_run
from citytide.hpc.errors import RunError
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.runs import open_run


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{fake.folder}{os.pathsep}{os.environ['PATH']}")
    return fake


def test_every_job_of_the_run_and_no_other_is_taken_back(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    driver = post_driver(run)
    identity = open_run(run).id
    for left in ("keys-1", "scheduler-1.json"):
        (run / "slurm" / left).mkdir() if left.startswith("keys") else (run / "slurm" / left).touch()
    slurm.hold(
        {"id": "12", "state": "RUNNING", "name": driver},
        {"id": "13", "state": "PENDING", "name": f"{identity}.1.cpu.1"},
        {"id": "14", "state": "COMPLETED", "name": f"{identity}.1.cpu.2"},
        {"id": "15", "state": "RUNNING", "name": f"{identity}x.1.cpu.1"},
    )
    done = cancel_run(open_run(run))
    assert done.jobs == ("12", "13") and done.state == "cancelled"
    assert (slurm.folder / "scancel.calls").read_text().split() == ["12", "13"]
    assert open_run(run).status()["state"] == "cancelled"
    assert sorted(path.name for path in (run / "slurm").iterdir()) == ["logs", "scripts"]
    assert cancel_run(open_run(run)).state == "cancelled"  # twice is no harm


def test_cancelled_run_goes_on_from_its_ledger(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    from doubling import drive  # type: ignore[import-not-found]

    run = make_doubling(tmp_path / "run")
    slurm.hold({"id": "12", "state": "PENDING", "name": post_driver(run)})
    cancel_run(open_run(run))
    assert drive(run)["state"] == "done" and open_run(run).status()["state"] == "done"


def test_half_written_file_of_a_killed_worker_is_removed(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    driver = post_driver(run)
    written = run / "staging" / "double.zarr" / "y" / "c" / "0.0"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_bytes(b"whole")
    torn = written.with_name("1.0.0f.partial")
    torn.write_bytes(b"to")
    slurm.hold({"id": "12", "state": "RUNNING", "name": driver})
    assert cancel_run(open_run(run)).state == "cancelled"
    assert not torn.exists() and written.read_bytes() == b"whole"


def test_silent_slurm_is_no_cancelling(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run)
    slurm.go_away()
    with pytest.raises(RunError, match=r"Slurm does not answer.*repeat `citytide cancel`") as told:
        cancel_run(open_run(run))
    assert told.value.exit_code == 1 and open_run(run).status()["state"] == "pending"


def test_job_that_does_not_end_is_named(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    job = {"id": "12", "state": "RUNNING", "name": post_driver(run)}
    slurm.hold(job)
    slurm.hold({**job, "state": "COMPLETING"}, name="stubborn")
    with pytest.raises(RunError, match=r"do not end: 12 \(completing\)") as told:
        cancel_run(open_run(run), timeout_s=1.5)
    assert told.value.exit_code == 1
    assert slurm.count("scancel") == 1  # once is enough


def test_done_run_stays_done(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    from doubling import drive

    run = make_doubling(tmp_path / "run")
    drive(run)
    identity = open_run(run).id
    post_driver(run)
    driver = json.loads((run / "driver.json").read_text())
    (run / "slurm" / "logs" / f"{identity}.1.driver.12.log").touch()
    (run / "driver.json").write_text(json.dumps({**driver, "job": "12"}))
    slurm.hold({"id": "13", "state": "PENDING", "name": f"{identity}.1.cpu.1"})
    done = cancel_run(open_run(run))
    assert done.jobs == ("13",) and done.state == "done" == open_run(run).status()["state"]


def test_driver_that_is_no_job_is_not_cancelled_by_slurm(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    with hold_driver_lock(run):
        with pytest.raises(RunError, match=r"is not a job of Slurm.*--drain") as told:
            cancel_run(open_run(run))
        drain_run(open_run(run))
        assert (run / "stop").exists()
    assert told.value.exit_code == 3 and slurm.count("squeue") == 0
    with pytest.raises(RunError, match="nothing to drain"):
        drain_run(open_run(run))


def test_run_that_slurm_never_saw_has_nothing_to_cancel(tmp_path: Path, make_doubling, slurm: FakeSlurm) -> None:
    run = make_doubling(tmp_path / "run")
    begun = time.monotonic()
    with pytest.raises(RunError, match="nothing to cancel") as told:
        cancel_run(open_run(run))
    assert told.value.exit_code == 2 and slurm.count("squeue") == 0 and time.monotonic() - begun < 5
