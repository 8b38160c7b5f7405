"""Runs of questions about persons in a home of the test's own, and what their stores hold."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import zarr

import citytide
from citytide.hpc.release.policy import Policy
from citytide.hpc.run.runs import Run
from citytide.kernels.medical.events import PersonEvents
from citytide.workflows.medical.blocks import load_events


def use_own_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let keys, the audit log and the list of runs stand in a folder of the test."""
    monkeypatch.setenv("CITYTIDE_HOME", str(folder / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))


def ask(workflow: str, out: Path, **settings: Any) -> Run:
    """Run a question to its end."""
    run = citytide.run(workflow, set=settings, out=out)
    assert run.result["state"] == "done", run.result
    return run


def read_store(run: Run) -> tuple[PersonEvents, list[str]]:
    """All persons of a run's store, as kernels take them, and its codes."""
    group = zarr.open_group(run.path / "events.zarr", mode="r")
    arrays = {name: np.asarray(array[...]) for name, array in group.arrays()}
    observed = [int(group.attrs["observed_from"]), int(group.attrs["observed_to"])]
    return load_events(arrays, prefixes=[""], observed=observed), [str(code) for code in arrays["vocabulary"]]


def make_fake_store(codes: list[str], **more: Any) -> Any:
    """What a plan asks of a store, without one."""
    return SimpleNamespace(
        codes=tuple(codes), names=tuple(codes), areas=("", "Futian"), policy=Policy(), key_id="k" * 64,
        first_day=0, last_day=3650, observed=(0, 3650), sources=dict, load_params=dict,
        inputs=lambda columns: ("source:events_0:code",), bounds=lambda cost: [0, 4096], memory_bytes=lambda block: 1,
        **more,
    )  # fmt: skip
