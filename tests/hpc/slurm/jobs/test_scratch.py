"""What killed jobs left is taken away; what living ones hold, or others own, is not."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from citytide.hpc.slurm.jobs.scratch import scratch_bases, sweep_scratch


def test_only_folders_of_the_run_that_nobody_holds_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = f"citytide-{os.getuid()}-run-1"
    left, held, own = (tmp_path / f"{mine}.1.cpu.{serial}-0" for serial in (1, 2, 3))
    others = [
        tmp_path / f"citytide-{os.getuid()}-run-12.1.cpu.1-0",
        tmp_path / f"citytide-{os.getuid() + 1}-run-1.1.cpu.1-0",
    ]
    for folder in (left, held, own, *others):
        folder.mkdir()
        (folder / ".held").touch()
    (tmp_path / f"{mine}.9.link").symlink_to(tmp_path)
    monkeypatch.setenv("CITYTIDE_SCRATCH", str(own))
    with (held / ".held").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert sweep_scratch("run-1", [tmp_path, tmp_path / "missing"]) == [left]
    assert not left.exists() and all(folder.exists() for folder in (held, own, *others))
    assert sweep_scratch("run-1", [tmp_path]) == [held]


def test_bases_are_those_of_the_pools_with_the_nodes_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL", "/local/disk")
    monkeypatch.setenv("TMPDIR", "/scratch/me")
    monkeypatch.delenv("CITYTIDE_SCRATCH", raising=False)
    assert scratch_bases(["$LOCAL/jobs", "$NOWHERE/x", None]) == {Path("/local/disk/jobs"), Path("/scratch/me")}
