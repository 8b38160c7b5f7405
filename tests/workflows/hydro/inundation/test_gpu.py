"""A GPU that is asked for and not there: refused when planning, or by the worker, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

import citytide
from citytide.hpc import cluster
from citytide.hpc.errors import RunError
from citytide.hpc.plan.gpu.cards import Gpu
from citytide.hpc.store.ledger import read_ledger

ASKED = {"crs": "local", "height_datum": "local", "rain": 90, "duration_minutes": 0.25, "device": "gpu"}


@pytest.fixture
def terrain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    head = "ncols 3\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    (tmp_path / "basin.asc").write_text(head + "1 1 1\n1 0 1\n1 1 1\n")
    return str(tmp_path / "basin.asc")


def test_machine_without_a_gpu_refuses_before_anything_is_written(
    tmp_path: Path, terrain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: ())
    with pytest.raises(RunError, match=r"^device=gpu needs a GPU for step 'inundation', but nvidia-smi lists none on"):
        citytide.run("inundation", set={**ASKED, "terrain": terrain}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_worker_that_cannot_use_its_gpu_says_why_and_is_not_tried_again(
    tmp_path: Path, terrain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citytide.hpc.plan.devices.list_gpus", lambda: (Gpu("GPU-none", "a card", 10**9 * 80),))
    monkeypatch.setattr(cluster, "GPU_NEEDS", "json")
    (tmp_path / "one.yaml").write_text("name: one\npools:\n  cpu:\n    workers: 1\n")
    asked = {**ASKED, "terrain": terrain}
    run = citytide.run("inundation", set=asked, profile=str(tmp_path / "one.yaml"), out=tmp_path / "run")
    assert run.result["state"] == "failed"
    said = run.result["error"].splitlines()[0]
    assert said.startswith("step 'inundation', block 0: EngineError: a GPU needs ") and said.endswith("on the CPU")
    assert [line["kind"] for line in read_ledger(run.path / "ledger.jsonl")].count("failed") == 1
