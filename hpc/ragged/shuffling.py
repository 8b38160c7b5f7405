"""A shuffle: blocks split their rows by key into buckets, and each bucket's rows are gathered in the order of blocks.

Sorting is stable. So rows of one key keep the order that they had over all blocks, wherever blocks were cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FAILED, RunError
from ..plan.steps import Block, PlannedStep
from ..store.products import Product
from .work_files import column_names, leave_columns, place_of, read_rows

__all__ = ["gather_bucket", "leave_split", "pass_columns", "select_declared"]

BOUNDS = "bucket.bounds"  # no column has such a name: it holds a dot
Columns = dict[str, NDArray[Any]]


def pass_columns(arrays: Columns, **params: Any) -> Columns:
    """The function of a shuffle that gathers only: the columns as they are."""
    return arrays


def select_declared(product: Product, columns: Mapping[str, NDArray[Any]]) -> Columns:
    """The columns that a product declares: what a shuffle without a function of its own keeps."""
    declared = [variable.name for variable in product.filled_by("blocks")]
    return {name: columns[name] for name in declared if name in columns}


def leave_split(
    run: Path, step: PlannedStep, block: Block, results: Mapping[str, Any], unsynced: set[str]
) -> dict[str, str]:
    """Sort a block's columns by bucket and write them to files of their own; the hash of each.

    Raises
    ------
    RunError
        If columns are not of one length, or the key is missing or out of range.
    """
    columns = {name: np.asarray(values) for name, values in results.items()}
    key, n_keys, per_bucket = (step.shuffle[name] for name in ("key", "n_keys", "keys_per_bucket"))
    where = f"step {step.name!r}, block {block.index}"
    _refuse_columns(columns, key, where)
    keys = columns[key]
    if (wrong := np.flatnonzero((keys < 0) | (keys >= n_keys))).size:
        at = int(wrong[0])
        raise RunError(
            f"{where}: key {key!r} must be in [0, {n_keys}), got {keys[at]} in row {at}: number the keys from 0, or "
            "raise `n_keys`",
            exit_code=FAILED,
        )
    bucket = keys // per_bucket
    order = np.argsort(bucket, kind="stable")
    n_buckets = -(-n_keys // per_bucket)
    bounds = np.searchsorted(bucket[order], np.arange(n_buckets + 1))
    sorted_columns = {name: values[order] for name, values in columns.items()}
    return leave_columns(run, step.name, block.index, {**sorted_columns, BOUNDS: bounds.astype("i8")}, unsynced)


def _refuse_columns(columns: Columns, key: str, where: str) -> None:
    if key not in columns:
        raise RunError(
            f"{where}: a split must return its key as a column, but {key!r} is not among "
            f"{', '.join(columns) or 'none'}: return it, or name another `key`",
            exit_code=FAILED,
        )
    for name, values in columns.items():
        if not name.isidentifier() or not values.ndim or values.dtype.hasobject or values.dtype.kind == "T":
            raise RunError(
                f"{where}: a column must have a plain name, one row for each key, and a dtype of fixed size, got "
                f"{name!r} of {values.dtype} with {values.ndim} dims: change what the split returns",
                exit_code=FAILED,
            )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RunError(
            f"{where}: columns of a split must have equal lengths, got {lengths}: return a row for each key",
            exit_code=FAILED,
        )
    if columns[key].dtype.kind not in "iu" or columns[key].ndim != 1:
        raise RunError(
            f"{where}: key {key!r} must be whole numbers along one dim, got {columns[key].dtype} with "
            f"{columns[key].ndim} dims: number the keys from 0",
            exit_code=FAILED,
        )


def gather_bucket(run: Path, step: PlannedStep, block: Block, offset: str) -> Columns:
    """Rows of the keys ``[start, stop)`` from all blocks, sorted by key, and the offsets of these keys.

    Raises
    ------
    RunError
        If blocks left other columns, or columns of another dtype, than the first one.
    """
    split = step.inputs[0].removeprefix("work/")
    places = [place_of(run, split, index) for index in range(step.shuffle["split_blocks"])]
    bounds = [read_rows(place / f"{BOUNDS}.npy", block.index, block.index + 2).tolist() for place in places]
    held, key = [column_names(place) for place in places], step.shuffle["key"]
    _refuse_unlike([", ".join(names) for names in held], split)
    order, gathered = None, {}
    for name in sorted(held[0], key=lambda name: name != key):  # the key first: it orders the others
        if name == BOUNDS:
            continue
        pieces = [read_rows(place / f"{name}.npy", *own) for place, own in zip(places, bounds, strict=True)]
        _refuse_unlike([f"{name} of {piece.dtype} and shape (n, *{piece.shape[1:]})" for piece in pieces], split)
        values = np.concatenate(pieces)
        del pieces
        if order is None:
            order = np.argsort(values, kind="stable")
        gathered[name] = values[order]
    gathered[offset] = np.searchsorted(gathered[key], np.arange(block.start, block.stop + 1)).astype("i8")
    return gathered


def _refuse_unlike(described: list[str], split: str) -> None:
    for index, own in enumerate(described):
        if own != described[0]:
            raise RunError(
                f"step {split!r}: all blocks must return the same columns, but block {index} returned {own}, and "
                f"block 0 {described[0]}: give each column one name and dtype in every block",
                exit_code=FAILED,
            )
