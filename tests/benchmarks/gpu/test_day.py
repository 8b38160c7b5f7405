"""The day keeps its order and its time, and one case that fails does not end it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.benchmarks.gpu.cases.case import Case, Size, Work
from citytide.benchmarks.gpu.clock import Clock
from citytide.benchmarks.gpu.day import TIME_IS_UP, DeviceLostError, Plan, run_day
from citytide.benchmarks.gpu.measuring import Device
from citytide.benchmarks.gpu.results import Results, find_wrong

pytestmark = pytest.mark.usefixtures("cupy")
RATE = 1e9


def make_case(
    off: float = 0.0, go: Callable[[], None] = lambda: None, kernel: str = "hydro.score_crps", name: str = ""
) -> Case:
    """Doubles numbers, and is off by a factor."""

    def build(size: Size) -> Work:
        values = np.arange(1.0, size.n + 1.0)

        def double(steps: int) -> dict[str, Any]:
            go()
            return {"it": values * 2.0 * (1.0 + off)}

        return Work(double, lambda steps: {"it": values * 2.0}, size.n, 16.0 * size.n)

    return Case(kernel, build, name, engine="cupy", sizes=(2, 3, 4), dtypes=("f8",), bound={"f8": 1e-6})


def run(tmp_path: Path, cases: list[Case], *, clock: Clock | None = None, until: float = 1.0) -> Any:
    results = Results(tmp_path / "gpu-x.json", simulated=False, started="now", card={"name": "x"})
    device = Device({"f8": lambda: RATE, "f4": lambda: RATE}, wait=lambda: None)
    plan = Plan([("part", until, cases)], lambda limit: {"left_out": "none here", "limit": limit}, lambda: device)
    run_day(results, clock or Clock(1000.0), plan, lambda line: None)
    return results.record


def test_every_size_is_measured_and_the_middle_one_compared(tmp_path: Path) -> None:
    record = run(tmp_path, [make_case(off=1e-9)])
    step, compared, large = record["measurements"]
    assert [one["n"] for one in record["measurements"]] == [2, 3, 4] and record["finished"]
    assert step["error"] is None and large["within"] is None
    assert compared["error"] == pytest.approx(1e-9, rel=1e-3) and compared["within"]
    # 16 bytes an update: a triad of 1e9 bytes a second allows 6.25e7 updates
    assert large["share"] == pytest.approx(large["updates_per_second"] / 6.25e7)
    assert record["tests"]["limit"] == pytest.approx(220.0, abs=1.0) and not find_wrong(record)


def test_an_error_beyond_its_bound_makes_a_failed_day(tmp_path: Path) -> None:
    record = run(tmp_path, [make_case(off=1e-3)])
    assert find_wrong(record) == ["the error is beyond its bound in score_crps (cupy)"]


def test_a_case_that_raises_is_noted_and_the_next_one_runs(tmp_path: Path) -> None:
    def fail() -> None:
        raise MemoryError("too\nlarge")

    record = run(tmp_path, [make_case(go=fail), make_case(name="other")])
    assert [one["why"] for one in record["failed"]] == ["MemoryError: too large"] * 3
    assert len(record["measurements"]) == 3


def test_what_has_no_time_is_listed_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    hands = [0.0]
    clock = Clock(100.0, now=lambda: hands[0])

    def take_long() -> None:
        hands[0] += 4.0

    record = run(tmp_path, [make_case(go=take_long), make_case(go=take_long, name="other")], clock=clock, until=0.5)
    assert 0 < len(record["measurements"]) < 6
    assert len(record["measurements"]) + len(record["left_out"]) == 6
    assert {one["why"] for one in record["left_out"]} == {TIME_IS_UP} and record["finished"]


def test_a_kernel_or_an_engine_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    record = run(
        tmp_path, [make_case(kernel="hydro.no_such_kernel"), replace(make_case(), kernel="hydro.estimate_motion")]
    )
    assert [one["why"] for one in record["left_out"]] == ["the kernel does not declare this engine"] * 2
    assert not record["measurements"] and not find_wrong(record)


def test_a_lost_device_ends_the_process_and_the_next_one_does_only_the_rest(tmp_path: Path) -> None:
    lost = []

    def lose() -> None:
        lost.append(True)
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    def triad() -> float:
        if lost:
            raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")
        return RATE

    device = Device({"f8": triad, "f4": triad}, wait=lambda: None)
    good, bad = make_case(), make_case(go=lose, kernel="traffic.advance_density")
    plan = Plan([("part", 1.0, [good, bad])], lambda limit: {"left_out": "none"}, lambda: device)
    results = Results(tmp_path / "gpu-x.json", simulated=False, started="now", card={"name": "x"})
    with pytest.raises(DeviceLostError, match=r"answers nothing after advance_density \(cupy\)"):
        run_day(results, Clock(1000.0), plan, lambda line: None)
    assert len(results.record["measurements"]) == 3 and len(results.record["failed"]) == 1
    lost.clear()
    again = Results.resume(results.path)
    with pytest.raises(DeviceLostError):
        run_day(again, Clock(1000.0, spent_s=again.record["spent_s"]), plan, lambda line: None)
    assert [one["n"] for one in again.record["failed"]] == [2, 3]  # and not the first one again
    assert again.record["measurements"] == results.record["measurements"]


HANGS = """
import sys, threading
import citytide.benchmarks.gpu.__main__ as command
import citytide.benchmarks.gpu.day as day
from citytide.benchmarks.gpu.measuring import Device

def make_plan(**asked):
    hang = lambda limit: {"left_out": "none"}
    return day.Plan([], hang, lambda: threading.Event().wait())

day.make_plan = make_plan
sys.argv = ["gpu", "--out", sys.argv[1], "--limit", "3"]
command.main()
"""


LOSES = """
import os, sys
import citytide.benchmarks.gpu.__main__ as command
import citytide.benchmarks.gpu.day as day

def lose(results, clock, plan, tell):
    raise day.DeviceLostError("the device answers nothing after it")

def replace_process(program, words):
    print(*words[1:])
    sys.stdout.flush()
    os._exit(7)

day.run_day, os.execv = lose, replace_process
sys.argv = ["gpu", "--out", sys.argv[1], "--limit", "300", "--only", "regrid"]
command.main()
"""


def test_a_lost_device_hands_its_file_to_a_new_process(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOSES, str(tmp_path)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
    )  # fmt: skip
    file = next(tmp_path.glob("gpu-simulator-*.json"))
    expected = f"-m citytide.benchmarks.gpu --resume {file} --limit 300.0 --only regrid --no-tests"
    assert (told.returncode, told.stdout.strip()) == (7, expected), told.stderr


def test_a_day_that_hangs_ends_at_its_limit_with_its_file_and_its_table(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", HANGS, str(tmp_path)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
    )  # fmt: skip
    assert told.returncode == 1, told.stderr
    assert told.stderr.splitlines()[-1] == "make gpu: the time was up after 3 s"
    assert "card: simulator" in told.stdout and str(next(tmp_path.glob("gpu-simulator-*.json"))) in told.stdout


def test_without_a_gpu_it_says_what_is_missing_and_ends() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "citytide.benchmarks.gpu"], capture_output=True, text=True, timeout=120,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "0", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert told.returncode == 1 and not told.stdout
    assert told.stderr.startswith("a GPU is measured ") and told.stderr.count("\n") == 1
