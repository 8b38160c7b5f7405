"""Rows of an array as the bytes of its files, and a file on disk: whole or not at all, synced, its checksum known.

Zarr would pass each small shard to an event loop in another thread and back, which costs more than all the rest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import product as product_of
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import zarr
from numcodecs.zstd import Zstd  # type: ignore[import-untyped]
from zarr.storage import MemoryStore, StorePath

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EVERY_CHUNK", "Columns", "copy_of", "encode_rows", "open_layout", "shard_keys", "write_file"]

EVERY_CHUNK: Any = {"write_empty_chunks": True}  # a missing file means `not done`, never `all fill`


@lru_cache(maxsize=256)
def open_layout(path: str) -> zarr.Array[Any]:
    """An array's layout; a worker writes many blocks, and reading it once saves half the time of a small one."""
    return zarr.open_array(path, mode="r")


Columns = tuple[int, int] | None  # a range of the second dim, or all of it


def shard_keys(array: zarr.Array[Any], start: int, stop: int, columns: Columns = None) -> list[str]:
    """Files that hold rows ``[start, stop)``, relative to the array's folder."""
    return ["c/" + "/".join(map(str, place)) for place in _places(array, start, stop, columns)]


def _places(array: zarr.Array[Any], start: int, stop: int, columns: Columns) -> Iterator[tuple[int, ...]]:
    shape = array.shards or array.chunks
    across = [range(-(-n // s)) for n, s in zip(array.shape[1:], shape[1:], strict=True)]
    if columns is not None:
        across[0] = range(columns[0] // shape[1], -(-columns[1] // shape[1]))
    return product_of(range(start // shape[0], -(-stop // shape[0])), *across)


def encode_rows(
    array: zarr.Array[Any], start: int, stop: int, values: NDArray[Any], columns: Columns = None
) -> Iterator[tuple[str, bytes | memoryview]]:
    """Every file of rows ``[start, stop)``, by key, as Zarr would write it; of some columns, those files alone.

    The rows, and the columns, must be whole shards: nothing of what the files hold already is read.
    """
    zstd = _plain_zstd(array)
    if zstd is None:
        yield from _encode_by_zarr(array, start, stop, values, columns)
        return
    for place in _places(array, start, stop, columns):
        corner = [index * length for index, length in zip(place, array.chunks, strict=True)]
        corner[0] -= start
        if columns is not None:
            corner[1] -= columns[0]
        chunk = values[tuple(slice(at, at + n) for at, n in zip(corner, array.chunks, strict=True))]
        if chunk.shape != array.chunks:  # the last chunk reaches past the array
            padded = np.full(array.chunks, array.fill_value, array.dtype)
            padded[tuple(map(slice, chunk.shape))] = chunk
            chunk = padded
        yield "c/" + "/".join(map(str, place)), zstd.encode(chunk.ravel().view("B"))


def _plain_zstd(array: zarr.Array[Any]) -> Any:
    """The compressor, where a file is nothing but one compressed chunk of numbers as they lie in memory."""
    codecs: Any = array.metadata.to_dict()["codecs"]  # as zarr.json has them: the same in every release of Zarr 3
    if array.shards is None and array.dtype.kind in "biufc" and array.dtype.isnative and len(codecs) == 2:
        (order, how), (compressor, settings) = ((codec["name"], codec.get("configuration", {})) for codec in codecs)
        # Little-endian by its name, or of one byte; this machine's own order was asked for above.
        if (order, compressor) == ("bytes", "zstd") and np.little_endian and how.get("endian", "little") == "little":
            return _zstd(settings["level"], settings["checksum"])
    return None


@lru_cache
def _zstd(level: int, checksum: bool) -> Any:
    return Zstd(level=level, checksum=checksum)


def _encode_by_zarr(
    array: zarr.Array[Any], start: int, stop: int, values: NDArray[Any], columns: Columns
) -> Iterator[tuple[str, bytes | memoryview]]:
    files: dict[str, Any] = {}
    copy = copy_of(array, StorePath(MemoryStore(files)))
    across = [slice(*columns)] if columns is not None else []
    rows = (array.shards or array.chunks)[0]
    for at in range(start, stop, rows):  # no more than one row of files is held
        until = min(at + rows, stop)
        copy[(slice(at, until), *across)] = values[at - start : until - start]
        for key in shard_keys(array, at, until, columns):
            yield key, memoryview(files.pop(key).as_numpy_array())


def copy_of(array: zarr.Array[Any], place: StorePath | None = None) -> zarr.Array[Any]:
    """The same array, here or in another place, as one that writes every chunk.

    ``Array.with_config`` would do, but Zarr has it only since 3.1.6.
    """
    return zarr.Array(zarr.AsyncArray(array.metadata, place or array.store_path, EVERY_CHUNK))


def write_file(path: str, *pieces: bytes | memoryview) -> str:
    """Write a file of one or more pieces and sync it before it takes its name; returns the SHA-256 of its bytes.

    The name itself is on disk once the caller has synced the folder. Whoever writes the same file at the same moment
    writes another partial one.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    partial = f"{path}.{uuid4().hex}.partial"
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            for piece in pieces:
                rest = memoryview(piece).cast("B")
                while rest:
                    rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(partial, path)
    except BaseException:
        try:
            os.unlink(partial)
        except OSError:  # what is told is why it could not be written
            pass
        raise
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
