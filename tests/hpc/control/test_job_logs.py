import os
import threading
import time
from pathlib import Path

import pytest

from citytide.hpc.control.job_logs import find_log, follow_log, read_lines
from citytide.hpc.errors import RunError

RUN_ID = "sums-20260102-030405-1f2e"
LOGS = ("1.driver.10", "2.driver.14", "1.cpu.1.11", "1.cpu.12.12", "2.cpu.1.15")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "slurm" / "logs"
    folder.mkdir(parents=True)
    names = [*(f"{RUN_ID}.{name}.log" for name in LOGS), "scheduler-1.log", "scheduler-2.log"]
    for age, name in enumerate(reversed(names)):
        (folder / name).write_text("".join(f"{name} {n}\n" for n in range(3)))
        os.utime(folder / name, (time.time() - age,) * 2)
    return tmp_path


@pytest.mark.parametrize(
    ("job", "log"),
    [
        ("driver", f"{RUN_ID}.2.driver.14"), ("1.driver", f"{RUN_ID}.1.driver.10"), ("10", f"{RUN_ID}.1.driver.10"),
        ("scheduler", "scheduler-2"), ("scheduler-1", "scheduler-1"), ("cpu.1", f"{RUN_ID}.2.cpu.1.15"),
        ("1.cpu.1", f"{RUN_ID}.1.cpu.1.11"), ("cpu.12", f"{RUN_ID}.1.cpu.12.12"), ("15", f"{RUN_ID}.2.cpu.1.15"),
        (f"{RUN_ID}.1.cpu.1", f"{RUN_ID}.1.cpu.1.11"),
    ],
)  # fmt: skip
def test_log_is_found_by_any_of_its_jobs_names(run: Path, job: str, log: str) -> None:
    assert find_log(run, RUN_ID, job).stem == log


def test_unknown_job_answers_with_those_there_are(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no log of job 'cpu'; it has: .*2\.cpu\.1"):
        find_log(run, RUN_ID, "cpu")
    with pytest.raises(RunError, match="has no logs: none of its jobs has started"):
        find_log(tmp_path / "nothing", RUN_ID)


def test_lines_obey_no_control_character(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("one\n\x1b[31mred\t深圳\n".encode() + b"\xff\n")
    assert read_lines(log, 2) == ["\ufffd[31mred\t深圳", "\ufffd"]
    assert read_lines(log, 0) == [] and len(read_lines(log, 99)) == 3


def test_long_lines_are_all_there(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"{n} {'x' * 5000}\n" for n in range(40)))
    assert [line.split()[0] for line in read_lines(log, 30)] == [str(n) for n in range(10, 40)]


def test_growing_log_is_followed_to_the_runs_end(tmp_path: Path) -> None:
    log, ended = tmp_path / "log", threading.Event()
    log.write_text("old\n")

    def grow() -> None:
        for part in ("ne", "w\nla", "st"):
            time.sleep(0.3)
            with log.open("a") as file:
                file.write(part)
        ended.set()

    thread = threading.Thread(target=grow)
    thread.start()
    assert list(follow_log(log, ended.is_set)) == ["new", "last"]
    thread.join()
