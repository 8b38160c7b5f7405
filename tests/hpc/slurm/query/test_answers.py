from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import accounts, queue

from citytide.hpc.slurm.query.answers import (
    ACCOUNT_FIELDS,
    QUEUE_FIELDS,
    Entry,
    parse_accounts,
    parse_queue,
    parse_show,
)

U, R = "\x1f", "\x1e"
MIB = 2**20


def record(**values: str) -> str:
    """What squeue prints of one job."""
    labels = [field.partition(U)[2].removesuffix(R) for field in QUEUE_FIELDS.split(",")]
    return "".join(f"{values[label]}{U}{label}{R}" for label in labels if label in values) + "\n"


def test_one_queue_answer_tells_all_states() -> None:
    jobs = queue("busy")
    assert len(jobs) == 28
    assert {name: (jobs[name].state, jobs[name].reason) for name in jobs if jobs[name].state == "PENDING"} == {
        "cpu.5": ("PENDING", "JobHeldUser"),
        "cpu.6": ("PENDING", "PartitionTimeLimit"),
        "cpu.8": ("PENDING", "QOSMaxJobsPerUserLimit"),
        "cpu.11": ("PENDING", "PartitionDown"),
        "cpu.14": ("PENDING", "JobHeldUser"),
        "cpu.15": ("PENDING", "BeginTime"),
        "cpu.16": ("PENDING", "Dependency"),
        "cpu.23": ("PENDING", "QOSMaxWallDurationPerJobLimit"),
        "cpu.24": ("PENDING", "Resources"),
        "cpu.25": ("PENDING", "Priority"),
        "cpu.26": ("PENDING", "Priority"),
        "driver": ("PENDING", "Priority"),
    }


def test_running_job_is_read_in_full() -> None:
    job = queue("busy")["cpu.1"]
    assert job.start is not None and job.end == job.start + 60 and job.submitted is not None
    assert (job.id, job.state, job.node, job.partition, job.time_limit_s) == ("8", "RUNNING", "st1", "tiny", 60)
    assert (job.memory, job.exit_code, job.restarts, job.reason) == (100 * MIB, "0:0", 0, "")


def test_memory_is_that_of_all_nodes_or_cores_together() -> None:
    assert queue("busy")["cpu.24"].memory == 2 * 3900 * MIB  # 2 nodes
    assert queue("busy")["held"].memory == 2 * 100 * MIB  # --mem-per-cpu=100 -c 2


def test_pending_job_has_its_expected_start() -> None:
    job = queue("busy")["cpu.24"]
    assert job.start is not None and job.submitted is not None and job.start > job.submitted
    assert queue("busy")["cpu.5"].start is None


@pytest.mark.parametrize(
    ("moment", "name", "state", "exit_code"),
    [
        ("busy", "cpu.2", "FAILED", "0:9"),
        ("busy", "cpu.3", "FAILED", "1:0"),
        ("timeout", "cpu.1", "TIMEOUT", "143:0"),
        ("timeout", "cpu.10", "PREEMPTED", "0:15"),
        ("timeout", "cpu.13", "CANCELLED", "0:15"),
        ("faults", "cpu.41", "FAILED", "0:11"),
        ("faults", "cpu.42", "FAILED", "137:0"),
        ("faults", "cpu.48", "COMPLETING", "0:0"),
        ("faults", "cpu.46", "SUSPENDED", "0:0"),
    ],
)
def test_final_state_and_exit_code_are_in_the_queue(moment: str, name: str, state: str, exit_code: str) -> None:
    job = queue(moment)[name]
    assert (job.state, job.exit_code) == (state, exit_code)


def test_requeued_job_counts_its_restarts() -> None:
    assert (queue("requeued")["cpu.12"].state, queue("requeued")["cpu.12"].restarts) == ("PENDING", 1)
    assert (queue("prolog")["cpu.45"].reason, queue("prolog")["cpu.45"].restarts) == ("launch failed requeued held", 2)


def test_reason_may_hold_blanks_and_commas() -> None:
    assert queue("faults")["cpu.47"].reason == "ReqNodeNotAvail, UnavailableNodes:st2"


def test_accounts_tell_every_life_of_a_requeued_job_the_newest_last() -> None:
    lives = [entry for entry in accounts("requeued") if entry.id == "18"]
    assert [(life.state, life.restarts) for life in lives] == [("REQUEUED", 0), ("PENDING", 1)]


def test_accounts_tell_the_memory_that_the_steps_used() -> None:
    (job,) = [entry for entry in accounts("busy") if entry.id == "9"]
    assert (job.max_rss, job.memory, job.exit_code) == (322012 * 1024, 100 * MIB, "0:9")


