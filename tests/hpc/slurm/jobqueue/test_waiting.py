"""Why no worker came, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.slurm.jobqueue.waiting import explain_wait, wait_for_worker
from citytide.hpc.slurm.query.controller import Entry, Unanswered


class Queue:
    """A Slurm that lists these jobs, or does not answer."""

    def __init__(self, *entries: Entry, silent: bool = False) -> None:
        self.entries, self.silent = list(entries), silent

    def queue(self) -> list[Entry]:
        if self.silent:
            raise Unanswered("squeue timed out")
        return self.entries


WAITS = Entry("12", "mine", "PENDING", reason="Resources")
BUSY = "job 12 is pending: the nodes it needs are busy (Resources); it starts when enough of them are free"
FAILED_ONE = Entry("7", "mine", "FAILED", node="n1")


@pytest.mark.parametrize(
    ("slurm", "says"),
    [
        (Queue(WAITS), BUSY),
        (Queue(FAILED_ONE, WAITS, Entry("13", "other", "RUNNING")), f"{BUSY} (and 1 more)"),
        (Queue(FAILED_ONE), "job 7 is FAILED on n1; its log ends with 'no such module'"),
        (Queue(Entry("8", "mine", "RUNNING", node="n2")), "job 8 is RUNNING on n2"),
        (Queue(Entry("8", "other", "RUNNING")), "Slurm lists no job of this cluster any more"),
        (Queue(silent=True), "Slurm does not answer (squeue timed out)"),
    ],
)
def test_first_job_that_may_still_start_is_explained(tmp_path: Path, slurm: Any, says: str) -> None:
    (tmp_path / "mine-7.err").write_text("loading\nno such module\n\n")
    assert explain_wait(slurm, "mine", tmp_path) == says


def test_end_of_the_wait_names_the_wait_and_the_reason(tmp_path: Path) -> None:
    class Idle:
        def wait_for_workers(self, count: int, timeout: float) -> None:
            raise TimeoutError

    client: Any = Idle()
    slurm: Any = Queue(silent=True)
    with pytest.raises(RunError) as refused:
        wait_for_worker(client, 2.5, slurm, "mine", tmp_path)
    assert str(refused.value) == (
        "a worker must come within wait_s, 2.5 s, and none did: Slurm does not answer (squeue timed out); give wait_s "
        "more time, or omit it"
    )
