"""Workers on this machine, and what they leave of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.forkserver import start_forkserver
from citytide.hpc.plan.devices import thread_budget
from citytide.hpc.plan.gpu.cards import Gpu


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


def tell_gpu(seconds: float) -> str:
    time.sleep(seconds)  # so that every worker gets some
    return os.getenv("CUDA_VISIBLE_DEVICES", "none")


def test_each_gpu_of_this_machine_has_a_worker_of_its_own(tmp_path: Path) -> None:
    gpus = Gpu("GPU-aa", "A100", 80 * 10**9), Gpu("GPU-bb", "A100", 40 * 10**9)
    backend = LocalBackend(3, 1, 10**9, gpus=gpus)
    assert [(pool.name, pool.workers, pool.gpus, pool.gpu_memory) for pool in backend.pools] == [
        ("cpu", 3, 0, None), ("gpu", 2, 1, 40 * 10**9),
    ]  # fmt: skip
    with backend.open(tmp_path, 1) as group:
        assert (group.count_workers("cpu"), group.count_workers("gpu")) == (3, 2)
        seen = [
            set(group.client.gather([
                group.client.submit(tell_gpu, 0.1, pure=False, resources=group.resources(pool, 10**6))
                for _ in range(12)
            ], errors="raise"))
            for pool in ("gpu", "cpu")
        ]  # fmt: skip
    assert seen == [{"GPU-aa", "GPU-bb"}, {"GPU-aa", "GPU-bb", os.getenv("CUDA_VISIBLE_DEVICES", "none")}]


def test_more_gpus_than_workers_stay_unused() -> None:
    backend = LocalBackend(1, 1, 10**9, gpus=(Gpu("GPU-aa", "A"), Gpu("GPU-bb", "B", 10**9)))
    assert backend.pools[1].workers == 1 and backend.pools[1].gpu_memory is None  # of one it is not known
