"""A run with known answers: y = 2 x, its row sums, and the envelope of y over all rows.

As a script it drives such a run, so that a test can kill it: ``python doubling.py RUN WORKERS``.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.run.runs import create_run, open_run
from citytide.hpc.store.products import Product, Variable

LINKS = 50


def double(arrays: dict[str, Any], sleep: float = 0.0, trouble: str = "") -> dict[str, Any]:
    time.sleep(sleep)
    if trouble == "raise" and (arrays["row"] == 3).any():
        raise ZeroDivisionError("row 3 is too much")
    if trouble == "die" and (arrays["row"] == 3).any():
        os._exit(9)
    if trouble == "full" and (arrays["row"] == 3).any():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if trouble == "forget" and (arrays["row"] == 3).any():
        return {"total": arrays["x"].sum(axis=1)}
    return {"y": arrays["x"] * 2.0, "total": arrays["x"].sum(axis=1)}


def chunk(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"least": arrays["y"].min(axis=0), "most": arrays["y"].max(axis=0)}


def combine(partials: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "least": np.min([partial["least"] for partial in partials], axis=0),
        "most": np.max([partial["most"] for partial in partials], axis=0),
    }


def finalize(partial: dict[str, Any]) -> dict[str, Any]:
    return partial


def lay_out(out: Path, *, rows: int = 12, per_block: int = 1, sleep: float = 0.0, trouble: str = "") -> Path:
    y = Variable("y", ("row", "link"), "float64", "1", "twice x", "blocks", (rows, LINKS))
    total = Variable("total", ("row",), "float64", "1", "sum of x", "ledger", (rows,))
    label = Variable("label", ("row",), "string", "1", "name of the row", "inputs")
    least, most = (
        Variable(end, ("link",), "float64", "1", end, "blocks", (LINKS,), per_shard=LINKS) for end in ("least", "most")
    )
    products = (Product("double", "Twice x", (y, total, label)), Product("envelope", "Ends of y", (least, most)))
    steps = (
        BlockStep(
            name="double", function="doubling:double", dim="row", extent=rows, inputs=("inputs.zarr",),
            memory_bytes=lambda block: 10**6, params={"sleep": sleep, "trouble": trouble}, per_block=per_block,
            product="double", scalars=("total",),
        ),
        ReductionStep(
            name="ends", chunk="doubling:chunk", combine="doubling:combine", finalize="doubling:finalize", dim="row",
            extent=rows, inputs=("double:y",), memory_bytes=lambda block: 10**6, partial_bytes=1600,
            product="envelope", rows=LINKS, per_block=per_block,
        ),
    )  # fmt: skip
    plan = make_plan(steps, products, workers=2, threads=1, memory_per_worker=10**9)
    arrays = {
        "x": (("row", "link"), np.sqrt(np.arange(rows * LINKS, dtype=np.float64)).reshape(rows, LINKS)),
        "row": (("row",), np.arange(rows)),
        "label": (("row",), np.array([f"行{row}" for row in range(rows)], dtype=np.dtypes.StringDType())),
    }
    return create_run(out, plan, arrays, {"workflow": "doubling", "inputs": []}).path


def drive(run: Path, workers: int = 2, **options: Any) -> dict[str, Any]:
    backend = LocalBackend(workers, 1, 10**9)
    return execute_run(open_run(run), backend, lambda done: {"summary": [], "warnings": []}, quiet=True, **options)


def store_bytes(run: Path) -> dict[str, bytes]:
    """Every byte of every product."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for product in sorted(run.glob("*.zarr"))
        for path in sorted(product.rglob("*"))
        if path.is_file() and product.name != "inputs.zarr"
    }


def flip_bit(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    path.write_bytes(data)


def copy_run(run: Path, to: Path) -> Path:
    shutil.copytree(run, to)
    return to


if __name__ == "__main__":
    drive(Path(sys.argv[1]), int(sys.argv[2]))
