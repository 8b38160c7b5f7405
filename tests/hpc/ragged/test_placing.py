"""Rows of unknown number: the same store however blocks are cut, damage mended by the placing step alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import make_plan, read_plan
from citytide.hpc.plan.steps import Block, BlockStep
from citytide.hpc.ragged.placing import leave_rows, place_rows, set_known_lengths, set_lengths_before_placing
from citytide.hpc.ragged.work_files import place_of
from citytide.hpc.run.records import write_json
from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.stores import create_product, locate, read_arrays

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=10)


def product(n: int, per_shard: int) -> Product:
    return Product("p", "events", (
        Variable("offset", ("bound",), "int64", "1", "begin", "blocks", (n + 1,), per_shard,
                 instance_dimension="person"),
        Variable("n_events", ("person",), "int32", "1", "number", "blocks", (n,), per_shard),
        Variable("at", ("event", "axis"), "float64", "m", "place", "blocks", (0, 2), per_shard, ragged="offset"),
        Variable("day", ("event",), "uint16", "d", "day", "blocks", (0,), 3 * per_shard, ragged="offset"),
    ))  # fmt: skip


def place(run: Path, counts: list[int], cuts: list[int], per_shard: int) -> dict[str, bytes]:
    """Leave and place the same rows, cut into blocks at ``cuts``; the files of the store."""
    n = len(counts)
    bounds = sorted({0, n, *(cut for cut in cuts if cut < n)})
    step = BlockStep("s", "visits:keep_dear", "person", n, (), lambda block: 1, product="p", bounds=bounds)
    plan = make_plan((step,), (product(n, per_shard),), workers=1, threads=1, memory_per_worker=10**9)
    write_json(run / "plan.json", plan.to_json())
    computed, placed = plan.steps
    offset = np.concatenate([[0], np.cumsum(counts)]).astype("i8")
    create_product(run, plan.product("p"), {})
    done = {}
    for block in map(computed.block, range(computed.tasks)):
        first, last = offset[block.start], offset[block.stop]
        rows = {
            "offset": offset[block.start : block.stop + 1] - first,
            "n_events": np.array(counts[block.start : block.stop], "i4"),
            "at": np.arange(2.0 * first, 2.0 * last).reshape(-1, 2),
            "day": np.arange(first, last).astype("u2"),
        }
        _, lengths = leave_rows(run, computed, plan.product("p"), block, rows, set())
        assert lengths == {"offset": last - first}
        done["s", block.index] = {"lengths": lengths}
    owned: list[str] = []
    for block in reversed(list(map(placed.block, range(placed.tasks)))):
        set_lengths_before_placing(run, plan, placed, done)  # as a driver does that takes over in between
        owned += place_rows(run, placed, plan.product("p"), block, set())
    assert len(set(owned)) == len(owned)  # no two tasks wrote one file
    root = locate(run, "p")
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith("zarr.json")} == set(owned)
    return files


@settings(max_examples=12)
@given(COUNTS, st.lists(st.integers(0, 9), max_size=4), st.integers(1, 12))
def test_store_does_not_depend_on_how_blocks_are_cut(
    tmp_path_factory: Any, counts: list[int], cuts: list[int], per_shard: int
) -> None:
    """No events at all, blocks without events, and shards longer than several blocks are among the cases."""
    run, whole = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("whole")
    assert place(run, counts, cuts, per_shard) == place(whole, counts, [], per_shard)
    stored = read_arrays(locate(run, "p"))
    assert stored["offset"].tolist() == np.concatenate([[0], np.cumsum(counts)]).tolist()
    assert stored["n_events"].tolist() == counts
    assert stored["day"].tolist() == list(range(sum(counts))) and stored["at"].ravel().tolist() == list(
        range(2 * sum(counts))
    )


def good_rows() -> dict[str, Any]:
    return {
        "offset": np.array([0, 1, 3]), "n_events": np.array([1, 2], "i4"), "at": np.zeros((3, 2)),
        "day": np.zeros(3, "u2"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"more": np.zeros(3)}, r"must return the variables of p that blocks fill \(at, day, n_events, offset\), got"),
        ({"day": np.zeros(3)}, r"p.day must be \(3,\) of uint16, the block returned \(3,\) of float64"),
        ({"at": np.zeros((3, 3))}, r"p.at must be \(3, 2\) of float64, the block returned \(3, 3\)"),
        ({"n_events": np.zeros(3, "i4")}, r"p.n_events must be \(2,\) of int32, the block returned \(3,\)"),
        ({"offset": np.array([0, 3])}, r"p.offset must be \(3,\) of int64, the block returned \(2,\)"),
        ({"offset": np.array([0, 1, 4])}, "offset: offsets must end at the length of at, 3, got 4"),
        ({"offset": np.array([7, 8, 10])}, "offset: offsets must begin at 0, got 7"),
        ({"day": np.zeros(4, "u2")}, "offset: offsets must end at the length of day, 4, got 3"),
    ],
)
def test_block_that_returns_something_else_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    made = make_plan(
        (BlockStep("s", "visits:keep_dear", "person", 2, (), lambda block: 1, product="p", per_block=2),),
        (product(2, 4),), workers=1, threads=1, memory_per_worker=10**9,
    )  # fmt: skip
    step = made.steps[0]
    with pytest.raises(RunError, match=f"^step 's', block 0: .*{said}"):
        leave_rows(tmp_path, step, made.product("p"), Block(0, 0, 2), {**good_rows(), **changed}, set())
    assert not list(tmp_path.iterdir())
    leave_rows(tmp_path, step, made.product("p"), Block(0, 0, 2), good_rows(), set())


def test_what_is_damaged_is_made_again_and_nothing_else_runs(
    tmp_path: Path, make_visits_run: Callable[..., Path]
) -> None:
    from doubling import flip_bit
    from visits import drive, product_bytes

    run = make_visits_run(tmp_path / "run")
    assert drive(run)["state"] == "done"
    before, lines = product_bytes(run), done_blocks(read_ledger(run / "ledger.jsonl"))
    flip_bit(run / "events.zarr" / "cost" / "c" / "3", 1000)
    flip_bit(run / "dear.zarr" / "dear_cost" / "zarr.json", 1000)
    shutil.rmtree(place_of(run, "sort-gather", 0))
    damage = {(bad.path, bad.step) for bad in verify_run(open_run(run))}
    assert damage == {("events.zarr/cost/c/3", "sort-place"), ("dear.zarr/dear_cost/zarr.json", None)} | {
        (f"work/sort-gather/0/{name}.npy", "sort-gather") for name in ("cost", "day", "offset", "total")
    }
    assert drive(run)["state"] == "done" and product_bytes(run) == before
    after = done_blocks(read_ledger(run / "ledger.jsonl"))
    again = sorted(key for key, line in after.items() if line["time"] != lines[key]["time"])
    assert again[0] == ("sort-gather", 0) and [step for step, _ in again[1:]] == ["sort-place"]


def test_arrays_laid_out_anew_get_the_length_of_the_run(tmp_path: Path, make_visits_run: Callable[..., Path]) -> None:
    from visits import run_here

    run, spare = make_visits_run(tmp_path / "run"), tmp_path / "spare"
    done = {(line["step"], line["block"]): line for line in run_here(run)}
    plan = read_plan(run)
    for product in plan.products:
        create_product(spare, product, {})
    set_known_lengths(plan, done, spare)
    for product in plan.products:
        described = sorted(locate(spare, product.name).rglob("zarr.json"))
        assert len(described) == 1 + len(product.variables)
        for path in described:
            assert path.read_bytes() == (run / path.relative_to(spare)).read_bytes()
