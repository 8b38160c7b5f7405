"""A plan knows which steps meet single persons, and refuses those that would carry them out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, make_plan
from citytide.hpc.plan.refusals.privacy import find_person_level, refuse_person_level_leaks
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep, PlannedStep, ReductionStep
from citytide.hpc.store.products import Column, Product, Table, Variable

AGE = Variable("age", ("person",), "int64", "year", "age", "blocks", (4,))
PERSONS = Product("persons", "Persons", (AGE,), person_level=True)
COUNTS = Product("counts", "Counts", (Variable("n", ("row",), "int64", "1", "count", "blocks", (1,)),))
LIST = BlockStep("list", "persons:list_persons", "person", 4, ("inputs.zarr",), lambda block: 1, product="persons")
COUNT = ReductionStep(
    "count",
    "persons:count",
    "persons:add",
    "persons:hand_over",
    "person",
    4,
    ("persons:age",),
    lambda block: 1,
    8,
    "counts",
    1,
)


def plan(*steps: BlockStep | ReductionStep, products: tuple[Product | Table, ...], **more: Any) -> Plan:
    return make_plan(steps, products, workers=1, threads=1, memory_per_worker=10**9, **more)


def test_all_steps_up_to_the_aggregate_meet_persons_and_those_behind_it_do_not() -> None:
    behind = BlockStep("show", "persons:count", "row", 1, ("counts",), lambda block: 1, product="shown")
    shown = replace(COUNTS, name="shown")
    made = plan(LIST, COUNT, behind, products=(PERSONS, COUNTS, shown))
    products = {product.name: product for product in made.products}
    found = find_person_level(made.steps, products)
    assert found == {"list", "count-chunk", "count-combine-1", "count-finalize"}
    assert not find_person_level(made.steps, {name: replace(p, person_level=False) for name, p in products.items()})


@pytest.mark.parametrize("name", ["source:records", "source:records:age"])
def test_a_source_marks_the_steps_that_read_it(name: str) -> None:
    step = PlannedStep("read", "block", "m:f", "person", 4, 1, 4, (name,))
    sources = {"records": Source(Path("records.zarr"), "zarr", person_level=True), "other": Source(Path("x"))}
    assert find_person_level([step], {}, sources) == {"read"}
    assert not find_person_level([replace(step, inputs=("source:other",))], {}, sources)


def test_persons_may_not_be_written_to_an_unmarked_store() -> None:
    copy = BlockStep("copy", "persons:list_persons", "row", 1, ("persons",), lambda block: 1, product="counts")
    with pytest.raises(RunError) as refused:
        plan(LIST, copy, products=(PERSONS, COUNTS))
    assert str(refused.value) == (
        "step 'copy' must write a product at person level, because it reads data of single persons, but 'counts' is "
        "not marked: set its person_level=True, or write it by a ReductionStep, through which aggregates leave"
    )


def test_nor_to_an_unmarked_table() -> None:
    table = Table("rows", "Rows", (Column("age", "int64", "year", "age"),))
    step = PlannedStep("copy", "block", "m:f", "person", 4, 1, 4, ("persons",), product="rows")
    with pytest.raises(
        RunError, match=r"step 'copy' must write a product at person level, .* but 'rows' is not marked"
    ):
        refuse_person_level_leaks([step], {"persons": PERSONS, "rows": table})
    refuse_person_level_leaks([step], {"persons": PERSONS, "rows": replace(table, person_level=True)})
    refuse_person_level_leaks([replace(step, kind="finalize")], {"persons": PERSONS, "rows": table})


def test_scalars_of_persons_would_stand_in_the_ledger() -> None:
    total = Variable("total", ("person",), "float64", "1", "sum", "ledger", (4,))
    store = replace(PERSONS, variables=(AGE, total))
    with pytest.raises(RunError) as refused:
        plan(replace(LIST, scalars=("total",)), products=(store,))
    assert str(refused.value).startswith(
        "step 'list' must have no scalars, because it reads or writes data of single persons and scalars stand in the "
        "ledger, but it has total: "
    )
    plan(replace(LIST, scalars=("total",)), products=(replace(store, person_level=False),))


def test_marks_come_back_from_plan_json() -> None:
    made = plan(LIST, COUNT, products=(PERSONS, COUNTS), sources={"records": Source(Path("r"), person_level=True)})
    told = made.to_json()
    assert [product["person_level"] for product in told["products"]] == [True, False]
    assert Product.from_json(told["products"][0]).person_level and told["sources"]["records"]["person_level"]
