"""Overhead is what the blocks' own functions did not use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.benchmarks.cases.hpc.empty_run import drive_empty_run
from citytide.benchmarks.cases.hpc.memory import watch_peaks
from citytide.benchmarks.cases.hpc.overhead import summarise_blocks
from citytide.benchmarks.cases.stopwatch import time_goes


@given(st.integers(1, 8), st.integers(1, 30), st.floats(0.01, 1.0))
def test_workers_that_only_compute_have_no_overhead(workers: int, rounds: int, seconds: float) -> None:
    lines = [
        {"started": r * seconds, "time": (r + 1) * seconds, "seconds": seconds, "compute_seconds": seconds}
        for r in range(rounds)
        for _ in range(workers)
    ]
    summary = summarise_blocks(lines, workers)
    assert summary["write_share"] == summary["overhead_share"] == 0
    assert summary["wall_ms_per_block"] == pytest.approx(1000 * seconds / workers, abs=1e-3)


def test_a_waiting_worker_is_overhead_and_a_writing_one_too() -> None:
    lines = [{"started": 0.0, "time": 2.0, "seconds": 1.0, "compute_seconds": 0.5}]
    summary = summarise_blocks(lines, workers=2)
    assert summary["write_share"] == 0.5
    assert summary["overhead_share"] == 0.875


def test_an_empty_run_does_every_block(tmp_path: Path) -> None:
    lines = drive_empty_run(tmp_path / "run", blocks=5, workers=1, read=True)
    assert sorted(line["block"] for line in lines) == list(range(5))
    assert summarise_blocks(lines, 1)["wall_seconds"] > 0


def test_peak_memory_of_a_child_is_seen() -> None:
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', "
        "'import time; x = bytearray(80_000_000); time.sleep(0.3)']); print('said')"
    )
    peaks, said = watch_peaks([sys.executable, "-S", "-c", code])
    parent, child = (peak["peak"] for peak in peaks.values())
    assert said.strip() == "said"
    assert child > 80_000_000 > parent


def test_a_failing_command_has_no_peaks() -> None:
    with pytest.raises(RuntimeError, match="no network"):
        watch_peaks([sys.executable, "-S", "-c", "raise SystemExit('no network')"])


def test_goes_are_counted() -> None:
    asked: list[int] = []
    seconds, last = time_goes(lambda: asked.append(1), repeat=4)
    assert len(asked) == seconds["repeat"] == 4
    assert last is None
    with pytest.raises(ValueError, match="at least 1"):
        time_goes(lambda: None, repeat=0)
