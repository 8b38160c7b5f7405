from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, list_plans, make_plan, read_plan, read_plans
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.resumption.further_plans import (
    FurtherPlan,
    find_next,
    lay_out_further,
    read_stored_inputs,
    refuse_repeated_names,
)
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.products import Product, Variable


def plan(step: str, product: str) -> Plan:
    held = Variable("z", ("row",), "float64", "1", "z", "blocks", (3,))
    asked = BlockStep(step, "doubling:double", "row", 3, ("inputs-2.zarr",), lambda block: 10**6, product=product)
    products = (Product(product, "z", (held,)),)
    return make_plan((asked,), products, workers=1, threads=1, memory_per_worker=10**9, inputs="inputs-2.zarr")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    from doubling import lay_out  # type: ignore[import-not-found]

    found = open_run(lay_out(tmp_path / "run", rows=2))
    record = {**found.record, "then": "doubling:plan"}
    (found.path / "run.json").write_text(json.dumps(record))
    return Run(found.path)


def further(**changed: Any) -> FurtherPlan:
    arrays = {"z": (("row",), np.arange(3.0))}
    return FurtherPlan(plan("more", "more"), arrays, **changed)


def test_plan_that_follows_stands_beside_the_first_and_names_the_next(run: Run) -> None:
    assert find_next(run) == "doubling:plan" and len(read_plans(run.path)) == 1
    before = read_plan(run.path)
    lay_out_further(run, further(then="doubling:last"))
    assert [path.name for path in list_plans(run.path)] == ["plan.json", "plan-2.json"]
    whole = run.plan
    assert [step.name for step in whole.steps] == [*(step.name for step in before.steps), "more"]
    assert [product.name for product in whole.products] == ["double", "envelope", "more"]
    assert find_next(run) == "doubling:last" and (run.path / "staging/more.zarr/z").is_dir()
    lay_out_further(run, FurtherPlan(plan("last", "last"), {}))
    assert find_next(run) == "" and (run.path / "inputs-3.zarr").is_dir()


def test_laying_out_again_after_a_kill_leaves_the_same_bytes(run: Run) -> None:
    def all_bytes() -> dict[str, bytes]:
        folders = (run.path / "inputs-2.zarr", run.path / "staging/more.zarr")
        return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}

    path = lay_out_further(run, further())
    whole, said = all_bytes(), path.read_bytes()
    path.unlink()
    (run.path / "inputs-2.zarr/z/c/0").write_bytes(b"half")
    (run.path / "inputs-2.zarr/left").touch()
    assert lay_out_further(run, further()).read_bytes() == said and all_bytes() == whole


def test_hashes_of_what_later_plans_read_are_recorded(run: Run) -> None:
    first = read_stored_inputs(run)
    lay_out_further(run, further())
    added = read_stored_inputs(run).keys() - first.keys()
    assert "inputs-2.zarr/z/c/0" in added and all(name.startswith("inputs-2.zarr/") for name in added)


@pytest.mark.parametrize(("step", "product", "kind"), [("double", "new", "step"), ("new", "double", "product")])
def test_name_that_is_taken_is_refused(run: Run, step: str, product: str, kind: str) -> None:
    with pytest.raises(RunError) as refused:
        refuse_repeated_names(run.plan, plan(step, product))
    assert str(refused.value) == (
        f"each {kind} of a run must have a name of its own, but its further plan uses 'double' again: rename the {kind}"
    )
