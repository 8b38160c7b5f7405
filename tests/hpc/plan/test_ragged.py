"""What becomes of steps that fill ragged products, and what is refused before work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, make_plan, read_plan
from citytide.hpc.plan.steps import BlockStep, ReductionStep, ShuffleStep
from citytide.hpc.run.records import write_json
from citytide.hpc.store.products import Product, Variable


def offsets(**changed: Any) -> Variable:
    return Variable(**{
        "name": "offset", "dims": ("bound",), "dtype": "int64", "units": "1", "long_name": "begin", "filled": "blocks",
        "shape": (11,), "instance_dimension": "person", **changed,
    })  # fmt: skip


def day(**changed: Any) -> Variable:
    return Variable(**{
        "name": "day", "dims": ("event",), "dtype": "uint16", "units": "d", "long_name": "day", "filled": "blocks",
        "shape": (0,), "ragged": "offset", **changed,
    })  # fmt: skip


def product(*variables: Variable) -> Product:
    return Product("p", "events", variables or (offsets(), day()))


def block_step(**changed: Any) -> BlockStep:
    return BlockStep(**{
        "name": "s", "function": "visits:keep_dear", "dim": "person", "extent": 10, "inputs": ("inputs.zarr",),
        "per_block": 4, "memory_bytes": lambda block: 1000, "product": "p", **changed,
    })  # fmt: skip


def shuffle_step(**changed: Any) -> ShuffleStep:
    return ShuffleStep(**{
        "name": "sort", "split": "visits:split", "gather": "visits:gather", "dim": "row", "extent": 100,
        "key": "person", "inputs": ("inputs.zarr",), "n_keys": 10, "keys_per_bucket": 4,
        "memory_bytes": lambda block: 1000, "gather_memory_bytes": lambda block: 2000, "product": "p",
        "params": {"a": 1}, "per_block": 30, **changed,
    })  # fmt: skip


def plan(*steps: Any, products: tuple[Product, ...] = (product(),)) -> Plan:
    return make_plan(steps, products, workers=2, threads=1, memory_per_worker=10**9)


def test_ragged_rows_are_computed_first_and_placed_afterwards(tmp_path: Path) -> None:
    made = plan(block_step())
    computed, placed = made.steps
    assert (computed.name, computed.kind, computed.fills, computed.product) == ("s", "ragged", "p", None)
    assert (placed.name, placed.kind, placed.product, placed.inputs) == ("s-place", "place", "p", ("work/s",))
    assert [placed.block(i) for i in range(3)] == [computed.block(i) for i in range(3)]
    write_json(tmp_path / "plan.json", made.to_json())
    assert read_plan(tmp_path) == made


def test_blocks_of_a_ragged_product_may_be_cut_anywhere() -> None:
    """Its shards are owned by the tasks that place them, not by the blocks that compute them."""
    made = plan(block_step(per_block=1, bounds=(0, 3, 10)), products=(product(offsets(per_shard=4), day(per_shard=7)),))
    assert [step.tasks for step in made.steps] == [2, 2]


def test_shuffle_is_split_gathered_and_placed() -> None:
    split, gather, place = plan(shuffle_step(per_block=100, bounds=())).steps
    assert [step.name for step in (split, gather, place)] == ["sort-split", "sort-gather", "sort-place"]
    assert (split.tasks, gather.tasks, place.tasks) == (1, 3, 3)
    assert (gather.dim, gather.block(2).start, gather.block(2).stop) == ("person", 8, 10)
    assert gather.shuffle == {"key": "person", "n_keys": 10, "keys_per_bucket": 4, "split_blocks": 1}
    assert split.params == gather.params == {"a": 1} and gather.memory_bytes == 2000


@pytest.mark.parametrize(
    ("step", "variables", "said"),
    [
        (shuffle_step(product="q"), (), "shuffle 'sort' must fill a product with ragged variables, got 'q'"),
        (shuffle_step(n_keys=0), (), "shuffle 'sort': n_keys must be at least 1, got 0"),
        (shuffle_step(keys_per_bucket=0), (), "shuffle 'sort': keys_per_bucket must be at least 1, got 0"),
        (shuffle_step(extent=0), (), "extent must be at least 1 and per_block at least 1, got 0 and 30 of step 'sort'"),
        (
            shuffle_step(gather=""), (offsets(), offsets(name="other"), day()),
            "shuffle 'sort' must have a function `gather` to fill several variables of offsets, got offset, other of",
        ),
        (
            shuffle_step(), (offsets(), offsets(name="other", instance_dimension="row"), day()),
            "p.other of step 'sort' must be offsets of 'person': .* with instance_dimension 'row'",
        ),
        (
            shuffle_step(), (day(),),
            r"shuffle 'sort': product 'p' must have a variable of offsets that blocks fill \(`instance_dimension`\)",
        ),
        (shuffle_step(n_keys=9), (), r"p.offset of step 'sort' must be offsets of 'person': int64 of shape \(10,\)"),
        (block_step(extent=0), (), "step 's' must have at least one person to fill 'p', got 0"),
        (
            block_step(scalars=("total",)), (),
            "a step that fills ragged variables must have no scalars, but 's' has total: declare them as variables",
        ),
        (
            ReductionStep(
                "r", "tabling:chunk", "tabling:combine", "tabling:finalize", "person", 10, (), lambda block: 1, 1, "p",
                10,
            ), (),
            "a reduction must not fill ragged variables, but 'r' fills product 'p': use a `BlockStep`",
        ),
        (block_step(dim="row"), (), "p.offset of step 's' must be offsets of 'row': .* instance_dimension 'person'"),
        (block_step(), (offsets(dtype="int32"), day()), "must be offsets of 'person': int64 .* got int32"),
        (block_step(), (offsets(), day(ragged="bound")), "p.day of step 's' must name offsets that blocks .* 'bound'"),
        (block_step(), (offsets(), day(shape=())), "p.day of step 's' must have a shape of as many entries as dims"),
        (block_step(), (offsets(), day(dtype="string")), "p.day .* must have a dtype of fixed size, got string"),
        (
            block_step(), (offsets(), day(), day(name="age", ragged="", dims=("person",), shape=(9,))),
            r"p.age of step 's' must have a row for each person, 10, got dims \('person',\) and shape \(9,\)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_ragged_is_refused_before_work(step: Any, variables: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        plan(step, products=(product(*variables),))


def test_rows_that_wait_to_be_placed_are_no_input() -> None:
    reader = block_step(name="t", inputs=("work/s",), product=None)
    with pytest.raises(RunError, match=r"step 't' must not read 'work/s', rows that wait to be placed: name .* 'p'"):
        plan(block_step(), reader)
    plan(block_step(), replace(reader, inputs=("p",)))
