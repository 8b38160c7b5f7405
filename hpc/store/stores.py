"""Product stores: Zarr v3 written by whole shards, checksummed, synced, and published under their name only when whole.

A product lives in ``RUN/staging/<name>.zarr`` while blocks are written and moves to ``RUN/<name>.zarr`` in one rename.
Its bytes depend on the inputs alone: no clock, host, path or run id stands in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from ..errors import RunError
from .products import Product, Variable
from .shards import EVERY_CHUNK, Columns, encode_rows, open_layout, write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "SCHEMA_VERSION",
    "create_array",
    "create_product",
    "hash_file",
    "locate",
    "publish",
    "read_arrays",
    "refuse_repeated_labels",
    "share_columns",
    "static_files",
    "sweep_partial",
    "sync_folder",
    "sync_folders",
    "write_arrays",
    "write_block",
    "write_scalars",
]

SCHEMA_VERSION = 2
ROW_ELEMENTS = 1 << 13  # rows of one input chunk
CHUNK_ELEMENTS = 1 << 20  # at most 8 MB of float64 inside a shard
SHARD_BYTES = 64_000_000  # about, of a variable whose second dim is cut, or of a ragged one


def locate(run: Path, product: str) -> Path:
    """Where the product stands now: published, or still staged."""
    published = run / f"{product}.zarr"
    return published if published.exists() else run / "staging" / f"{product}.zarr"


def create_product(run: Path, product: Product, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Lay out every array of the product before any block runs, and fill those that come from the inputs."""
    refuse_repeated_labels(product, inputs)
    path = locate(run, product.name)
    group = zarr.open_group(
        path,
        mode="w",
        zarr_format=3,
        attributes={
            "Conventions": "CF-1.11",
            "title": product.title,
            "schema_version": SCHEMA_VERSION,
            **product.attrs,
        },
    )
    for variable in product.variables:
        if variable.filled == "inputs":
            _fill(group, variable, inputs[variable.name])
        elif variable.filled == "constant":
            _fill(group, variable, np.zeros(variable.shape, variable.dtype))
        else:
            create_array(group, variable, variable.shape)
    _consolidate(path)


def _consolidate(path: Path) -> None:
    """Let a reader learn of all arrays at one look. From here on no metadata changes: arrays are never resized."""
    with warnings.catch_warnings():
        # Zarr says that its specification has no word on it yet; a reader that does not know it looks at each array.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", UserWarning)
        zarr.consolidate_metadata(path, zarr_format=3)
    described = path / "zarr.json"
    whole = json.loads(described.read_text(encoding="utf-8"))
    held = whole["consolidated_metadata"]
    held["metadata"] = dict(sorted(held["metadata"].items()))  # some releases keep the order in which files are listed
    described.write_text(json.dumps(whole, indent=2), encoding="utf-8")


