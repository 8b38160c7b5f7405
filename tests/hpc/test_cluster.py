"""A profile's backend is made, or refused in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from citytide.hpc import cluster
from citytide.hpc.cluster import make_backend
from citytide.hpc.errors import RunError
from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.plan.profiles import Profile

SLURM = {"name": "night", "backend": "slurm-jobs", "pools": {"cpu": {"memory": "2GB", "walltime": "01:00:00"}}}


def test_local_profile_runs_in_this_process() -> None:
    backend = make_backend(Profile.model_validate({"name": "here", "pools": {"cpu": {"workers": 1, "memory": "1GB"}}}))
    assert isinstance(backend, LocalBackend) and not backend.is_remote and backend.deadline() is None


def test_slurm_profile_grants_what_its_jobs_hold() -> None:
    backend = make_backend(Profile.model_validate(SLURM))
    (grant,) = backend.pools
    assert backend.is_remote and grant.walltime_s == 3600 and 0.9 * 2e9 < grant.memory_per_worker < 2e9


def test_slurm_without_its_extra_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SLURM_NEEDS", ("cryptography", "no_such_package"))
    with pytest.raises(RunError, match=r"needs no_such_package: pip install \"citytide\[slurm\]\""):
        make_backend(Profile.model_validate(SLURM))


def test_backend_that_is_not_built_is_refused_with_those_that_are() -> None:
    with pytest.raises(RunError, match="backend 'mpi', which this version cannot run: use slurm-jobs"):
        make_backend(Profile.model_validate({"name": "gang", "backend": "mpi"}))


LOCAL_RUN = """
import sys
from citytide.workflows.runner import resume, run

if __name__ == "__main__":
    done = run("sums:WORKFLOW", out=sys.argv[1])
    assert done.result["state"] == "done" and resume(sys.argv[1]).status()["state"] == "done"
    print([name for name in sys.modules if name.startswith("citytide.hpc.slurm")])
"""


def test_local_run_imports_nothing_of_slurm(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCAL_RUN, str(tmp_path / "run")]
    paths = os.pathsep.join([str(Path(__file__).parents[1] / "support"), *filter(None, sys.path)])
    told = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "[]"
