"""A workflow with known answers that takes as long, holds as much, and goes wrong as it is told: y = 2 x by rows."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Product, Variable
from citytide.workflows.workflow import Prepared, Workflow

LINKS = 50


class SumSettings(Settings):
    rows: int = 12
    sleep: float = 0.0
    trouble: str = ""
    hog_mb: int = 0
    memory_mb: int = 1
    gpus: int = 0


def double(arrays: dict[str, Any], sleep: float, trouble: str, hog_mb: int) -> dict[str, Any]:
    time.sleep(sleep)
    third = bool((arrays["row"] == 3).any())
    if trouble == "raise" and third:
        raise ZeroDivisionError("row 3 is too much")
    if trouble == "gpu":
        gpu = os.environ["CUDA_VISIBLE_DEVICES"]
        print(f"block on {gpu}", flush=True)
        meet(Path(os.environ["MEETING"]), gpu, others=1)
    if hog_mb and third:
        held = np.ones(hog_mb << 17)
        time.sleep(3.0)  # long enough for whoever counts memory to look
        del held
    return {"y": arrays["x"] * 2.0, "total": arrays["x"].sum(axis=1)}


def meet(place: Path, name: str, others: int) -> None:
    """Wait until so many others have come too; however slowly workers start, each of them gets a block."""
    place.mkdir(exist_ok=True)
    (place / name).touch()
    end = time.monotonic() + 120.0
    while len(list(place.iterdir())) <= others and time.monotonic() < end:
        time.sleep(0.05)


def prepare(settings: SumSettings) -> Prepared:
    rows = settings.rows
    y = Variable("y", ("row", "link"), "float64", "1", "twice x", "blocks", (rows, LINKS))
    total = Variable("total", ("row",), "float64", "1", "sum of x", "ledger", (rows,))
    step = BlockStep(
        name="double", function="sums:double", dim="row", extent=rows, inputs=("inputs.zarr",),
        memory_bytes=lambda block: settings.memory_mb * 10**6, product="double", scalars=("total",),
        params={"sleep": settings.sleep, "trouble": settings.trouble, "hog_mb": settings.hog_mb}, gpus=settings.gpus,
    )  # fmt: skip
    x = np.sqrt(np.arange(rows * LINKS, dtype=np.float64)).reshape(rows, LINKS)
    return Prepared(
        steps=(step,),
        products=(Product("double", "Twice x", (y, total)),),
        arrays={"x": (("row", "link"), x), "row": (("row",), np.arange(rows))},
    )


def finish(run: Run) -> Mapping[str, Any]:
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("sums:WORKFLOW", "Twice x", SumSettings, prepare, finish, modules=("sums",))


def store_bytes(run: Path) -> dict[str, bytes]:
    """Every byte of every product."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for product in sorted(run.glob("*.zarr"))
        for path in sorted(product.rglob("*"))
        if path.is_file() and product.name != "inputs.zarr"
    }
