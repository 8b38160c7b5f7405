"""Two questions of an outside package, one on the other's answer: how wet each member of a flood is, and in what order.

``wetness`` reads the store of a flood where it lies, member by member, and leaves a table; ``ranking`` reads the table.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import zarr
from pydantic import Field

from citytide.workflows import (
    BlockStep,
    Column,
    Prepared,
    ReductionStep,
    Result,
    Run,
    RunError,
    Settings,
    Source,
    Table,
    Workflow,
)

WET = Table(
    "wet", "Wet cells of each member",
    (
        Column("member", "int64", "1", "place of the member"),
        Column("n_wet", "int64", "1", "cells deeper than the threshold at some time"),
        Column("deepest", "float64", "m", "largest depth"),
    ),
)  # fmt: skip
ORDER = Table(
    "order", "Members from wet to dry", (Column("member", "int64", "1", "place of the member"),), format="csv"
)


class WetnessSettings(Settings):
    flood: str = Field(description="the store of a flood")
    threshold_m: float = Field(0.1, ge=0.0, description="depth from which a cell is wet [m]")
    sleep: float = 0.0


def count_wet(arrays: dict[str, Any], threshold_m: float, sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    deepest = arrays["depth"].max(axis=1)
    return {
        "member": arrays["place"],
        "n_wet": (deepest > threshold_m).sum(axis=(1, 2)).astype(np.int64),
        "deepest": deepest.max(axis=(1, 2)).astype(np.float64),
    }


def prepare_wetness(settings: WetnessSettings) -> Prepared:
    group = zarr.open_group(settings.flood, mode="r")
    if "depth" not in group:
        raise RunError(f"flood must be a store with depth, got {settings.flood}: give run:RUN/flood")
    n = int(group["depth"].shape[0])  # type: ignore[union-attr]
    step = BlockStep(
        name="count", function="flooded:count_wet", dim="member", extent=n,
        inputs=("inputs.zarr", "source:flood:depth"),
        memory_bytes=lambda block: 10**8, params={"threshold_m": settings.threshold_m, "sleep": settings.sleep},
        product="wet",
    )  # fmt: skip
    return Prepared(
        (step,), (WET,), {"place": (("member",), np.arange(n))}, sources={"flood": Source(settings.flood, "zarr")}
    )


def finish_wetness(run: Run) -> Result:
    return Result("How wet each member is.", run.open("wet").to_dict("records"), "members")


class RankingSettings(Settings):
    table: str = Field(description="the table of wet cells")
    sleep: float = 0.0


def keep(arrays: dict[str, Any], sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    return {"member": arrays["member"], "n_wet": arrays["n_wet"]}


def join(partials: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in partials]) for name in ("member", "n_wet")}


def rank(partial: dict[str, Any]) -> dict[str, Any]:
    return {"member": partial["member"][np.argsort(-partial["n_wet"], kind="stable")]}


def prepare_ranking(settings: RankingSettings) -> Prepared:
    table = parquet.read_table(settings.table)
    arrays = {name: (("row",), table[name].to_numpy()) for name in ("member", "n_wet")}
    step = ReductionStep(
        name="rank", chunk="flooded:keep", combine="flooded:join", finalize="flooded:rank", dim="row",
        extent=len(table), inputs=("inputs.zarr",), memory_bytes=lambda block: 10**6, partial_bytes=10**6,
        product="order", params={"sleep": settings.sleep},
    )  # fmt: skip
    return Prepared((step,), (ORDER,), arrays)


def finish_ranking(run: Run) -> Result:
    return Result("Members from wet to dry.", run.open("order").to_dict("records"), "members")


WETNESS = Workflow("flooded:WETNESS", "how wet each member is", WetnessSettings, prepare_wetness, finish_wetness)
RANKING = Workflow("flooded:RANKING", "members from wet to dry", RankingSettings, prepare_ranking, finish_ranking)
