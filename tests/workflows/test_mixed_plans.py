"""Runs of two plans with everything at once: ragged arrays, a table, the ledger's values, sources, data of persons."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mixing
import numpy as np
import pytest
from doubling import flip_bit

from citytide.hpc.errors import PersonLevelError, RunError
from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.stores import read_arrays
from citytide.workflows import runner

SUPPORT = str(Path(__file__).parents[1] / "support")
SQUARES = [1, 4, 9, 16]


def run_mixed(folder: Path, name: str, **settings: Any) -> Run:
    for source, text in (("first", "10"), ("second", "100")):
        (folder / source).write_text(text)
    sources = {"first": str(folder / "first"), "second": str(folder / "second")}
    return runner.run("mixing:WORKFLOW", set={**sources, **settings}, out=folder / name)


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources, and a finished run of them."""
    made = tmp_path_factory.mktemp("mixed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))
        assert run_mixed(made, "whole").result["state"] == "done"
    return made


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder / "whole", tmp_path / "run")


def left(run: Path) -> dict[str, bytes]:
    """Every byte of every store, table and figure."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and (path.suffix in (".parquet", ".svg") or path.relative_to(run).parts[0].endswith(".zarr"))
    }


def test_second_plan_reads_the_ledgers_values_and_a_source_of_its_own(run: Path) -> None:
    done, counts = open_run(run), np.arange(1, 5) + 10
    values = np.repeat(SQUARES_OF_10, counts) + 100
    assert done.open("numbers").square.values.tolist() == SQUARES
    assert done.open("events").value.values.tolist() == values.tolist()
    assert done.open("pairs").row.tolist() == np.repeat(np.arange(4), counts).tolist()
    assert done.open("pairs").value.tolist() == values.tolist() and verify_run(done) == []


SQUARES_OF_10 = np.array(SQUARES)

TABLE, FIGURE, SHARD, LEDGER = "pairs.parquet", "figures/a.svg", "events.zarr/value/c/3", "numbers.zarr/square/c/0"
METADATA = ("events.zarr/zarr.json", "events.zarr/value/zarr.json", "events.zarr/bound/zarr.json")
WORK = ("work/repeat/2/value.npy", "work/repeat/1/bound.npy", "work/list/3.npz")


@pytest.mark.parametrize("damaged", [(TABLE, FIGURE), (SHARD, LEDGER), METADATA, WORK, (TABLE, FIGURE, SHARD, *WORK)])
def test_damage_is_told_twice_and_repaired(folder: Path, run: Path, damaged: tuple[str, ...]) -> None:
    for name in damaged:
        flip_bit(run / name, 300)
    for _ in range(2):
        assert sorted(bad.path for bad in verify_run(open_run(run))) == sorted(damaged)
    assert runner.resume(run).result["state"] == "done"
    assert left(run) == left(folder / "whole") and verify_run(open_run(run)) == []


def test_lengths_of_ragged_arrays_are_those_of_the_ledger(folder: Path, run: Path) -> None:
    layout = run / "work/repeat/layout.json"
    layout.write_text(layout.read_text().replace("50", "51"))
    flip_bit(run / "events.zarr/zarr.json", 300)
    assert len(verify_run(open_run(run))) == 1
    assert runner.resume(run).result["state"] == "done" and left(run) == left(folder / "whole")


@pytest.mark.parametrize("step", ["repeat", "repeat-place", "list", "pairs"])
def test_each_step_of_the_second_plan_may_be_computed_again(folder: Path, run: Path, step: str) -> None:
    for _ in range(2):
        assert runner.resume(run, restart=[step]).result["state"] == "done"
        assert left(run) == left(folder / "whole") and verify_run(open_run(run)) == []


def test_further_plan_that_is_missing_is_told_and_refused(run: Path) -> None:
    (run / "plan-2.json").unlink()
    assert [(bad.path, bad.problem) for bad in verify_run(open_run(run))] == [("plan-2.json", "missing")]
    with pytest.raises(RunError, match=r"plan-2\.json is damaged, and every block reads it: start a new run"):
        runner.resume(run)


def test_changed_source_of_the_first_plan_offers_no_restart(run: Path) -> None:
    first = Path(open_run(run).plan.sources["first"].path)
    first.write_text("20")
    try:
        with pytest.raises(RunError, match="source 'first'") as refused:
            runner.resume(run, restart=["list"])
    finally:
        first.write_text("10")
    assert "--restart" not in str(refused.value) and "--accept-changes" in str(refused.value)


def test_what_a_further_plan_raises_over_persons_stays_private(tmp_path: Path) -> None:
    run = run_mixed(tmp_path, "run", person_level=True, trouble="plan")
    kept = run.path / "private/plan-2.txt"
    assert run.result["state"] == "failed" and "was not made: KeyError; its text stands in" in run.result["error"]
    assert mixing.SECRET in kept.read_text() and stat.S_IMODE(kept.stat().st_mode) == 0o600
    told = [path.name for path in run.path.rglob("*") if path.is_file() and mixing.SECRET in path.read_text("latin-1")]
    assert told == ["plan-2.txt"]


def test_ragged_store_and_table_of_persons_are_closed_and_not_shown(tmp_path: Path) -> None:
    run = run_mixed(tmp_path, "run", person_level=True)
    assert run.result["state"] == "done" and read_arrays(run.path / "events.zarr")["value"][0] == 111
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (run.path / "events.zarr").rglob("*") if path.is_file()}
    assert modes == {0o600} == {stat.S_IMODE((run.path / "pairs.parquet").stat().st_mode)}
    for name in ("events", "pairs"):
        sealed = open_run(run.path).open(name)
        assert "value" in list(sealed) and f"<{name} at person level: " in repr(sealed)
        with pytest.raises(PersonLevelError, match="an array of single persons must not be"):
            print(sealed["value"])
    with pytest.raises(PersonLevelError, match="read_persons must be called by the function that `then` names"):
        run.read_persons("events")
    with pytest.raises(RunError, match="got 'none'; it has numbers, events, pairs"):
        run.read_persons("none")
    with pytest.raises(RunError, match="product 'events' has no array 'x'; it has bound, value"):
        run.read_persons("events", ["x"])
