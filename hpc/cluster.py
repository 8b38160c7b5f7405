"""Where a profile's runs work: on this machine, or on a Slurm cluster.

Slurm's modules are imported for a profile of Slurm only.
"""

from __future__ import annotations

from importlib.util import find_spec

from .errors import RunError
from .execution.backends import Backend, LocalBackend
from .plan.devices import Machine, describe_machine
from .plan.gpu.cards import Gpu, is_simulated
from .plan.profiles import Profile, size_pool

__all__ = ["make_backend"]

SLURM_NEEDS = ("cryptography",)  # what the extra `slurm` installs
GPU_NEEDS = "numba_cuda"  # what the extras `gpu-cuda12` and `gpu-cuda13` install


def make_backend(profile: Profile) -> Backend:
    """The backend that a profile names, sized for its pools.

    Raises
    ------
    RunError
        If this version or this environment cannot run that backend.
    """
    if profile.backend == "local":
        asked = profile.pool("cpu")
        machine = describe_machine()
        workers, memory = size_pool(asked, machine)
        return LocalBackend(workers, asked.threads, memory, asked.scratch, *_offer_gpus(machine))
    if profile.backend == "mpi":
        raise RunError(
            f"profile {profile.name!r} names backend 'mpi', which this version cannot run: use slurm-jobs, "
            "slurm-allocation or local"
        )
    missing = [name for name in SLURM_NEEDS if find_spec(name) is None]
    if missing:
        raise RunError(
            f"profile {profile.name!r} runs on Slurm, which needs {' and '.join(missing)}: "
            'pip install "citytide[slurm]", in the environment that the jobs use too'
        )
    from .slurm.jobs.backends import AllocationBackend, JobsBackend

    return JobsBackend(profile) if profile.backend == "slurm-jobs" else AllocationBackend(profile)


def _offer_gpus(machine: Machine) -> tuple[tuple[Gpu, ...], str]:
    """The GPUs that workers of this machine can use, or none, with the reason and the way out."""
    if not machine.gpus:
        return (), (
            "nvidia-smi lists none on this machine: run it where there is one (`--profile` of a cluster with GPUs), "
            "or set device=cpu"
        )
    if not is_simulated() and find_spec(GPU_NEEDS) is None:
        return (), (
            'this environment lacks the package numba-cuda: pip install "citytide[gpu-cuda13]" (gpu-cuda12 for a '
            "driver before 580), or set device=cpu"
        )
    return machine.gpus, ""
