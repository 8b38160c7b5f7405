"""A workflow whose blocks are computed by ranks: each doubles its share of the rows of a block."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.gang.gang import Gang
from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Product, Variable
from citytide.workflows.workflow import Prepared, Workflow


class ShareSettings(Settings):
    rows: int = 4
    ranks: int = 2
    fail_on: int = -1
    person_level: bool = False


def double_share(
    gang: Gang, arrays: dict[str, Any], folder: Path, fail_on: int, has_scalars: bool = True
) -> dict[str, Any] | None:
    if gang.rank == fail_on:
        raise ValueError(f"rank {gang.rank} will not")
    mine = np.zeros_like(arrays["x"])
    mine[gang.rank :: gang.size] = 2.0 * arrays["x"][gang.rank :: gang.size]
    parts = gang.comm.gather(mine, 0)
    if parts is None:
        return None
    told = {"ranks": np.full(len(mine), float(gang.size))} if has_scalars else {}
    return {"doubled": sum(parts), **told}


def prepare(settings: ShareSettings) -> Prepared:
    rows = settings.rows
    variables = tuple(
        Variable(name, ("row",), "float64", "1", name, where, shape)  # type: ignore[arg-type]
        for name, where, shape in (("doubled", "blocks", (rows,)), ("ranks", "ledger", (rows,)))
        if where == "blocks" or not settings.person_level
    )
    step = BlockStep(
        name="share", function="sharing:double_share", dim="row", extent=rows, inputs=("inputs.zarr",),
        memory_bytes=lambda block: 10**6, product="shared", scalars=() if settings.person_level else ("ranks",),
        per_block=2, ranks=settings.ranks,
        params={"fail_on": settings.fail_on, "has_scalars": not settings.person_level},
    )  # fmt: skip
    return Prepared(
        steps=(step,),
        products=(Product("shared", "Twice x", variables, person_level=settings.person_level),),
        arrays={"x": (("row",), np.arange(rows, dtype=np.float64)), "row": (("row",), np.arange(rows))},
    )


def finish(run: Run) -> Mapping[str, Any]:
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("sharing:WORKFLOW", "Twice x", ShareSettings, prepare, finish, modules=("sharing",))
