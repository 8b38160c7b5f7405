"""The package of docs/workflow-of-your-own.md on the private Slurm, with the profile that citytide ships for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from outside_package import install_package, make_environment
from slurm_runs import nothing_is_left

from citytide.hpc.run.runs import open_run

pytestmark = pytest.mark.slurm


def product_bytes(run: Path) -> dict[str, bytes]:
    files = [path for path in [*run.glob("pairs.*"), *run.glob("pairs.*/**/*")] if path.is_file()]
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def test_outside_package_runs_by_its_name_to_the_bytes_of_this_machine(
    sandbox: Any, data: Path, tmp_path: Path
) -> None:
    environment = make_environment(install_package(tmp_path / "outside"))
    for profile in ("local", "ci"):
        words = ["run", "disease-pairs", "--profile", profile, "--out", str(tmp_path / profile)]
        done = subprocess.run(
            [sys.executable, "-m", "citytide", *words], env=environment, capture_output=True, text=True, timeout=400
        )
        assert done.returncode == 0, done.stderr
    assert product_bytes(tmp_path / "ci") == product_bytes(tmp_path / "local") != {}
    assert open_run(tmp_path / "ci").record["locator"]["package"] == "diseasepairs"
    assert nothing_is_left(tmp_path / "ci")
