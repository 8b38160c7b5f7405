"""What the body of a job's script does: private scratch, the deadline, one signal heard once, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from job_scripts import CPU, TWO, make_profile, run_script

from citytide.hpc.slurm.jobs.scripts import LAUNCH_S, worker_script


@pytest.fixture
def body(tmp_path: Path) -> Any:
    """A worker script whose interpreter is a shell script of the test."""

    def make(lines: str, **pool: Any) -> str:
        program = tmp_path / "program"
        program.write_text(f"#!/bin/bash\n{lines}\n")
        program.chmod(0o755)
        return worker_script(
            make_profile(pools={"cpu": {**CPU, **pool}}), "cpu", name="a.1.cpu.0", run=tmp_path, python=str(program)
        )

    return make


def living(group: int) -> list[str]:
    table = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and "Z" not in row[1]]


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("citytide-*")]


def test_job_has_private_scratch_that_is_gone_afterwards(body: Any, tmp_path: Path) -> None:
    script = body('stat -c %a . ; pwd; echo "$TMPDIR"; touch left; umask; echo "$SRUN_CPUS_PER_TASK"; exit 7', cores=3)
    told = run_script(script, tmp_path)
    folder = str(tmp_path / f"citytide-{os.getuid()}-a.1.cpu.0-0")
    assert (told.returncode, told.stdout.split()) == (7, ["700", folder, folder, "0077", "3"])
    assert leftovers(tmp_path) == []


def test_deadline_is_slurms_or_start_plus_walltime(body: Any, tmp_path: Path) -> None:
    script, start = body('echo "$CITYTIDE_DEADLINE $CITYTIDE_JOB"'), time.time()
    deadline, job = run_script(script, tmp_path).stdout.split()
    assert 0 <= int(deadline) - int(start) - 12 * 3600 + LAUNCH_S <= 10 and job == "a.1.cpu.0"
    assert run_script(script, tmp_path, SLURM_JOB_END_TIME="99").stdout.split()[0] == "99"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("ends", "code"), [("exit 0", 0), ("sleep 1; exit 5", 5)])
def test_program_hears_of_its_end_once_and_its_code_comes_back(
    body: Any, tmp_path: Path, ends: str, code: int, whole: bool
) -> None:
    """Whether Slurm tells all processes of the job or the shell alone."""
    wait = "sleep 0.3; echo ready; until [ $code ]; do sleep 0.05; done; exit $code"
    script = body(f"trap 'echo heard; ({ends}); code=$?' TERM; {wait}")
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        ["bash", "-c", script], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as job:
        assert job.stdout is not None and job.stdout.readline() == "ready\n" and leftovers(tmp_path)
        os.killpg(job.pid, signal.SIGTERM) if whole else os.kill(job.pid, signal.SIGTERM)
        assert (job.stdout.read(), job.wait(20)) == ("heard\n", code)
        # Nothing of the job lives on; what has just been killed may take a moment to be gone.
        until = time.monotonic() + 10
        while living(job.pid) and time.monotonic() < until:
            time.sleep(0.2)
        assert living(job.pid) == []
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("moment_s", [0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12])
def test_job_that_is_ended_while_it_starts_leaves_nothing(body: Any, tmp_path: Path, moment_s: float) -> None:
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        ["bash", "-c", body("exec sleep 30")], env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    ) as job:
        time.sleep(moment_s)
        job.send_signal(signal.SIGTERM)
        job.wait(20)
    until = time.monotonic() + 10
    while living(job.pid) and time.monotonic() < until:
        time.sleep(0.2)
    assert living(job.pid) == [] == leftovers(tmp_path)


def test_prologue_that_fails_ends_the_job_before_python(body: Any, tmp_path: Path) -> None:
    told = run_script(body("echo never", prologue=["echo the licence server is away; exit 3"]), tmp_path)
    assert (told.returncode, told.stdout) == (3, "the licence server is away\n")


def test_missing_interpreter_is_named_with_the_node(tmp_path: Path) -> None:
    script = worker_script(TWO, "cpu", name="a", run=tmp_path, python="/no/such python")
    told = run_script(
        script.replace("source /etc", "true /etc").replace("module", "true"), tmp_path, SLURMD_NODENAME="n7"
    )
    assert (told.returncode, told.stderr) == (127, "citytide: there is no interpreter /no/such python on n7\n")


def test_scratch_variable_that_a_node_lacks_is_named(body: Any, tmp_path: Path) -> None:
    told = run_script(body("echo never", scratch="$NVME_DIR/x"), tmp_path)
    assert told.returncode != 0 and "NVME_DIR: is named by scratch in the profile" in told.stderr and not told.stdout


def test_scratch_of_a_killed_job_is_swept_and_a_live_ones_kept(body: Any, tmp_path: Path) -> None:
    owner = os.getuid()
    dead, live, others = (tmp_path / f"citytide-{owner}-b.1.cpu.{i}-0" for i in range(3))
    for folder in (dead, live):
        folder.mkdir()
        (folder / ".held").touch()
    others.mkdir()  # not made by a job: it holds no mark
    for folder in (dead, live, others):
        os.utime(folder, (1, 1))
    with (live / ".held").open("w") as held:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)
        run_script(body("true"), tmp_path)
    assert sorted(leftovers(tmp_path)) == [live.name, others.name]
