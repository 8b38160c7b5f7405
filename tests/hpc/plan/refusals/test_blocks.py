from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planning import DOUBLE, LABEL, MORE, X, plan, reduction, refuses, step, variable

from citytide.hpc.errors import RunError


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bounds": (0, 4, 10), "per_block": 2}, r"blocks are cut by bounds or by per_block, got both of step 'double' "
         r"\(per_block 2\): leave one out"),
        ({"bounds": (0, 4, 9)}, "bounds must go from 0 to the step's extent, 10, got 0 to 9 of step 'double': add the "
         "bounds that are missing"),
        ({"bounds": (1, 4, 10)}, "bounds must go from 0 to the step's extent, 10, got 1 to 10 of step 'double': add "
         "the bounds that are missing"),
        ({"bounds": (0, 4, 4, 10)}, "bounds must rise, got 4 after 4 of step 'double': a block must have at least one "
         "row"),
        ({"bounds": (0, 6, 4, 10)}, "bounds must rise, got 4 after 6 of step 'double': a block must have at least one "
         "row"),
        ({"per_block": 0}, "extent must be at least 0 and per_block at least 1, got 10 and 0 of step 'double': leave "
         "out a step that has nothing to do"),
        ({"ranks": -1}, "ranks must be at least 0, got -1 of step 'double': 0 is a step without a gang"),
        ({"ranks": 2, "rank_dim": "link"}, "ranks, rank_dim and rank_bounds must be given together, got 2, 'link' and "
         "0 bounds of step 'double': add what is missing"),
        ({"rank_dim": "link", "rank_bounds": (0, 4)}, "ranks, rank_dim and rank_bounds must be given together, got 0, "
         "'link' and 2 bounds of step 'double': add what is missing"),
        ({"ranks": 1, "rank_dim": "row", "rank_bounds": (0, 10)}, "rank_dim must be another dim than the step's, got "
         "'row' twice of step 'double': a block's own rows go to all of its ranks"),
        ({"ranks": 2, "rank_dim": "link", "rank_bounds": (0, 4)}, r"rank_bounds must begin at 0, not fall, and be one "
         r"more than the ranks \(3\), got 2 bounds 0, 4 of step 'double': give one piece of 'link' to each rank"),
        ({"ranks": 2, "rank_dim": "link", "rank_bounds": (0, 3, 2)}, r"rank_bounds must begin at 0, not fall, and be "
         r"one more than the ranks \(3\), got 3 bounds 0, 3, 2 of step 'double': give one piece of 'link' to each "
         "rank"),
    ],
)  # fmt: skip
def test_blocks_that_do_not_cover_each_row_once_are_refused(changed: dict[str, Any], said: str) -> None:
    refuses(said, step(**changed))


def test_bounds_of_a_reduction_are_checked_as_well() -> None:
    refuses(
        "bounds must go from 0 to the step's extent, 10, got 0 to 9 of step 'ends': add the bounds that are missing",
        step(), reduction(bounds=(0, 9)), products=(DOUBLE, MORE),
    )  # fmt: skip


def test_rank_bounds_must_end_with_the_arrays() -> None:
    ground = (("cell",), np.zeros(7))
    ranked = step(ranks=2, rank_dim="cell", rank_bounds=(0, 3, 6))
    refuses(
        "rank_bounds must end with the length of the arrays along rank_dim, got 6 of step 'double' and 7 rows of "
        r"'ground' in 'inputs.zarr' \(dim 'cell'\): correct the bounds",
        ranked, arrays={"x": X, "label": LABEL, "ground": ground},
    )  # fmt: skip


def test_shard_with_two_owners_is_refused() -> None:
    sharded = replace(DOUBLE, variables=(variable("y", per_shard=2), *DOUBLE.variables[1:]))
    refuses(
        "two blocks of step 'double' would share a shard of double.y: blocks of 3 do not hold whole shards of 2; make "
        "per_block a multiple",
        step(per_block=3), products=(sharded,),
    )  # fmt: skip
    refuses(
        r"two blocks of step 'double' would share a shard of double.y: bound 5 is not a multiple of its 2 rows; cut "
        r"the blocks there \(cut_by_cost takes per_shard=2\)",
        step(bounds=(0, 4, 5, 10)), products=(sharded,),
    )  # fmt: skip
    plan(step(bounds=(0, 4, 10)), products=(sharded,))


def test_blocks_of_bounds_that_are_too_large_are_refused_with_the_rows_to_cut() -> None:
    def memory(block: Any) -> int:
        return 10**8 * int(block.stop - block.start)

    with pytest.raises(RunError, match=r"or smaller blocks: cut rows 2:10 \(dim 'row'\) by another of the bounds$"):
        plan(step(bounds=(0, 2, 10), memory_bytes=memory))
    with pytest.raises(RunError, match=r"or smaller inputs: row 2 \(dim 'row'\) is a block of its own$"):
        plan(step(bounds=(0, 2, 3, 10), memory_bytes=lambda block: 10**9 if block.start == 2 else 1))
