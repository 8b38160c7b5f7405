"""The cells that a release withholds, each for a reason, and the same ones every time."""

from __future__ import annotations

from typing import Any

import numpy as np
from tables_with_totals import add_margins

from citytide.hpc.release.policy import CountedTable, Policy
from citytide.hpc.release.suppression.withholding import Withholding, withhold_cells

COHORT = np.zeros((2, 8), np.uint64)


def withhold(inner: np.ndarray, **more: Any) -> Withholding:
    labels, counts = add_margins(inner)
    names = tuple(f"label_{number}" for number in range(len(labels)))
    columns = {**dict(zip(names, labels, strict=True)), "persons": counts, **more}
    return withhold_cells(columns, COHORT, CountedTable(names, ("persons",)), Policy(), [])


def test_table_of_three_labels_ends_with_its_totals_shown_and_the_same_cells_each_time() -> None:
    inner = np.random.default_rng(1).negative_binomial(0.7, 0.02, size=(12, 10, 5))
    first, again = (withhold(inner).withheld["persons"].reshape(13, 11, 6) for _ in range(2))
    assert (first == again).all()
    _, counts = add_margins(inner)
    counts = counts.reshape(first.shape)
    assert first[counts < 10].all()
    assert not first[-1].any() and not first[:, -1].any() and not first[:, :, -1].any()
    assert first.sum() < 2 * (counts < 10).sum()


def test_each_reason_is_told_with_its_number_of_cells() -> None:
    assert withhold(np.array([[3, 20], [30, 40]])).notes == (
        "1 of 9 cells are withheld because they hold fewer than 10 persons",
        "3 of 9 cells are withheld because withheld cells could be computed from them",
    )
    assert withhold(np.full((2, 2), 20)).notes == ()
