"""Tables as products: rows of blocks, checked against the columns declared, become one Parquet or CSV file.

A table lies in ``RUN/staging`` until it is published as ``RUN/NAME.parquet`` in one rename. Its bytes depend on its
rows alone: not on how many workers computed them, nor on which rows came in one block.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from uuid import uuid4

import numpy as np

from ..errors import FAILED, RunError
from .products import Column, Table, TableFormat
from .stores import hash_file, sync_folder
from .table_files import open_writer
from .withheld import MASK, join_masks, join_pieces, mask_column, take_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_columns", "fix_text", "locate_table", "publish_table", "refuse_table", "write_table"]

GROUP_ROWS, GROUP_BYTES = 1 << 17, 1 << 24  # that are compressed together, whichever is reached first
TEXT_BYTES = 256  # a text is counted as so many
KINDS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
         "string", "datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]")  # fmt: skip
OWN = frozenset({"run", "plan", "ledger", "result", "driver", "inputs", "report"})  # names of the run's own files

Columns = dict[str, "NDArray[Any]"]


def refuse_table(table: Table) -> None:
    """Refuse a declaration that no file can hold.

    Raises
    ------
    RunError
        Naming what to declare instead.
    """
    names = [column.name for column in table.columns]
    if table.format not in get_args(TableFormat):
        raise RunError(f"the format of table {table.name!r} must be parquet or csv, got {table.format!r}")
    if not table.name.replace("-", "_").isidentifier() or table.name in OWN:
        raise RunError(
            f"the name of a table must be letters, digits, - and _, and none of {', '.join(sorted(OWN))}, got "
            f"{table.name!r}"
        )
    if not names:
        raise RunError(f"table {table.name!r} must have at least one column: declare them in `columns`")
    if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
        raise RunError(f"each column of table {table.name!r} must have a name of its own, got {twice!r} twice")
    for column in table.columns:
        if column.may_be_withheld and column.name + MASK in names:
            raise RunError(
                f"no column of table {table.name!r} must be called {column.name + MASK!r}, which is kept for the mask "
                f"of {column.name!r}: rename it"
            )
        if column.dtype not in KINDS:
            raise RunError(
                f"column {table.name}.{column.name} must have a dtype of {', '.join(KINDS)}, got {column.dtype!r}"
            )


def check_columns(table: Table, arrays: Mapping[str, Any], step: str) -> Columns:
    """The columns that a block returned, in the order declared and as a file of arrays can hold them.

    Raises
    ------
    RunError
        If a column is missing or too many, has another dtype than declared, or another length than the others, or
        values are withheld that may not be.
    """
    declared = [column.name for column in table.columns]
    if set(arrays) != set(declared):
        raise RunError(
            f"step {step!r} must return the columns {', '.join(declared)} of table {table.name!r}, got "
            f"{', '.join(arrays) or 'none'}: return one array for each column, and nothing else",
            exit_code=FAILED,
        )
    columns = {column.name: _check_kind(table, column, arrays[column.name]) for column in table.columns}
    lengths = {name: len(values) for name, values in columns.items()}
    other = next((name for name in declared if lengths[name] != lengths[declared[0]]), None)
    if other is not None:
        raise RunError(
            f"the columns of table {table.name!r} must have one length, but step {step!r} returned "
            f"{lengths[declared[0]]} of {declared[0]!r} and {lengths[other]} of {other!r}: return a value for each row",
            exit_code=FAILED,
        )
    return columns


def _check_kind(table: Table, column: Column, values: Any) -> NDArray[Any]:
    what = f"column {table.name}.{column.name}"
    plain, mask = take_mask(what, column, values)
    return mask_column(_check_plain(what, column, np.asarray(plain)), mask)


def _check_plain(what: str, column: Column, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "O":
        way = "numpy.asarray(values, str)" if column.dtype == "string" else f"numpy.asarray(values, {column.dtype!r})"
        raise RunError(f"{what} must be an array of {column.dtype}, got objects: return {way}", exit_code=FAILED)
    is_right = array.dtype.kind in "UT" if column.dtype == "string" else array.dtype == np.dtype(column.dtype)
    if not is_right or array.ndim != 1:
        raise RunError(
            f"{what} must be {column.dtype} with one dim, got {array.dtype} with {array.ndim}: convert it, or declare "
            "what the step returns",
            exit_code=FAILED,
        )
    return fix_text(array, what)


def fix_text(array: NDArray[Any], what: str) -> NDArray[Any]:
    """Text of any length as text of one length, since a file of arrays knows no other; other arrays as they are.

    Raises
    ------
    RunError
        If a text ends with a NUL character, which would be lost.
    """
    if array.dtype.kind != "T":
        return array
    width = max(1, int(np.strings.str_len(array).max(initial=0)))
    text: NDArray[Any] = array.astype(f"U{width}")
    if (text.astype(array.dtype) != array).any():
        raise RunError(f"{what} must be text without a NUL character at its end: remove it", exit_code=FAILED)
    return text


def write_table(run: Path, table: Table, blocks: str, n_blocks: int) -> tuple[dict[str, int], dict[str, str]]:
    """Write the rows of all blocks, in their order, into one staged file; one block at a time is held.

    Parameters
    ----------
    run
        Run folder.
    table
        The table.
    blocks
        Folder of the blocks' files ``INDEX.npz``, within the run's.
    n_blocks
        How many there are.

    Returns
    -------
    counts : dict
        ``rows``: how many rows it has.
    files : dict
        SHA-256 by file name.
    """
    path = run / "staging" / table.file_name
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid4().hex}.partial")  # another worker may write the same at this moment
    rows = 0
    try:
        with partial.open("xb") as file, open_writer(file, table) as writer:
            for group in _regroup(_read_blocks(run / blocks, n_blocks, table), table):
                writer.write(group)
                rows += len(next(iter(group.values())))
        digest = hash_file(partial, sync=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return {"rows": rows}, {table.file_name: digest}


def _read_blocks(folder: Path, n_blocks: int, table: Table) -> Iterator[Columns]:
    names = [column.name for column in table.columns]
    for index in range(n_blocks):
        with np.load(folder / f"{index}.npz", allow_pickle=False) as file:
            yield join_masks(dict(file), names)


def _regroup(blocks: Iterator[Columns], table: Table) -> Iterator[Columns]:
    """The same rows in groups of one length, the last one shorter; that length depends on the columns alone."""
    sizes = [TEXT_BYTES if column.dtype == "string" else np.dtype(column.dtype).itemsize for column in table.columns]
    names, rows = [column.name for column in table.columns], min(GROUP_ROWS, GROUP_BYTES // sum(sizes) + 1)
    held: list[Columns] = []
    n_held = 0
    for block in blocks:
        at, n = 0, len(block[names[0]])
        while n_held + n - at >= rows:
            until = at + rows - n_held
            yield _join([*held, {name: block[name][at:until] for name in names}], names)
            held, n_held, at = [], 0, until
        if at < n:  # a copy, so that the block itself is let go
            held.append({name: block[name][at:].copy() for name in names})
            n_held += n - at
        del block  # before the next one is read
    if held:
        yield _join(held, names)


def _join(pieces: Sequence[Columns], names: Sequence[str]) -> Columns:
    return {name: join_pieces([piece[name] for piece in pieces]) for name in names}


def locate_table(run: Path, file_name: str) -> Path:
    """Where the table stands now: staged, or published."""
    staged = run / "staging" / file_name
    return staged if staged.exists() else run / file_name


def publish_table(run: Path, table: Table) -> Path:
    """Give a complete, verified table its public name in one step."""
    staged, published = run / "staging" / table.file_name, run / table.file_name
    if staged.exists():
        os.replace(staged, published)
        if not any(staged.parent.iterdir()):
            staged.parent.rmdir()
        sync_folder(run)
    return published
