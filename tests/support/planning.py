"""A small plan that keeps every rule, and what `make_plan` says of one that breaks a rule."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.plan.steps import BlockStep, ReductionStep
from citytide.hpc.store.products import Column, Product, Table, Variable

ROWS = 10
X = (("row", "link"), np.ones((ROWS, 4)))
LABEL = (("row",), np.arange(ROWS))


def variable(name: str, filled: Any = "blocks", **changed: Any) -> Variable:
    shape = () if filled == "inputs" else (ROWS, 4) if filled == "blocks" else (ROWS,)
    dims = ("row", "link") if filled == "blocks" else ("row",)
    given = {"dims": dims, "dtype": "float64", "units": "1", "long_name": name, "filled": filled, "shape": shape}
    return Variable(name, **{**given, **changed})


DOUBLE = Product(
    "double", "Twice x", (variable("y"), variable("total", "ledger"), variable("label", "inputs", dtype="int64"))
)
MORE = Product("more", "More of it", (variable("z"),))
SUMS = Table("sums", "Sums", (Column("sum", "float64", "1", "sum"),))


def step(name: str = "double", **changed: Any) -> BlockStep:
    given: dict[str, Any] = {
        "function": "math:sqrt", "dim": "row", "extent": ROWS, "inputs": ("inputs.zarr",),
        "memory_bytes": lambda block: 1000,
    }  # fmt: skip
    if name == "double":
        given |= {"product": "double", "scalars": ("total", "another")}
    return BlockStep(name, **{**given, **changed})


def reduction(name: str = "ends", **changed: Any) -> ReductionStep:
    given: dict[str, Any] = {
        "chunk": "math:ceil", "combine": "math:sqrt", "finalize": "math:floor", "dim": "row", "extent": ROWS,
        "inputs": ("double:y",), "memory_bytes": lambda block: 1000, "partial_bytes": 8, "product": "more",
        "rows": ROWS,
    }  # fmt: skip
    return ReductionStep(name, **{**given, **changed})


def plan(*steps: Any, products: Any = (DOUBLE,), **changed: Any) -> Plan:
    arrays = {"x": X, "label": LABEL}
    given = {"workers": 2, "threads": 1, "memory_per_worker": 10**9, "arrays": arrays}
    return make_plan(steps, products, **{**given, **changed})


def refuses(said: str, *steps: Any, **changed: Any) -> None:
    """The whole sentence, and no plan."""
    with pytest.raises(RunError) as refused:
        plan(*steps, **changed)
    assert re.fullmatch(said, str(refused.value)), str(refused.value)
