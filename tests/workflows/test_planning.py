"""Runs whose second plan is sized by what the first one found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import importing
import pytest
from sums import store_bytes

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.report.report import write_report
from citytide.hpc.run.records import read_json
from citytide.hpc.run.resumption.verify import find_damage, verify_run
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.ledger import read_ledger
from citytide.workflows import runner
from citytide.workflows.planning import plan_further

SUPPORT = str(Path(__file__).parents[1] / "support")
# Runs the import in a folder, in a process that ends itself when the words of the first argument are about to happen.
DRIVER = """
import os, signal, sys
from citytide.hpc.execution import execution
from citytide.hpc.run import progress
from citytide.hpc.run.resumption import further_plans
from citytide.workflows import runner

def end(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def end_after(n):
    def advance(self):
        self.n = getattr(self, "n", 0) + 1
        if self.n >= n:
            end()
    return advance

when, out = sys.argv[1:]
if when == "first blocks":
    progress.Reporter.advance = end_after(3)
elif when == "plan-2.json":
    further_plans.write_json = end
elif when == "its line":
    execution._note_plans = end
elif when == "second blocks":
    progress.Reporter.advance = end_after(6 + 3)
runner.run("importing:WORKFLOW", set={"plans": 3}, out=out)
"""


@pytest.fixture(autouse=True)
def workers_find_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


def lay_out(out: Path, **settings: Any) -> Path:
    return runner.lay_out(runner.draft_run("importing:WORKFLOW", set=settings, out=out)).path


def drive(path: Path, workers: int) -> Run:
    backend = LocalBackend(workers, 1, 10**9)
    execute_run(
        open_run(path), backend, importing.finish, plan_next=lambda run, then: plan_further(run, then, backend),
        quiet=True,
    )  # fmt: skip
    return open_run(path)


@pytest.fixture(scope="module")
def undisturbed(make_once: Any) -> Iterator[Path]:
    def make(path: Path) -> None:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([SUPPORT, *filter(None, [before])])
        drive(lay_out(path, plans=3), 2)
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)

    return make_once("import", make)


def test_second_plan_is_sized_by_the_counts_of_the_first(undisturbed: Path) -> None:
    run = open_run(undisturbed)
    counts, rows = run.open("counts").n_rows.values, run.open("rows")
    assert counts.tolist() == [1, 4, 7, 10, 13, 16] and rows.sizes["row"] == counts.sum()
    assert run.open("sum")["sum"].item() == pytest.approx(rows.y.values.sum(), rel=1e-15)
    assert (rows.total.values == 2 * rows.row.values).all()
    assert [step.name for step in run.plan.steps] == ["count", "fill", "sum"]
    assert [product.name for product in run.plan.products] == ["counts", "rows", "sum"]


def test_bytes_do_not_depend_on_the_number_of_workers(undisturbed: Path, tmp_path: Path) -> None:
    run = drive(lay_out(tmp_path / "run", plans=3), 1)
    assert store_bytes(run.path) == store_bytes(undisturbed)


@pytest.mark.parametrize("when", ["first blocks", "plan-2.json", "its line", "second blocks"])
def test_killed_import_resumes_to_the_same_bytes(undisturbed: Path, tmp_path: Path, when: str) -> None:
    killed = subprocess.run([sys.executable, "-c", DRIVER, when, tmp_path / "run"], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert (tmp_path / "run/plan-2.json").exists() == (when in ("its line", "second blocks"))
    run = runner.resume(tmp_path / "run")
    assert run.result["state"] == "done" and store_bytes(run.path) == store_bytes(undisturbed)
    assert [line["path"] for line in read_ledger(run.path / "ledger.jsonl") if line["kind"] == "planned"] == [
        "plan-2.json", "plan-3.json",
    ]  # fmt: skip
    assert find_damage(run) == []


def test_damage_to_what_a_further_plan_wrote_is_found_and_its_metadata_mended(
    undisturbed: Path, tmp_path: Path
) -> None:
    run = open_run(shutil.copytree(undisturbed, tmp_path / "run"))
    plan, inputs, row = (run.path / name for name in ("plan-2.json", "inputs-2.zarr/row/c/0", "rows.zarr/row/c/0"))
    whole = {path: path.read_bytes() for path in (plan, inputs)}
    for path in (plan, inputs, row):
        path.write_bytes(path.read_bytes() + b" ")
    found = {damage.path for damage in find_damage(run)}
    assert found == {"plan-2.json", "inputs-2.zarr/row/c/0", "rows.zarr/row/c/0"}
    for path, content in whole.items():
        path.write_bytes(content)
    assert [damage.path for damage in verify_run(run)] == ["rows.zarr/row/c/0"]
    again = drive(run.path, 2)
    assert again.result["state"] == "done" and store_bytes(again.path) == store_bytes(undisturbed)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("plan_twice", "each step of a run must have a name of its own, but its further plan uses 'count' again"),
        ("plan_nothing", "importing:plan_nothing must return a Prepared, got a NoneType"),
        ("plan_no_more", "`then` must be the import path package.module:name of a function, but 'importing:plan_no"),
        ("divide", "the plan by importing:divide was not made: ZeroDivisionError: no rows"),
    ],
)
def test_plan_that_cannot_be_made_is_the_failure_of_the_run(tmp_path: Path, trouble: str, sentence: str) -> None:
    run = drive(lay_out(tmp_path / "run", trouble=trouble, files=2), 1)
    assert run.status()["state"] == "failed" and sentence in run.result["error"]
    assert not (run.path / "plan-2.json").exists()


def test_report_tells_both_plans(undisturbed: Path) -> None:
    html = write_report(undisturbed).read_text()
    assert "Files are counted first." in html and "Rows are read then." in html
    assert all(f">{name}<" in html for name in ("count", "fill", "sum"))
    assert read_json(undisturbed / "plan-2.json")["then"] == "importing:plan_sum"
    assert json.loads((undisturbed / "run.json").read_text())["then"] == "importing:plan_rows"
