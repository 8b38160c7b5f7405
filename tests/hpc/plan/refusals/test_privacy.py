"""A plan knows which steps meet single persons, and refuses those that would carry them out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan, make_plan, read_plan
from citytide.hpc.plan.refusals.privacy import find_person_level, refuse_person_level_leaks
from citytide.hpc.plan.sources import Source
from citytide.hpc.plan.steps import BlockStep, PlannedStep, ReductionStep
from citytide.hpc.run.records import write_json
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.release_request import CountedTable, Policy, ReleaseRequest

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
REQUEST = ReleaseRequest(CountedTable(("who",), ("n",)), Policy(), "key")
RELEASED = Table(
    "counts", "Counts", (Column("who", "string", "1", "who"), Column("n", "int64", "1", "n", may_be_withheld=True))
)
RELEASE = replace(COUNT, release=REQUEST)


@pytest.fixture(autouse=True)
def own_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citytide.hpc.plan.steps.RELEASE", "releasing:release_table")


def plan(*steps: BlockStep | ReductionStep, products: tuple[Product | Table, ...], **more: Any) -> Plan:
    return make_plan(steps, products, workers=1, threads=1, memory_per_worker=10**9, **more)


def test_all_steps_up_to_the_aggregate_meet_persons_and_those_behind_it_do_not() -> None:
    made = plan(LIST, RELEASE, products=(PERSONS, RELEASED))
    found = find_person_level(made.steps, made.kept)
    assert found == {"list", "count-chunk", "count-combine-1", "count-finalize", "count-release"}
    assert [step.name for step in made.steps if step.name not in found] == ["counts-table"]
    unmarked = {name: replace(product, person_level=False) for name, product in made.kept.items()}
    exact = {"count-combine-1", "count-finalize", "count-release"}  # a release is private whatever it reads
    assert find_person_level(made.steps, unmarked) == exact
    behind = PlannedStep("show", "block", "persons:count", "row", 1, 1, 1, ("work/count-release",))
    assert "show" not in find_person_level([*made.steps, behind], made.kept)
    behind = replace(behind, inputs=("work/count-finalize",))
    assert "show" in find_person_level([*made.steps, behind], made.kept)


def test_a_reduction_over_persons_must_be_released() -> None:
    with pytest.raises(RunError) as refused:
        plan(LIST, COUNT, products=(PERSONS, COUNTS))
    assert str(refused.value) == (
        "step 'count' must be released, because it reads data of single persons, but it fills 'counts' without a "
        "release: give it release=ReleaseRequest(...), or set person_level=True of 'counts'"
    )
    made = plan(LIST, COUNT, products=(PERSONS, replace(COUNTS, person_level=True)))
    assert [step.name for step in made.steps][-1] == "count-finalize"


def test_a_request_comes_back_from_plan_json(tmp_path: Path) -> None:
    made = plan(LIST, RELEASE, products=(PERSONS, RELEASED))
    write_json(tmp_path / "plan.json", made.to_json())
    read = read_plan(tmp_path)
    step = read.step("count-release")
    assert ReleaseRequest.from_json(step.release) == REQUEST and read.table("counts") == RELEASED
    assert step.inputs == ("work/count-finalize", "work/count-combine-1") and step.table == "counts"
    old = json.loads((tmp_path / "plan.json").read_text())
    for planned in old["steps"]:
        planned.pop("release")
    for table in old["tables"]:
        [column.pop("may_be_withheld") for column in table["columns"]]
    write_json(tmp_path / "plan.json", old)
    assert not read_plan(tmp_path).step("count-chunk").release  # of a plan before there were releases


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
        "not marked: set its person_level=True, or write it by a ReductionStep with a release, through which "
        "aggregates leave"
    )


def test_nor_to_an_unmarked_table() -> None:
    table = Table("rows", "Rows", (Column("age", "int64", "year", "age"),))
    step = PlannedStep("copy", "block", "m:f", "person", 4, 1, 4, ("persons",), product="rows")
    with pytest.raises(
        RunError, match=r"step 'copy' must write a product at person level, .* but 'rows' is not marked"
    ):
        refuse_person_level_leaks([step], {"persons": PERSONS, "rows": table})
    refuse_person_level_leaks([step], {"persons": PERSONS, "rows": replace(table, person_level=True)})
    refuse_person_level_leaks([replace(step, kind="release")], {"persons": PERSONS, "rows": table})


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
    made = plan(LIST, products=(PERSONS,), sources={"records": Source(Path("r"), person_level=True)})
    told = made.to_json()
    assert [product["person_level"] for product in told["products"]] == [True]
    assert Product.from_json(told["products"][0]).person_level and told["sources"]["records"]["person_level"]
