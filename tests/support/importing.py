"""An import whose first plan counts the rows of files, and whose second is sized by the counts: y = x + file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import zarr

from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.stores import locate
from citytide.workflows.workflow import Prepared, Workflow

ROWS_A_BLOCK = 8


class ImportSettings(Settings):
    files: int = 6
    sleep: float = 0.0
    trouble: str = ""
    plans: int = 2


def count(arrays: dict[str, Any], sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    return {"n_rows": arrays["number"] * 3 + 1}


def fill(arrays: dict[str, Any], sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    return {"y": np.sqrt(arrays["row"]) + arrays["file_of_row"], "total": arrays["row"] * 2}


def add_up(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"sum": arrays["y"].sum(keepdims=True)}


def prepare(settings: ImportSettings) -> Prepared:
    n = settings.files
    n_rows = Variable("n_rows", ("file",), "int64", "1", "rows of the file", "blocks", (n,))
    step = BlockStep(
        name="count", function="importing:count", dim="file", extent=n, inputs=("inputs.zarr",),
        memory_bytes=lambda block: 10**6, product="counts", params={"sleep": settings.sleep},
    )  # fmt: skip
    follows = f"importing:{settings.trouble or 'plan_rows'}" if settings.plans > 1 else ""
    return Prepared(
        (step,), (Product("counts", "Rows of each file", (n_rows,)),), {"number": (("file",), np.arange(n))},
        then=follows, notes=("Files are counted first.",),
    )  # fmt: skip


def plan_rows(run: Run) -> Prepared:
    counts = np.asarray(zarr.open_array(locate(run.path, "counts") / "n_rows", mode="r")[...])
    n, settings = int(counts.sum()), run.record["settings"]
    y = Variable("y", ("row",), "float64", "1", "root of the row, and its file", "blocks", (n,), ROWS_A_BLOCK)
    total = Variable("total", ("row",), "int64", "1", "twice the row", "ledger", (n,))
    row = Variable("row", ("row",), "int64", "1", "number of the row", "inputs", (n,))
    step = BlockStep(
        name="fill", function="importing:fill", dim="row", extent=n, inputs=("inputs-2.zarr",), product="rows",
        memory_bytes=lambda block: 10**6, per_block=ROWS_A_BLOCK, params={"sleep": settings["sleep"]["value"]},
        scalars=("total",),
    )  # fmt: skip
    arrays = {"row": (("row",), np.arange(n)), "file_of_row": (("row",), np.repeat(np.arange(len(counts)), counts))}
    last = "importing:plan_sum" if settings["plans"]["value"] > 2 else ""
    store = Product("rows", "Rows of all files", (y, total, row))
    return Prepared((step,), (store,), arrays, then=last, notes=("Rows are read then.",), seeds={"rows": 7})


def plan_sum(run: Run) -> Prepared:
    n = run.plan.step("fill").extent
    held = Variable("sum", ("all",), "float64", "1", "sum of y", "blocks", (1,))
    step = BlockStep(
        name="sum", function="importing:add_up", dim="all", extent=1, inputs=("rows:y",), product="sum",
        memory_bytes=lambda block: n * 8,
    )  # fmt: skip
    return Prepared((step,), (Product("sum", "Sum of all rows", (held,)),), {})


def plan_twice(run: Run) -> Prepared:
    return prepare(ImportSettings(files=2))


def plan_nothing(run: Run) -> None:
    return None


def divide(run: Run) -> Prepared:
    raise ZeroDivisionError("no rows")


def finish(run: Run) -> Mapping[str, Any]:
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("importing:WORKFLOW", "Rows of files", ImportSettings, prepare, finish, modules=("importing",))
