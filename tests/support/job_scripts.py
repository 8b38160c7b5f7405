"""Profiles that job scripts are made from, and a shell that runs a script with nothing else around it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from citytide.hpc.plan.profiles import Profile

CPU: dict[str, Any] = {"memory": "8GB", "walltime": "12:00:00"}
GPU = {
    "partition": "a100", "account": "tides", "qos": "long", "gpus": 4, "gpu_type": "a100", "threads": 8,
    "memory": "200GiB", "walltime": "2-00:00:00", "constraint": "nvlink&ib", "scratch": "/local/$USER",
    "exclude": ["node[07-08]"], "prologue": ["module load cuda"], "extra_directives": ["--exclusive=user"],
}  # fmt: skip


def make_profile(backend: str = "slurm-jobs", **fields: Any) -> Profile:
    return Profile.model_validate({"name": "night", "backend": backend, "pools": {"cpu": CPU}, **fields})


SITE = ["source /etc/profile.d/modules.sh", "module load python/3.11"]
TWO = make_profile(pools={"cpu": {**CPU, "partition": "work"}, "gpu": GPU}, environment=SITE)
WHOLE = make_profile("slurm-allocation", environment=SITE, slurm_conf="/etc/slurm west/slurm.conf",
                     pools={"cpu": {**CPU, "partition": "work", "nodes": 3, "workers": 4, "threads": 2}})  # fmt: skip


def run_script(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "USER": "ada", "TMPDIR": str(folder)}
    return subprocess.run(
        ["bash", "-s"],
        input=script,
        cwd=folder,
        env={**kept, **environment},
        text=True,
        capture_output=True,
        timeout=60,
    )
