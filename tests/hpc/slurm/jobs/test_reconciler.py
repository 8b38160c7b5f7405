"""What is wanted against what is there: waits are named, losses replaced, Slurm's silence is not death."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_runs import (
    begin,
    blocks_done,
    is_idle,
    jobs_of,
    lines,
    nothing_is_left,
    processes_of,
    slurm,
    store_bytes,
    undisturbed,
    wait_for,
    wait_for_end,
    write_profile,
)  # fmt: skip

from citytide.hpc.run.runs import open_run
from citytide.hpc.sandbox.sandbox import Sandbox
from citytide.hpc.slurm.jobs.submission import cancel_jobs
from citytide.hpc.slurm.query.controller import Controller
from citytide.hpc.slurm.query.job_states import read_jobs
from citytide.workflows import runner

pytestmark = pytest.mark.slurm
NAMED_S = 15.0


def told(run: Path) -> str:
    """All that the run says of its jobs and of why nothing runs."""
    board = read_jobs(run)
    return "\n".join([*board.waits, *(job.sentence for job in board.jobs), board.slurm]) if board else ""


def wait_until_named(run: Path, *words: str) -> None:
    """The cause is named within 15 s of the first worker job's submission."""
    wait_for("a worker job", 60, lambda: "job" in told(run) or "pool" in told(run))
    wait_for(f"a word of {words} in {told(run)!r}", NAMED_S, lambda: any(word in told(run) for word in words))


@pytest.fixture
def end_after(sandbox) -> Iterator[list[Path]]:
    """Runs that wait for ever are taken back after the test."""
    runs: list[Path] = []
    yield runs
    for run in runs:
        cancel_jobs(run, Controller())
        wait_for(
            "the end of its jobs",
            40,
            lambda run=run: not [j for j in jobs_of(run) if j.state in ("PENDING", "RUNNING")],
        )


def test_walltime_beyond_the_partitions_limit_is_named(sandbox, tmp_path: Path, end_after: list[Path]) -> None:
    cpu = {"partition": "tiny", "walltime": "00:30:00"}
    run = begin(
        tmp_path, write_profile(tmp_path, cpu=cpu, driver={"partition": "debug", "walltime": "00:30:00"}), rows=2
    )
    end_after.append(run)
    wait_until_named(run, "PartitionTimeLimit")


def test_held_job_is_named(sandbox, tmp_path: Path, end_after: list[Path]) -> None:
    run = begin(tmp_path, write_profile(tmp_path, cpu={"extra_directives": ["--begin=now+1hour"]}), rows=2)
    end_after.append(run)
    jobs = wait_for("its worker job", 60, lambda: jobs_of(run, "cpu"))
    slurm("scontrol", "hold", *(job.id for job in jobs))
    wait_until_named(run, "JobHeldUser", "JobHeldAdmin")


def test_dead_prologue_is_named_and_ends_the_run(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path, cpu={"prologue": ["exit 7"]}), rows=2)
    wait_until_named(run, "before its worker registered")
    assert "7" in told(run)
    cancel_jobs(run, Controller())


def test_all_nodes_taken_is_named(sandbox, tmp_path: Path, end_after: list[Path]) -> None:
    script = tmp_path / "all.sh"
    script.write_text("#!/bin/bash\nsleep 300\n")
    run = begin(tmp_path, write_profile(tmp_path, cpu={"extra_directives": ["--exclusive"]}), rows=2)
    end_after.append(run)
    wait_for("the driver", 60, lambda: jobs_of(run, "driver", "RUNNING"))
    taken = [
        slurm("sbatch", "--parsable", "--exclusive", "-t", "10", "-o", "/dev/null", str(script)).strip()
        for _ in range(4)
    ]
    try:
        wait_until_named(run, "Resources", "Priority")
    finally:
        slurm("scancel", *taken)


