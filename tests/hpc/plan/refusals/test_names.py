from __future__ import annotations

import re
from dataclasses import replace

import pytest
from planning import DOUBLE, MORE, SUMS, reduction, refuses, step

from citytide.hpc.plan.refusals.names import RESERVED
from citytide.hpc.plan.steps import BlockStep


@pytest.mark.parametrize("others", [(step(product=None),), (step("a", product=None), step("a", product=None))])
def test_two_steps_of_one_name_are_refused(others: tuple[BlockStep, ...]) -> None:
    refuses(r"each step must have a name of its own, got two steps '\w+' \(.*\): rename one", step(), *others)


@pytest.mark.parametrize("name", ["ends-chunk", "ends-combine-1", "ends-finalize"])
def test_step_named_as_a_level_of_a_reduction_is_refused(name: str) -> None:
    refuses(
        rf"each step must have a name of its own, got two steps '{name}' \(a ReductionStep NAME also makes NAME-chunk, "
        r"NAME-combine-1 and NAME-finalize\): rename one",
        step(), reduction(), step(name), products=(DOUBLE, MORE),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "-x", "a b", "a:b", "größe", "x.zarr", "x.partial"])
def test_name_that_cannot_be_a_folders_is_refused(name: str) -> None:
    said = (
        r"the name of a {} must hold only letters, digits, '-', '_' and '.', begin with none of '-' and '.', and not "
        rf"end in .zarr or .partial, because it becomes a folder's, got {re.escape(repr(name))}: rename it"
    )
    refuses(said.format("step"), step(), step(name))
    refuses(said.format("product or table"), step(), products=(replace(DOUBLE, name=name),))


def test_two_products_or_tables_of_one_name_are_refused() -> None:
    said = "each product and table must have a name of its own, got two named 'double': rename one"
    refuses(said, step(), products=(DOUBLE, DOUBLE))
    refuses(said, step(), products=(DOUBLE, replace(SUMS, name="double")))


@pytest.mark.parametrize("name", RESERVED)
def test_product_named_as_a_part_of_the_run_folder_is_refused(name: str) -> None:
    refuses(
        r"a product or table must not have a name that the run folder uses itself \(driver, .*, work\), "
        f"got '{name}': rename it",
        step(product=name), products=(replace(DOUBLE, name=name),),
    )  # fmt: skip
