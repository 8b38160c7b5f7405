"""What a block must return, and how a run fails whose blocks do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planning import DOUBLE, plan, step

from citytide.hpc.errors import FAILED, RunError
from citytide.hpc.plan.refusals.results import refuse_incomplete
from citytide.hpc.plan.steps import Block

Y, TWO, BLOCK = np.zeros((2, 4)), np.zeros(2), Block(1, 2, 4)


def check(results: dict[str, Any], yielded: tuple[str, ...] = ()) -> None:
    (planned,) = plan(step(per_block=2)).steps
    refuse_incomplete(planned, DOUBLE, BLOCK, results, yielded)


def test_variables_that_are_returned_or_yielded_are_complete() -> None:
    check({"y": Y, "total": TWO, "another": 3})
    check({"total": TWO, "another": 3}, ("y",))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (
            {"total": TWO, "another": 3},
            "a block must return every variable of its product that blocks fill, got no double.y of step 'double': "
            "return it from math:sqrt, or leave the variable out",
        ),
        (
            {"y": Y, "another": 3},
            "a block must return every scalar of its step, got no 'total' of step 'double': return it from math:sqrt, "
            "or take it out of the step's scalars",
        ),
        (
            {"y": Y, "total": TWO, "another": 3, "totals": TWO},
            "a block must return only variables of its product that blocks fill, and scalars, got 'totals' of step "
            "'double'; did you mean 'total'? there are: y, total, another",
        ),
        (
            {"y": Y, "total": TWO, "another": 3, "label": TWO},
            "a block must return only variables of its product that blocks fill, and scalars, got 'label' of step "
            "'double'; there are: y, total, another",
        ),
        (
            {"y": Y, "total": np.zeros(3), "another": 3},
            "a block must return one value of a scalar for each of its rows (2), got 3 of double.total from step "
            "'double': correct math:sqrt",
        ),
    ],
)  # fmt: skip
def test_result_that_is_not_what_was_declared_is_refused(results: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(said)}$") as refused:
        check(results)
    assert refused.value.exit_code == FAILED


def test_run_whose_block_leaves_a_variable_out_fails_and_publishes_nothing(tmp_path: Path) -> None:
    from doubling import drive, lay_out

    run = lay_out(tmp_path / "run", rows=4, trouble="forget")
    result = drive(run)
    assert result["state"] == "failed" and "got no double.y of step 'double'" in result["error"]
    assert not list(run.glob("double.zarr"))