def test_step_that_ran_out_of_memory_tells_it_of_its_failed_job() -> None:
    labels = ACCOUNT_FIELDS.split(",")
    row = dict.fromkeys(labels, "") | {"JobIDRaw": "7", "State": "FAILED", "JobName": "a", "ExitCode": "0:125"}
    step = row | {"JobIDRaw": "7.batch", "State": "OUT_OF_MEMORY", "JobName": "batch", "MaxRSS": "1.5G"}
    text = "".join(U.join(line[label] for label in labels) + "\n" for line in (row, step))
    (entry,) = parse_accounts(text)
    assert (entry.state, entry.max_rss, entry.name) == ("OUT_OF_MEMORY", 3 * 2**29, "a")


def test_state_is_the_first_word() -> None:
    labels = ACCOUNT_FIELDS.split(",")
    row = dict.fromkeys(labels, "") | {"JobIDRaw": "7", "State": "CANCELLED by 1000", "NodeList": "None assigned"}
    (entry,) = parse_accounts(U.join(row[label] for label in labels))
    assert (entry.state, entry.node) == ("CANCELLED", "")


def test_field_that_squeue_does_not_know_is_only_missing() -> None:
    (entry,) = parse_queue(record(id="12", state="RUNNING", node="n1", name="a.1.cpu.1"))
    assert entry == Entry("12", "a.1.cpu.1", "RUNNING", node="n1")


def test_local_time_of_a_site_that_insists_on_it_is_read() -> None:
    (entry,) = parse_queue(record(id="12", state="RUNNING", start="2026-11-23T04:57:16", name="a"))
    assert entry.start == time.mktime((2026, 11, 23, 4, 57, 16, 0, 0, -1))


@pytest.mark.parametrize("text", ["N/A", "Unknown", "", "NONE", "0", "never", "9" * 40, "²"])
def test_time_that_is_none_is_none(text: str) -> None:
    (entry,) = parse_queue(record(id="12", state="PENDING", start=text, end=text, name="a"))
    assert entry.start is None and entry.end is None


@pytest.mark.parametrize(("text", "seconds"), [("5:00", 300), ("2-00:00:00", 172800), ("UNLIMITED", None), ("²", None)])
def test_time_limit_is_read(text: str, seconds: int | None) -> None:
    (entry,) = parse_queue(record(id="12", state="PENDING", limit=text, name="a"))
    assert entry.time_limit_s == seconds


printable = st.text(st.characters(exclude_characters=U + R))


@given(name=printable, reason=printable)
def test_any_name_and_reason_survive_between_two_jobs(name: str, reason: str) -> None:
    before, after = (record(id=i, state="RUNNING", reason="None", name=f"a.1.cpu.{i}") for i in "13")
    text = before + record(id="2", state="PENDING", reason=reason, name=name) + after
    entries = parse_queue(text)
    assert [entry.id for entry in entries] == ["1", "2", "3"] and entries[1].name == name
    assert entries[1].reason == ("" if reason.strip() == "None" else reason.strip())


@given(st.text(st.sampled_from(string.printable + U + R + "²é")))
def test_no_text_makes_the_parsers_fail(text: str) -> None:
    for entry in [*parse_queue(text), *parse_accounts(text)]:
        assert entry.id and entry.state
    parse_show(text)


@given(values=st.dictionaries(st.sampled_from(["start", "end", "exit", "restarts", "limit", "tres"]), printable))
def test_no_value_makes_the_queue_fail(values: dict[str, str]) -> None:
    (entry,) = parse_queue(record(id="1", state="RUNNING", name="n", **values))
    assert entry.id == "1"


def test_records_of_one_line_each_are_read_with_blanks_in_their_values() -> None:
    text = (
        "NodeName=n1 Arch=x86_64 Gres=gpu:2 OS=Linux 6.1.0 #1 SMP State=DOWN+DRAIN CfgTRES=cpu=4,mem=4000M AllocTRES= "
        "Reason=Not responding [slurm@2026-11-23T05:02:14]\nNodeName=n2 State=IDLE\n"
    )
    first, second = parse_show(text)
    assert first["OS"] == "Linux 6.1.0 #1 SMP" and first["Reason"] == "Not responding [slurm@2026-11-23T05:02:14]"
    assert first["CfgTRES"] == "cpu=4,mem=4000M" and first["AllocTRES"] == ""
    assert second == {"NodeName": "n2", "State": "IDLE"}


def test_configuration_is_one_record() -> None:
    text = (
        "Configuration data as of 1795410144\nEnforcePartLimits       = NO\nMinJobAge               = 300 sec\n"
        "SlurmctldParameters     = (null)\n\nSlurmctld(primary) at host is UP\n"
    )
    assert parse_show(text) == [
        {"EnforcePartLimits": "NO", "MinJobAge": "300 sec", "SlurmctldParameters": "(null)"},
    ]
