"""A run whose blocks say how many of them were at work in their process at one time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.plan.grants import WORKER_BYTES
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import create_run
from citytide.hpc.store.products import Product, Variable

ENTERED = threading.Condition()
AT_WORK = 0


def look_around(arrays: dict[str, Any], expected: int, timeout_s: float) -> dict[str, Any]:
    """Stay until ``expected`` blocks are at work here, or the time is up; tell the most that ever were."""
    global AT_WORK
    with ENTERED:
        AT_WORK += 1
        most = AT_WORK
        ENTERED.notify_all()
        end = time.monotonic() + timeout_s
        while AT_WORK < expected and (left := end - time.monotonic()) > 0:
            ENTERED.wait(left)
            most = max(most, AT_WORK)
        most = max(most, AT_WORK)
    time.sleep(0.05)  # whoever waited sees it before it is over
    with ENTERED:
        AT_WORK -= 1
    return {"y": arrays["x"], "most": np.full(len(arrays["x"]), most)}


def lay_out(out: Path, *, rows: int, block_bytes: int, room_bytes: int, expected: int, timeout_s: float) -> Path:
    """A run of so many blocks in a worker of 2 threads."""
    y = Variable("y", ("row",), "float64", "1", "x", "blocks", (rows,))
    most = Variable("most", ("row",), "int64", "1", "blocks at work", "ledger", (rows,))
    step = BlockStep(
        name="crowd", function="crowding:look_around", dim="row", extent=rows, inputs=("inputs.zarr",),
        memory_bytes=lambda block: block_bytes, params={"expected": expected, "timeout_s": timeout_s},
        product="crowd", scalars=("most",),
    )  # fmt: skip
    plan = make_plan(
        (step,), (Product("crowd", "x", (y, most)),), workers=1, threads=2, memory_per_worker=WORKER_BYTES + room_bytes
    )
    arrays = {"x": (("row",), np.arange(rows, dtype=np.float64))}
    return create_run(out, plan, arrays, {"workflow": "crowding", "inputs": []}).path
