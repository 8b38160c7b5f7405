from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import queue

from citytide.hpc.slurm.query.answers import Entry
from citytide.hpc.slurm.query.reasons import explain_reason, is_passing, never_starts


def pending(reason: str, *, start: float | None = None) -> Entry:
    return Entry("12", "a.1.cpu.1", "PENDING", reason=reason, submitted=1000.0, partition="short", start=start)


@pytest.mark.parametrize(
    ("moment", "name", "words"),
    [
        ("busy", "cpu.5", "you hold it (JobHeldUser); release it: `scontrol release 12`"),
        ("busy", "cpu.6", "more time than partition tiny allows (PartitionTimeLimit); lower `walltime`"),
        ("busy", "cpu.8", "as many jobs run as its QOS allows you (QOSMaxJobsPerUserLimit)"),
        ("busy", "cpu.11", "partition off takes jobs but starts none (PartitionDown)"),
        ("busy", "cpu.15", "may not begin yet"),
        ("busy", "cpu.16", "waits for another job to end (Dependency)"),
        ("busy", "cpu.23", "more than its QOS lets one job have (QOSMaxWallDurationPerJobLimit)"),
        ("busy", "cpu.24", "the nodes it needs are busy (Resources)"),
        ("busy", "cpu.25", "jobs of higher priority are before it (Priority)"),
        ("faults", "cpu.47", "a node it needs is down, drained, or reserved (ReqNodeNotAvail, UnavailableNodes:st2)"),
        ("prolog", "cpu.50", "could not be launched on its node, and Slurm requeued and holds it"),
    ],
)
def test_recorded_wait_is_explained(moment: str, name: str, words: str) -> None:
    job = queue(moment)[name]
    assert job.submitted is not None
    sentence = explain_reason(job, now=job.submitted + 300)
    assert words in sentence and sentence.startswith(f"job {job.id} ") and "pending for 5 min" in sentence


def test_recorded_waits_that_waiting_does_not_end_are_known() -> None:
    jobs = {**queue("busy"), **queue("faults"), **queue("prolog")}
    for name in ("cpu.5", "cpu.6", "cpu.23", "cpu.45", "cpu.50"):
        assert never_starts(jobs[name].reason) or jobs[name].state != "PENDING", name
    hopeless = {name for name, job in queue("busy").items() if job.state == "PENDING" and never_starts(job.reason)}
    assert hopeless == {"cpu.5", "cpu.6", "cpu.14", "cpu.23"}


def test_expected_start_is_told() -> None:
    sentence = explain_reason(pending("Resources", start=1000.0 + 5400), now=1000.0)
    assert "Slurm expects to start it in 1 h 30 min (" in sentence
    assert explain_reason(pending("Resources", start=1000.0), now=1060.0).endswith("Slurm expects to start it now")


def test_no_start_is_expected_of_what_never_starts() -> None:
    assert "expects" not in explain_reason(pending("JobHeldUser", start=9000.0), now=1060.0)


@pytest.mark.parametrize(
    ("reason", "words", "never"),
    [
        ("QOSMaxSubmitJobPerUserLimit", "as many jobs are in the queue as its QOS allows", False),
        ("AssocMaxSubmitJobLimit", "as many jobs are in the queue as its account allows", False),
        ("QOSMaxJobsPerUserLimit", "as many jobs run as its QOS allows you", False),
        ("AssocMaxJobsLimit", "as many jobs run as its account allows you", False),
        ("QOSMaxCpuPerUserLimit", "you use as much as its QOS allows", False),
        ("MaxGRESPerAccount", "you use as much as its account allows", False),
        ("QOSMaxGRESPerJob", "more than its QOS lets one job have", True),
        ("QOSMaxMemoryPerNode", "more than its QOS lets one job have", True),
        ("AssocMaxCpuPerJobLimit", "more than its account lets one job have", True),
        ("AssocMaxWallDurationPerJobLimit", "more than its account lets one job have", True),
        ("AssocMaxCpuMinutesPerJobLimit", "more than its account lets one job have", True),
        ("QOSMinCpuNotSatisfied", "less than its QOS wants", True),
        ("AssocGrpCPUMinutesLimit", "time that its account may use is spent", False),
        ("QOSGrpCPURunMinutesLimit", "time that its QOS may use is spent", False),
        ("QOSGrpNodeLimit", "uses as much as it may", False),
        ("AssocGrpJobsLimit", "uses as much as it may", False),
        ("QOSResourceLimit", "a limit of its QOS holds it back", False),
        ("launch_failed_requeued_held", "could not be launched", True),
        ("(launch failed requeued held)", "could not be launched", True),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", "down", False),
        ("Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved", "down", False),
        ("JobHeldAdmin", "an administrator holds it", True),
        ("BadConstraints", "no node can ever meet", True),
        ("InvalidQOS", "fix `qos`", True),
        ("InvalidAccount", "fix `account`", True),
        ("DependencyNeverSatisfied", "ended in another way", True),
        ("Licenses", "licences", False),
        ("Reservation", "reservation has not begun", False),
        ("None", "has not considered it yet", False),
        ("", "has not considered it yet", False),
    ],
)
def test_code_has_a_sentence(reason: str, words: str, never: bool) -> None:
    sentence = explain_reason(pending(reason), now=1060.0)
    assert words in sentence and never_starts(reason) is never
    assert ("waiting will not start it" in sentence) is never


def test_unknown_code_passes_through() -> None:
    sentence = explain_reason(pending("MoonInWrongPhase"), now=1060.0)
    assert "Slurm gives as reason MoonInWrongPhase" in sentence and "scontrol show job 12" in sentence
    assert not never_starts("MoonInWrongPhase")


@given(st.text())
def test_any_reason_makes_one_line(reason: str) -> None:
    sentence = explain_reason(pending(reason), now=1060.0)
    assert sentence.isprintable() and never_starts(reason) in (True, False)


POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


@pytest.mark.parametrize(
    ("refusal", "passing"),
    [
        (f"{POLICY}; QOSMaxSubmitJobPerUserLimit", True),
        (f"{POLICY}; AssocMaxSubmitJobLimit", True),
        (f"{POLICY}; QOSMaxWallDurationPerJobLimit", False),
        (f"{POLICY}; QOSMaxCpuPerJobLimit", False),
        (POLICY, True),
        ("Requested time limit is invalid (missing or exceeds some limit)", False),
        ("Invalid partition name specified; invalid partition specified: nonesuch", False),
    ],
)
def test_refusal_passes_if_it_is_for_what_is_in_the_queue(refusal: str, passing: bool) -> None:
    assert is_passing(refusal) is passing
