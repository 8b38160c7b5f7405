"""A run whose blocks have unequal lengths: y = 2 x by rows, and the least and most of it over all rows.

As a script it drives such a run, so that a test can kill it: ``python unequal.py RUN WORKERS``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from doubling import drive, store_bytes

from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.run.runs import create_run
from citytide.hpc.store.products import Product, Variable

__all__ = ["double", "drive", "lay_out", "store_bytes"]

ROWS, LINKS = 24, 5


def double(arrays: dict[str, Any], sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    return {"y": arrays["x"] * 2.0, "total": arrays["x"].sum(axis=1)}


def lay_out(out: Path, bounds: Sequence[int], *, sleep: float = 0.0, per_shard: int = 2) -> Path:
    y = Variable("y", ("row", "link"), "float64", "1", "twice x", "blocks", (ROWS, LINKS), per_shard=per_shard)
    total = Variable("total", ("row",), "float64", "1", "sum of x", "ledger", (ROWS,))
    least, most = (
        Variable(end, ("link",), "float64", "1", end, "blocks", (LINKS,), per_shard=LINKS) for end in ("least", "most")
    )
    products = (Product("double", "Twice x", (y, total)), Product("envelope", "Ends of y", (least, most)))
    steps = (
        BlockStep(
            name="double", function="unequal:double", dim="row", extent=ROWS, inputs=("inputs.zarr",),
            memory_bytes=lambda block: 10**6, params={"sleep": sleep}, bounds=bounds, product="double",
            scalars=("total",),
        ),
        ReductionStep(
            name="ends", chunk="doubling:chunk", combine="doubling:combine", finalize="doubling:finalize", dim="row",
            extent=ROWS, inputs=("double:y",), memory_bytes=lambda block: 10**6, partial_bytes=1600,
            product="envelope", rows=LINKS, bounds=bounds,
        ),
    )  # fmt: skip
    arrays = {"x": (("row", "link"), np.sqrt(np.arange(ROWS * LINKS, dtype=np.float64)).reshape(ROWS, LINKS))}
    plan = make_plan(steps, products, workers=2, threads=1, memory_per_worker=10**9, arrays=arrays)
    return create_run(out, plan, arrays, {"workflow": "unequal", "inputs": []}).path


if __name__ == "__main__":
    drive(Path(sys.argv[1]), int(sys.argv[2]))
