"""Ragged arrays on disk: how inputs are marked, what offsets must be, who owns which shard, and the final length."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.storage import MemoryStore, StorePath

from ..errors import RunError
from .products import Product, Variable
from .shards import write_file
from .stores import SHARD_BYTES, create_array, locate, sync_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Ragged", "describe_ragged", "is_ragged", "own_rows", "refuse_wrong_offsets", "set_lengths", "size_shards"]


@dataclass(frozen=True)
class Ragged:
    """Input arrays that hold a row for each event, say, of a person, one person after another.

    Parameters
    ----------
    dim
        First dim of these arrays, such as ``event``.
    offset
        The array of the offsets: one entry more than persons, from 0 to the number of events.
    instance_dimension
        The dim whose rows the offsets cut, such as ``person``.
    """

    dim: str
    offset: str
    instance_dimension: str


def describe_ragged(
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]], ragged: Iterable[Ragged]
) -> dict[str, dict[str, str]]:
    """Attributes by which readers know ragged arrays and their offsets, by array.

    Raises
    ------
    RunError
        If the arrays have no such offsets, or the offsets do not fit a ragged array.

    Examples
    --------
    >>> arrays = {"day": (("event",), np.arange(3)), "offset": (("person_bound",), np.array([0, 1, 3]))}
    >>> describe_ragged(arrays, [Ragged("event", "offset", "person")])
    {'offset': {'instance_dimension': 'person'}, 'day': {'ragged': 'offset'}}
    """
    attributes: dict[str, dict[str, str]] = {}
    for one in ragged:
        if one.offset not in arrays:
            raise RunError(
                f"the inputs must hold the offsets of each ragged dim, but {one.offset!r} of dim {one.dim!r} is "
                f"missing: add it to `arrays` (got {', '.join(arrays) or 'none'})"
            )
        attributes[one.offset] = {"instance_dimension": one.instance_dimension}
        offset = arrays[one.offset][1]
        for name, (dims, values) in arrays.items():
            if dims[:1] == (one.dim,):
                refuse_wrong_offsets(offset, len(values), f"the run's inputs: {one.offset}", f"{name}")
                attributes[name] = {"ragged": one.offset}
    return attributes


def refuse_wrong_offsets(offset: NDArray[Any], length: int, where: str, ragged: str) -> None:
    """Refuse offsets that do not begin at 0, rise, and end at the length of the array that they cut.

    Raises
    ------
    RunError
        Naming the offsets (``where``), the ragged array and the value.
    """
    cure = "check how the offsets were made"
    if offset.ndim != 1 or offset.dtype.kind not in "iu" or not len(offset):
        raise RunError(
            f"{where}: offsets must be whole numbers along one dim, at least one, got {offset.shape} of "
            f"{offset.dtype}: {cure}"
        )
    if offset[0] != 0:
        raise RunError(f"{where}: offsets must begin at 0, got {offset[0]}: {cure}")
    if (falls := np.flatnonzero(offset[1:] < offset[:-1])).size:
        at = int(falls[0])
        raise RunError(f"{where}: offsets must not fall, got {offset[at]} and then {offset[at + 1]} at {at}: {cure}")
    if offset[-1] != length:
        raise RunError(f"{where}: offsets must end at the length of {ragged}, {length}, got {offset[-1]}: {cure}")


def own_rows(length: int, per_shard: int, start: int, stop: int) -> tuple[int, int]:
    """Rows of the whole shards whose first row is in ``[start, stop)``: parts of an array never share a shard.

    Examples
    --------
    >>> [own_rows(25, 10, *part) for part in ((0, 4), (4, 21), (21, 25))]
    [(0, 10), (10, 25), (25, 25)]
    """
    first, last = (min(length, -(-row // per_shard) * per_shard) for row in (start, stop))
    return first, last


def is_ragged(product: Product) -> bool:
    """Whether blocks fill variables whose length is known only after they ran."""
    return any(variable.ragged or variable.instance_dimension for variable in product.filled_by("blocks"))


def size_shards(product: Product) -> Product:
    """Give each variable of a ragged product that blocks fill its rows a shard: about 64 MB unless it says more than 1.

    Other products stay as they are.
    """
    if not is_ragged(product):
        return product
    sized = tuple(_size(variable) if variable.filled == "blocks" else variable for variable in product.variables)
    return replace(product, variables=sized)


def _size(variable: Variable) -> Variable:
    rows = variable.per_shard if variable.per_shard > 1 else max(1, SHARD_BYTES // max(1, variable.row_bytes))
    return replace(variable, per_shard=rows if variable.ragged else min(rows, max(1, variable.shape[0])))


def set_lengths(run: Path, product: Product, lengths: Mapping[str, int]) -> None:
    """Give the ragged arrays of a product their length, once all blocks have told theirs.

    The metadata have the same bytes whenever they are written; files that are there already are not written again.

    Parameters
    ----------
    lengths
        Number of rows by the name of the offsets.
    """
    root = locate(run, product.name)
    described: dict[str, Any] = {}
    for variable in product.filled_by("blocks"):
        if not variable.ragged:
            continue
        length = lengths[variable.ragged]
        fitted = replace(variable, per_shard=min(variable.per_shard, max(1, length)))
        files: dict[str, Any] = {}
        create_array(zarr.open_group(StorePath(MemoryStore(files)), mode="w"), fitted, (length, *variable.shape[1:]))
        text = files[f"{variable.name}/zarr.json"].to_bytes()
        described[variable.name] = json.loads(text)
        _replace(root / variable.name / "zarr.json", text)
    whole = json.loads((root / "zarr.json").read_text(encoding="utf-8"))
    whole["consolidated_metadata"]["metadata"].update(described)
    _replace(root / "zarr.json", json.dumps(whole, indent=2).encode())


def _replace(path: Path, data: bytes) -> None:
    if path.exists() and path.read_bytes() == data:
        return
    write_file(os.fspath(path), data)
    sync_folder(path.parent)
