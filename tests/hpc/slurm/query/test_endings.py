from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import (
    CANCELLED,
    NO_MODULE,
    NODE_LOST,
    OVER_MEMORY,
    PREEMPTED,
    REQUEUED,
    TIMED_OUT,
    accounts,
    queue,
)  # fmt: skip

from citytide.hpc.execution.endings import Ending
from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.endings import classify, explain_ending, find_telling_line

NANNY = (
    "2026-11-23 05:00:00,000 - distributed.nanny.memory - WARNING - Worker tls://10.0.0.1:4000 (pid=77) exceeded 95% "
    "memory budget. Restarting...\n"
)


def failed(exit_code: str, *, state: str = "FAILED", reason: str = "NonZeroExitCode", restarts: int = 0) -> Entry:
    return Entry("12", "a.1.cpu.1", state, reason=reason, node="n1", exit_code=exit_code, restarts=restarts)


@pytest.mark.parametrize(
    ("moment", "name", "log", "registered", "ending"),
    [
        ("timeout", "cpu.1", TIMED_OUT, True, Ending.TIME_LIMIT),
        ("timeout", "cpu.1", "", False, Ending.TIME_LIMIT),
        ("timeout", "cpu.2", OVER_MEMORY, True, Ending.OUT_OF_MEMORY),
        ("timeout", "cpu.2", OVER_MEMORY, False, Ending.OUT_OF_MEMORY),
        ("timeout", "cpu.3", "", False, Ending.UNREGISTERED),
        ("timeout", "cpu.4", NO_MODULE, False, Ending.UNREGISTERED),
        ("timeout", "cpu.10", PREEMPTED, True, Ending.PREEMPTED),
        ("timeout", "cpu.13", CANCELLED, True, Ending.CANCELLED),
        ("timeout", "cpu.14", "", False, Ending.CANCELLED),
        ("timeout", "cpu.30", "", True, Ending.DONE),
        ("timeout", "cpu.30", "", False, Ending.UNREGISTERED),
        ("faults", "cpu.40", "", True, Ending.LOST),
        ("faults", "cpu.41", "", True, Ending.USER_CODE),
        ("faults", "cpu.42", "Killed\n", True, Ending.LOST),
        ("faults", "cpu.42", "Killed\n", False, Ending.UNREGISTERED),
        ("prolog", "cpu.44", NODE_LOST, True, Ending.NODE_FAILURE),
    ],
)
def test_recorded_end_has_its_class(moment: str, name: str, log: str, registered: bool, ending: Ending) -> None:
    assert classify(queue(moment)[name], log, registered=registered) is ending


def test_accounts_and_queue_agree_on_recorded_ends() -> None:
    told = {entry.id: entry for entry in accounts("faults")}
    ended = [
        job for job in queue("faults").values() if job.state not in ("PENDING", "RUNNING", "COMPLETING") and job.node
    ]
    assert len(ended) >= 8
    for job in ended:
        if job.id in told and job.state != "SUSPENDED":
            assert classify(told[job.id], "", registered=True) is classify(job, "", registered=True), job


@pytest.mark.parametrize(
    ("log", "registered", "ending"),
    [
        (OVER_MEMORY, True, Ending.OUT_OF_MEMORY),
        (NANNY, True, Ending.OUT_OF_MEMORY),
        (TIMED_OUT, True, Ending.TIME_LIMIT),
        (PREEMPTED, True, Ending.PREEMPTED),
        (REQUEUED, True, Ending.PREEMPTED),
        (NODE_LOST, True, Ending.NODE_FAILURE),
        (CANCELLED, True, Ending.CANCELLED),
        ("all is well\n", True, Ending.LOST),
        (NO_MODULE, False, Ending.UNREGISTERED),
        ("", False, Ending.UNREGISTERED),
    ],
)
def test_log_alone_tells_what_it_can(log: str, registered: bool, ending: Ending) -> None:
    assert classify(None, log, registered=registered) is ending


