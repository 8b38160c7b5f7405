"""A run is the same run wherever it is computed: on this machine, in worker jobs, in one allocation."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from slurm_runs import (
    begin,
    blocks_done,
    jobs_of,
    lines,
    nothing_is_left,
    store_bytes,
    undisturbed,
    wait_for,
    wait_for_end,
    write_profile,
)

from citytide.hpc.errors import RunError
from citytide.hpc.plan.grants import Grant
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.slurm.jobs.worker import pin_gpus
from citytide.workflows import runner

SIOUX = {"network": "sioux-falls", "demand_factors": "0.6,0.8,1.0,1.2"}


@pytest.mark.slurm
@pytest.mark.parametrize("profile", ["ci", "ci-allocation"])
def test_traffic_assignment_has_the_bytes_of_a_local_run(sandbox, data: Path, tmp_path: Path, profile: str) -> None:
    local = runner.run("traffic-assignment", set=SIOUX, out=tmp_path / "local")
    there = runner.run("traffic-assignment", set=SIOUX, profile=profile, out=tmp_path / "there")
    assert local.result["state"] == there.result["state"] == "done"
    assert store_bytes(there.path) == store_bytes(local.path)
    assert (there.path / "report.html").exists() and (there.path / "ro-crate-metadata.json").exists()
    assert nothing_is_left(there.path)


@pytest.mark.slurm
def test_flood_warning_has_the_bytes_of_a_local_run(sandbox, tmp_path: Path) -> None:
    asked = {"members": 3, "lead_minutes": 30, "spin_up_minutes": 20, "map_minutes": 30}
    local = runner.run("flood-warning", set=asked, out=tmp_path / "local")
    there = runner.run("flood-warning", set=asked, profile="ci", out=tmp_path / "there")
    assert local.result["state"] == there.result["state"] == "done"
    assert store_bytes(there.path) == store_bytes(local.path)
    for name in ("warnings.csv", "warnings.geojson"):
        assert (there.path / name).read_bytes() == (local.path / name).read_bytes()
    assert nothing_is_left(there.path)


@pytest.mark.slurm
def test_first_block_is_done_soon_after_the_command(sandbox, tmp_path: Path) -> None:
    """Under ten seconds on an idle machine (docs/reliability.md has the figures); here the machine may be busy."""
    run = begin(tmp_path, write_profile(tmp_path), rows=2)
    wait_for_end(run)
    first = min(line["time"] for line in blocks_done(run).values())
    submitted = min(entry.submitted or 0 for entry in jobs_of(run, "driver"))
    print(f"first block {first - submitted:.1f} s after the submission")
    assert 0 < first - submitted < 60


@pytest.mark.slurm
def test_blocks_run_in_the_pool_that_meets_their_need(sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run, three pools: the GPU block is bound by UUID, the hungry one gets the large pool."""
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "nvidia-smi").write_text("#!/bin/sh\nprintf 'GPU-00aa\\nGPU-00bb\\n'\n")
    (fake / "nvidia-smi").chmod(0o755)
    pools = {
        "gpu": {"partition": "gpu", "gpus": 2, "memory": "1400MiB", "walltime": "00:10:00", "max_jobs": 1},
        "bigmem": {"partition": "bigmem", "memory": "3000MiB", "walltime": "00:10:00", "max_jobs": 1},
    }
    environment = [f"export PATH='{fake}':$PATH", f"export MEETING='{tmp_path / 'meeting'}'"]
    profile = write_profile(tmp_path, pools=pools, environment=environment)
    gpus = begin(tmp_path, profile, rows=4, gpus=1, trouble="gpu")
    wait_for_end(gpus)
    assert {line["job"].split(".")[2] for line in blocks_done(gpus).values()} == {"gpu"}
    said = "".join(path.read_text() for path in (gpus / "slurm" / "logs").glob("*.gpu.*.log"))
    seen = {word for word in ("GPU-00aa", "GPU-00bb") if f"block on {word}\n" in said}
    assert seen == {"GPU-00aa", "GPU-00bb"} and ", " not in said.partition("block on")[2].partition("\n")[0]
    hungry = begin(tmp_path / "hungry", profile, rows=2, memory_mb=1500)
    wait_for_end(hungry)
    assert {line["job"].split(".")[2] for line in blocks_done(hungry).values()} == {"bigmem"}


