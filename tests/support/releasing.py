"""A small gate without a log, for tests of what comes before and after it: it withholds counts below the least cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from citytide.hpc.store.release_request import ReleaseRequest

FUNCTION = "releasing:release_table"


@dataclass(frozen=True)
class Released:
    columns: dict[str, Any]
    notes: tuple[str, ...]
    line: int


def release_table(
    exact: dict[str, Any], cohort: Any, request: ReleaseRequest, *, run_id: str, step: str, folder: Path
) -> Released:
    counts = {name: exact[name] for name in request.table.counts}
    masks = {name: (count > 0) & (count < request.policy.min_cell) for name, count in counts.items()}
    columns = {name: np.ma.MaskedArray(count, masks[name]) for name, count in counts.items()}
    n, persons = sum(int(mask.sum()) for mask in masks.values()), int(cohort[0].sum())
    assert persons and run_id and folder.is_dir()
    note = f"{n} cells are withheld by {step}: each holds fewer than {request.policy.min_cell}."
    return Released(dict(exact) | columns, (note,), 7)
