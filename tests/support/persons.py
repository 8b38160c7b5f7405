"""A workflow over single persons: it writes a store of them, counts them, and goes wrong as it is told.

What must never leave is :data:`CANARY`. It is put together when it is needed, so that no source line shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.release_request import CountedTable, Policy, ReleaseRequest
from citytide.hpc.store.sealed import unseal
from citytide.workflows.workflow import Prepared, Workflow

CANARY = "".join(reversed("9157-namhsiL-tneitap"))
PERSONS, LETTERS = 4, len(CANARY)


class Told(BaseException):
    """What no `except Exception` catches."""


class PersonSettings(Settings):
    trouble: str = ""


def fail(trouble: str) -> None:
    if trouble == "value":
        raise ValueError(f"{CANARY} has no age")
    if trouble == "exit":
        raise SystemExit(f"{CANARY} has no age")
    if trouble == "base":
        raise Told(CANARY)
    if trouble == "chain":
        try:
            {}[CANARY]
        except KeyError as error:
            error.add_note(CANARY)
            raise RuntimeError("a person has no age") from error
    if trouble == "file":
        raise FileNotFoundError(2, "no such file", CANARY)


def list_persons(arrays: dict[str, Any], trouble: str) -> dict[str, Any]:
    if (arrays["person"] == 2).any():
        fail(trouble.removeprefix("list-"))
    n = len(arrays["person"])
    letters = np.frombuffer(CANARY.encode()[:LETTERS].ljust(LETTERS), np.uint8)
    return {"name": np.tile(letters, (n, 1)), "age": arrays["person"] * 10}


def count(arrays: dict[str, Any], trouble: str) -> dict[str, Any]:
    age = unseal(arrays)["age"]
    if trouble.startswith("count-") and (age == 0).any():  # the first block alone
        fail(trouble.removeprefix("count-"))
    if trouble == "sealed":
        return {"n": arrays["age"]}
    n = [(age < 20).sum(), (age >= 20).sum(), (age >= 30).sum()]
    return {"n": np.array(n), "cohort": np.array([[len(age)], [age.sum()]], np.uint64)}


def add(partials: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.sum([partial[name] for partial in partials], axis=0) for name in partials[0]}


def hand_over(partial: dict[str, Any]) -> dict[str, Any]:
    who = np.array(["under 20", "from 20", "from 30"], np.dtypes.StringDType())
    return {"who": who, "persons": partial["n"].astype(np.int64), "largest": partial["n"]}


def prepare(settings: PersonSettings) -> Prepared:
    persons = Product("persons", "Persons", (
        Variable("name", ("person", "letter"), "uint8", "1", "name", "blocks", (PERSONS, LETTERS)),
        Variable("age", ("person",), "int64", "year", "age", "blocks", (PERSONS,)),
    ), person_level=True)  # fmt: skip
    counts = Table("counts", "Counts", (
        Column("who", "string", "1", "age"), Column("persons", "int64", "1", "how many", may_be_withheld=True),
    ))  # fmt: skip
    request = ReleaseRequest(CountedTable(("who",), ("persons",), measure="persons"), Policy(min_cell=2), "key")
    params = {"trouble": settings.trouble}
    listed = BlockStep(
        "list", "persons:list_persons", "person", PERSONS, ("inputs.zarr",), lambda block: 1000, params=params,
        product="persons",
    )  # fmt: skip
    counted = ReductionStep(
        "count", "persons:count", "persons:add", "persons:hand_over", "person", PERSONS, ("persons:age",),
        lambda block: 1000, 100, "counts", params=params, release=request,
    )  # fmt: skip
    return Prepared((listed, counted), (persons, counts), {"person": (("person",), np.arange(PERSONS))})


def finish(run: Run) -> Mapping[str, Any]:
    try:
        refused = str(run.open("persons")["name"])
    except RunError as error:
        refused = str(error)
    adults = run.open("counts").set_index("who").persons["from 20"]
    return {"summary": [{"adults": int(adults)}], "warnings": [refused, *run.release_notes("counts")]}


WORKFLOW = Workflow("persons:WORKFLOW", "Persons", PersonSettings, prepare, finish, modules=("persons",))
