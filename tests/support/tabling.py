"""A run that fills tables: of each number below 10 its divisors, and a count by number of divisors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.run.records import write_json
from citytide.hpc.run.runs import Run, create_run, open_run
from citytide.hpc.store.products import Column, Product, Table

NUMBERS = 10
DIVISORS = Table(
    "divisors",
    "Divisors of small numbers",
    (
        Column("number", "int64", "1", "the number"),
        Column("divisor", "int16", "1", "a number that divides it"),
        Column("share", "float64", "1", "divisor over number"),
        Column("name", "string", "1", "what it is called"),
    ),
)
COUNTS = Table(
    "counts", "How many", (Column("n", "int64", "1", "numbers"), Column("pairs", "int64", "1", "rows")), "csv"
)


def list_divisors(arrays: dict[str, Any], trouble: str = "") -> dict[str, Any]:
    pairs = [(n, d) for n in arrays["number"].tolist() for d in range(1, n + 1) if n % d == 0]
    number, divisor = (np.array([pair[at] for pair in pairs], kind) for at, kind in ((0, np.int64), (1, np.int16)))
    columns = {
        "number": number,
        "divisor": divisor,
        "share": divisor / number if pairs else np.empty(0),
        "name": np.array([f'"{n}" durch {d}, 约数' for n, d in pairs], np.dtypes.StringDType()),
    }
    if trouble == "kind":
        columns["divisor"] = columns["divisor"].astype(np.int64)
    return columns


def chunk(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"n": np.array([arrays["number"].size]), "pairs": np.array([len(list_divisors(arrays)["number"])])}


def combine(partials: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: np.sum([partial[key] for partial in partials], axis=0) for key in ("n", "pairs")}


def finalize(partial: dict[str, Any]) -> dict[str, Any]:
    return partial


def plan_tables(
    *, per_block: int = 1, trouble: str = "", products: tuple[Product | Table, ...] = (DIVISORS, COUNTS), **changed: Any
) -> Plan:
    steps = (
        BlockStep(
            function="tabling:list_divisors", dim="number", extent=NUMBERS, memory_bytes=lambda block: 10**6,
            params={"trouble": trouble}, per_block=per_block,
            **{"name": "list", "inputs": ("inputs.zarr",), "product": "divisors", **changed},
        ),
        ReductionStep(
            name="count", chunk="tabling:chunk", combine="tabling:combine", finalize="tabling:finalize", dim="number",
            extent=NUMBERS, inputs=("inputs.zarr",), memory_bytes=lambda block: 10**6, partial_bytes=16,
            product="counts", per_block=per_block,
        ),
    )  # fmt: skip
    return make_plan(steps, products, workers=2, threads=1, memory_per_worker=10**9)


def lay_out(out: Path, **options: Any) -> Path:
    arrays = {"number": (("number",), np.arange(NUMBERS))}
    return create_run(out, plan_tables(**options), arrays, {"workflow": "tabling", "inputs": []}).path


def finish(run: Run) -> dict[str, Any]:
    """Leave a figure with its sidecar, and a file of no known kind."""
    (run.path / "figures").mkdir(exist_ok=True)
    (run.path / "figures" / "01-dots.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    write_json(run.path / "figures" / "01-dots.json", {"title": "Dots"})
    (run.path / "note.txt").write_text(f"{len(run.open('divisors'))} rows\n")
    return {"summary": [], "warnings": []}


def drive(run: Path, workers: int = 2, finish: Any = finish) -> dict[str, Any]:
    return execute_run(open_run(run), LocalBackend(workers, 1, 10**9), finish, quiet=True)
