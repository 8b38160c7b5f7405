"""A day's file is whole at any moment, and says what was wrong."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from citytide.benchmarks.gpu.results import SCHEMA, Results, find_newest, find_wrong, name_file


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_each_result_is_in_the_file_at_once(tmp_path: Path) -> None:
    results = Results(tmp_path / "new" / "gpu-x.json", card={"name": "x"})
    assert read(results.path)["schema"] == SCHEMA and not read(results.path)["finished"]
    results.add("measurements", {"share": 0.5, "error": float("inf")})
    assert read(results.path)["measurements"] == [{"share": 0.5, "error": "not finite"}]
    results.put(finished=True)
    assert read(results.path)["finished"] and len(list(results.path.parent.iterdir())) == 1


def test_a_kill_between_two_results_leaves_what_was_measured(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from citytide.benchmarks.gpu.results import Results
results = Results(Path({str(tmp_path)!r}) / "gpu-x.json")
for at in range(100_000):
    results.add("measurements", {{"at": at, "more": "x" * 1000}})
    print(at, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen = 0
    for line in child.stdout:
        seen = int(line)
        if seen >= 60:
            break
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert [one["at"] for one in read(tmp_path / "gpu-x.json")["measurements"]][:61] == list(range(61))


def test_a_second_run_of_a_day_does_not_overwrite_the_first(tmp_path: Path) -> None:
    first = name_file(tmp_path, "NVIDIA H100 80GB HBM3", dt.date(2026, 12, 1))
    first.touch()
    assert first.name == "gpu-nvidia-h100-80gb-hbm3-2026-12-01.json"
    assert name_file(tmp_path, "NVIDIA H100 80GB HBM3", dt.date(2026, 12, 1)).name == f"{first.stem}-2.json"


def test_newest_is_the_card_s_that_began_last_and_never_a_simulator_s(tmp_path: Path) -> None:
    assert find_newest(tmp_path) is None
    for name, started, simulated in (("b", "2026-01-02", False), ("a", "2026-03-01", False), ("c", "2027", True)):
        Results(tmp_path / f"gpu-{name}.json", started=started, simulated=simulated)
    found = find_newest(tmp_path)
    assert found is not None and found["started"] == "2026-03-01"


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gpu-x.json").write_text('{"schema": 99}')
    with pytest.raises(ValueError, match=r"results must have schema 1, got 99 in gpu-x\.json"):
        find_newest(tmp_path)


def measured(within: bool | None) -> dict[str, Any]:
    return {"case": "regrid (cuda)", "within": within}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"measurements": [measured(True), measured(None)], "left_out": [{"case": "x"}]}, []),
        ({"measurements": [measured(False)]}, ["the error is beyond its bound in regrid (cuda)"]),
        ({"failed": [{"case": "a"}, {"case": "a"}, {"case": "b"}]}, ["these did not run: a, b"]),
        ({"tests": {"errors": 1, "failed": 1, "passed": 3}}, ["2 of 5 device tests failed"]),
        ({"tests": {"stopped": "did not end within 9 s"}}, ["device tests did not end within 9 s"]),
        ({"stopped": "the time was up after 480 s"}, ["the time was up after 480 s"]),
    ],
)
def test_what_is_wrong_is_said_and_what_was_left_out_is_not_wrong(facts: dict[str, Any], expected: list[str]) -> None:
    assert find_wrong({"tests": {}, "measurements": [], "failed": [], **facts}) == expected
