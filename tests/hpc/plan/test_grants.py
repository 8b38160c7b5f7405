"""Real workers of two threads run as many blocks at a time as their memory allows, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from citytide.hpc.execution import drivers
from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.plan.grants import WORKER_BYTES
from citytide.hpc.plan.plans import read_plan
from citytide.hpc.run.progress import Reporter
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.ledger import Ledger

ROOM = 600_000_000


def crowd(out: Path, **asked: float) -> Run:
    from crowding import lay_out  # type: ignore[import-not-found]

    run = open_run(lay_out(out, room_bytes=ROOM, **asked))
    result = execute_run(run, LocalBackend(1, 2, WORKER_BYTES + ROOM), lambda done: {}, quiet=True)
    assert result["state"] == "done", result
    return run


def test_blocks_whose_memory_allows_one_at_a_time_never_overlap(tmp_path: Path) -> None:
    run = crowd(tmp_path / "run", rows=6, block_bytes=ROOM // 2 + 1, expected=2, timeout_s=0.25)
    assert run.plan.steps[0].at_once == 1
    assert run.open("crowd").most.values.tolist() == [1] * 6


def test_blocks_overlap_where_memory_allows(tmp_path: Path) -> None:
    run = crowd(tmp_path / "run", rows=2, block_bytes=ROOM // 2, expected=2, timeout_s=60.0)
    assert run.plan.steps[0].at_once == 2
    assert run.open("crowd").most.values.tolist() == [2, 2]


@pytest.mark.parametrize("block_bytes", [0, 10 * ROOM])
def test_block_that_asks_for_nothing_or_for_more_than_there_is_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    """As a plan of an older version may say, or of a larger pool."""
    from crowding import lay_out

    monkeypatch.setattr(drivers, "choose_pool", lambda step, pools: "cpu")
    path = lay_out(tmp_path / "run", rows=2, block_bytes=10, room_bytes=ROOM, expected=1, timeout_s=0.0)
    plan = read_plan(path)
    plan = replace(plan, steps=(replace(plan.steps[0], memory_bytes=block_bytes),))
    with (
        Ledger(path / "ledger.jsonl", 1) as ledger,
        LocalBackend(1, 2, WORKER_BYTES + ROOM).open(path, 1) as group,
        Reporter(quiet=True) as reporter,
    ):
        assert drivers.drive(path, plan, group, ledger, reporter) == "done"
