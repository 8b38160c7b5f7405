"""A private Slurm for the tests that are marked `slurm`: one for all, an empty queue for each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from citytide.hpc.sandbox import Sandbox, missing_packages

sys.path.insert(0, str(Path(__file__).parent))  # sums, slurm_runs: also imported by path


@pytest.fixture(scope="session")
def whole_sandbox() -> Iterator[Sandbox]:
    if missing := missing_packages():
        pytest.skip(f"no Slurm here, {', '.join(missing)} missing: `make slurm` installs what the tests start")
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:  # short: a socket's path has 108 characters
        before = os.environ.get("SLURM_CONF")
        sandbox = Sandbox.start(Path(folder) / "slurm")
        os.environ.update(sandbox.environment)
        try:
            yield sandbox
        finally:
            sandbox.stop()
            os.environ.pop("SLURM_CONF") if before is None else os.environ.update(SLURM_CONF=before)


@pytest.fixture
def sandbox(whole_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The private Slurm with nothing in its queue."""
    yield whole_sandbox
    subprocess.run(["scancel", "--me"], check=False, capture_output=True, timeout=30)
