from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from citytide.hpc.errors import RunError
from citytide.hpc.plan.grants import WORKER_BYTES, Grant, Need
from citytide.hpc.plan.plans import Plan, choose_pool, make_plan, read_plan
from citytide.hpc.plan.steps import FAN_IN, BlockStep, ReductionStep
from citytide.hpc.run.records import write_json
from citytide.hpc.store.products import Product, Variable


def block_step(**changed: Any) -> BlockStep:
    return BlockStep(**{
        "name": "s", "function": "math:sqrt", "dim": "row", "extent": 10, "inputs": ("inputs.zarr",),
        "memory_bytes": lambda block: 1000, "product": "p", **changed,
    })  # fmt: skip


def product(per_shard: int = 1, name: str = "p") -> Product:
    y = Variable("y", ("row", "link"), "float64", "1", "y", "blocks", (10, 4), per_shard=per_shard)
    return Product(name, "a product", (y,))


def plan(*steps: BlockStep | ReductionStep, products: tuple[Product, ...] = (product(),), **changed: Any) -> Plan:
    return make_plan(steps, products, **{"workers": 2, "threads": 1, "memory_per_worker": 10**9, **changed})


@given(st.integers(1, 500), st.integers(1, 60))
def test_blocks_cover_every_row_once(extent: int, per_block: int) -> None:
    blocks = list(block_step(extent=extent, per_block=per_block).blocks())
    assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(extent))
    assert [block.index for block in blocks] == list(range(len(blocks)))


