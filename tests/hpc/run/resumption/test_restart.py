"""A restarted step runs again with all that reads from it, and leaves nothing of its earlier self."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from doubling import drive, store_bytes

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.resumption.restart import append_restart, clear_restarted, find_restarted, refuse_second_release
from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import Ledger, done_blocks, read_ledger

ENDS = ("ends-chunk", "ends-combine-1", "ends-combine-2", "ends-finalize")


def test_a_step_takes_along_all_that_reads_from_it(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    plan = open_run(make_doubling(tmp_path / "run")).plan
    assert find_restarted(plan, ["double"]) == ("double", *ENDS)
    assert find_restarted(plan, ["ends"]) == ENDS == find_restarted(plan, ["ends-chunk"])
    assert find_restarted(plan, ["ends-combine-2"]) == ENDS[2:]
    assert find_restarted(plan, []) == ()
    with pytest.raises(RunError, match="--restart takes a step of the run, one of double, ends, got 'end'"):
        find_restarted(plan, ["end"])


def test_what_was_released_is_not_computed_again(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run")
    steps = tuple(
        replace(step, kind="release") if step.name == "ends-finalize" else step for step in plan_of(run).steps
    )
    plan = replace(plan_of(run), steps=steps)
    refuse_second_release(run, plan, ENDS)
    with Ledger(run / "ledger.jsonl", 1) as ledger:
        ledger.append("block", step="ends-finalize", block=0)
    with pytest.raises(RunError) as refused:
        refuse_second_release(run, plan, ENDS)
    assert str(refused.value) == (
        "--restart must not compute a release again, got 'ends-finalize', whose table stands in the audit log: start a "
        "new run"
    )
    refuse_second_release(run, plan, ["double"])


def plan_of(run: Path) -> Plan:
    return open_run(run).plan


def test_restart_leaves_the_bytes_of_an_undisturbed_run(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run")
    assert drive(run)["state"] == "done"
    before = store_bytes(run)
    stray = run / "envelope.zarr" / "most" / "c" / "99"
    stray.write_bytes(b"of another version")
    for left in ("work/gang-ends-chunk", "figures"):
        (run / left).mkdir()
    with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
        append_restart(ledger, open_run(run).plan, ENDS)
    lines = read_ledger(run / "ledger.jsonl")
    assert {step for step, _ in done_blocks(lines)} == {"double"} and open_run(run).status()["state"] == "interrupted"
    assert verify_run(open_run(run)) == [], "what does not count any more is not damaged"
    for _ in range(2):  # a driver that was killed in the middle leaves it to the next
        with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
            clear_restarted(open_run(run), ledger, lines)
    assert not stray.exists() and not list((run / "work").glob("*ends*"))
    assert not (run / "result.json").exists() and not (run / "figures").exists()
    assert list(open_run(run).products) == ["double"]
    assert drive(run)["state"] == "done" and store_bytes(run) == before
