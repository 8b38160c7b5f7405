"""Shuffles: every row arrives once, in the order of its key; the same bytes however it ran and whoever was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from citytide.hpc.errors import RunError
from citytide.hpc.plan.steps import Block, ShuffleStep, Step
from citytide.hpc.ragged.shuffling import gather_bucket, leave_split
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.hpc.store.products import Product, Variable

SCRIPT = Path(__file__).parents[2] / "support" / "visits.py"
CUT = st.integers(5, 40)


@settings(max_examples=6)
@given(n_persons=st.integers(1, 25), n_visits=st.integers(1, 90), cut=CUT, per_bucket=CUT, per_shard=CUT)
def test_store_does_not_depend_on_blocks_and_buckets(
    tmp_path_factory: Any, n_persons: int, n_visits: int, cut: int, per_bucket: int, per_shard: int
) -> None:
    from visits import DEAR, lay_out, make_visits, product_bytes, read_product, run_here

    def run(**options: Any) -> Path:
        folder = lay_out(tmp_path_factory.mktemp("run") / "run", n_persons, n_visits, per_shard=per_shard, **options)
        lines = run_here(folder)
        assert [line["outcome"] for line in lines] == ["done"] * len(lines)
        return folder

    cut_run = run(per_block=cut, keys_per_bucket=per_bucket)
    assert product_bytes(cut_run) == product_bytes(run(per_block=n_visits, keys_per_bucket=n_persons))
    visits = make_visits(n_persons, n_visits)
    events, dear = (read_product(cut_run, name) for name in ("events", "dear"))
    order = np.lexsort((visits["cost"], visits["day"], visits["person"]))
    counts = np.bincount(visits["person"], minlength=n_persons)
    assert events["offset"].tolist() == [0, *np.cumsum(counts)]
    for name in ("day", "cost"):
        np.testing.assert_array_equal(events[name], visits[name][order])
    np.testing.assert_array_equal(events["total"], np.bincount(visits["person"], visits["cost"], n_persons))
    chosen = visits["cost"][order] >= DEAR
    np.testing.assert_array_equal(dear["dear_cost"], visits["cost"][order][chosen])
    assert dear["bound"].tolist() == [0, *np.cumsum(np.bincount(visits["person"][order][chosen], minlength=n_persons))]


def plan(n_keys: int = 10, **changed: Any) -> list[Any]:
    from citytide.hpc.plan.plans import make_plan

    product = Product("p", "events", (
        Variable("offset", ("bound",), "int64", "1", "begin", "blocks", (n_keys + 1,), instance_dimension="person"),
        Variable("day", ("event",), "int64", "d", "day", "blocks", (0,), ragged="offset"),
    ))  # fmt: skip
    step: Step = ShuffleStep(
        "sort", "visits:split", "", "row", 9, ("inputs.zarr",), "person", n_keys, 4, lambda block: 1, lambda block: 1,
        "p", per_block=3, **changed,
    )  # fmt: skip
    return list(make_plan((step,), (product,), workers=1, threads=1, memory_per_worker=10**9).steps)


def test_bucket_holds_rows_of_its_keys_in_the_order_they_came(tmp_path: Path) -> None:
    split, gather, _ = plan()
    person = np.array([[9, 0, 3], [3, 4, 0], [0, 9, 9]])
    for index in range(3):
        columns = {"person": person[index], "day": 10 * index + np.arange(3)}
        files = leave_split(tmp_path, split, Block(index, 3 * index, 3 * index + 3), columns, set())
        assert set(files) == {f"work/sort-split/{index}/{name}.npy" for name in ("person", "day", "bucket.bounds")}
    buckets = [gather_bucket(tmp_path, gather, gather.block(index), "offset") for index in range(3)]
    assert [bucket["person"].tolist() for bucket in buckets] == [[0, 0, 0, 3, 3], [4], [9, 9, 9]]
    assert [bucket["day"].tolist() for bucket in buckets] == [[1, 12, 20, 2, 10], [11], [0, 21, 22]]
    assert [bucket["offset"].tolist() for bucket in buckets] == [[0, 3, 3, 3, 5], [0, 1, 1, 1, 1], [0, 0, 3]]


def test_memory_of_a_bucket_does_not_grow_with_the_store(tmp_path: Path) -> None:
    """Eight times as many rows and persons in all, and as many in a bucket."""
    peaks = []
    for n_blocks in (4, 32):
        run, (split, gather, _) = tmp_path / str(n_blocks), plan(n_keys=10 * n_blocks)
        draw = np.random.default_rng(0)
        for index in range(n_blocks):
            columns = {"person": draw.integers(0, 10 * n_blocks, 20_000), "day": np.arange(20_000)}
            leave_split(run, split, Block(index, 0, 1), columns, set())
        gather = replace(gather, shuffle={**gather.shuffle, "split_blocks": n_blocks})
        gather_bucket(run, gather, gather.block(0), "offset")  # what is imported on the way does not count
        measured = []
        for _ in range(5):  # threads that tests before this one left behind may add to a peak, and never take from it
            tracemalloc.start()
            gathered = gather_bucket(run, gather, gather.block(1), "offset")
            measured.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert 7000 < len(gathered["day"]) < 9000
        peaks.append(min(measured))
    assert peaks[1] < 1.25 * peaks[0]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"day": np.arange(3)}, "a split must return its key as a column, but 'person' is not among day"),
        ({"person": np.array([0, 10, 1])}, r"key 'person' must be in \[0, 10\), got 10 in row 1"),
        ({"person": np.array([0, 1, -1])}, r"key 'person' must be in \[0, 10\), got -1 in row 2"),
        ({"person": np.zeros(3)}, "key 'person' must be whole numbers along one dim, got float64"),
        ({"person": np.zeros(3, int), "day": np.arange(2)}, "must have equal lengths, got {'person': 3, 'day': 2}"),
        ({"person": np.zeros(3, int), "day": np.array([None] * 3)}, "a dtype of fixed size, got 'day' of object"),
        ({"person": np.zeros(3, int), "a.b": np.zeros(3)}, "a column must have a plain name, .* got 'a.b'"),
    ],
)
def test_split_that_returns_something_else_is_refused(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError, match=f"^step 'sort-split', block 2: .*{said}"):
        leave_split(tmp_path, plan()[0], Block(2, 6, 9), columns, set())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"person": np.zeros(3, int)},
            "block 1 returned bucket.bounds, person, and block 0 bucket.bounds, day, person",
        ),
        (
            {"person": np.zeros(3, int), "day": np.zeros(3)},
            r"block 1 returned day of float64 .*, and block 0 day of int64",
        ),
    ],
)
def test_blocks_that_return_unlike_columns_are_refused(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    split, gather, _ = plan()
    columns = {"person": np.zeros(3, int), "day": np.arange(3)}
    for index, own in enumerate((columns, other, columns)):
        leave_split(tmp_path, split, Block(index, 3 * index, 3 * index + 3), own, set())
    with pytest.raises(RunError, match=f"step 'sort-split': all blocks must return the same columns, but {said}"):
        gather_bucket(tmp_path, gather, gather.block(0), "offset")


LARGE: dict[str, Any] = {
    "n_persons": 10_000, "n_visits": 100_000, "per_block": 10_000, "keys_per_bucket": 1000, "per_shard": 7000,
}  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every byte of a run of 100,000 visits that ran in one process."""
    sys.path.insert(0, str(SCRIPT.parent))
    from visits import lay_out, product_bytes, run_here

    run = lay_out(tmp_path_factory.mktemp("undisturbed") / "run", **LARGE)
    run_here(run)
    return product_bytes(run)


