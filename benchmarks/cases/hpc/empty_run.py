"""A run whose blocks compute nothing: what is left is what running costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["drive_empty_run", "fill_rows"]

STEP = "empty"


def fill_rows(arrays: Mapping[str, Any], columns: int, sleep_s: float = 0.0) -> dict[str, Any]:
    """The step's function: waits if asked to, and returns rows as they came, or of their own number."""
    time.sleep(sleep_s)
    if "given" in arrays:
        return {"rows": arrays["given"]}
    return {"rows": np.repeat(arrays["row"].astype(float)[:, None], columns, axis=1)}


def drive_empty_run(
    out: Path, *, blocks: int, workers: int, row_bytes: int = 24_000, sleep_s: float = 0.0, read: bool = False
) -> list[dict[str, Any]]:
    """Run ``blocks`` blocks of one row each on local workers of one thread; the ledger's lines, those of blocks only.

    Parameters
    ----------
    out
        Folder of the run; must not hold another.
    row_bytes
        Size of the one array's row [B]; by default that of a small network's flow.
    sleep_s
        How long each block waits [s], in place of a kernel.
    read
        Whether each block also reads a row of that size from the run's inputs.
    """
    from ....hpc.execution.backends import LocalBackend
    from ....hpc.execution.execution import execute_run
    from ....hpc.plan.plans import make_plan
    from ....hpc.plan.steps import BlockStep
    from ....hpc.run.runs import create_run
    from ....hpc.store.ledger import read_ledger
    from ....hpc.store.products import Product, Variable

    columns = max(1, row_bytes // 8)
    rows = Variable("rows", ("row", "column"), "float64", "1", "what came in", "blocks", (blocks, columns))
    step = BlockStep(
        name=STEP, function=f"{__name__}:fill_rows", dim="row", extent=blocks, inputs=("inputs.zarr",),
        memory_bytes=lambda block: 4 * row_bytes, params={"columns": columns, "sleep_s": sleep_s}, product="copy",
    )  # fmt: skip
    memory = 10**9
    plan = make_plan((step,), (Product("copy", "Rows", (rows,)),), workers=workers, threads=1, memory_per_worker=memory)
    inputs: dict[str, Any] = {"row": (("row",), np.arange(blocks))}
    if read:
        inputs["given"] = (("row", "column"), np.random.default_rng(0).random((blocks, columns)))
    run = create_run(out, plan, inputs, {"workflow": "empty", "inputs": []})
    execute_run(run, LocalBackend(workers, 1, memory), lambda done: {"summary": [], "warnings": []}, quiet=True)
    return [line for line in read_ledger(out / "ledger.jsonl") if line["kind"] == "block"]
