from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import planning
import pytest
from planning import step

from citytide.hpc.errors import RunError
from citytide.hpc.plan.grants import Grant
from citytide.hpc.plan.plans import Plan, choose_pool, read_plan

GB = 10**9
CPU = Grant("cpu", 4, 1, 4 * GB)
NAMES_ONLY = Grant("gpu", 2, 1, 4 * GB, gpus=1)
SMALL, LARGE = (
    replace(NAMES_ONLY, name="small", gpu_memory=8 * GB),
    replace(NAMES_ONLY, name="large", gpu_memory=80 * GB),
)


def plan(device: Any, *pools: Grant, gpu_bytes: int = 20 * GB, per_block: int = 1) -> Plan:
    asked = step(
        device=device, memory_bytes=lambda block: GB, params={"n": 3}, per_block=per_block,
        device_bytes=lambda block: gpu_bytes * (block.stop - block.start),
    )  # fmt: skip
    return planning.plan(asked, pools=pools)


@pytest.mark.parametrize(
    ("device", "pools", "expected"),
    [
        ("cpu", (CPU, LARGE), ("cpu", 0, None)),
        ("auto", (CPU,), ("cpu", 0, "cpu")),
        ("auto", (CPU, NAMES_ONLY), ("cpu", 0, "cpu")),
        ("auto", (CPU, SMALL), ("cpu", 0, "cpu")),
        ("auto", (CPU, SMALL, LARGE), ("large", 1, "gpu")),
        ("gpu", (CPU, NAMES_ONLY), ("gpu", 1, "gpu")),
        ("gpu", (CPU, SMALL, LARGE), ("large", 1, "gpu")),
    ],
)
def test_pools_settle_where_a_step_runs(device: str, pools: Any, expected: tuple[str, int, str | None]) -> None:
    planned = plan(device, *pools).step("double")
    assert (planned.pool, planned.gpus, planned.params.get("device")) == expected
    assert planned.params["n"] == 3 and planned.gpu_bytes == (20 * GB if planned.gpus else 0)


def test_one_block_has_a_gpu_to_itself() -> None:
    planned = plan("gpu", CPU, replace(LARGE, threads=8)).step("double")
    assert planned.at_once == 1 and LARGE.ask_bytes(planned.need) == LARGE.room_bytes


def test_step_that_needs_a_gpu_is_refused_where_no_pool_has_one() -> None:
    said = r"device=gpu needs a GPU for step 'double', but no pool of the profile has `gpus` \(cpu\): take .*device=cpu"
    with pytest.raises(RunError, match=said):
        plan("gpu", CPU)


def test_block_goes_where_its_gpus_memory_is_known() -> None:
    assert plan("auto", CPU, NAMES_ONLY, LARGE).step("double").pool == "large"
    assert plan("gpu", CPU, NAMES_ONLY, SMALL).step("double").pool == "gpu"  # where it is known it does not fit


def test_ranks_and_a_gpu_exclude_each_other() -> None:
    ranks = step(device="auto", ranks=2, memory_bytes=lambda block: GB, device_bytes=lambda block: GB)
    assert planning.plan(ranks, pools=(CPU, LARGE)).step("double").params["device"] == "cpu"
    with pytest.raises(RunError, match="a block on a GPU is computed by one process, got 2 ranks of step 'double'"):
        planning.plan(replace(ranks, device="gpu"), pools=(CPU, LARGE))


def test_block_on_a_gpu_takes_its_own_share_of_the_host() -> None:
    asked = step(device="gpu", memory_bytes=lambda block: 3 * GB, host_bytes=lambda block: GB)
    assert planning.plan(asked, pools=(CPU, LARGE)).step("double").memory_bytes == GB
    assert planning.plan(replace(asked, device="cpu"), pools=(CPU, LARGE)).step("double").memory_bytes == 3 * GB


def test_block_too_large_for_every_gpu_is_refused_with_what_fits() -> None:
    with pytest.raises(RunError, match=r"needs 9 GB of a GPU's memory a block.*'small'.*has 7 GB.*up to 2 of its"):
        plan("gpu", CPU, SMALL, gpu_bytes=3 * GB, per_block=3)


@pytest.mark.parametrize(
    ("rows", "pools", "expected"),
    [
        (10, (LARGE,), 3),  # two GPUs
        (10, (replace(LARGE, workers=1, gpu_memory=201 * GB),), 10),
        (10, (replace(LARGE, workers=1),), 3),
        (2, (replace(LARGE, workers=1),), 2),
        (10, (replace(LARGE, workers=5),), 2),  # a block for each GPU
        (10, (NAMES_ONLY,), 1),
        (0, (replace(LARGE, workers=1),), 1),
    ],
)
def test_block_on_a_gpu_has_as_many_rows_as_fit_and_each_gpu_a_block(rows: int, pools: Any, expected: int) -> None:
    asked = step(
        device="gpu", memory_bytes=lambda block: GB, device_bytes=lambda block: 20 * GB * (block.stop - block.start),
        extent=10, device_per_block=rows,
    )  # fmt: skip
    planned = planning.plan(asked, pools=(CPU, *pools)).step("double")
    assert planned.per_block == expected and planned.gpu_bytes == 20 * GB * expected
    on_cpu = planning.plan(replace(asked, device="auto"), pools=(CPU,)).step("double")
    assert on_cpu.per_block == 1
    in_twos = planning.plan(replace(asked, per_block=2), pools=(CPU, *pools)).step("double")
    assert in_twos.per_block == max(2, expected // 2 * 2)


def test_what_was_settled_is_read_back_and_kept(tmp_path: Any) -> None:
    made = plan("auto", CPU, LARGE)
    (tmp_path / "plan.json").write_text(json.dumps(made.to_json()))
    planned = read_plan(tmp_path).step("double")
    assert planned == made.step("double")
    assert choose_pool(planned, (CPU, replace(LARGE, name="other"))) == "other"
    with pytest.raises(RunError, match=r"needs 1 GPU a block, and no pool.*, or start a new run with device=cpu$"):
        choose_pool(planned, (CPU,))
    with pytest.raises(RunError, match="use a profile with larger GPUs, or start a new run with smaller blocks or dev"):
        choose_pool(planned, (CPU, SMALL))
    on_cpu = plan("auto", CPU).step("double")  # settled where no GPU was: it stays there
    assert on_cpu.params["device"] == "cpu" and choose_pool(on_cpu, (CPU, LARGE)) == "cpu"
    assert choose_pool(on_cpu, (LARGE,)) == "large" and on_cpu.gpus == 0


def test_plan_of_an_older_run_is_read(tmp_path: Any) -> None:
    told = plan("cpu", CPU).to_json()
    for one in told["steps"]:
        del one["gpu_bytes"]
    told["pools"] = [dict(pool) for pool in told["pools"]]
    for pool in told["pools"]:
        del pool["gpu_memory"]
    (tmp_path / "plan.json").write_text(json.dumps(told))
    assert read_plan(tmp_path).step("double").gpu_bytes == 0 and read_plan(tmp_path).pools == (CPU,)


def test_plan_says_what_a_block_takes_of_its_gpu() -> None:
    (share,) = plan("gpu", CPU, LARGE).describe_shares()
    assert share == "double: pool 'large', 1 block at a time on a GPU: memory 1 GB, on the GPU 20 GB of 80 GB"
