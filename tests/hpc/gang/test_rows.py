"""Each rank reads its own rows of the arrays along rank_dim, and nothing else of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import zarr

from citytide.hpc.execution.reading import SMALL_BYTES
from citytide.hpc.gang.rows import read_rank_arrays
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep, PlannedStep
from citytide.hpc.run.runs import create_run

CELLS, ROWS = SMALL_BYTES // 8 + 5000, 4  # too many cells to be read at once


def lay_out(folder: Path, *inputs: str) -> tuple[Path, PlannedStep]:
    step = BlockStep(
        "s", "math:sqrt", "row", ROWS, inputs or ("inputs.zarr",), lambda block: 1000, per_block=2, ranks=3,
        rank_dim="cell", rank_bounds=(0, 5, 5, CELLS),
    )  # fmt: skip
    arrays: dict[str, Any] = {
        "ground": (("cell",), np.arange(CELLS, dtype=np.float64)),
        "slope": (("cell", "side"), np.arange(2 * CELLS).reshape(CELLS, 2)),
        "rain": (("row", "cell"), np.arange(ROWS * 3).reshape(ROWS, 3)),
        "edge": (("edge",), np.arange(6)),
    }
    plan = make_plan((step,), (), workers=1, threads=1, memory_per_worker=10**9, arrays=arrays)
    return create_run(folder / "run", plan, arrays, {"workflow": "rows", "inputs": []}).path, plan.steps[0]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlannedStep]:
    return lay_out(tmp_path_factory.mktemp("rows"))


def read(run: Path, step: PlannedStep, rank: int, block: int = 1) -> tuple[Any, dict[str, Any]]:
    gang: Any = SimpleNamespace(rank=rank, rows=None)
    return gang, read_rank_arrays(gang, run, step, step.block(block))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_rank_holds_its_rows_and_the_blocks_rows(laid_out: tuple[Path, PlannedStep], rank: int) -> None:
    run, step = laid_out
    start, stop = step.rank_bounds[rank : rank + 2]
    gang, arrays = read(run, step, rank)
    assert gang.rows == (start, stop)
    np.testing.assert_array_equal(arrays["ground"], np.arange(start, stop))
    np.testing.assert_array_equal(arrays["slope"], np.arange(2 * start, 2 * stop).reshape(-1, 2))
    np.testing.assert_array_equal(arrays["rain"], np.arange(6, 12).reshape(2, 3))  # first dim: the block's
    np.testing.assert_array_equal(arrays["edge"], np.arange(6))


def test_rank_reads_no_other_rows_from_the_store(
    laid_out: tuple[Path, PlannedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_rows: dict[str, Any] = {}
    take = zarr.Array.__getitem__

    def note(array: Any, selection: Any) -> Any:
        read_rows.setdefault(array.basename, []).append(selection)
        return take(array, selection)

    monkeypatch.setattr(zarr.Array, "__getitem__", note)
    read(*laid_out, rank=0)
    assert read_rows["ground"] == [slice(0, 5)] and read_rows["slope"] == [slice(0, 5)]


@pytest.mark.parametrize("names", [{"ground"}, {"edge", "slope"}, {"rain"}, {"rain", "edge", "ground"}])
def test_named_arrays_are_read_alone(laid_out: tuple[Path, PlannedStep], names: set[str]) -> None:
    run, step = laid_out
    chosen = PlannedStep(**{**vars(step), "inputs": (f"inputs.zarr:{','.join(sorted(names))}",)})
    assert set(read(run, chosen, rank=0)[1]) == names


def test_ranks_of_any_number_leave_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")
    from sharing import store_bytes

    from citytide.workflows import runner

    written = []
    for ranks, bounds in ((1, "0-7"), (3, "0-0-4-7")):
        settings = {"rows": 2, "ranks": ranks, "rank_bounds": bounds}
        run = runner.run("sharing:WORKFLOW", set=settings, out=tmp_path / bounds)
        assert run.result["state"] == "done", run.result
        rows = (run.path / "work/gang-share/0/rows.json").read_text()
        assert rows.count("[") == ranks + 1
        written.append(store_bytes(run.path))
    assert written[0] == written[1]
    assert run.open("shared").doubled.values.tolist() == [2.0 * row + 91 + 36 for row in range(2)]
