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
from citytide.hpc.plan.gpu.cards import Gpu
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.plan.steps import BlockStep

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


GPU = Gpu("GPU-aa", "NVIDIA H200", 141 * 10**9, "580.1")


def plan_on_gpu(profile: Profile) -> Plan:
    step = BlockStep("flood", "math:sqrt", "row", 1, (), lambda block: 1000, device="gpu")
    backend = make_backend(profile)
    words = {"workers": 1, "threads": 1, "memory_per_worker": 10**9, "why_no_gpu": backend.why_no_gpu}
    return make_plan((step,), (), pools=backend.pools, **words)


@pytest.mark.parametrize(
    ("gpus", "needs", "said"),
    [
        ((), "json", r"but nvidia-smi lists none on this machine: run it where there is one .*, or set device=cpu$"),
        ((GPU,), "no_such", r"but this environment lacks the package numba-cuda: pip install .*gpu-cuda13.*gpu-cuda12"),
    ],
)
def test_gpu_that_this_machine_cannot_use_is_refused_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, gpus: tuple[Gpu, ...], needs: str, said: str
) -> None:
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: gpus)
    monkeypatch.setattr(cluster, "GPU_NEEDS", needs)
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    with pytest.raises(RunError, match=f"^device=gpu needs a GPU for step 'flood', {said}"):
        plan_on_gpu(Profile.model_validate({"name": "here"}))


def test_gpu_of_this_machine_is_offered_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: (GPU, GPU))
    monkeypatch.setattr(cluster, "GPU_NEEDS", "json")
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    made = plan_on_gpu(Profile.model_validate({"name": "here", "pools": {"cpu": {"workers": 3, "memory": "1GB"}}}))
    assert made.step("flood").pool == "gpu"
    assert [(pool.name, pool.workers, pool.gpu_memory) for pool in made.pools] == [
        ("cpu", 3, None), ("gpu", 2, GPU.memory_bytes),
    ]  # fmt: skip


def test_cluster_without_gpus_is_refused_by_the_profiles_name() -> None:
    with pytest.raises(RunError, match=r"step 'flood', but no pool of profile 'night' has `gpus` \(cpu\): add one"):
        plan_on_gpu(Profile.model_validate(SLURM))
