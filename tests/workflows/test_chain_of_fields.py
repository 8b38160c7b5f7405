"""A flood, and questions of an outside package on it, as one chain: killed in each stage, it leaves the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flood_chain import NAMES, read_left, write_flood_chain

from citytide.hpc.control.chains import describe_chain, open_chain
from citytide.hpc.errors import RunError
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.workflows.chain import resume_chain, run_chain

SUPPORT = str(Path(__file__).parents[1] / "support")
WAIT_S = 300.0


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


@pytest.fixture(scope="module")
def undisturbed(make_once: Any) -> Iterator[Path]:
    def make(path: Path) -> None:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([SUPPORT, *filter(None, [before])])
        path.mkdir()
        run_chain(write_flood_chain(path / "chain.yaml"), out=path / "chain")
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)

    return make_once("flood-chain", make) / "chain"


def kill_in(stage: str, folder: Path, command: list[str]) -> None:
    """Start a chain, and kill its driver and workers once a block of a stage is done."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + WAIT_S
    while not done_blocks(read_ledger(folder / stage / "ledger.jsonl")):
        assert process.poll() is None and time.monotonic() < deadline, f"no block of {stage} was done"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_chain_killed_in_each_stage_resumes_to_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    file, folder = write_flood_chain(tmp_path / "chain.yaml"), tmp_path / "chain"
    command = [sys.executable, "-m", "citytide", "run", str(file), "--out", str(folder)]
    for stage in NAMES:
        kill_in(stage, folder, command)
        assert describe_chain(open_chain(folder))["state"] != "done"
        command = [sys.executable, "-m", "citytide", "resume", str(folder)]
    assert describe_chain(resume_chain(folder))["state"] == "done"
    assert read_left(folder) == read_left(undisturbed)


def test_crate_and_record_tell_what_each_stage_read(undisturbed: Path) -> None:
    chain = open_chain(undisturbed)
    flood, wet, order = (chain.run(name) for name in NAMES)
    assert flood is not None and wet is not None and order is not None
    assert [one["run"] for one in order.record["upstream"]] == [wet.id]
    assert [one["run"] for one in wet.record["upstream"]] == [flood.id]
    told = json.loads((wet.path / "ro-crate-metadata.json").read_text())["@graph"]
    names = {str(entity.get("name")) for entity in told} | {str(entity.get("description")) for entity in told}
    assert any(flood.id in name for name in names)


def test_product_that_changed_between_kill_and_resume_is_refused_by_name(undisturbed: Path, tmp_path: Path) -> None:
    file, folder = write_flood_chain(tmp_path / "chain.yaml"), tmp_path / "chain"
    kill_in("wet", folder, [sys.executable, "-m", "citytide", "run", str(file), "--out", str(folder)])
    shard = next(path for path in sorted((folder / "flood/flood.zarr/depth/c").rglob("*")) if path.is_file())
    held = shard.read_bytes()
    shard.write_bytes(bytes([held[0] ^ 1]) + held[1:])
    with pytest.raises(RunError, match=r"flood of run inundation-.*, which setting 'flood' names, has changed since"):
        resume_chain(folder)
    shard.write_bytes(held)
    assert describe_chain(resume_chain(folder))["state"] == "done"
    assert read_left(folder) == read_left(undisturbed)
