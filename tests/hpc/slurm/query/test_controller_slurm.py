"""What the fakes and the recorded answers stand for, asked of a real Slurm."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citytide.hpc.execution.endings import Ending
from citytide.hpc.run.job_names import job_name
from citytide.hpc.sandbox.sandbox import Sandbox
from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.controller import Controller, Refused, Unanswered
from citytide.hpc.slurm.query.endings import classify, explain_ending
from citytide.hpc.slurm.query.job_states import is_over, join_job, read_log_tail
from citytide.hpc.slurm.query.reasons import explain_reason, never_starts

pytestmark = pytest.mark.slurm
RUN = "fakes-20261123-035512-ab12"


class Desk:
    """Submits small scripts under names of a run and waits for what becomes of them."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.controller = Controller(conf=sandbox.environment["SLURM_CONF"])
        self.environment = sandbox.environment
        self.folder = folder
        self.serial = int(time.time() * 1000) % 10**8  # the sandbox is shared: no two tests use one name

    def submit(self, body: str, *options: str) -> str:
        self.serial += 1
        self.name = job_name(RUN, 1, "cpu", self.serial)
        script = self.folder / f"{self.name}.sh"
        script.write_text(f"#!/bin/bash\n{body}\n")
        log = f"--output={self.folder}/{self.name}.%j.log"
        options = (f"--job-name={self.name}", log, "--mem=100M", "--time=5", *options)
        self.id = self.controller.submit(script, arguments=options)
        return self.name

    def find(self, name: str) -> Entry | None:
        return next((entry for entry in self.controller.queue() if entry.name == name), None)

    def wait(self, name: str, is_there: Callable[[Entry], bool], within_s: float = 60.0) -> Entry:
        deadline = time.monotonic() + within_s
        while True:
            entry = self.find(name)
            if entry is not None and is_there(entry):
                return entry
            assert time.monotonic() < deadline, entry
            time.sleep(0.3)

    def wait_for_accounts(self, name: str, is_there: Callable[[list[Entry]], bool]) -> list[Entry]:
        """Accounts come some seconds after the queue."""
        deadline = time.monotonic() + 90.0
        while not (rows := self.controller.accounts([name], time.time() - 300)) or not is_there(rows):
            assert time.monotonic() < deadline, rows
            time.sleep(0.5)
        return rows

    def tail(self, entry: Entry) -> str:
        return read_log_tail(self.folder / f"{entry.name}.{entry.id}.log")

    def scontrol(self, *words: str, check: bool = True) -> None:
        subprocess.run(["scontrol", *words], env={"PATH": "/usr/bin:/bin", **self.environment}, check=check)


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(sandbox, tmp_path)
    yield desk
    desk.controller.cancel([e.id for e in desk.controller.queue() if e.name.startswith(f"{RUN}.") and not is_over(e)])


def test_job_is_seen_from_submission_to_its_end(desk: Desk) -> None:
    name = desk.submit("sleep 2; echo bye; exit 3")
    running = desk.wait(name, lambda entry: entry.state == "RUNNING")
    assert running.id == desk.id and running.node and running.time_limit_s == 300 and running.memory == 100 * 2**20
    assert running.start is not None and running.end == running.start + 300
    over = desk.wait(name, is_over)
    assert (over.state, over.exit_code) == ("FAILED", "3:0")
    assert classify(over, desk.tail(over), registered=True) is Ending.USER_CODE


def test_held_job_and_too_long_job_are_explained(desk: Desk) -> None:
    held = desk.wait(desk.submit("true", "--hold"), lambda entry: entry.reason == "JobHeldUser")
    assert never_starts(held.reason) and "scontrol release" in explain_reason(held, now=time.time())
    view = join_job(
        held, name=held.name, submitted=time.time(), registered=False, working=False, draining=False, log_tail="",
        answered=True, now=time.time(),
    )  # fmt: skip
    assert (view.state, view.reason) == ("pending", "JobHeldUser")


def test_waiting_job_has_its_reason(desk: Desk) -> None:
    for _ in range(5):
        last = desk.submit("sleep 60", "--cpus-per-task=4")
    waiting = desk.wait(last, lambda entry: entry.reason in ("Resources", "Priority"))
    assert not never_starts(waiting.reason)


def test_dead_prologue_is_told(desk: Desk) -> None:
    over = desk.wait(desk.submit("no-such-command || exit 1"), is_over)
    tail = desk.tail(over)
    ending = classify(over, tail, registered=False)
    assert ending is Ending.UNREGISTERED
    sentence = explain_ending(ending, over, tail)
    assert f"on {over.node} (exit code 1)" in sentence and "no-such-command: command not found" in sentence


def test_memory_kill_is_told_with_the_memory_used(desk: Desk) -> None:
    body = "python3 -c 'import time; x = bytearray(300 << 20); time.sleep(60)'"
    over = desk.wait(desk.submit(body), is_over, within_s=60.0)
    assert classify(over, desk.tail(over), registered=True) is Ending.OUT_OF_MEMORY
    rows = desk.wait_for_accounts(over.name, lambda rows: rows[-1].max_rss is not None)
    assert (rows[-1].max_rss or 0) > 100 * 2**20  # more than it was granted; how much more, its last sample decides


def test_cancelled_and_requeued_jobs(desk: Desk) -> None:
    name = desk.submit("sleep 300", "--requeue")
    first = desk.wait(name, lambda entry: entry.state == "RUNNING")
    desk.scontrol("requeue", first.id)
    again = desk.wait(name, lambda entry: entry.restarts == 1 and entry.state == "PENDING")
    assert not is_over(again)
    desk.controller.cancel([again.id])
    over = desk.wait(name, is_over, within_s=60.0)
    assert classify(over, desk.tail(over), registered=True) is Ending.CANCELLED
    desk.controller.cancel([again.id])  # once more is no error
    lives = desk.wait_for_accounts(name, lambda rows: rows[-1].state == "CANCELLED")
    assert [life.state for life in lives] == ["REQUEUED", "CANCELLED"]


def test_job_on_a_node_that_goes_down(desk: Desk) -> None:
    name = desk.submit("sleep 300", "--no-requeue")
    running = desk.wait(name, lambda entry: entry.state == "RUNNING")
    desk.scontrol("update", f"nodename={running.node}", "state=down", "reason=test")
    try:
        over = desk.wait(name, is_over, within_s=60.0)
    finally:
        desk.scontrol("update", f"nodename={running.node}", "state=resume", check=False)
    assert classify(over, desk.tail(over), registered=True) is Ending.NODE_FAILURE


def test_refusal_is_slurms_own_sentence(desk: Desk) -> None:
    with pytest.raises(Refused, match="Invalid partition name specified"):
        desk.submit("true", "--partition=nonesuch")


def test_show_knows_partitions_and_configuration(desk: Desk) -> None:
    names = {record["PartitionName"] for record in desk.controller.show("partition")}
    assert {"debug", "tiny"} <= names
    (config,) = desk.controller.show("config")
    assert config["ClusterName"] == "sandbox"


def test_absent_controller_is_unanswered_within_the_timeout(desk: Desk, sandbox: Sandbox) -> None:
    name = desk.submit("true")
    sandbox.stop_controller()
    try:
        begun = time.monotonic()
        with pytest.raises(Unanswered, match="Unable to contact"):
            desk.controller.queue()
        assert time.monotonic() - begun < desk.controller.timeout_s
        with pytest.raises(Unanswered):
            desk.submit("true")
    finally:
        sandbox.start_controller()
    assert desk.wait(name, is_over).state == "COMPLETED"
