"""What a dry run shows is what is submitted, and its directives are golden (anew with CITYTIDE_GOLDEN=1)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.control.dry_run import make_scripts
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.run.runs import open_run
from citytide.hpc.slurm.jobs.submission import write_driver_script

GOLDEN = Path(__file__).parents[1] / "slurm" / "jobs" / "golden"
RUN_ID = "traffic-assignment-20260102-030405-1f2e"
CPU: dict[str, Any] = {"memory": "8GB", "walltime": "12:00:00"}
PROFILES = {
    "jobs": {"backend": "slurm-jobs", "pools": {"cpu": CPU, "gpu": {**CPU, "partition": "a100", "gpus": 2}}},
    "allocation": {"backend": "slurm-allocation", "pools": {"cpu": {**CPU, "nodes": 2}}},
}


@pytest.mark.parametrize("backend", PROFILES)
def test_dry_run_is_the_golden_one(backend: str) -> None:
    profile = Profile.model_validate({"name": "night", **PROFILES[backend]})
    scripts = make_scripts(profile, RUN_ID, Path("/site/runs/night"), python="/site/bin/python")
    text = "".join(f"# {name}\n{_directives(script)}\n" for name, script in scripts.items())
    path = GOLDEN / f"dry-run-{backend}.txt"
    if os.environ.get("CITYTIDE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


def _directives(script: str) -> str:
    return "".join(f"{line}\n" for line in script.splitlines() if line.startswith("#SBATCH"))


def test_dry_run_is_what_is_submitted(tmp_path: Path, make_doubling) -> None:
    run = open_run(make_doubling(tmp_path / "run"))
    profile = Profile.model_validate({"name": "night", **PROFILES["jobs"]})
    shown = make_scripts(profile, run.id, run.path)
    name, script = write_driver_script(run.path, profile)
    assert shown[name] == script.read_text()


def test_every_pool_shows_one_job_and_an_allocation_is_its_driver() -> None:
    for backend, names in (("jobs", ["driver", "cpu.1", "gpu.1"]), ("allocation", ["driver"])):
        profile = Profile.model_validate({"name": "night", **PROFILES[backend]})
        assert list(make_scripts(profile, RUN_ID, Path("x"))) == [f"{RUN_ID}.1.{name}" for name in names]
