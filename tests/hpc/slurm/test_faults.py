"""Whatever is killed, cancelled, requeued or out of time: the run ends with the bytes of an undisturbed one.

`make test` does six seeded faults; `make soak N=60` sixty, whose outcome docs/reliability.md tells.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
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

from citytide.hpc.errors import RunError
from citytide.hpc.run.runs import open_run
from citytide.workflows import runner

pytestmark = pytest.mark.slurm
ROWS = 12
# What happens to whom, and in which backend; the first six are those of every test run.
FAULTS = (
    ("kill", "driver", "jobs"), ("kill", "scheduler", "allocation"), ("kill", "worker", "jobs"),
    ("scancel", "driver", "allocation"), ("requeue", "driver", "jobs"), ("walltime", "worker", "jobs"),
    ("kill", "scheduler", "jobs"), ("scancel", "worker", "jobs"), ("requeue", "worker", "jobs"),
    ("kill", "worker", "allocation"), ("kill", "driver", "allocation"), ("scancel", "driver", "jobs"),
    ("requeue", "driver", "allocation"), ("walltime", "driver", "jobs"), ("walltime", "driver", "allocation"),
)  # fmt: skip
MODULES = {"driver": "citytide drive", "scheduler": "slurm.jobs.scheduler", "worker": "slurm.jobs.worker"}
KILLS = int(os.environ.get("CITYTIDE_KILLS", "6"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"), rows=ROWS)


def strike(run: Path, fault: str, victim: str, backend: str, rng: np.random.Generator) -> bool:
    """Do it; False if there was nobody to do it to (the run was quicker)."""
    if fault == "walltime":
        return True  # its profile sees to it
    pool = "cpu" if victim == "worker" and backend == "jobs" else "driver"
    jobs = jobs_of(run, pool, "RUNNING")
    if fault == "kill":
        found = [pid for pid in processes_of(run, MODULES[victim]) if "srun" not in command_of(pid)]
        if not found:
            return False
        os.kill(int(rng.choice(found)), signal.SIGKILL)
        return True
    if not jobs:
        return False
    job = jobs[int(rng.integers(len(jobs)))]
    slurm(*(["scancel", job.id] if fault == "scancel" else ["scontrol", "requeue", job.id]))
    return True


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return "srun"


def bring_home(run: Path) -> int:
    """Wait for the run's own end, and resume it as often as it takes; returns how often."""
    for resumed in range(4):
        wait_for(f"the end of {run}", 240, lambda: is_over(run))
        if open_run(run).status()["state"] == "done":
            return resumed
        runner.resume(run, detach=True)
        wait_for("the new driver", 60, lambda: jobs_of(run, "driver"))
    raise AssertionError(f"{run} did not end in 4 attempts: {open_run(run).status()}")


def is_over(run: Path) -> bool:
    """Nothing of it in the queue, twice: a successor is submitted while its predecessor still stands there."""
    if not is_idle(run):
        return False
    time.sleep(1.0)
    return is_idle(run)


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.soak] if KILLS > 6 else []) for seed in range(KILLS)]
)
def test_fault_at_a_random_moment_leaves_the_same_bytes(
    sandbox, tmp_path: Path, expected: dict[str, bytes], seed: int, record_property: Any
) -> None:
    rng = np.random.default_rng(seed)
    fault, victim, backend = FAULTS[seed % len(FAULTS)]
    slow = fault == "walltime"
    changed: dict[str, Any] = {"driver": {"walltime": "00:01:00" if slow and victim == "driver" else "00:10:00"}}
    if slow and (victim == "worker" or backend == "allocation"):
        changed["cpu"] = {"walltime": "00:01:00"}
    profile = write_profile(tmp_path, allocation=backend == "allocation", **changed)
    begun = time.time()
    run = begin(tmp_path, profile, rows=ROWS, sleep=9.0 if slow else 1.0)
    moment = int(rng.integers(0, ROWS - 2))
    wait_for(f"{moment} blocks", 120, lambda: len(blocks_done(run)) >= moment or is_idle(run))
    time.sleep(float(rng.uniform(0, 1)))
    struck = strike(run, fault, victim, backend, rng)
    resumed = bring_home(run)
    assert store_bytes(run) == expected
    assert [line for line in lines(run, "failed") if "never registered" not in line["error"]] == []
    assert nothing_is_left(run) and not processes_of(run, "citytide")
    done = {"seed": seed, "fault": fault, "victim": victim, "backend": backend, "struck": struck, "resumed": resumed}
    print(json.dumps(done | {"after_blocks": moment, "seconds": round(time.time() - begun, 1)}))
    if log := os.environ.get("CITYTIDE_SOAK_LOG"):
        with Path(log).open("a") as file:
            file.write(json.dumps(done | {"after_blocks": moment, "seconds": round(time.time() - begun, 1)}) + "\n")


def lossy_sbatch(folder: Path, *, loses: int) -> Path:
    """A sbatch that hands on its first calls, loses the reply and fails."""
    path = folder / "bin" / "sbatch"
    path.parent.mkdir()
    path.write_text(
        f"#!/bin/bash\nn=$(cat '{folder}/calls' 2>/dev/null || echo 0); echo $((n + 1)) > '{folder}/calls'\n"
        f'if [ "$n" -lt {loses} ]; then {slurm("which", "sbatch").strip()} "$@" >/dev/null\n'
        'echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2\n'
        f'exit 1; fi\nexec {slurm("which", "sbatch").strip()} "$@"\n'
    )
    path.chmod(0o755)
    return path.parent


def test_accepted_job_whose_reply_was_lost_is_found_by_its_name(
    sandbox, tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lossy_sbatch(tmp_path, loses=3)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    profile = write_profile(tmp_path, environment=[f"export PATH='{folder}':$PATH"])
    run = begin(tmp_path, profile, rows=ROWS, sleep=0.5)  # the driver's own reply is the first to be lost
    assert len(jobs_of(run, "driver")) == 1
    assert wait_for_end(run).result["state"] == "done"
    names = [job.name for job in jobs_of(run)]
    assert len(names) == len(set(names)) and store_bytes(run) == expected and nothing_is_left(run)


def test_run_has_one_driver_whoever_resumes_it(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path), rows=6, sleep=1.0)
    with pytest.raises(RunError, match="has driver job") as refused:
        runner.resume(run, detach=True)
    assert refused.value.exit_code == 3
    wait_for("the first block", 60, lambda: blocks_done(run))
    with pytest.raises(RunError, match=r"driven by process|has driver job"):
        runner.resume(run, detach=True)
    assert wait_for_end(run).result["state"] == "done"
