"""The README's section on Slurm, run as it stands on the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from readme_blocks import run_dask_section

README = Path(__file__).resolve().parents[3] / "README.md"
BLOCK = re.compile(r"<!-- (on slurm|file): [^\n]+? -->\n```\w+\n.*?^```", re.M | re.S)


@pytest.mark.slurm
def test_section_on_slurm_runs_as_written(sandbox: Any, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    n_run = 0
    for found in BLOCK.finditer(README.read_text(encoding="utf-8")):
        mark, *lines = found[0].splitlines()
        body = "\n".join(lines[1:-1]) + "\n"
        if found[1] == "file":
            (tmp_path / mark.removeprefix("<!-- file: ").removesuffix(" -->")).write_text(body, encoding="utf-8")
            continue
        if lines[0] == "```python":  # the block of the next test
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", body],
            cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{body}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        n_run += 1
    assert n_run == 2
    for run in ("night", "later"):
        assert (tmp_path / "runs" / run / "assignment.zarr").is_dir()


@pytest.mark.slurm
def test_dask_code_on_two_jobs_has_the_values_of_numpy(sandbox: Any, tmp_path: Path) -> None:
    run_dask_section(tmp_path, {})
    names = subprocess.run(
        ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobName"], capture_output=True, text=True
    ).stdout.splitlines()
    jobs = [name for name in names if name.startswith("citytide-") and "." not in name]
    assert jobs.count(jobs[-1]) == 2
    assert subprocess.run(["squeue", "--me", "--noheader"], capture_output=True, text=True).stdout == ""
