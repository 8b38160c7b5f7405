"""Two runs held against each other: real ones of each question, and small ones made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.run.runs import create_run, open_run
from citytide.hpc.store.ledger import Ledger
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.stores import publish
from citytide.workflows.comparison.compare import compare_runs

LINK = Variable("link", ("link",), "int64", "1", "link", "inputs")
FLOW = Variable("flow", ("link",), "float64", "veh h-1", "flow", "inputs")
FLOWS = Product("flows", "Flows", (FLOW, LINK))


def make_run(
    path: Path, products: tuple[Product | Table, ...] = (FLOWS,), *, state: str = "done",
    tables: dict[str, str] | None = None, **arrays: Any,
) -> Path:  # fmt: skip
    """A run without steps, whose stores are filled by its inputs and its tables by hand."""
    given = {"link": np.array([1, 2, 3]), "flow": np.array([10.0, 20.0, 30.0])} | arrays
    stores = tuple(product for product in products if isinstance(product, Product))
    plan: Plan = make_plan((), stores, workers=1, threads=1, memory_per_worker=10**9)
    plan = replace(plan, tables=tuple(product for product in products if isinstance(product, Table)))
    create_run(path, plan, {name: (("link",), np.asarray(values)) for name, values in given.items()}, {
        "workflow": "by-hand",
    })  # fmt: skip
    for name, text in (tables or {}).items():
        (path / name).write_text(text)
    if state == "done":
        for product in plan.products:
            publish(path, product.name)
        (path / "result.json").write_text(json.dumps({"state": "done", "summary": [{"run": "x", "total": 60.0}]}))
    with Ledger(path / "ledger.jsonl", 1) as ledger:
        ledger.append("end", state=state, time=0.0)
    return path


@pytest.mark.parametrize("name", ["traffic-assignment", "inundation", "flood-warning"])
def test_a_run_against_itself_is_all_zeros(default_run: Callable[[str], Path], name: str) -> None:
    run = default_run(name)
    for product in open_run(run).products:
        comparison = compare_runs(run, run, product=product)
        assert comparison.is_same and comparison.variables and not comparison.refused
        for told in [*comparison.variables, *comparison.summary]:
            assert told.differing == told.unsized == 0 and told.largest in (0.0, None)


def test_rows_in_another_order_are_no_difference(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    b = make_run(tmp_path / "b", link=np.array([3, 1, 2]), flow=np.array([30.0, 10.0, 20.0]))
    assert compare_runs(a, b).is_same
    c = make_run(tmp_path / "c", link=np.array([3, 1, 7]), flow=np.array([30.0, 11.0, 20.0]))
    found = compare_runs(a, c).to_json()
    assert found["notes"] == ["link: 1 only in A: 2.", "link: 1 only in B: 7."] and not found["same"]
    (flow,) = found["variables"]
    assert (flow["compared"], flow["differing"], flow["at"], flow["largest_difference"]) == (2, 1, {"link": "1"}, 1.0)


def test_a_run_is_known_by_its_id_too(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    assert compare_runs(open_run(a).id, a).is_same


def test_a_run_that_is_not_done_is_refused_with_its_state(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", state="stopped")
    with pytest.raises(RunError, match=r"both runs must be done to be compared, but .*/b is stopped"):
        compare_runs(a, b)


def test_runs_without_a_common_product_are_refused(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    b = make_run(tmp_path / "b", (replace(FLOWS, name="others"),))
    with pytest.raises(RunError, match=r"must have a product in common .*, but A has flows and B has others"):
        compare_runs(a, b)
    with pytest.raises(RunError, match="--product must name a product of both runs, got 'depth': choose one of flows"):
        compare_runs(a, a, product="depth")


def test_a_product_in_which_nothing_can_be_compared_is_refused(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    b = make_run(tmp_path / "b", (replace(FLOWS, variables=(replace(FLOW, units="veh s-1"), LINK)),))
    with pytest.raises(RunError, match=r"flow: its units are 'veh h-1' in A and 'veh s-1' in B"):
        compare_runs(a, b)


def test_tables_are_products_too(tmp_path: Path) -> None:
    table = Table("totals", "Totals", (Column("road", "string", "", "road"), Column("n", "int64", "1", "count")), "csv")
    a = make_run(tmp_path / "a", (table,), tables={"totals.csv": "road,n\nx,1\ny,2\n"})
    b = make_run(tmp_path / "b", (table,), tables={"totals.csv": "road,n\ny,5\nx,1\n"})
    comparison = compare_runs(a, b)
    assert [(told.name, told.largest, told.at) for told in comparison.variables] == [("n", 3.0, {"road": "y"})]
    with pytest.raises(RunError, match="--at picks rows of a store, but product 'totals' is a table"):
        compare_runs(a, b, at=["road=x"])


@pytest.mark.parametrize("marked", ["store", "table"])
def test_a_product_at_person_level_is_refused(tmp_path: Path, marked: str) -> None:
    table = Table("people", "People", (Column("person", "string", "", "who"),), "csv", person_level=True)
    products = (replace(FLOWS, person_level=True),) if marked == "store" else (table,)
    a = make_run(tmp_path / "a", products, tables={"people.csv": "person\nada\n"})
    with pytest.raises(RunError, match="tells of single persons, and a comparison would show them"):
        compare_runs(a, a)
