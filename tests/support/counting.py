"""A run that counts persons of a store and of a source: what stands behind a release of its counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.store.products import Product, Variable
from citytide.workflows.workflow import Prepared, Workflow

PERSONS, GROUPS = 40, 3
TROUBLE = {"at": ""}  # set by a test: the step that raises


class CountingSettings(Settings):
    weights: str = ""


def list_persons(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"age": arrays["person"] * 2}


def count(arrays: dict[str, Any]) -> dict[str, Any]:
    if TROUBLE["at"] == "count":
        raise ValueError(f"person of age {arrays['age'][0]}")
    weights = np.load(arrays["weights"])
    group = np.asarray(arrays["age"]) % GROUPS
    return {"n": np.bincount(group, minlength=GROUPS) * weights, "cohort": np.ones((2, 4), np.uint64)}


def add(partials: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(partial[name] for partial in partials) for name in ("n", "cohort")}


def hand_over(partial: dict[str, Any]) -> dict[str, Any]:
    return {"n": partial["n"].astype(np.int64)}


def prepare(settings: CountingSettings) -> Prepared:
    persons = Product("persons", "Persons", (
        Variable("age", ("person",), "int64", "year", "age", "blocks", (PERSONS,), per_shard=4),
    ))  # fmt: skip
    counts = Product("counts", "Counts", (
        Variable("n", ("row",), "int64", "1", "how many", "blocks", (GROUPS,), per_shard=GROUPS),
    ))  # fmt: skip
    listed = BlockStep(
        "list", "counting:list_persons", "person", PERSONS, ("inputs.zarr",), lambda block: 1000, per_block=4,
        product="persons",
    )  # fmt: skip
    counted = ReductionStep(
        "count", "counting:count", "counting:add", "counting:hand_over", "person", PERSONS,
        ("persons:age", "source:weights"), lambda block: 1000, 100, "counts", GROUPS, per_block=4,
    )  # fmt: skip
    return Prepared(
        (listed, counted), (persons, counts), {"person": (("person",), np.arange(PERSONS))},
        sources={"weights": Source(settings.weights)},
    )  # fmt: skip


def finish(run: Any) -> dict[str, Any]:
    return {"summary": [{"groups": GROUPS}]}


WORKFLOW = Workflow("counting:WORKFLOW", "Counts", CountingSettings, prepare, finish, modules=("counting",))
