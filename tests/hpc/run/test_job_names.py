"""Names of jobs are read as they are written, and no other text is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.run.job_names import JobName, job_name, parse_name

RUN = "traffic-assignment-20260102-030405-1f2e"


def test_name_is_found_again() -> None:
    assert parse_name(job_name(RUN, 3, "cpu", 12)) == JobName(RUN, 3, "cpu", 12)
    assert parse_name(job_name(RUN, 3, "driver", None)) == JobName(RUN, 3, "driver", None)
    assert job_name(RUN, 1, "driver") == f"{RUN}.1.driver"


@given(
    run=st.from_regex(r"[a-z-]{1,20}-[0-9]{8}-[0-9a-f]{4}", fullmatch=True),
    attempt=st.integers(1, 99_999),
    pool=st.from_regex(r"[A-Za-z0-9_.@+-]{1,12}", fullmatch=True),
    serial=st.integers(0, 99_999),
)
def test_any_name_of_a_run_is_found_again(run: str, attempt: int, pool: str, serial: int) -> None:
    assert parse_name(job_name(run, attempt, pool, serial)) == JobName(run, attempt, pool, serial)


@given(st.text())
def test_any_text_is_a_name_or_none(text: str) -> None:
    found = parse_name(text)
    assert found is None or found.run_id


@pytest.mark.parametrize("name", ["", "bash", "a.b", "a.1", "a.1.cpu", "a.x.cpu.1", "my job.1.cpu.1", "a.1.cpu.²"])
def test_foreign_name_is_none(name: str) -> None:
    assert parse_name(name) is None
