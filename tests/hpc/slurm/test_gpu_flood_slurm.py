"""A flood with device=gpu on the private Slurm, whose GPUs are names: its block runs in Numba's simulator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger

HEAD = "ncols 5\nnrows 4\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"


@pytest.mark.slurm
def test_block_lands_in_the_pool_with_gpus_and_runs_in_the_simulator(sandbox: object, tmp_path: Path) -> None:
    (tmp_path / "basin.asc").write_text(HEAD + "1 1 1 1 1\n1 0 0 0 1\n1 0 0.1 0 1\n1 1 1 1 1\n")
    words = ["terrain=basin.asc", "crs=local", "height_datum=local", "rain=90", "duration_minutes=0.25", "device=gpu"]
    command = [sys.executable, "-m", "citytide", "run", "inundation", "--profile", "ci", "--out", "run", "--json"]
    done = subprocess.run(
        [*command, *(word for setting in words for word in ("--set", setting))],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "done"
    run = open_run(tmp_path / "run")
    line = done_blocks(read_ledger(run.path / "ledger.jsonl"))["inundation", 0]
    assert line["job"].split(".")[2] == "gpu" and line["devices"] == {"cuda": "Numba's simulator"}
    (script,) = (run.path / "slurm" / "scripts").glob("*gpu*")
    assert "#SBATCH --gres=gpu:1" in script.read_text()
    assert float(run.open("flood").deepest.max()) > 0.0
    assert set(run.products) == {"flood"} and run.result["devices"] == {"inundation": ["cuda on Numba's simulator"]}
