from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from citytide.hpc.errors import RunError
from citytide.hpc.plans import FAN_IN, BlockStep, Plan, ReductionStep, make_plan, read_plan
from citytide.hpc.records import write_json
from citytide.hpc.stores import Product, Variable


def block_step(**changed: Any) -> BlockStep:
    return BlockStep(**{
        "name": "s", "function": "m:f", "dim": "row", "extent": 10, "inputs": ("inputs.zarr",),
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
        name="r", chunk="m:c", combine="m:k", finalize="m:f", dim="row", extent=extent, inputs=(),
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


def test_block_that_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(RunError, match=r"step 'big' needs 3.35 GB in a worker of 1 threads .* is granted 1 GB: use"):
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


def test_threads_of_a_worker_share_its_memory() -> None:
    step = block_step(memory_bytes=lambda block: 4 * 10**8)
    plan(step, threads=1)
    with pytest.raises(RunError, match="in a worker of 2 threads"):
        plan(step, threads=2)


def test_shard_with_two_owners_is_refused() -> None:
    with pytest.raises(RunError, match=r"two blocks of step 's' would share a shard of p.y: blocks of 3 .* of 2"):
        plan(block_step(per_block=3), products=(product(per_shard=2),))
    plan(block_step(per_block=4), products=(product(per_shard=2),))


def test_product_with_two_writers_is_refused() -> None:
    with pytest.raises(RunError, match="steps 's' and 't' both write product 'p'"):
        plan(block_step(), block_step(name="t"))
