"""Workers on this machine, and what they leave of it."""

from __future__ import annotations

import os
from pathlib import Path

from citytide.hpc.execution.backends import LocalBackend


def test_workers_leave_no_trace_in_the_environment_of_whoever_starts_them(tmp_path: Path) -> None:
    """In a notebook Numba would find other numbers of threads than it began with, and compile nothing more."""
    before = dict(os.environ)
    with LocalBackend(1, 1, 10**9).open(tmp_path, 1) as group:
        assert group is not None
    own = {name: value for name, value in os.environ.items() if not name.startswith("__DASK")}
    assert own == {name: value for name, value in before.items() if not name.startswith("__DASK")}
