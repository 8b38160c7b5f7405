"""A release fills a table that can hold what is withheld, or it is refused before work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import make_plan
from citytide.hpc.plan.steps import ReductionStep
from citytide.hpc.store.products import Column, Product, Table, Variable
from citytide.hpc.store.release_request import CountedTable, Policy, ReleaseRequest

WHO, N = Column("who", "string", "1", "who"), Column("n", "int64", "1", "how many", may_be_withheld=True)
COUNTED = CountedTable(("who",), ("n",))
TABLE = Table("counts", "Counts", (WHO, N))
STORE = Product("counts", "Counts", (Variable("n", ("row",), "int64", "1", "how many", "blocks", (1,)),))
STEP = ReductionStep(
    "count", "persons:count", "persons:add", "persons:hand_over", "person", 4, ("inputs.zarr",), lambda block: 1, 8,
    "counts", release=ReleaseRequest(COUNTED, Policy(), "key"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citytide.hpc.plan.steps.RELEASE", "releasing:release_table")


def plan(product: Table | Product, **counted: Any) -> list[str]:
    step = replace(STEP, release=ReleaseRequest(replace(COUNTED, **counted), Policy(), "key"), rows=1)
    made = make_plan((step,), (product,), workers=1, threads=1, memory_per_worker=10**9)
    return [planned.name for planned in made.steps]


def test_exact_columns_are_handed_to_the_release_and_what_it_shows_to_the_table() -> None:
    assert plan(TABLE)[-3:] == ["count-finalize", "count-release", "counts-table"]


@pytest.mark.parametrize(
    ("product", "counted", "said"),
    [
        (
            STORE, {},
            "aggregates of persons are released as a Table, but step 'count' fills product 'counts': declare "
            "Table('counts', ...) in its place",
        ),
        (
            replace(TABLE, person_level=True), {},
            "a released table must not be at person level, but step 'count' fills 'counts': omit its person_level, or "
            "the release",
        ),
        (
            TABLE, {"labels": ("whom",)},
            "each label of a release must be a column of its table, got 'whom' of step 'count'; did you mean 'who'? "
            "there are: who, n",
        ),
        (
            replace(TABLE, columns=(WHO, replace(N, may_be_withheld=False))), {},
            "a column of a released table that is no label must be declared with may_be_withheld=True, got counts.n of "
            "step 'count': declare it so",
        ),
        (
            TABLE, {"derive": "json:rates"},
            "`derive` of a release must be the import path package.module:name of a function, but this environment has "
            "no 'json:rates', which step 'count' names: correct the name",
        ),
    ],
)  # fmt: skip
def test_a_release_that_could_not_be_shown_is_refused(product: Any, counted: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError) as refused:
        plan(product, **counted)
    assert str(refused.value) == said


def test_a_function_for_further_columns_that_is_there_is_taken() -> None:
    assert "count-release" in plan(TABLE, derive="json:dumps")
