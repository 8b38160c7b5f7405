"""Failures in a row pause a pool ever longer, and end in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.slurm.jobs.backoff import BACK_OFF_S, FAILURES, QUICK, REFUSALS, Backoff

LIMIT = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


def test_pause_doubles_and_a_registered_worker_ends_it() -> None:
    backoff = Backoff(1.0)
    backoff.fail("cpu", "n1", "gone", now=100.0)
    assert not backoff.may_submit("cpu", 101.9) and backoff.may_submit("cpu", 102.0)
    backoff.fail("cpu", "n1", "gone", now=102.0)
    assert not backoff.may_submit("cpu", 105.9) and backoff.may_submit("gpu", 102.0)
    backoff.succeed("cpu", "n2")
    assert backoff.may_submit("cpu", 102.0) and not backoff.is_tried()


@given(st.integers(1, 60), st.floats(1, 60))
def test_pause_never_exceeds_its_bound(times: int, poll_s: float) -> None:
    backoff = Backoff(poll_s)
    for _ in range(times):
        backoff.refuse("cpu", LIMIT, now=0.0)
    assert backoff.may_submit("cpu", BACK_OFF_S) and backoff.trouble is None


def test_jobs_that_never_register_end_the_run_with_the_last_reason() -> None:
    backoff = Backoff(1.0)
    for time in range(FAILURES):
        assert backoff.trouble is None
        backoff.fail("cpu", "n1", f"reason {time}", now=float(time))
    assert backoff.trouble and f"reason {FAILURES - 1}" in backoff.trouble and "'cpu'" in backoff.trouble


@pytest.mark.parametrize(
    ("said", "passes"), [(LIMIT, True), ("Invalid account or account/partition combination", False)]
)
def test_refusal_by_a_limit_is_waited_for_and_any_other_ends_the_run(said: str, passes: bool) -> None:
    backoff = Backoff(1.0)
    for _ in range(REFUSALS):
        backoff.refuse("cpu", said, now=0.0)
    assert (backoff.trouble is None) is passes
    assert backoff.refusal == {"cpu": said}
    backoff.accept("cpu")
    assert backoff.refusal == {}


def test_node_is_left_out_only_while_another_works() -> None:
    backoff = Backoff(1.0)
    for _ in range(QUICK):
        backoff.fail("cpu", "n1", "gone", now=0.0)
    assert backoff.excluded() == []  # perhaps it is the profile
    backoff.succeed("cpu", "n2")
    assert backoff.excluded() == ["n1"]
    backoff.refuse("cpu", "Requested node configuration is not available", now=0.0)
    assert backoff.excluded() == []
