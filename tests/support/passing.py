"""A workflow that passes on the persons of another run, as arrays or as a source, and goes wrong as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from persons import CANARY, LETTERS, PERSONS

from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.sealed import unseal
from citytide.workflows.workflow import Prepared, Workflow


class PassSettings(Settings):
    store: str
    how: str
    marked: bool = False
    trouble: str = ""


def fail() -> None:
    raise ValueError(CANARY)


def copy(arrays: dict[str, Any], trouble: str) -> dict[str, Any]:
    if trouble == "copy":
        fail()
    return {"name": np.asarray(unseal(arrays)["name"])}


def prepare(settings: PassSettings) -> Prepared:
    if settings.trouble == "prepare":
        fail()
    name = Variable("name", ("person", "letter"), "uint8", "1", "name", "blocks", (PERSONS, LETTERS))
    arrays, sources = {}, {}
    if settings.how == "source":
        sources["persons"] = Source(Path(settings.store), "zarr")
    elif (Path(settings.store) / "name").is_dir():
        arrays["name"] = (("person", "letter"), np.asarray(zarr.open_group(settings.store, mode="r")["name"]))
    step = BlockStep(
        "copy", "passing:copy", "person", PERSONS, ("source:persons",) if sources else ("inputs.zarr",),
        lambda block: 1000, params={"trouble": settings.trouble}, product="passed",
    )  # fmt: skip
    passed = Product("passed", "Passed on", (name,), person_level=settings.marked)
    then = "passing:plan_further" if settings.trouble == "then" else ""
    return Prepared((step,), (passed,), arrays, sources=sources, then=then)


def plan_further(run: Run) -> Prepared:
    fail()
    raise AssertionError


def finish(run: Run) -> Mapping[str, Any]:
    if run.record["settings"]["trouble"]["value"] == "finish":
        fail()
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("passing:WORKFLOW", "Passed on", PassSettings, prepare, finish, modules=("passing",))