@given(st.integers(1, 5000))
def test_reduction_tree_ends_in_one_task_and_loses_no_partial(extent: int) -> None:
    tree = ReductionStep(
        name="r", chunk="math:ceil", combine="math:sqrt", finalize="math:floor", dim="row", extent=extent, inputs=(),
        memory_bytes=lambda block: 1, partial_bytes=1, product="p", rows=4,
    ).levels()  # fmt: skip
    assert [step.kind for step in tree[:1] + tree[-1:]] == ["block", "finalize"] and tree[-2].tasks == 1
    for below, above in pairwise(tree[:-1]):
        assert above.extent == below.tasks and above.tasks == -(-below.tasks // FAN_IN)


def test_plan_survives_the_file(tmp_path: Path) -> None:
    made = plan(block_step(params={"gap": 1e-6}, scalars=("total",)))
    write_json(tmp_path / "plan.json", made.to_json())
    assert read_plan(tmp_path) == made
    assert made.steps[0].bytes_out == 10 * 4 * 8


def test_plan_of_an_older_version_is_still_read(tmp_path: Path) -> None:
    data = plan(block_step()).to_json()
    del data["pools"]
    for step in data["steps"]:
        del step["at_once"], step["rank_bytes"]
    write_json(tmp_path / "plan.json", data)
    old = read_plan(tmp_path)
    assert old.pools == () and old.steps[0].at_once == 1 and old.describe_shares() == []
    assert old.peak_memory_bytes == WORKER_BYTES + 1000


def test_block_that_does_not_fit_is_refused_by_name() -> None:
    said = r"step 'big' needs 3.35 GB to run one block at a time .* pool 'cpu', .*, offers a worker 1 GB: give its"
    with pytest.raises(RunError, match=said):
        plan(block_step(), block_step(name="big", product=None, memory_bytes=lambda block: 3 * 10**9))


@pytest.mark.parametrize(
    ("each", "said"),
    [
        (10**8, r"smaller blocks: up to 6 of its 10 \(dim 'row'\) fit into one, not 8$"),
        (10**9, "smaller inputs: not even one row a block fits$"),
    ],
)
def test_blocks_that_are_too_large_are_refused_with_the_number_that_fits(each: int, said: str) -> None:
    step = block_step(product=None, per_block=8, memory_bytes=lambda block: each * (block.stop - block.start))
    with pytest.raises(RunError, match=said):
        plan(step, products=())


@pytest.mark.parametrize(
    ("threads", "memory_gb", "at_once"), [(4, 34.2, 4), (4, 20, 2), (4, 9, 1), (1, 34.2, 1), (8, 34.2, 4)]
)
def test_worker_runs_as_many_blocks_as_its_memory_holds(threads: int, memory_gb: float, at_once: int) -> None:
    """Shenzhen at 10 m with every look held to the end, 8.45 GB, was refused where four of them did not fit."""
    step = block_step(memory_bytes=lambda block: 8_450_000_000)
    made = plan(step, threads=threads, memory_per_worker=int(memory_gb * 1e9))
    assert made.steps[0].at_once == at_once
    assert made.peak_memory_bytes == WORKER_BYTES + at_once * 8_450_000_000 <= memory_gb * 1e9
    plural = "s" if at_once > 1 else ""
    assert f"{at_once} block{plural} at a time: memory 8.45 GB each" in made.describe_shares()[0]


def test_one_block_runs_one_at_a_time_however_many_would_fit() -> None:
    assert plan(block_step(per_block=10), threads=8).steps[0].at_once == 1


def test_fewest_gpus_then_least_memory_that_holds_one_block() -> None:
    pools = [Grant("fat", 9, 4, 10**11), Grant("gpu", 4, 8, 10**10, gpus=1), Grant("cpu", 2, 4, 9 * 10**9)]

    def chosen(gigabytes: int, gpus: int = 0) -> str:
        step = block_step(memory_bytes=lambda block: gigabytes * 10**9, gpus=gpus)
        return plan(step, pools=pools).steps[0].pool

    assert [chosen(1), chosen(8), chosen(9), chosen(1, gpus=1)] == ["cpu", "cpu", "fat", "gpu"]
    assert plan(block_step(memory_bytes=lambda block: 8 * 10**9), pools=pools).steps[0].at_once == 1


def test_run_that_goes_on_elsewhere_is_refused_by_a_pool_of_the_same_name_that_is_too_small() -> None:
    (step,) = plan(block_step(memory_bytes=lambda block: 5 * 10**8)).steps
    assert choose_pool(step, [Grant("cpu", 1, 1, 10**9)]) == "cpu"
    assert choose_pool(step, [Grant("cpu", 1, 1, 5 * 10**8), Grant("fat", 1, 1, 10**9)]) == "fat"
    with pytest.raises(RunError, match="step 's' needs 850 MB to run one block"):
        choose_pool(step, [Grant("cpu", 1, 1, 5 * 10**8)])


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 128), st.integers(0, 64), st.integers(1, 9))
def test_what_tasks_ask_for_is_there_and_fits(memory: int, granted: int, threads: int, ranks: int, nodes: int) -> None:
    grant, need = Grant("cpu", 2 * nodes, threads, granted, nodes=nodes), Need(memory, 0, ranks, memory // 128)
    asked, at_once = grant.ask_bytes(need), grant.count_at_once(need)
    assert 0 <= asked <= grant.room_bytes and grant.count_slots(need, 2 * nodes) >= 1
    if at_once and grant.spreads(need):
        assert asked == 0 and at_once * grant.count_bytes(need) <= grant.workers_a_node * grant.room_bytes
    elif at_once:
        assert asked == memory and at_once * asked <= grant.room_bytes and at_once <= threads


def test_ranks_share_the_memory_of_their_node() -> None:
    """Four ranks of 2 GB and 1 GB more of the first: 9 GB on one node, 5 GB on the first of two."""
    step = block_step(ranks=4, memory_bytes=lambda block: 9 * 10**9, rank_bytes=lambda block: 2 * 10**9, per_block=10)
    step_alone = plan(step, pools=[Grant("cpu", 8, 4, 10**10)])
    assert step_alone.steps[0].at_once == 1 and step_alone.peak_memory_bytes == WORKER_BYTES + 9 * 10**9
    (said,) = step_alone.describe_shares()
    assert (
        "4 ranks on the worker's node, 1 block at a time: memory 9 GB each (the first rank 3 GB, each other 2" in said
    )
    with pytest.raises(RunError, match=r"9 GB the block of 4 ranks\), but pool 'cpu', .*, offers a worker 8 GB"):
        plan(step, pools=[Grant("cpu", 8, 4, 8 * 10**9)])
    spread = plan(step, pools=[Grant("cpu", 2, 4, 6 * 10**9, nodes=2)])
    (said,) = spread.describe_shares()
    assert "4 ranks on 2 nodes, 1 block at a time: memory 5 GB for 2 on a node (the first" in said
    with pytest.raises(
        RunError, match=r"5 GB the 2 ranks on a node\), but .* offers the workers of a node 5 GB: .* more"
    ):
        plan(step, pools=[Grant("cpu", 2, 4, 5 * 10**9, nodes=2)])


def test_blocks_that_spread_over_nodes_are_counted_in_all_of_them() -> None:
    need, grant = Need(6 * 10**9, ranks=4, rank_bytes=10**9), Grant("cpu", 4, 8, 5 * 10**9, nodes=2)
    assert grant.count_bytes(need) == 4 * 10**9  # the first rank and one more
    assert grant.count_at_once(need) == grant.count_slots(need, 4) == 2  # in the 9.3 GB of two workers of a node
