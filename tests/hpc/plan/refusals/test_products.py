from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planning import DOUBLE, LABEL, MORE, ROWS, SUMS, X, plan, reduction, refuses, step, variable

from citytide.hpc.store.products import Product


def test_unknown_product_is_refused_with_the_one_that_was_meant() -> None:
    refuses(
        "a step must fill a product or table of the plan, got 'doubel' of step 'double'; did you mean 'double'[?] "
        "there are: double, more",
        step(product="doubel"), products=(DOUBLE, MORE),
    )  # fmt: skip


def test_product_with_two_writers_is_refused() -> None:
    said = "steps 'double' and 'again' both write product 'double': give each its own"
    refuses(said, step(), step("again", product="double"))


def test_variable_that_no_step_fills_is_refused() -> None:
    refuses(
        "a variable that is filled by blocks needs a step that fills its product, got more.z: set product='more' of a "
        "step, or leave the product out",
        step(), products=(DOUBLE, MORE),
    )  # fmt: skip


def test_table_that_no_step_fills_is_refused() -> None:
    said = "a table must be filled by a step, got 'sums', which no step names: give one product='sums'"
    refuses(said, step(), products=(DOUBLE, SUMS))


def test_variable_of_the_ledger_that_no_step_returns_is_refused() -> None:
    rule = (
        "a variable that is filled from the ledger must be among the scalars of the step that fills its product, got "
        "double.total, and {}: add it there, or leave the variable out"
    )
    refuses(rule.format(r"step 'double' has \['more'\]"), step(scalars=("more",)))
    alone = replace(DOUBLE, variables=DOUBLE.variables[1:])
    refuses(rule.format("no step fills the product"), step(product=None), products=(alone,))


def test_variable_of_the_inputs_without_an_array_is_refused() -> None:
    refuses(
        "a variable that is filled from the inputs must have an array of its name, got double.label; did you mean "
        "'labels'[?] there are: x, labels",
        step(), arrays={"x": X, "labels": LABEL},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dims", "values", "shape"), [(("link",), np.arange(ROWS), ()), (("row",), np.arange(ROWS), (7,))]
)
def test_variable_of_the_inputs_with_other_dims_or_shape_is_refused(dims: Any, values: Any, shape: Any) -> None:
    declared = replace(DOUBLE, variables=(*DOUBLE.variables[:2], variable("label", "inputs", dtype="i8", shape=shape)))
    refuses(
        r"a variable that is filled from the inputs must have the dims and shape of its array, got .* of double.label "
        r"and .* of the array: correct one of them",
        step(), products=(declared,), arrays={"x": X, "label": (dims, values)},
    )  # fmt: skip


@pytest.mark.parametrize("values", [np.zeros(ROWS), np.zeros(ROWS, bool), np.array(["a"] * ROWS)])
def test_variable_of_the_inputs_of_another_kind_is_refused(values: Any) -> None:
    refuses(
        "a variable that is filled from the inputs must have the kind of numbers of its array, got int64 of "
        f"double.label and {re.escape(str(values.dtype))} of the array: correct one of them",
        step(), arrays={"x": X, "label": (("row",), values)},
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(9, 4), (11, 4), ()])
def test_variable_of_another_length_than_its_step_is_refused(shape: tuple[int, ...]) -> None:
    said = (
        r"a variable that is filled by blocks must be as long as its step's {0}, got shape {1} of {2} and {0} 10 of "
        r"step '{3}': give both one length"
    )
    y = replace(DOUBLE, variables=(variable("y", shape=shape), *DOUBLE.variables[1:]))
    refuses(said.format("extent", re.escape(str(shape)), "double.y", "double"), step(), products=(y,))
    z = Product("more", "z", (variable("z", shape=shape),))
    refuses(said.format("rows", re.escape(str(shape)), "more.z", "ends-finalize"), step(), reduction(),
            products=(DOUBLE, z))  # fmt: skip


def test_variable_of_the_ledger_of_another_length_is_refused() -> None:
    total = replace(DOUBLE, variables=(DOUBLE.variables[0], variable("total", "ledger", shape=(9,))))
    refuses(
        r"a variable that is filled from the ledger must be as long as its step's extent, got shape \(9,\) of "
        "double.total and extent 10 of step 'double': give both one length",
        step(), products=(total,),
    )  # fmt: skip


def test_ragged_variables_and_their_offsets_have_lengths_of_their_own() -> None:
    ragged = Product("ragged", "Events", (
        variable("day", dims=("event",), shape=(0,), ragged="offset"),
        variable("offset", dims=("row_end",), dtype="int64", shape=(ROWS + 1,), instance_dimension="row"),
    ))  # fmt: skip
    plan(step(product="ragged", scalars=()), products=(ragged,))