def refuse_repeated_labels(product: Product, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a coordinate that holds a label twice: nobody could select by it.

    Raises
    ------
    RunError
        Naming the label that is given most often.
    """
    for variable in product.filled_by("inputs"):
        if variable.dims != (variable.name,):
            continue
        labels = np.asarray(inputs[variable.name]).tolist()
        if len(set(labels)) < len(labels):
            label, times = Counter(labels).most_common(1)[0]
            raise RunError(
                f"{variable.name} {label!r} is given {times} times, and store {product.name} is selected by it: give "
                f"each {variable.name} its own"
            )


def create_array(group: zarr.Group, variable: Variable, shape: tuple[int, ...]) -> zarr.Array[Any]:
    """Lay out an array of a product."""
    shard, chunk = _layout(variable, shape)
    dtype = variable.dtype
    fill: Any = "" if dtype == "string" else np.nan if np.dtype(dtype).kind == "f" else 0
    return group.create_array(
        variable.name,
        shape=shape,
        dtype=dtype,
        chunks=chunk,
        shards=None if shard == chunk else shard,
        # zstd's own checksum: Zarr's default has none, and a flipped bit would be read back as data
        compressors=[ZstdCodec(level=1, checksum=True)],
        fill_value=fill,
        attributes=variable.attrs,
        dimension_names=variable.dims,
        config=EVERY_CHUNK,
    )


def _layout(variable: Variable, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shard and chunk shape; a shard holds a whole number of chunks, so its last chunk may reach past the array."""
    if not shape:
        return (), ()
    lengths = [max(1, n) for n in shape]
    rows = variable.per_shard if variable.filled == "blocks" else lengths[0]
    cut = len(lengths) > 1 and 0 < variable.columns_per_shard < lengths[1]
    if cut:
        lengths[1] = variable.columns_per_shard
    row = int(np.prod(lengths[1:], dtype=np.int64))
    # a block reads its own rows of the inputs: a chunk holds few, so that little is read in vain
    chunk = [max(1, min(rows, ROW_ELEMENTS // row)) if variable.filled == "inputs" and row > 1 else rows, *lengths[1:]]
    for axis in range(len(chunk)):  # halve the leading axes first, so that a row stays in one piece as long as it can
        while int(np.prod(chunk, dtype=np.int64)) > CHUNK_ELEMENTS and chunk[axis] > 1:
            # a shard longer than `columns_per_shard` would have two owners: there, chunks divide it
            chunk[axis] = _largest_divisor(chunk[axis]) if cut and axis == 1 else -(-chunk[axis] // 2)
    shard = [-(-n // c) * c for n, c in zip([rows, *lengths[1:]], chunk, strict=True)]
    return tuple(shard), tuple(chunk)


def _largest_divisor(n: int) -> int:
    return next(divisor for divisor in range(n // 2, 0, -1) if n % divisor == 0)


def share_columns(shape: tuple[int, ...], dtype: str, per_shard: int = 1) -> int:
    """How many entries of the second dim go into a shard of about 64 MB, the same number into each; 0 for all.

    Examples
    --------
    >>> share_columns((20, 24, 200, 200), "float32"), share_columns((1, 24, 1000, 1000), "float32")
    (0, 12)
    >>> share_columns((1, 24, 3300, 6000), "float32")
    1
    """
    column = per_shard * int(np.prod(shape[2:], dtype=np.int64)) * np.dtype(dtype).itemsize
    most = max(1, SHARD_BYTES // max(1, column))
    n_shards = -(-shape[1] // most)
    return -(-shape[1] // n_shards) if n_shards > 1 else 0


def _fill(group: zarr.Group, variable: Variable, values: Any) -> None:
    values = np.asarray(values)
    array = group[variable.name] if variable.name in group else create_array(group, variable, values.shape)
    assert isinstance(array, zarr.Array)
    array[...] = values


def write_scalars(run: Path, product: Product, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write, once and at the end, what travelled in the ledger."""
    group = zarr.open_group(locate(run, product.name), mode="r+")
    for variable in product.filled_by("ledger"):
        values = np.array(columns[variable.name], dtype=variable.dtype)
        _fill(group, variable, values.reshape(variable.shape))


def write_block(
    run: Path,
    product: str,
    start: int,
    stop: int,
    arrays: Mapping[str, NDArray[Any]],
    *,
    columns: Columns = None,
    unsynced: set[str] | None = None,
) -> dict[str, str]:
    """Write rows ``[start, stop)`` of each array, sync them, and return the hash of every shard file written.

    Of some ``columns`` of the second dim only their files are written.
    The caller owns whole shards: the plan refused anything else. The names of the files are on disk once their
    folders are synced: here, or by the caller, for many blocks at once, who gives a set ``unsynced`` that they join.
    """
    root = str(locate(run, product))
    written: dict[str, str] = {}
    folders: set[str] = set() if unsynced is None else unsynced
    for name, values in arrays.items():
        array = open_layout(f"{root}/{name}")
        expected = (stop - start, *array.shape[1:])
        if columns is not None:
            expected = (stop - start, columns[1] - columns[0], *array.shape[2:])
        if values.shape != expected or values.dtype != array.dtype:
            raise RunError(
                f"{product}.{name} rows {start}:{stop} must be {expected} of {array.dtype}, the block returned "
                f"{values.shape} of {values.dtype}"
            )
        rows = (array.shards or array.chunks)[0]
        if start % rows or (stop % rows and stop != array.shape[0]):
            raise RunError(
                f"{product}.{name} rows {start}:{stop} are not whole shards of {rows} rows: change `per_block`"
            )
        if columns is not None:
            across = (array.shards or array.chunks)[1]
            if columns[0] % across or (columns[1] % across and columns[1] != array.shape[1]):
                raise RunError(f"{product}.{name} columns {columns} are not whole shards of {across} columns")
        for key, data in encode_rows(array, start, stop, values, columns):
            path = f"{root}/{name}/{key}"
            written[f"{name}/{key}"] = write_file(path, data)
            while len(path := os.path.dirname(path)) >= len(root):
                folders.add(path)
    if unsynced is None:
        sync_folders(folders)
    return written


def hash_file(path: Path, *, sync: bool = False) -> str:
    """SHA-256 of a file's bytes, synced to disk first if asked."""
    with path.open("rb") as file:
        if sync:
            os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path | str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folders(folders: Iterable[str]) -> None:
    """Sync folders, each after those within it."""
    for folder in sorted(folders, key=len, reverse=True):
        sync_folder(folder)


def static_files(run: Path, product: Product) -> dict[str, str]:
    """Hash of every file of the store that no block wrote: metadata, inputs and scalars."""
    root = locate(run, product.name)
    blocked = {v.name for v in product.filled_by("blocks")}
    return {
        str(path.relative_to(root)): hash_file(path, sync=True)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not (path.relative_to(root).parts[0] in blocked and path.name != "zarr.json")
    }


def sweep_partial(run: Path) -> int:
    """Remove what a killed writer left half-written; call it only while no block of the run is being written."""
    stale = [path for path in run.rglob("*.partial") if path.is_file()]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def publish(run: Path, product: str) -> Path:
    """Give a complete, verified store its public name in one step."""
    staged, published = run / "staging" / f"{product}.zarr", run / f"{product}.zarr"
    if staged.exists():
        for folder, _, _ in os.walk(staged):
            sync_folder(Path(folder))
        os.replace(staged, published)
        if not any(staged.parent.iterdir()):
            staged.parent.rmdir()
        sync_folder(run)
    return published


def write_arrays(
    path: Path,
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]],
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write named arrays with their dims as a plain group: the inputs of a run; some have attributes of their own."""
    group = zarr.open_group(path, mode="w", zarr_format=3)
    for name, (dims, values) in arrays.items():
        kind = "string" if values.dtype.kind in "UT" else str(values.dtype)
        own = (attributes or {}).get(name, {})
        _fill(group, Variable(name, dims, kind, "1", name, "inputs", more=own), values)
    _consolidate(path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a group, in memory."""
    return {name: np.asarray(array[...]) for name, array in sorted(zarr.open_group(path, mode="r").arrays())}
