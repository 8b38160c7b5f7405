"""Two plans that mix everything: numbers with squares in the ledger, then multiples of them, ragged and as a table.

The first plan writes ``n, n^2`` of 4 rows, the square by the ledger, and the number in source `first`. The second reads
both, repeats each row n times as ragged events, adds the number in source `second`, and lists the events in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.sealed import unseal
from citytide.hpc.store.stores import locate, read_arrays
from citytide.workflows.workflow import Prepared, Workflow

ROWS = 4
SECRET = "-".join(("patient", "Lishman"))


class MixSettings(Settings):
    first: str
    second: str
    person_level: bool = False
    trouble: str = ""


def _memory(block: Any) -> int:
    return 10**6


def number(arrays: dict[str, Any]) -> dict[str, Any]:
    n = arrays["row"] + 1
    return {"n": n + int(Path(arrays["first"]).read_text()), "square": n**2}


def repeat(arrays: dict[str, Any]) -> dict[str, Any]:
    arrays = unseal(arrays)
    n, added = arrays["n"], int(Path(arrays["second"]).read_text())
    return {"bound": np.concatenate([[0], np.cumsum(n)]), "value": np.repeat(arrays["known"], n) + added}


def listed(arrays: dict[str, Any]) -> dict[str, Any]:
    arrays = unseal(arrays)
    row = np.repeat(arrays["row"], np.diff(arrays["bound"]))
    return {"row": row, "value": arrays["value"].astype(np.int64)}


def prepare(settings: MixSettings) -> Prepared:
    n = Variable("n", ("row",), "int64", "1", "number", "blocks", (ROWS,))
    square = Variable("square", ("row",), "int64", "1", "its square", "ledger", (ROWS,))
    persons = settings.person_level
    held = (n,) if persons else (n, square)
    scalars = () if persons else ("square",)
    step = BlockStep(
        "number", f"mixing:{'number_privately' if persons else 'number'}", "row", ROWS, ("inputs.zarr", "source:first"),
        _memory, product="numbers", scalars=scalars,
    )  # fmt: skip
    return Prepared(
        (step,), (Product("numbers", "Numbers", held, person_level=persons),), {"row": (("row",), np.arange(ROWS))},
        sources={"first": Source(Path(settings.first), person_level=persons)}, then="mixing:plan_events",
    )  # fmt: skip


def number_privately(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"n": number(arrays)["n"]}


def plan_events(run: Run) -> Prepared:
    told = {name: entry["value"] for name, entry in run.record["settings"].items()}
    persons = told["person_level"]
    if told["trouble"] == "plan":
        raise KeyError(SECRET)
    if persons:
        known = run.read_persons("numbers", ["n"])["n"]
    else:
        known = read_arrays(locate(run.path, "numbers"))["square"]
    bound = Variable(
        "bound", ("row_bound",), "int64", "1", "where events begin", "blocks", (ROWS + 1,), instance_dimension="row"
    )
    value = Variable("value", ("event",), "int64", "1", "value", "blocks", (0,), 3, ragged="bound")
    columns = (Column("row", "int64", "1", "row"), Column("value", "int64", "1", "value"))
    repeated = BlockStep(
        "repeat", "mixing:repeat", "row", ROWS, ("numbers:n", "inputs-2.zarr:known", "source:second"), _memory,
        product="events",
    )  # fmt: skip
    table = BlockStep("list", "mixing:listed", "row", ROWS, ("inputs-2.zarr:row", "events"), _memory, product="pairs")
    return Prepared(
        (repeated, table),
        (
            Product("events", "Events", (bound, value), person_level=persons),
            Table("pairs", "Pairs", columns, person_level=persons),
        ),
        {"known": (("row",), known), "row": (("row",), np.arange(ROWS))},
        sources={"second": Source(Path(told["second"]))},
    )  # fmt: skip


def finish(run: Run) -> Mapping[str, Any]:
    (run.path / "figures").mkdir(exist_ok=True)
    (run.path / "figures" / "a.svg").write_text("<svg/>")
    return {"summary": [], "warnings": []}


WORKFLOW = Workflow("mixing:WORKFLOW", "All at once", MixSettings, prepare, finish, modules=("mixing",))
