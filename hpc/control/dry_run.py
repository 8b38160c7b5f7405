"""A dry run: the very scripts that sbatch would get, made and shown, and not submitted."""

from __future__ import annotations

import sys
from pathlib import Path

from ..plan.profiles import Profile
from ..run.job_names import job_name
from ..slurm.jobs.scripts import driver_script, worker_script

__all__ = ["make_scripts"]


def make_scripts(profile: Profile, identity: str, run: Path, *, python: str | None = None) -> dict[str, str]:
    """Scripts by job name: the driver's, and that of the first job of every pool that has jobs of its own."""
    interpreter = python or profile.python or sys.executable
    driver = job_name(identity, 1, "driver")
    scripts = {driver: driver_script(profile, name=driver, run=run.absolute(), python=interpreter)}
    if profile.backend == "slurm-jobs":
        for pool in profile.pools:
            name = job_name(identity, 1, pool, 1)
            scripts[name] = worker_script(profile, pool, name=name, run=run.absolute(), python=interpreter)
    return scripts
