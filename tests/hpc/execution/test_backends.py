"""Workers on this machine, and what they leave of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.forkserver import start_forkserver
from citytide.hpc.plan.devices import thread_budget


def test_workers_leave_no_trace_in_the_environment_of_whoever_starts_them(tmp_path: Path) -> None:
    """In a notebook Numba would find other numbers of threads than it began with, and compile nothing more."""
    before = dict(os.environ)
    with LocalBackend(1, 1, 10**9).open(tmp_path, 1) as group:
        assert group is not None
    own = {name: value for name, value in os.environ.items() if not name.startswith("__DASK")}
    assert own == {name: value for name, value in before.items() if not name.startswith("__DASK")}


def tell_threads() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}


@pytest.mark.parametrize("threads", [1, 2])
def test_profile_decides_how_many_threads_a_worker_has_and_not_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with LocalBackend(1, threads, 10**9).open(tmp_path, 1) as group:
        (told,) = group.client.run(tell_threads).values()
    assert told == {name: thread_budget(threads)[name] for name in told}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def tell_home() -> str | None:
    return os.environ.get("CITYTIDE_HOME")


def test_workers_have_the_home_that_the_driver_has_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forkserver has that of its start; a release would be written into another audit log."""
    start_forkserver(thread_budget(1))
    for name in ("one", "two"):
        monkeypatch.setenv("CITYTIDE_HOME", str(tmp_path / name))
        with LocalBackend(1, 1, 10**9).open(tmp_path, 1) as group:
            assert list(group.client.run(tell_home).values()) == [str(tmp_path / name)]
