from __future__ import annotations

from planning import DOUBLE, MORE, SUMS, plan, reduction, step


def test_plan_that_keeps_every_rule_is_made() -> None:
    made = plan(step(), reduction(), step("sum", inputs=("inputs.zarr:x", "work/ends-combine-2"), product="sums"),
                products=(DOUBLE, MORE, SUMS))  # fmt: skip
    assert [one.name for one in made.steps][:2] == ["double", "ends-chunk"] and made.tables == (SUMS,)
