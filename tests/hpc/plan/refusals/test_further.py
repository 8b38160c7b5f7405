"""What a further plan of a run may read of the plans before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planning import DOUBLE, ROWS, SUMS, X, plan, refuses, step

TABLED = step("few", product="sums", per_block=ROWS)
BEFORE = plan(step(), TABLED, products=(DOUBLE, SUMS), arrays={"x": X, "label": (("row",), np.arange(ROWS))})
AFTER: dict[str, Any] = {
    "before": BEFORE, "inputs": "inputs-2.zarr", "arrays": {"x": X}, "laid_out": {"inputs.zarr": {"x": X}},
    "products": (),
}  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "changed", "said"),
    [
        (
            ("double:y",),
            {"extent": 5},
            "arrays along a step's dim must be as long as its extent, got 10 rows of 'y' in 'double:y' and extent 5 "
            r"\(dim 'row'\) of step 's': give both one length, or the array another dim",
        ),
        (
            ("inputs.zarr",),
            {"extent": 5},
            "arrays along a step's dim must be as long as its extent, got 10 rows of 'x' in 'inputs.zarr' and extent 5 "
            r"\(dim 'row'\) of step 's': give both one length, or the array another dim",
        ),
        (
            ("inputs.zarr", "inputs-2.zarr"),
            {},
            "the arrays of a step must have names of their own, got 'x' of step 's' from both 'inputs.zarr' and "
            r"'inputs-2.zarr': name the variables that it reads \(INPUT:flow,cost\), or give each Source a `prefix`",
        ),
        (
            ("inputs.zarr:z",),
            {},
            "what a step reads must be an array that is laid out in inputs.zarr, got 'z' in 'inputs.zarr:z' of step "
            "'s'; there are: x",
        ),
        (
            ("inputs-3.zarr",),
            {},
            "an input must be inputs-2.zarr, a product of the plan, work/STEP or source:NAME, got 'inputs-3.zarr' of "
            r"step 's'; did you mean 'inputs-2.zarr'\? there are: inputs.zarr, inputs-2.zarr, double",
        ),
        (
            ("work/few",),
            {},
            "work/STEP must name a step that leaves arrays, got 'work/few' of step 's', and step 'few' leaves rows of "
            "'sums': let a product hold what 's' needs",
        ),
    ],
)
def test_what_an_earlier_plan_does_not_offer_is_refused(inputs: Any, changed: dict[str, Any], said: str) -> None:
    refuses(said, step("s", inputs=inputs, **changed), **AFTER)


def test_what_an_earlier_plan_offers_is_read() -> None:
    reader = step("s", inputs=("inputs.zarr:x", "double:y,total"))
    assert [one.name for one in plan(reader, **AFTER).steps] == ["s"]
