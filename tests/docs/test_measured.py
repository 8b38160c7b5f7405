"""The page about GPUs shows what the newest results show."""

from __future__ import annotations

from typing import Any

from measured import PAGE, read_measured, update_page, write_measured

from citytide.benchmarks.gpu.results import find_newest

RECORD: dict[str, Any] = {
    "started": "2026-12-01T10:00:00+00:00", "card": {"name": "NVIDIA H200", "driver": "580.1"},
    "versions": {"numpy": "2.5.0", "cupy": None}, "tests": {"passed": 9, "failed": 0, "errors": 1},
    "measurements": [
        {
            "case": "regrid (cuda)", "n": 4000, "dtype": "f4", "members": 1, "role": "compared",
            "seconds_per_step": 1.0, "updates_per_second": 6.1e10, "share": 0.614, "error": 2e-7,
            "bound": 1e-6, "within": True,
        }
    ],
    "failed": [{"case": "a", "why": "MemoryError: full"}],
    "left_out": [{"case": "b", "why": "its time was up", "n": n} for n in (1, 2)],
    "prediction": {"what": "a city", "seconds": 58.4, "assumptions": ["it is wet", "it is flat"]},
}  # fmt: skip


def test_page_shows_the_newest_results_of_the_tree() -> None:
    told = read_measured(PAGE.read_text(encoding="utf-8"))
    assert told == write_measured(find_newest()), "run: python docs/measured.py"


def test_results_become_a_table_with_a_row_for_each_measurement() -> None:
    text = write_measured(RECORD)
    assert "NVIDIA H200, driver 580.1" in text and "Software: numpy 2.5.0.\n" in text
    assert "Device tests: 9 passed, 1 failed." in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert rows[1] == ["| regrid (cuda)", "4,000", "f4", "1", "6.1e+10", "61 %", "2.0e-07", "1e-06 |"]
    assert "- a (MemoryError: full)" in text and text.count("- b (its time was up)") == 1
    assert "Predicted, not measured: a city: 58 s." in text and "- it is flat\n" in text


def test_page_is_made_anew_between_its_marks_and_nowhere_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = update_page(page, RECORD)
    assert read_measured(made) == write_measured(RECORD)
    assert made.partition("## What was measured")[0] == page.partition("## What was measured")[0]
    assert update_page(made, find_newest()) == page