def test_gpu_pool_that_no_node_can_serve_is_named_and_ends_the_run(sandbox, tmp_path: Path) -> None:
    gpu = {"partition": "gpu", "gpus": 3, "memory": "1500MiB", "walltime": "00:10:00"}
    run = begin(tmp_path, write_profile(tmp_path, pools={"gpu": gpu}), rows=2, gpus=1)
    wait_until_named(run, "node configuration is not available")
    ended = wait_for_end(run)
    assert ended.result["state"] == "failed" and "Slurm refuses worker jobs of pool 'gpu'" in ended.result["error"]
    assert nothing_is_left(run)


def test_full_queue_by_a_submit_limit_is_named(sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another private Slurm, which enforces limits: the queue takes one job of a QOS, and that one is held."""
    short = tempfile.mkdtemp(prefix="ct-")  # a socket's path has 108 characters
    limited = Sandbox.start(Path(short) / "limited", options={"AccountingStorageEnforce": "limits,qos"})
    try:
        monkeypatch.setenv("SLURM_CONF", limited.environment["SLURM_CONF"])
        user = slurm("id", "-un").strip()
        slurm("sacctmgr", "-i", "add", "qos", "narrow", "MaxSubmitJobsPerUser=1")
        slurm("sacctmgr", "-i", "modify", "user", user, "set", "qos+=narrow")
        script = tmp_path / "held.sh"
        script.write_text("#!/bin/bash\ntrue\n")
        wait_for(
            "the queue's one job", 30, lambda: is_accepted("--qos=narrow", "--hold", "-o", "/dev/null", str(script))
        )
        run = begin(tmp_path, write_profile(tmp_path, cpu={"qos": "narrow"}, driver={"partition": "debug"}), rows=2)
        wait_until_named(run, "takes no more jobs now")
        assert "limit" in told(run)
        cancel_jobs(run, Controller())
        wait_for("the end of its driver", 40, lambda: is_idle(run))
    finally:
        limited.stop()
        os.rmdir(short)


def is_accepted(*words: str) -> bool:
    """Whether sbatch takes a job; a new QOS is known to the controller a moment later."""
    try:
        return bool(slurm("sbatch", "--parsable", *words))
    except subprocess.CalledProcessError:
        return False


def test_slow_blocks_and_short_allocations_lose_no_block_and_no_retry(sandbox, tmp_path: Path) -> None:
    """Walltime 60 s, blocks of 21 s, twelve of them: two fit into an allocation, which is then replaced."""
    profile = write_profile(tmp_path, cpu={"walltime": "00:01:00", "max_jobs": 6}, driver={"walltime": "00:20:00"})
    run = begin(tmp_path, profile, rows=12, sleep=21.0)  # beside them a worker has 18 s to start
    ended = wait_for_end(run, 300)
    assert ended.result["state"] == "done" and lines(run, "failed") == []
    assert lines(run, "casualty") == []
    assert len({line["job"] for line in blocks_done(run).values()}) >= 6
    assert nothing_is_left(run)


def test_lost_worker_job_is_replaced(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path, cpu={"max_jobs": 1}), rows=10, sleep=1.0)
    wait_for("two blocks", 60, lambda: len(blocks_done(run)) >= 2)
    (job,) = jobs_of(run, "cpu", "RUNNING")
    slurm("scancel", job.id)
    ended = wait_for_end(run)
    assert ended.result["state"] == "done" and len({line["job"] for line in blocks_done(run).values()}) == 2
    assert store_bytes(run) == undisturbed(tmp_path, rows=10)


def test_controller_away_for_a_minute_changes_nothing_but_a_message(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path), rows=40, sleep=3.0)
    wait_for("the first block", 60, lambda: blocks_done(run))
    sandbox.stop_accounting()
    sandbox.stop_controller()
    try:
        gone = time.monotonic()
        wait_for("a word about it", 40, lambda: "has not answered for" in told(run))
        before = len(blocks_done(run))
        time.sleep(max(0.0, 60.0 - (time.monotonic() - gone)))
        assert len(blocks_done(run)) > before  # blocks go on meanwhile
    finally:
        sandbox.start_controller()
    ended = wait_for_end(run, 180)
    assert ended.result["state"] == "done" and lines(run, "failed") == []
    sandbox.start_accounting()
    assert nothing_is_left(run)


def test_slurm_is_asked_at_most_once_per_interval_for_fifty_jobs(sandbox, tmp_path: Path) -> None:
    count = tmp_path / "asked"
    wrapper = tmp_path / "bin" / "squeue"
    wrapper.parent.mkdir()
    wrapper.write_text(f"#!/bin/bash\ndate +%s.%N >> '{count}'\nexec {slurm('which', 'squeue').strip()} \"$@\"\n")
    wrapper.chmod(0o755)
    script = tmp_path / "all.sh"
    profile = write_profile(
        tmp_path,
        cpu={"max_jobs": 50, "memory": "600MiB"},
        poll_s=2,
        environment=[f"export PATH='{wrapper.parent}':$PATH"],
    )
    script.write_text("#!/bin/bash\nsleep 300\n")
    run = begin(tmp_path, profile, rows=50, sleep=5.0)
    wait_for("fifty jobs", 90, lambda: len(jobs_of(run, "cpu")) >= 50)
    time.sleep(10.0)
    asked = [float(line) for line in count.read_text().split()]
    assert len(asked) > 4
    assert min(later - earlier for earlier, later in itertools.pairwise(asked)) > 1.5
    os.kill(open_run(run).status()["driver"]["pid"], signal.SIGTERM)
    cancel_jobs(run, Controller())
    wait_for(
        "the end of its jobs",
        60,
        lambda: not [j for j in jobs_of(run) if j.state in ("PENDING", "RUNNING", "COMPLETING")],
    )


def test_straggler_on_a_lost_node_writes_late_and_harmlessly(sandbox, tmp_path: Path) -> None:
    """A killed slurmd leaves its processes alive: one sleeps through the resumed run, wakes and writes its block."""
    profile = write_profile(tmp_path, cpu={"exclude": ["node4"]}, driver={"partition": "bigmem"})
    run = begin(tmp_path, profile, rows=8, sleep=4.0)
    line = wait_for("the first block", 60, lambda: next(iter(blocks_done(run).values()), None))
    job = next(entry for entry in jobs_of(run, "cpu", "RUNNING") if entry.name == line["job"])
    straggler = int(line["worker"].rpartition(":")[2])
    time.sleep(1.5)
    os.kill(straggler, signal.SIGSTOP)  # in the middle of its second block
    slurm("scontrol", "update", f"nodename={job.node}", "state=drain", "reason=test")
    sandbox.kill_node(job.node)
    try:
        for pid in processes_of(run, "citytide drive"):
            os.kill(pid, signal.SIGKILL)
        wait_for("the driver's end", 60, lambda: not jobs_of(run, "driver", "RUNNING"))
        runner.resume(run, detach=True)
        wait_for("the run's end", 120, lambda: (run / "result.json").exists())
        before, shards = store_bytes(run), inodes(run)
        os.kill(straggler, signal.SIGCONT)
        wait_for("the straggler's end", 60, lambda: not Path(f"/proc/{straggler}").exists())
        assert inodes(run) != shards, "the straggler wrote nothing"
        assert store_bytes(run) == before == undisturbed(tmp_path, rows=8)
    finally:
        sandbox.start_node(job.node)
        slurm("scontrol", "update", f"nodename={job.node}", "state=resume")
    assert nothing_is_left(run)


def inodes(run: Path) -> dict[str, int]:
    """Which file stands at each path of the product: another one after it was written again."""
    return {str(path): path.stat().st_ino for path in (run / "double.zarr").rglob("*") if path.is_file()}
