from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runfolder import T0, block_line, write_run

from citytide.hpc.report.inspection import inspect_run, instant

DRIVER = {"kind": "driver", "attempt": 1, "time": T0}
TAKEOVER = {"kind": "driver", "attempt": 2, "time": T0 + 20}


def counted(run: Path) -> list[tuple[int, int]]:
    lines = inspect_run(run).ledger
    return [(line["block"], line["attempt"]) for line in lines if line["kind"] == "block" and line["counts"]]


def test_what_an_older_attempt_writes_after_it_was_taken_over_does_not_count(tmp_path: Path) -> None:
    ledger = [DRIVER, block_line(0), TAKEOVER, block_line(1), block_line(1, attempt=2)]
    assert counted(write_run(tmp_path, ledger=ledger)) == [(0, 1), (1, 2)]


def test_a_block_found_bad_counts_only_once_it_is_computed_again(tmp_path: Path) -> None:
    bad = {"kind": "bad", "step": "solve", "block": 0, "attempt": 1}
    assert counted(write_run(tmp_path / "a", ledger=[DRIVER, block_line(0), bad])) == []
    again = [DRIVER, block_line(0), bad, TAKEOVER, block_line(0, attempt=2)]
    assert counted(write_run(tmp_path / "b", ledger=again)) == [(0, 2)]


def test_blocks_before_a_restart_of_their_step_do_not_count(tmp_path: Path) -> None:
    restart = {"kind": "restart", "steps": ["solve"], "products": [], "attempt": 2}
    ledger = [DRIVER, block_line(0), block_line(0, step="other"), restart, block_line(1), block_line(0, attempt=3)]
    assert counted(write_run(tmp_path, ledger=ledger)) == [(0, 1), (0, 3)]


@pytest.mark.parametrize(
    ("ledger", "state"),
    [
        ([DRIVER, {"kind": "end", "attempt": 1, "state": "failed", "time": T0 + 3}], "failed"),
        ([DRIVER, {"kind": "end", "attempt": 1, "state": "stopped"}, TAKEOVER], "unfinished"),
        ([DRIVER], "done"),  # the result is there, the ledger's last word is still to come
    ],
)
def test_the_newest_word_tells_the_state(tmp_path: Path, ledger: list[dict[str, Any]], state: str) -> None:
    assert inspect_run(write_run(tmp_path, ledger=ledger)).state == state


def test_an_odd_file_is_a_gap(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run / "run.json").write_text("[1, 2]")
    (run / "plan.json").write_text("{torn")
    (run / "figures" / "01-map.json").unlink()
    gaps = " ".join(inspect_run(run).gaps)
    assert "run.json does not hold one JSON object" in gaps and "plan.json cannot be read" in gaps
    assert "figures/01-map.json is missing" in gaps


@pytest.mark.parametrize("value", [None, "", "yesterday", float("nan"), float("inf"), 1e300, True, [1]])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert instant(value) is None
