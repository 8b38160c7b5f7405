"""A profile's backend is made, or refused in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.execution import backends as clusters
from citytide.hpc.execution.backends import LocalBackend, make_backend
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
    monkeypatch.setattr(clusters, "SLURM_NEEDS", ("cryptography", "no_such_package"))
    with pytest.raises(RunError, match=r"needs no_such_package: pip install \"citytide\[slurm\]\""):
        make_backend(Profile.model_validate(SLURM))


def test_backend_that_is_not_built_is_refused_with_those_that_are() -> None:
    with pytest.raises(RunError, match="backend 'mpi', which this version cannot run: use slurm-jobs"):
        make_backend(Profile.model_validate({"name": "gang", "backend": "mpi"}))


def test_workers_leave_no_trace_in_the_environment_of_whoever_starts_them(tmp_path: Path) -> None:
    """In a notebook Numba would find other numbers of threads than it began with, and compile nothing more."""
    before = dict(os.environ)
    with LocalBackend(1, 1, 10**9).open(tmp_path, 1) as crew:
        assert crew is not None
    own = {name: value for name, value in os.environ.items() if not name.startswith("__DASK")}
    assert own == {name: value for name, value in before.items() if not name.startswith("__DASK")}
