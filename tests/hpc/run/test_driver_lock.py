import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run import driver_lock
from citytide.hpc.run.driver_lock import hold_driver_lock, live_driver, read_driver


def pretend(run: Path, **changed: object) -> None:
    driver = {"host": "elsewhere", "pid": 1, "started": 0.0, "attempt": 1, "state": "running", "heartbeat": time.time()}
    (run / "driver.json").write_text(json.dumps({**driver, **changed}))


def test_every_driver_raises_the_attempt(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        with hold_driver_lock(tmp_path) as attempt:
            assert attempt == expected and live_driver(tmp_path)
        assert live_driver(tmp_path) is None


def test_dead_process_of_this_host_is_gone_at_once(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    pretend(tmp_path, host=os.uname().nodename, pid=dead.pid)
    with hold_driver_lock(tmp_path) as attempt:
        assert attempt == 1


def test_reused_process_id_is_not_taken_for_the_driver(tmp_path: Path) -> None:
    pretend(tmp_path, host=os.uname().nodename, pid=os.getppid(), started=1.0)
    assert live_driver(tmp_path) is None


def test_driver_of_another_host_counts_until_three_heartbeats_are_missed(tmp_path: Path) -> None:
    pretend(tmp_path, heartbeat=time.time() - 2.5 * driver_lock.HEARTBEAT_S)
    with pytest.raises(RunError, match="process 1 on elsewhere"), hold_driver_lock(tmp_path):
        pass
    pretend(tmp_path, heartbeat=time.time() - 3.5 * driver_lock.HEARTBEAT_S)
    with hold_driver_lock(tmp_path):
        pass


def test_take_over_is_possible_when_said(tmp_path: Path) -> None:
    pretend(tmp_path)
    with hold_driver_lock(tmp_path, take_over=True):
        driver = read_driver(tmp_path)
        assert driver is not None and driver["host"] == os.uname().nodename


def test_heartbeat_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_lock, "HEARTBEAT_S", 0.05)
    with hold_driver_lock(tmp_path):
        first = (read_driver(tmp_path) or {})["heartbeat"]
        for _ in range(100):
            time.sleep(0.05)
            if (read_driver(tmp_path) or {})["heartbeat"] > first:
                break
        assert (read_driver(tmp_path) or {})["heartbeat"] > first


def test_driver_that_was_taken_over_neither_beats_nor_goes_on(tmp_path: Path) -> None:
    with hold_driver_lock(tmp_path) as old:
        with hold_driver_lock(tmp_path, take_over=True):
            with pytest.raises(RunError, match="was taken over by attempt 2; this was attempt 1") as refused:
                driver_lock.refuse_superseded(tmp_path, old)
            assert refused.value.exit_code == 3
    assert (read_driver(tmp_path) or {})["attempt"] == 2


def test_of_drivers_that_start_at_the_same_moment_one_is_accepted(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from citytide.hpc.run.driver_lock import hold_driver_lock\n"
        "while time.time() < float(sys.argv[2]): pass\n"
        "with hold_driver_lock(Path(sys.argv[1])): print('accepted', flush=True); time.sleep(2)\n"
    )
    start = str(time.time() + 3)
    command = [sys.executable, "-c", script, str(tmp_path), start]
    drivers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [driver.communicate()[0].strip() for driver in drivers].count(b"accepted") == 1
