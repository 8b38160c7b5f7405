"""Blocks of unknown length: each leaves its rows, then lengths are known and tasks place the rows into whole shards.

A block leaves offsets that begin at 0 and its ragged rows, of any number. Once all blocks have done so, the driver
gives the product's arrays their length. A task of the placing step then writes the shards whose first row lies in its
block, wherever their other rows were left: no two tasks share a file, and no row is held that is not in the shard.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FAILED, RunError
from ..plan.plans import Plan
from ..plan.steps import Block, PlannedStep
from ..store.products import Product, Variable
from ..store.ragged import own_rows, refuse_wrong_offsets, set_lengths
from ..store.shards import open_layout, write_file
from ..store.stores import locate, sync_folder, write_block
from .work_files import leave_columns, place_of, read_rows

__all__ = ["leave_rows", "place_rows", "set_known_lengths", "set_lengths_before_placing"]

LAYOUT = "layout.json"  # `rows`: where blocks begin; `before`: ragged rows before each of them, by offsets
Lines = Mapping[tuple[str, int], Mapping[str, Any]]


def leave_rows(
    run: Path, step: PlannedStep, product: Product, block: Block, results: Mapping[str, Any], unsynced: set[str]
) -> tuple[dict[str, str], dict[str, int]]:
    """Write what a block returned to files of its own; the hash of each, and the number of rows by offsets.

    Raises
    ------
    RunError
        If a variable is missing, too many, of another shape or dtype, or cut by wrong offsets.
    """
    where = f"step {step.name!r}, block {block.index}"
    declared = {variable.name: variable for variable in product.filled_by("blocks")}
    if set(results) != set(declared):
        raise RunError(
            f"{where}: a block must return the variables of {product.name} that blocks fill "
            f"({', '.join(sorted(declared))}), got {', '.join(sorted(results)) or 'none'}",
            exit_code=FAILED,
        )
    columns = {name: np.asarray(results[name]) for name in declared}
    rows = block.stop - block.start
    for name, variable in declared.items():
        own = columns[name]
        length = own.shape[0] if variable.ragged and own.ndim else rows + bool(variable.instance_dimension)
        expected = (length, *variable.shape[1:])
        if own.shape != expected or own.dtype != np.dtype(variable.dtype):
            raise RunError(
                f"{where}: {product.name}.{name} must be {expected} of {variable.dtype}, the block returned "
                f"{own.shape} of {own.dtype}",
                exit_code=FAILED,
            )
        if variable.ragged:
            refuse_wrong_offsets(columns[variable.ragged], length, f"{where}: {variable.ragged}", name)
    lengths = {name: int(columns[name][-1]) for name, variable in declared.items() if variable.instance_dimension}
    return leave_columns(run, step.name, block.index, columns, unsynced), lengths


def set_lengths_before_placing(run: Path, plan: Plan, step: PlannedStep, done: Lines) -> None:
    """What the driver does before it hands out tasks that place rows; doing it again changes nothing."""
    product, source = plan.product(str(step.product)), _source(step)
    before = _count_before(step, done)
    rows = [step.block(index).start for index in range(step.tasks)]
    path = run / "work" / source / LAYOUT
    write_file(str(path), json.dumps({"rows": rows, "before": before}).encode())
    sync_folder(path.parent)
    set_lengths(run, product, {name: counts[-1] for name, counts in before.items()})


def set_known_lengths(plan: Plan, written: Lines, spare: Path) -> None:
    """Give ragged arrays of products that are laid out anew in ``spare`` the length that the run's ledger tells."""
    for step in plan.steps:
        if step.kind == "place" and all((_source(step), index) in written for index in range(step.tasks)):
            before = _count_before(step, written)
            set_lengths(spare, plan.product(str(step.product)), {name: counts[-1] for name, counts in before.items()})


def _count_before(step: PlannedStep, lines: Lines) -> dict[str, list[int]]:
    """Ragged rows before each block, and of all of them, by offsets."""
    counted = [lines[_source(step), index]["lengths"] for index in range(step.tasks)]
    return {name: list(accumulate((line[name] for line in counted), initial=0)) for name in counted[0]}


def _source(step: PlannedStep) -> str:
    """The step that left the rows."""
    return step.inputs[0].removeprefix("work/")


def place_rows(run: Path, step: PlannedStep, product: Product, block: Block, unsynced: set[str]) -> dict[str, str]:
    """Write every shard that the block owns, one after another; the hash of each."""
    root, source = locate(run, product.name), _source(step)
    path = run / "work" / source / LAYOUT
    layout = _read_layout(str(path), path.stat().st_mtime_ns)
    before = layout["before"]
    written: dict[str, str] = {}
    for variable in product.filled_by("blocks"):
        starts = before[variable.ragged] if variable.ragged else [*layout["rows"], variable.shape[0]]
        array = open_layout(f"{root}/{variable.name}")
        per_shard = (array.shards or array.chunks)[0]
        first, last = own_rows(starts[-1], per_shard, starts[block.index], starts[block.index + 1])
        for at in range(first, last, per_shard):
            stop = min(at + per_shard, last)
            added = before[variable.name] if variable.instance_dimension else None
            values = _collect_rows(run, source, variable, starts, at, stop, added)
            written |= write_block(run, product.name, at, stop, {variable.name: values}, unsynced=unsynced)
    return written


@lru_cache(maxsize=4)
def _read_layout(path: str, written_ns: int) -> Any:
    """The layout as it was written at that time; a worker places many blocks and reads it once."""
    return json.loads(Path(path).read_text())


def _collect_rows(
    run: Path, source: str, variable: Variable, starts: list[int], at: int, stop: int, added: list[int] | None
) -> NDArray[Any]:
    """Rows ``[at, stop)`` of a variable from the blocks that left them; to offsets the rows before are ``added``."""
    values = np.empty((stop - at, *variable.shape[1:]), variable.dtype)
    index = bisect_right(starts, at) - 1
    while index < len(starts) - 1 and starts[index] < stop:
        first, last = max(at, starts[index]), min(stop, starts[index + 1])
        if first < last:
            path = place_of(run, source, index) / f"{variable.name}.npy"
            rows = read_rows(path, first - starts[index], last - starts[index])
            values[first - at : last - at] = rows if added is None else rows + added[index]
        index += 1
    return values
