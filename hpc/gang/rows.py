"""Rows of a rank: of arrays along the step's ``rank_dim`` each rank of a gang reads its own rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..execution.blocks import BlockBatch
from ..plan.plans import read_plan
from ..plan.steps import Block, PlannedStep
from ..store.stores import locate
from .gang import Gang

__all__ = ["read_rank_arrays"]


def read_rank_arrays(gang: Gang, run: Path, step: PlannedStep, block: Block) -> dict[str, NDArray[Any]]:
    """The arrays of a block that this rank works on; ``gang.rows`` tells which rows of ``rank_dim`` they are.

    Arrays whose first dim is the step's are sliced to the block, those whose first dim is ``rank_dim`` to the rank's
    rows, which are read from the store alone. All others are read whole.
    """
    if not step.rank_dim:
        return BlockBatch(run, step).read_arrays(block, block.stop)
    start, stop = step.rank_bounds[gang.rank], step.rank_bounds[gang.rank + 1]
    gang.rows = start, stop
    shared, own = _share_out(run, step)
    arrays = BlockBatch(run, replace(step, inputs=shared)).read_arrays(block, block.stop)
    # to a reader the rank's rows are a block of the other dim
    rank_step = replace(step, inputs=own, dim=step.rank_dim, extent=step.rank_bounds[-1], bounds=())
    return arrays | BlockBatch(run, rank_step).read_arrays(Block(gang.rank, start, stop), stop)


def _share_out(run: Path, step: PlannedStep) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The step's inputs in two: arrays that all ranks read alike, and those along ``rank_dim``."""
    shared: list[str] = []
    own: list[str] = []
    for source in step.inputs:
        group, _, names = source.partition(":")
        path = run / group if group.endswith(".zarr") else locate(run, group)
        if group == "source":
            name, _, names = names.partition(":")
            found = read_plan(run).sources[name]
            group, path = f"source:{name}", found.path
        if group.startswith("work/") or not (path / "zarr.json").exists():  # a file of arrays, or a plain file
            shared.append(source)
            continue
        mine, others = _split_names(path, step.rank_dim, names.split(",") if names else ())
        shared += [f"{group}:{','.join(others)}"] if others else []
        own += [f"{group}:{','.join(mine)}"] if mine else []
    return tuple(shared), tuple(own)


def _split_names(path: Path, rank_dim: str, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of a store's arrays along a dim, their offsets and what those cut included, and of its other arrays."""
    import zarr

    arrays = dict(sorted(zarr.open_group(path, mode="r").arrays()))
    offsets = {name for name, array in arrays.items() if array.attrs.get("instance_dimension") == rank_dim}
    mine: list[str] = []
    others: list[str] = []
    for name, array in arrays.items():
        if chosen and name not in chosen:
            continue
        dims = getattr(array.metadata, "dimension_names", None) or ("",)
        along = dims[0] == rank_dim or name in offsets or array.attrs.get("ragged") in offsets
        (mine if along else others).append(name)
    return mine, others
