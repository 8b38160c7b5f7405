"""The state of a run follows from its files and from any cluster's answer: no word of Slurm is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from queued import make_old, post_driver

from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.runs import open_run
from citytide.hpc.run.state import find_driver_job, find_end, find_state, needs_query
from citytide.hpc.store.ledger import Ledger, read_ledger


@dataclass(frozen=True)
class Answer:
    """What some cluster says: the id of the run's live driver job."""

    live: str | None = None
    unanswered: str = ""
    time: float = 0.0

    def live_driver_id(self, run_id: str) -> str | None:
        return self.live


def write_end(run: Path, state: str, job: str) -> None:
    """What a driver job leaves that ended in this state."""
    with hold_driver_lock(run) as attempt, Ledger(run / "ledger.jsonl", attempt) as ledger:
        ledger.append("driver", host="node1", pid=1, time=time.time())
        ledger.append("end", state=state, time=time.time())
    driver = json.loads((run / "driver.json").read_text())
    (run / "driver.json").write_text(json.dumps({**driver, "job": job}))


def find(run: Path, seen: Answer | None = None) -> str:
    return find_state(run, open_run(run).id, read_ledger(run / "ledger.jsonl"), complete=True, seen=seen)


def test_run_without_a_driver_job_needs_no_query(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run")
    assert find(run) == "created" and not needs_query(run, open_run(run).id, [])
    assert find_driver_job(run, open_run(run).id) is None and find_end([]) is None


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_driver_that_wrote_the_end_needs_no_query(
    tmp_path: Path, make_doubling: Callable[..., Path], state: str
) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run, began="12")
    assert needs_query(run, open_run(run).id, [])
    write_end(run, state, "12")
    assert find(run) == state and not needs_query(run, open_run(run).id, read_ledger(run / "ledger.jsonl"))


def test_answer_of_a_cluster_decides_what_files_leave_open(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run")
    post_driver(run)
    make_old(run)
    assert find(run, Answer(live="12")) == find(run, Answer(unanswered="away")) == "pending"
    assert find(run, Answer(time=time.time())) == "interrupted"
