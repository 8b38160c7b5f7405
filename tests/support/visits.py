"""Visits of persons: rows in any order, shuffled to events by person, of which another step keeps the dear ones.

As a script it drives such a run, so that a test can kill it: ``python visits.py RUN WORKERS``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citytide.hpc.execution.backends import LocalBackend
from citytide.hpc.execution.blocks import run_blocks
from citytide.hpc.execution.execution import execute_run
from citytide.hpc.plan.plans import Plan, make_plan, read_plan
from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep, ShuffleStep
from citytide.hpc.ragged.placing import set_lengths_before_placing
from citytide.hpc.run.runs import create_run, open_run
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.ragged import Ragged
from citytide.hpc.store.stores import locate, read_arrays
from citytide.workflows.workflow import Prepared, Workflow

DEAR = 50


def split(arrays: dict[str, Any], sleep: float = 0.0) -> dict[str, Any]:
    time.sleep(sleep)
    return {name: arrays[name] for name in ("person", "day", "cost")}


@dataclass(frozen=True)
class Bucket:
    """Events of some persons, sorted by person."""

    person: NDArray[np.int64]
    day: NDArray[np.uint16]
    cost: NDArray[np.int32]
    offset: NDArray[np.int64]
    sleep: float

    @classmethod
    def from_arrays(cls, arrays: dict[str, Any], sleep: float = 0.0) -> Bucket:
        return cls(**arrays, sleep=sleep)


def gather(bucket: Bucket) -> dict[str, Any]:
    time.sleep(bucket.sleep)
    order = np.lexsort((bucket.cost, bucket.day, bucket.person))
    total = np.bincount(np.repeat(np.arange(len(bucket.offset) - 1), np.diff(bucket.offset)), bucket.cost)
    full = np.zeros(len(bucket.offset) - 1, np.int64)
    full[: len(total)] = total
    return {"day": bucket.day[order], "cost": bucket.cost[order], "total": full}


def keep_dear(arrays: dict[str, Any]) -> dict[str, Any]:
    dear = arrays["cost"] >= DEAR
    before = np.concatenate([[0], np.cumsum(dear)])
    return {"bound": before[arrays["offset"]], "dear_cost": arrays["cost"][dear]}


def events(n_persons: int, per_shard: int) -> Product:
    """The product of the shuffle."""
    return Product("events", "Visits by person", (
        Variable("offset", ("person_bound",), "int64", "1", "where visits begin", "blocks", (n_persons + 1,),
                 per_shard, instance_dimension="person"),
        Variable("total", ("person",), "int64", "1", "cost of all visits", "blocks", (n_persons,), per_shard),
        Variable("day", ("event",), "uint16", "d", "day of the visit", "blocks", (0,), per_shard, ragged="offset"),
        Variable("cost", ("event",), "int32", "1", "cost", "blocks", (0,), 2 * per_shard, ragged="offset"),
    ))  # fmt: skip


def dear(n_persons: int, per_shard: int) -> Product:
    """The product of the step that keeps some of them."""
    return Product("dear", "Dear visits", (
        Variable("bound", ("person_bound",), "int64", "1", "where dear visits begin", "blocks", (n_persons + 1,),
                 per_shard, instance_dimension="person"),
        Variable("dear_cost", ("event",), "int32", "1", "cost", "blocks", (0,), per_shard, ragged="bound"),
    ))  # fmt: skip


def make_visits(n_persons: int, n_visits: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    draw = np.random.default_rng(seed)
    person = draw.integers(0, n_persons, n_visits) if n_persons else np.empty(0, np.int64)
    return {
        "person": person, "day": draw.integers(0, 365, n_visits).astype("u2"),
        "cost": draw.integers(0, 100, n_visits).astype("i4"),
    }  # fmt: skip


def plan_visits(
    n_persons: int, n_visits: int, *, per_block: int, keys_per_bucket: int, per_shard: int = 16,
    bounds: Sequence[int] = (), sleep: float = 0.0,
) -> Plan:  # fmt: skip
    shuffle = ShuffleStep(
        "sort", "visits:split", "visits:gather", "row", n_visits, ("inputs.zarr",), "person", n_persons,
        keys_per_bucket, lambda block: 10**6, lambda block: 10**6, "events", {"sleep": sleep}, per_block,
    )  # fmt: skip
    keep = BlockStep(
        name="keep", function="visits:keep_dear", dim="person", extent=n_persons, inputs=("events:cost",),
        memory_bytes=lambda block: 10**6, product="dear", per_block=keys_per_bucket, bounds=bounds,
    )  # fmt: skip
    products = (events(n_persons, per_shard), dear(n_persons, per_shard))
    return make_plan((shuffle, keep), products, workers=2, threads=1, memory_per_worker=10**9)


def lay_out(out: Path, n_persons: int = 40, n_visits: int = 300, **options: Any) -> Path:
    plan = plan_visits(n_persons, n_visits, **{"per_block": 100, "keys_per_bucket": 7, **options})
    arrays = {name: (("row",), values) for name, values in make_visits(n_persons, n_visits).items()}
    return create_run(out, plan, arrays, {"workflow": "visits", "inputs": []}).path


def drive(run: Path, workers: int = 2, **options: Any) -> dict[str, Any]:
    backend = LocalBackend(workers, 1, 10**9)
    return execute_run(open_run(run), backend, lambda done: {"summary": [], "warnings": []}, quiet=True, **options)


def run_here(run: Path) -> list[dict[str, Any]]:
    """Every block in this process, as a driver and its workers would; the lines of the ledger, or the first failure."""
    plan, done = read_plan(run), dict[tuple[str, int], Any]()
    for step in plan.steps:
        if step.kind == "place":
            set_lengths_before_placing(run, plan, step, done)
        for line in run_blocks(str(run), 1, step.name, list(range(step.tasks))):
            if line["outcome"] != "done":
                return [line]
            done[step.name, line["block"]] = line
    return list(done.values())


def read_product(run: Path, name: str) -> dict[str, NDArray[Any]]:
    return read_arrays(locate(run, name))


def product_bytes(run: Path) -> dict[str, bytes]:
    """Every byte of both products, published or not."""
    return {
        f"{name}/{path.relative_to(locate(run, name))}": path.read_bytes()
        for name in ("events", "dear")
        for path in sorted(locate(run, name).rglob("*"))
        if path.is_file()
    }


class VisitSettings(Settings):
    persons: int = 20
    end: int = 120  # of the offsets: right with as many visits


def prepare(settings: VisitSettings) -> Prepared:
    """Visits that are sorted by person already, as the inputs of the step that keeps the dear ones."""
    n, visits = settings.persons, make_visits(settings.persons, 120)
    order = np.argsort(visits["person"], kind="stable")
    offset = np.concatenate([[0], np.cumsum(np.bincount(visits["person"], minlength=n))])
    offset[-1] = settings.end
    step = BlockStep(
        name="keep", function="visits:keep_dear", dim="person", extent=n, inputs=("inputs.zarr:cost",),
        memory_bytes=lambda block: 10**6, product="dear", bounds=(0, 3, n),
    )  # fmt: skip
    arrays = {"cost": (("visit",), visits["cost"][order]), "offset": (("person_bound",), offset)}
    return Prepared((step,), (dear(n, 16),), arrays, ragged=(Ragged("visit", "offset", "person"),))


WORKFLOW = Workflow(
    "visits:WORKFLOW", "Dear visits", VisitSettings, prepare, lambda run: {"summary": [], "warnings": []}
)


if __name__ == "__main__":
    drive(Path(sys.argv[1]), int(sys.argv[2]))