def test_workers_of_any_number_write_the_same_bytes(
    undisturbed: dict[str, bytes], tmp_path: Path, make_visits_run: Callable[..., Path]
) -> None:
    from visits import drive, product_bytes

    run = make_visits_run(tmp_path / "run", **LARGE)
    assert drive(run, 4)["state"] == "done" and product_bytes(run) == undisturbed


def test_shuffle_killed_in_each_of_its_steps_ends_with_the_same_bytes(
    undisturbed: dict[str, bytes], tmp_path: Path, make_visits_run: Callable[..., Path]
) -> None:
    """Three drivers take some seconds: the first dies while rows are split, the second while they are placed."""
    from visits import drive, product_bytes

    run = make_visits_run(tmp_path / "run", **LARGE, sleep=0.02)
    driver = start_driver(run)
    wait_for(run, "sort-split", driver)
    kill(driver)
    driver = start_driver(run)
    line = wait_for(run, "sort-gather", driver)
    os.kill(int(line["worker"].rpartition(":")[2]), signal.SIGKILL)
    wait_for(run, "sort-place", driver)
    kill(driver)
    before = {key: line["time"] for key, line in blocks_done(run).items()}
    assert drive(run)["state"] == "done"
    after = {key: line["time"] for key, line in blocks_done(run).items()}
    assert before.items() <= after.items()  # nothing that was done is done again
    assert product_bytes(run) == undisturbed and not list(run.rglob("*.partial"))


def blocks_done(run: Path) -> dict[tuple[str, int], Any]:
    return done_blocks(read_ledger(run / "ledger.jsonl"))


def start_driver(run: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(SCRIPT), str(run), "2"], stderr=subprocess.DEVNULL)


def kill(driver: subprocess.Popen[bytes]) -> None:
    driver.kill()
    driver.wait()


def wait_for(run: Path, step: str, driver: subprocess.Popen[bytes]) -> Any:
    """The line of the first block of a step that is done."""
    for _ in range(6000):
        if found := [line for (name, _), line in blocks_done(run).items() if name == step]:
            return found[0]
        assert driver.poll() is None, "the driver ended before it was killed"
        time.sleep(0.01)
    raise AssertionError("no block was finished")