def test_need_that_no_pool_meets_is_an_error() -> None:
    step = BlockStep("learn", "sums:double", "row", 4, (), lambda block: 10**6, gpus=1)
    with pytest.raises(RunError, match=r"step 'learn' needs 1 GPU a block, and no pool .*\(cpu\)"):
        make_plan((step,), (), workers=1, threads=1, memory_per_worker=10**9, pools=[Grant("cpu", 1, 1, 10**9)])


def test_gpus_are_pinned_by_uuid_whatever_index_a_task_sees() -> None:
    assert pin_gpus("1,0", ["GPU-a", "GPU-b"]) == ["GPU-b", "GPU-a"]
    assert pin_gpus("GPU-b", ["GPU-a", "GPU-b"]) == ["GPU-b"]
    with pytest.raises(RunError, match="names GPU 2, but this node lists 1"):
        pin_gpus("2", ["GPU-a"])


@pytest.mark.slurm
def test_out_of_memory_is_named_and_tried_once_more_on_the_larger_pool(sandbox, tmp_path: Path) -> None:
    pools = {"bigmem": {"partition": "bigmem", "memory": "3000MiB", "walltime": "00:10:00", "max_jobs": 1}}
    run = begin(tmp_path, write_profile(tmp_path, pools=pools), rows=6, hog_mb=900)
    ended = wait_for_end(run)
    assert ended.result["state"] == "done"
    assert {line["ending"] for line in lines(run, "casualty")} == {"out of memory"}
    assert [line["pool"] for line in lines(run, "moved") if line["block"] == 3] == ["bigmem"]
    assert ".bigmem." in blocks_done(run)["double", 3]["job"]
    assert store_bytes(run) == undisturbed(tmp_path, rows=6)


@pytest.mark.slurm
def test_out_of_memory_everywhere_ends_with_the_class_named(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path), rows=6, hog_mb=900)
    ended = wait_for_end(run)
    assert ended.result["state"] == "failed" and "out of memory" in ended.result["error"]
    assert nothing_is_left(run)


@pytest.mark.slurm
def test_error_of_the_users_code_stops_the_run_and_shows_its_traceback(sandbox, tmp_path: Path) -> None:
    run = begin(tmp_path, write_profile(tmp_path), rows=6, trouble="raise")
    ended = wait_for_end(run)
    assert ended.result["state"] == "failed" and len(lines(run, "failed")) == 1
    assert "ZeroDivisionError: row 3 is too much" in ended.result["error"] and "sums.py" in ended.result["error"]
    assert nothing_is_left(run)


@pytest.mark.slurm
def test_plain_client_is_refused(sandbox, tmp_path: Path) -> None:
    from distributed import Client

    run = begin(tmp_path, write_profile(tmp_path), rows=8, sleep=1.0)
    wait_for("the first block", 60, lambda: blocks_done(run))
    told = json.loads(next((run / "slurm").glob("scheduler-*.json")).read_text())
    assert told["address"].startswith("tls://")
    for folder in (run / "slurm").glob("keys-*"):
        assert folder.stat().st_mode & 0o777 == 0o700 and all(
            p.stat().st_mode & 0o777 == 0o600 for p in folder.iterdir()
        )
    with pytest.raises((OSError, TimeoutError)):
        Client(told["address"].replace("tls://", "tcp://"), timeout="3s", set_as_default=False)
    assert wait_for_end(run).result["state"] == "done"
    assert nothing_is_left(run) and os.stat(run).st_mode & 0o777 == 0o700