@pytest.mark.parametrize(
    ("exit_code", "ending"),
    [
        ("1:0", Ending.USER_CODE), ("0:11", Ending.USER_CODE), ("139:0", Ending.USER_CODE), ("0:6", Ending.USER_CODE),
        ("0:9", Ending.LOST), ("137:0", Ending.LOST), ("9:0", Ending.LOST), ("0:15", Ending.LOST), ("", Ending.LOST),
    ],
)  # fmt: skip
def test_failure_without_a_word_is_judged_by_its_exit_code(exit_code: str, ending: Ending) -> None:
    assert classify(failed(exit_code, reason=""), "all is well\n", registered=True) is ending


@pytest.mark.parametrize("log", [NANNY, "MemoryError\n", "terminate called: std::bad_alloc\n", OVER_MEMORY])
def test_killed_with_words_of_memory_in_its_log_is_out_of_memory(log: str) -> None:
    assert classify(failed("0:9", reason="JobLaunchFailure"), log, registered=True) is Ending.OUT_OF_MEMORY


def test_slurms_state_counts_for_more_than_the_log() -> None:
    assert classify(failed("0:15", state="TIMEOUT"), OVER_MEMORY, registered=True) is Ending.TIME_LIMIT
    assert classify(failed("0:125", state="OUT_OF_MEMORY"), "", registered=False) is Ending.OUT_OF_MEMORY


def test_cancelled_job_is_cancelled_unless_slurm_notes_a_cause() -> None:
    job = failed("0:15", state="CANCELLED")
    assert classify(job, CANCELLED + NANNY, registered=True) is Ending.CANCELLED
    assert classify(job, OVER_MEMORY, registered=True) is Ending.OUT_OF_MEMORY
    assert classify(job, PREEMPTED, registered=True) is Ending.PREEMPTED


def test_program_that_prints_slurms_words_is_not_believed() -> None:
    log = "I say: CANCELLED AT noon DUE TO TIME LIMIT, exceeded memory limit, oom_kill\n"
    assert classify(failed("1:0"), log, registered=True) is Ending.USER_CODE


def test_end_of_an_earlier_life_is_no_news() -> None:
    log = REQUEUED + NO_MODULE
    assert classify(failed("1:0", restarts=1), log, registered=True) is Ending.USER_CODE
    assert "life" not in explain_ending(Ending.USER_CODE, failed("1:0", restarts=1), log)


def test_dead_prologue_is_explained_with_node_code_and_log() -> None:
    job = queue("timeout")["cpu.3"]
    sentence = explain_ending(Ending.UNREGISTERED, job, "", log="slurm/logs/a.10.log")
    assert "ended before its worker registered on st1 (exit code 1)" in sentence
    assert "`prologue`" in sentence and "its log is empty" in sentence and "slurm/logs/a.10.log" in sentence


def test_missing_module_is_quoted() -> None:
    sentence = explain_ending(Ending.UNREGISTERED, queue("timeout")["cpu.4"], NO_MODULE)
    assert "its log says: ModuleNotFoundError: No module named 'citytide_missing'" in sentence


def test_memory_asked_and_used_is_told() -> None:
    (job,) = [entry for entry in accounts("busy") if entry.id == "9"]
    sentence = explain_ending(Ending.OUT_OF_MEMORY, job, OVER_MEMORY)
    assert "(asked for 100 MiB, used 314 MiB when last seen)" in sentence and "Exceeded job memory limit" in sentence


def test_job_that_never_started_says_so() -> None:
    sentence = explain_ending(Ending.CANCELLED, queue("timeout")["cpu.14"], "")
    assert "it never started: JobHeldUser" in sentence


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("a\nValueError: the cause\ndistributed.comm.core.CommClosedError: noise\nbye\n", "ValueError: the cause"),
        ("bash: python9: command not found\nslurmstepd: error: x\n", "bash: python9: command not found"),
        ("\x1b[31merror: red\x1b[0m\nlast\n", "error: red"),
        ("one\ntwo\n\n", "two"),
        ("", ""),
    ],
)
def test_telling_line_is_found(log: str, line: str) -> None:
    assert find_telling_line(log) == line


@given(log=st.text(), code=st.text(), reason=st.text(), state=st.text())
def test_any_log_makes_one_line(log: str, code: str, reason: str, state: str) -> None:
    job = Entry("1", "a", state, exit_code="1:0")
    ending = classify(job, log, registered=True)
    assert explain_ending(ending, job, log).isprintable()
