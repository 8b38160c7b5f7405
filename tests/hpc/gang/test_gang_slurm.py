"""A gang within an allocation of Slurm, over two nodes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")

from slurm_runs import store_bytes, wait_for, wait_for_end

from citytide.hpc.gang.launch import GangEnd, launch_gang
from citytide.hpc.sandbox.sandbox import Sandbox
from citytide.workflows import runner

pytestmark = pytest.mark.slurm
SUPPORT = Path(__file__).parents[2] / "support"
PARAMS: dict[str, Any] = {"shape": [23, 31], "members": 2, "seed": 4, "steps": 8, "every": 4}


@pytest.fixture(autouse=True)
def toy_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))


def compute_in_slurm(
    folder: Path, function: str, params: dict[str, Any], ranks: int
) -> subprocess.CompletedProcess[str]:
    """As a batch script would: the launcher runs in an allocation of two nodes and starts the ranks by srun."""
    code = (
        "import sys; from pathlib import Path; from citytide.hpc.gang.launch import launch_gang\n"
        f"end = launch_gang({function!r}, {params!r}, {ranks}, Path({str(folder)!r}), launcher='srun')\n"
        "print(*end.errors); sys.exit(end.exit_code)"
    )
    allocation = ["salloc", "--quiet", "--nodes=2", f"--ntasks={ranks}", "--mem=700M", "--time=5"]
    return subprocess.run(
        [*allocation, sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )


def test_two_nodes_compute_the_same_bytes_as_one_process(sandbox: Sandbox, tmp_path: Path) -> None:
    done = compute_in_slurm(tmp_path / "slurm", "spreading:spread", PARAMS, 2)
    assert done.returncode == 0, done.stdout + done.stderr + (tmp_path / "slurm" / "gang.log").read_text()
    assert launch_gang("spreading:spread", PARAMS, 1, tmp_path / "alone") == GangEnd(0)
    assert (tmp_path / "slurm/whole.npz").read_bytes() == (tmp_path / "alone/whole.npz").read_bytes()


def test_an_error_of_one_rank_ends_the_step_and_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    done = compute_in_slurm(tmp_path, "spreading:fail_on", {"rank": 1}, 2)
    assert done.returncode == 1
    assert done.stdout.strip() == "rank 1: ValueError: no such cell"


def test_flood_on_four_ranks_over_two_nodes_is_cancelled_and_resumed_to_the_same_bytes(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    asked = {"rain_factors": "1,2", "edges": "open", "duration_minutes": 20, "output_minutes": 0.5}
    alone = runner.run("inundation", set=asked, out=tmp_path / "alone")
    run = runner.submit("inundation", set={**asked, "ranks": 4}, profile="ci-allocation", out=tmp_path / "four").path
    gang = run / "work/gang-inundation/0"
    wait_for("a checkpoint of the ranks", 120, lambda: any(gang.glob("checkpoints/step-*.zarr")))
    citytide = [sys.executable, "-m", "citytide"]
    subprocess.run([*citytide, "cancel", str(run)], check=True, timeout=120)
    assert not (gang / "result.npz").exists()
    assert (kept := sorted(path.name for path in gang.glob("checkpoints/step-*.zarr")))
    subprocess.run([*citytide, "resume", str(run)], check=True, timeout=300)
    wait_for_end(run)
    assert store_bytes(run) == store_bytes(alone.path) and alone.result["state"] == "done"
    assert kept[-1] < max(path.name for path in gang.glob("checkpoints/step-*.zarr"))
    steps = subprocess.run(
        ["sacct", "--noheader", "--parsable2", "--format=NNodes,NTasks,State"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "2|4|COMPLETED" in steps.stdout.split()
