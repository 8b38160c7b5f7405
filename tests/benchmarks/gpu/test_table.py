"""The table says what was measured, what failed and what was left out."""

from __future__ import annotations

from typing import Any

from citytide.benchmarks.gpu.table import COLUMNS, write_summary


def measured(**facts: Any) -> dict[str, Any]:
    return {
        "case": "regrid (cuda)", "n": 4000, "dtype": "f4", "members": 1, "role": "large", "updates_per_second": 6.1e10,
        "share": 0.614, "seconds_per_step": 2.5e-4, "error": None, "bound": 1e-6, "within": None, **facts,
    }  # fmt: skip


def make_record(**facts: Any) -> dict[str, Any]:
    return {
        "card": {"name": "NVIDIA H200", "compute_capability": "9.0", "driver": "580.1"}, "spent_s": 400.0,
        "simulated": False,
        "tests": {"passed": 9, "failed": 1, "errors": 0, "skipped": 0, "failures": ["t.py::test_x"]},
        "measurements": [
            measured(role="step", n=100), measured(role="compared", n=1000, error=2e-7, within=True), measured(),
            measured(role="compared", error="not finite", within=False),
        ],
        "failed": [{"case": "score_fss (cupy)", "n": 7, "dtype": "f4", "members": 1, "why": "MemoryError: full"}],
        "left_out": [{"case": "a", "why": "its time was up"}, {"case": "b", "why": "its time was up"}],
        "prediction": {"what": "a city", "seconds": 58.4}, "without_case": ["space.x (cupy)"], **facts,
    }  # fmt: skip


def test_card_comes_first_and_each_measurement_has_a_row() -> None:
    lines = write_summary(make_record()).splitlines()
    assert lines[0] == "card: NVIDIA H200, compute capability 9.0, driver 580.1, 400 s"
    assert lines[1:3] == ["device tests: 9 passed, 1 failed, 0 errors, 0 skipped", "  failed: t.py::test_x"]
    header = lines.index(next(line for line in lines if line.startswith("kernel")))
    assert lines[header].split() == list(COLUMNS)
    step, compared, large, beyond = (line.split() for line in lines[header + 1 : header + 5])
    assert step[2:] == ["100", "f4", "1", "250", "us", "a", "step"]
    assert compared[2:] == ["1,000", "f4", "1", "6.1e+10", "61", "%", "2.0e-07", "1e-06"]
    assert large[2:] == ["4,000", "f4", "1", "6.1e+10", "61", "%"]
    assert beyond[-4:] == ["not", "finite", "1e-06", "BEYOND"]


def test_what_failed_and_what_was_left_out_stands_below() -> None:
    text = write_summary(make_record())
    assert "failed: score_fss (cupy) 7 f4 x 1: MemoryError: full" in text
    assert "left out, its time was up: a, b" in text
    assert "without a case here: space.x (cupy)" in text and "predicted: a city: 58 s" in text


def test_a_simulator_s_times_are_not_read_as_a_gpu_s() -> None:
    text = write_summary(make_record(simulated=True, card={"name": "simulator"}))
    assert "times tell nothing" in text and "predicted" not in text
