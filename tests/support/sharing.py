"""A workflow whose blocks are computed by ranks: each doubles its share of the rows of a block."""

from __future__ import annotations

import json
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

CELLS = 7


class ShareSettings(Settings):
    rows: int = 4
    ranks: int = 2
    fail_on: int = -1
    rank_bounds: str = ""
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


def add_ground(
    gang: Gang, arrays: dict[str, Any], folder: Path, fail_on: int, has_scalars: bool
) -> dict[str, Any] | None:
    """Twice x and the sum of the ground, of which each rank has read its own rows alone."""
    assert gang.rows is not None
    start, stop = gang.rows
    assert arrays["ground"].tolist() == [cell**2 for cell in range(start, stop)] and len(arrays["depth"]) == CELLS
    total = int(gang.add_up(np.array([arrays["ground"].sum()]))[0])
    top = gang.find_maximum(np.array([-0.0, float(arrays["ground"].max(initial=0))]))
    seen = gang.comm.gather(gang.rows, 0)
    if seen is None:
        return None
    (folder / "rows.json").write_text(json.dumps(seen))
    return {"doubled": arrays["x"] * 2.0 + total + top.sum(), "ranks": np.full(len(arrays["x"]), float(total))}


def prepare(settings: ShareSettings) -> Prepared:
    rows = settings.rows
    variables = tuple(
        Variable(name, ("row",), "float64", "1", name, where, shape)  # type: ignore[arg-type]
        for name, where, shape in (("doubled", "blocks", (rows,)), ("ranks", "ledger", (rows,)))
        if where == "blocks" or not settings.person_level
    )
    step = BlockStep(
        name="share", function="sharing:add_ground" if settings.rank_bounds else "sharing:double_share", dim="row",
        extent=rows, inputs=("inputs.zarr",), memory_bytes=lambda block: 10**6, product="shared",
        scalars=() if settings.person_level else ("ranks",), per_block=2, ranks=settings.ranks,
        params={"fail_on": settings.fail_on, "has_scalars": not settings.person_level},
        rank_dim="cell" if settings.rank_bounds else "",
        rank_bounds=tuple(int(bound) for bound in settings.rank_bounds.split("-") if bound),
    )  # fmt: skip
    return Prepared(
        steps=(step,),
        products=(Product("shared", "Twice x", variables, person_level=settings.person_level),),
        arrays={
            "x": (("row",), np.arange(rows, dtype=np.float64)),
            "row": (("row",), np.arange(rows)),
            "ground": (("cell",), np.arange(CELLS) ** 2),
            "depth": (("depth",), np.zeros(CELLS)),
        },
    )


def finish(run: Run) -> Mapping[str, Any]:
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("sharing:WORKFLOW", "Twice x", ShareSettings, prepare, finish, modules=("sharing",))


def store_bytes(run: Path) -> dict[str, bytes]:
    """Every byte of the product."""
    product = run / "shared.zarr"
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(product.rglob("*")) if path.is_file()}
