from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from planning import DOUBLE, LABEL, MORE, ROWS, SUMS, plan, reduction, refuses, step

from citytide.hpc.plan.sources import Source


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "inputs.zarr:xx",
            "what a step reads must be an array that is laid out in inputs.zarr, got 'xx' in 'inputs.zarr:xx' of step "
            "'s'; did you mean 'x'[?] there are: x, label",
        ),
        (
            "double:z",
            "what a step reads must be a variable of product 'double', got 'z' in 'double:z' of step 's'; there are: "
            "y, total, label",
        ),
        (
            "doubel:y",
            "an input must be inputs.zarr, a product of the plan, work/STEP or source:NAME, got 'doubel:y' of step "
            "'s'; did you mean 'double'[?] there are: inputs.zarr, double, more",
        ),
        (
            "/data/flood.zarr",
            "an input must be inputs.zarr, a product of the plan, work/STEP or source:NAME, got '/data/flood.zarr' of "
            "step 's'; there are: inputs.zarr, double, more",
        ),
        (
            "source:evens:day",
            "source:NAME must name a source of the plan, got 'source:evens:day' of step 's'; did you mean 'events'[?] "
            "there are: events, notes",
        ),
        (
            "source:notes:day",
            "only a source of kind 'zarr' has variables, got 'source:notes:day' of step 's', and source 'notes' is of "
            "kind 'file': write 'source:notes'",
        ),
        (
            "source:events:dya",
            "what a step reads must be an array of source 'events', got 'dya' in 'source:events:dya' of step 's'; did "
            "you mean 'day'[?] there are: day",
        ),
        (
            "sums",
            "a step cannot read a table of its own run, which is put together when all blocks are done, got 'sums' of "
            "step 's': let a product hold what it needs",
        ),
        (
            "double",
            "a step cannot read a variable that is filled from the ledger when all blocks are done, got 'total' in "
            "'double' of step 's': read others [(]'double:y,label'[)]",
        ),
        (
            "more",
            "a step must read a product that an earlier step fills, got 'more' of step 's', which step 'later' fills "
            "only then or later: change the order of the steps, or the input",
        ),
        (
            "work/bsae",
            "work/STEP must name a step before the one that reads it, got 'work/bsae' of step 's'; did you mean "
            "'base'[?] there are: base, many",
        ),
        (
            "work/later",
            "work/STEP must name a step before the one that reads it, got 'work/later' of step 's'; there are: base, "
            "many",
        ),
        (
            "work/double",
            "work/STEP must name a step without a product, got 'work/double' of step 's', and step 'double' fills "
            "'double': read that",
        ),
        (
            "work/many",
            "work/STEP must name a step of one block, got 'work/many' of step 's', and step 'many' has 10 blocks: "
            "reduce them [(]ReductionStep[)], let step 'many' fill a product, or give it one block [(]per_block=10[)]",
        ),
    ],
)  # fmt: skip
def test_unknown_input_is_refused(tmp_path: Path, source: str, said: str) -> None:
    day = zarr.create_array(tmp_path / "events.zarr", name="day", data=np.arange(3), dimension_names=("event",))
    assert day.shape == (3,)
    (tmp_path / "notes.txt").write_text("x")
    sources = {"events": Source(tmp_path / "events.zarr", "zarr"), "notes": Source(tmp_path / "notes.txt")}
    steps = (
        step(), step("base", per_block=ROWS), step("many"), step("s", inputs=(source,)), step("later", product="more"),
        step("table", product="sums"),
    )  # fmt: skip
    refuses(said, *steps, products=(DOUBLE, MORE, SUMS), sources=sources)
    known = replace(steps[3], inputs=("inputs.zarr:x", "double:y", "work/base", "source:notes", "source:events:day"))
    plan(*steps[:3], known, *steps[4:], products=(DOUBLE, MORE, SUMS), sources=sources)


def test_reduction_of_many_blocks_in_work_is_what_it_was_before() -> None:
    made = plan(step(), reduction(), products=(DOUBLE, MORE))
    assert next(one.inputs for one in made.steps if one.kind == "combine") == ("work/ends-chunk",)


def test_source_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refuses(
        f"a source must exist, got {tmp_path / 'none'} of source 'events': correct its path",
        step(inputs=("inputs.zarr", "source:events")), sources={"events": Source(tmp_path / "none", "zarr")},
    )  # fmt: skip
    (tmp_path / "empty").mkdir()
    refuses(
        f"source 'events' must be a Zarr store with arrays, got {tmp_path / 'empty'} .*: correct its path or kind",
        step(inputs=("source:events",)), sources={"events": Source(tmp_path / "empty", "zarr")},
    )  # fmt: skip


def test_two_arrays_of_one_name_are_refused() -> None:
    refuses(
        "the arrays of a step must have names of their own, got 'label' of step 's' from both 'inputs.zarr' and "
        r"'double:y,label': name the variables that it reads \(INPUT:flow,cost\), or give each Source a `prefix`",
        step(), step("s", inputs=("inputs.zarr", "double:y,label")),
    )  # fmt: skip


def test_array_of_another_length_than_the_extent_is_refused(tmp_path: Path) -> None:
    said = (
        "arrays along a step's dim must be as long as its extent, got {} rows of '{}' in '{}' and extent {} "
        r"\(dim 'row'\) of step '{}': give both one length, or the array another dim"
    )
    short = {"x": (("row", "link"), np.ones((ROWS - 1, 4))), "label": LABEL}
    refuses(said.format(9, "x", "inputs.zarr", 10, "double"), step(), arrays=short)
    refuses(said.format(10, "y", "double:y", 8, "s"), step(), step("s", extent=8, inputs=("double:y",)))
    refuses(said.format(10, "y", "double:y", 8, "ends-chunk"), step(), reduction(extent=8), products=(DOUBLE, MORE))
    zarr.create_array(tmp_path / "e.zarr", name="day", data=np.arange(3), dimension_names=("row",))
    refuses(said.format(3, "day", "source:e", 10, "double"), step(inputs=("source:e",)),
            sources={"e": Source(tmp_path / "e.zarr", "zarr")})  # fmt: skip


def test_without_arrays_what_needs_them_is_not_checked() -> None:
    plan(step(inputs=("inputs.zarr:none",)), arrays=None)
