from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.hpc.errors import RunError
from citytide.hpc.plan.bounds import cut_by_cost, cut_by_offsets
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger

COSTS = st.lists(st.integers(0, 50), min_size=1, max_size=200)


@given(COSTS, st.integers(1, 300), st.integers(1, 9))
def test_bounds_cover_every_row_in_whole_shards(cost: list[int], most: int, per_shard: int) -> None:
    bounds = cut_by_cost(cost, most, per_shard=per_shard)
    assert bounds[0] == 0 and bounds[-1] == len(cost) and all(a < b for a, b in pairwise(bounds))
    assert all(bound % per_shard == 0 for bound in bounds[:-1])


@given(COSTS, st.integers(1, 300), st.integers(1, 9))
def test_no_block_costs_more_than_asked_unless_it_is_one_shard(cost: list[int], most: int, per_shard: int) -> None:
    for start, stop in pairwise(cut_by_cost(cost, most, per_shard=per_shard)):
        assert sum(cost[start:stop]) <= most or stop - start <= per_shard


@given(COSTS, st.integers(50, 300))
def test_no_cut_has_fewer_blocks_and_none_of_as_many_a_much_cheaper_largest_one(cost: list[int], most: int) -> None:
    """No row alone costs more than ``most``: then both can be counted by trying every whole limit."""

    def count(limit: int) -> int:
        blocks, held = 1, 0
        for one in cost:
            blocks, held = (blocks + 1, one) if held + one > limit else (blocks, held + one)
        return blocks

    bounds = cut_by_cost(cost, most)
    assert len(bounds) - 1 == count(most)
    largest = max(sum(cost[start:stop]) for start, stop in pairwise(bounds))
    least = next(limit for limit in range(max(cost), most + 1) if count(limit) == count(most))
    assert largest <= least + most / 4096


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 40))
def test_offsets_are_cut_as_the_rows_between_them(rows: list[int], most: int) -> None:
    offset = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])
    assert cut_by_offsets(offset, most) == cut_by_cost(np.array(rows, dtype=np.int64), most)


@pytest.mark.parametrize(
    ("cost", "most", "per_shard", "said"),
    [
        ([1.0, -1.0], 5, 1, "each cost must be a number of at least 0, got -1.0 in row 1: give its cost"),
        ([1.0, np.nan], 5, 1, "each cost must be a number of at least 0, got nan in row 1: give its cost"),
        ([[1, 2]], 5, 1, r"cost must be one number for each row, got int64 of shape \(1, 2\): give \(row,\)"),
        ([1], 0, 1, "most_cost must be more than 0 and per_shard at least 1, got 0 and 1: give both"),
        ([1], 5, 0, "most_cost must be more than 0 and per_shard at least 1, got 5 and 0: give both"),
    ],
)
def test_cost_that_cannot_be_cut_is_refused(cost: Any, most: float, per_shard: int, said: str) -> None:
    with pytest.raises(RunError, match=f"^{said}$"):
        cut_by_cost(cost, most, per_shard=per_shard)


SCRIPT = Path(__file__).parents[2] / "support" / "unequal.py"
EQUAL, UNEQUAL, OTHER = range(0, 26, 2), (0, 2, 12, 14, 22, 24), (0, 16, 18, 20, 24)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of equal blocks that nothing happened to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPT.parent))
        patch.setenv("PYTHONPATH", str(SCRIPT.parent), prepend=os.pathsep)
        from unequal import drive, lay_out

        run: Path = lay_out(tmp_path_factory.mktemp("equal") / "run", EQUAL)
        assert drive(run, 1)["state"] == "done"
    return run


@pytest.mark.parametrize(("bounds", "workers"), [(UNEQUAL, 2), (OTHER, 4)])
def test_blocks_of_any_length_leave_the_same_bytes(
    undisturbed: Path, tmp_path: Path, bounds: tuple[int, ...], workers: int
) -> None:
    from unequal import drive, lay_out, store_bytes

    run = lay_out(tmp_path / "run", bounds)
    assert drive(run, workers)["state"] == "done"
    assert len(done_blocks(read_ledger(run / "ledger.jsonl"))) == open_run(run).plan.tasks
    assert store_bytes(run) == store_bytes(undisturbed)
    x = np.sqrt(np.arange(24 * 5.0)).reshape(24, 5)
    np.testing.assert_array_equal(open_run(run).open("double").y, 2 * x)


def test_killed_run_of_unequal_blocks_resumes_to_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    from unequal import drive, lay_out, store_bytes

    run = lay_out(tmp_path / "run", UNEQUAL, sleep=0.2)
    driver = subprocess.Popen([sys.executable, str(SCRIPT), str(run), "2"], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (before := done_blocks(read_ledger(run / "ledger.jsonl"))) and time.monotonic() < end:
        assert driver.poll() is None, "the driver ended before it was killed"
        time.sleep(0.02)
    driver.kill()
    driver.wait()
    assert before and drive(run, 1)["state"] == "done"
    assert store_bytes(run) == store_bytes(undisturbed)
