"""What is known of a worker job, and how many of them blocks are worth."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.execution.endings import Ending
from citytide.hpc.plan.pools import Pool
from citytide.hpc.slurm.jobs.submitted_jobs import SubmittedJob, count_jobs, job_of, last_serial
from citytide.hpc.slurm.jobs.supervisor import Registered
from citytide.hpc.slurm.query.controller import Entry

POOL = Pool(threads=2, workers=2, max_jobs=5)


@given(st.integers(0, 10**6), st.floats(0, 1e4), st.none() | st.integers(0, 10))
def test_jobs_stay_within_what_workers_pool_and_limit_allow(workers: int, expected_s: float, room: int | None) -> None:
    jobs = count_jobs(POOL, workers, expected_s, room)
    assert 0 <= jobs <= 5 and jobs <= -(-workers // 2) and (room is None or jobs <= room)


def test_short_blocks_are_not_worth_many_jobs() -> None:
    assert count_jobs(POOL, 50, 0.001, None) == 1
    assert count_jobs(POOL, 50, 60.0, None) == 5
    assert count_jobs(POOL, 50, 0.0, None) == 5  # nothing is known yet: every worker is asked for


def test_workers_of_a_job_are_told_by_their_names() -> None:
    job = SubmittedJob("run.1.cpu.3", "cpu", submitted=0.0)
    busy, idle = Registered("tls://a", 1, 1), Registered("tls://b", 1, 0)
    job.count({"run.1.cpu.3-0": busy, "run.1.cpu.3-1": idle, "run.1.cpu.33-0": busy}, now=5.0)
    assert set(job.workers) == {"run.1.cpu.3-0", "run.1.cpu.3-1"} and job.working and job.idle_since is None
    job.count({"run.1.cpu.3-1": idle}, now=6.0)
    job.count({"run.1.cpu.3-1": idle}, now=9.0)
    assert not job.working and job.idle_since == 6.0
    assert job_of("run.1.cpu.3-0") == "run.1.cpu.3"


def test_time_on_nodes_is_counted_from_start_to_end() -> None:
    job = SubmittedJob("run.1.cpu.1", "cpu", submitted=0.0)
    assert job.ran_s(50.0) == 0.0
    job.entry = Entry(id="1", name=job.name, state="PENDING", start=40.0)
    assert job.ran_s(50.0) == 0.0  # an expected start is not a start
    job.entry = Entry(id="1", name=job.name, state="RUNNING", start=10.0, end=100.0)
    assert job.ran_s(50.0) == 40.0
    job.ending = Ending.TIME_LIMIT
    assert job.ran_s(500.0) == 90.0


def test_serials_go_on_where_an_earlier_scheduler_of_the_attempt_stopped(tmp_path: Path) -> None:
    scripts = tmp_path / "slurm" / "scripts"
    scripts.mkdir(parents=True)
    assert last_serial(tmp_path, 2) == 0
    for name in ("run-1.2.cpu.4", "run-1.2.gpu.11", "run-1.1.cpu.30", "run-1.2.driver"):
        (scripts / f"{name}.sh").touch()
    assert last_serial(tmp_path, 2) == 11
