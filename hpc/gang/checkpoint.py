"""Checkpoints of a gang: all tiles in one Zarr store, the same bytes from any number of ranks.

A checkpoint is ``FOLDER/step-<n>.zarr``. It is written beside as ``.partial``, synced, hashed and renamed once every
rank's part is on disk, so that a kill at any moment leaves the one before. Its chunks depend on the domain alone:
ranks send each chunk's cells to the one that writes it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from ..errors import FAILED, RunError
from ..store.shards import EVERY_CHUNK, copy_of
from ..store.stores import hash_file, sync_folder
from .layout import Box, Place, TileLayout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .gang import Gang

__all__ = ["Checkpoint", "read_checkpoint", "write_checkpoint"]

HASHES = "hashes.json"
CHUNK_CELLS = 1024  # a side
CHUNK_ELEMENTS = 1 << 20
KEPT = 2
TAG = 13
DIMS: dict[Place, tuple[str, str, str]] = {
    "cell": ("member", "y", "x"),
    "x_face": ("member", "y", "x_face"),
    "y_face": ("member", "y_face", "x"),
}


@dataclass(frozen=True)
class Checkpoint:
    """The step that a gang had reached, and what it noted then (the same on every rank)."""

    step: int
    notes: dict[str, Any]


def write_checkpoint(
    gang: Gang,
    layout: TileLayout,
    folder: Path,
    step: int,
    fields: Mapping[str, NDArray[Any]],
    places: Mapping[str, Place],
    notes: Mapping[str, Any] | None = None,
    *,
    chunk_cells: int = CHUNK_CELLS,
) -> Path:
    """Write what every rank owns of its fields (member, y, x), and forget all but the last two checkpoints.

    All ranks call it together, with the same step and notes (JSON).
    """
    final = folder / f"step-{step:012d}.zarr"
    staged = final.with_suffix(".partial")
    if gang.rank == 0:
        _lay_out(staged, step, layout, fields, places, notes or {}, chunk_cells)
    gang.comm.Barrier()
    written: dict[str, str] = {}
    for name in sorted(fields):
        written |= _write_field(gang, layout, staged, name, fields[name], places[name])
    listed = gang.comm.gather(written, 0)
    if gang.rank == 0:
        hashes = {k: v for part in listed for k, v in part.items()}
        hashes |= {str(p.relative_to(staged)): hash_file(p, sync=True) for p in staged.rglob("zarr.json")}
        with (staged / HASHES).open("w", encoding="utf-8") as file:
            json.dump(hashes, file, indent=0, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        for inside, _, _ in os.walk(staged):
            sync_folder(inside)
        if final.exists():
            _remove(final)  # of the same step: a rerun reached it again
        staged.rename(final)
        sync_folder(folder)
        for old in _list_steps(folder)[:-KEPT]:
            _remove(old)
    gang.comm.Barrier()
    return final


def _lay_out(
    staged: Path,
    step: int,
    layout: TileLayout,
    fields: Mapping[str, NDArray[Any]],
    places: Mapping[str, Place],
    notes: Mapping[str, Any],
    chunk_cells: int,
) -> None:
    staged.parent.mkdir(parents=True, exist_ok=True)
    for stale in staged.parent.glob("step-*.partial"):
        shutil.rmtree(stale)
    group = zarr.open_group(staged, mode="w", zarr_format=3, attributes={"step": step, "notes": dict(notes)})
    for name in sorted(fields):
        rows, columns = layout.whole(places[name])
        members = fields[name].shape[0]
        sides = min(chunk_cells, rows), min(chunk_cells, columns)
        group.create_array(
            name,
            shape=(members, rows, columns),
            dtype=fields[name].dtype,
            chunks=(max(1, min(members, CHUNK_ELEMENTS // (sides[0] * sides[1]))), *sides),
            compressors=[ZstdCodec(level=1, checksum=True)],
            fill_value=0,
            dimension_names=DIMS[places[name]],
            config=EVERY_CHUNK,
        )


def _write_field(
    gang: Gang, layout: TileLayout, staged: Path, name: str, field: NDArray[Any], place: Place
) -> dict[str, str]:
    """Bring each column of chunks (all members of the same cells) to its writer, and write it there."""
    array = copy_of(zarr.open_array(staged / name, mode="r+"))
    per_chunk, *sides = array.chunks
    rows, columns = layout.whole(place)
    boxes = [
        Box(y, min(y + sides[0], rows), x, min(x + sides[1], columns))
        for y in range(0, rows, sides[0])
        for x in range(0, columns, sides[1])
    ]
    tile, owners = layout.tiles[gang.rank], [other.owned(place) for other in layout.tiles]
    written: dict[str, str] = {}
    for first in range(0, len(boxes), gang.size):  # each rank writes one of these: no more than one is held at a time
        requests, kept = [], []
        for writer, box in enumerate(boxes[first : first + gang.size]):
            if part := box.meet(owners[gang.rank]):
                values = np.ascontiguousarray(field[part.within(tile.corner)])
                kept.append(values)
                requests.append(gang.comm.Isend(values.reshape(-1).view(np.uint8), writer, TAG))
        if first + gang.rank < len(boxes):
            box = boxes[first + gang.rank]
            chunk = np.empty((array.shape[0], box.y1 - box.y0, box.x1 - box.x0), array.dtype)
            for rank, owned in enumerate(owners):
                if part := box.meet(owned):
                    target = chunk[part.within((box.y0, box.x0))]
                    buffer = np.empty(target.nbytes, np.uint8)
                    gang.comm.Recv(buffer, rank, TAG)
                    target[...] = buffer.view(array.dtype).reshape(target.shape)
            array[:, box.y0 : box.y1, box.x0 : box.x1] = chunk
            for index in range(-(-array.shape[0] // per_chunk)):
                key = f"{name}/c/{index}/{box.y0 // sides[0]}/{box.x0 // sides[1]}"
                written[key] = hash_file(staged / key, sync=True)
        for request in requests:
            request.Wait()
    return written


def read_checkpoint(
    gang: Gang,
    layout: TileLayout,
    folder: Path,
    fields: Mapping[str, NDArray[Any]],
    places: Mapping[str, Place],
) -> Checkpoint | None:
    """Fill the fields, own cells and halo, from the last whole checkpoint; the ring stays as it is. None if none is.

    Raises
    ------
    RunError
        On every rank, if a file is not what was written, or the checkpoint is of other fields.
    """
    steps: list[Path] = gang.comm.bcast(_list_steps(folder) if gang.rank == 0 else None, 0)
    if not steps:
        return None
    path = steps[-1]
    _agree(gang, path, _check_files(path, gang))  # before a rank opens what another found torn
    _agree(gang, path, _check_fields(path, layout, fields, places))
    group = zarr.open_group(path, mode="r")
    for name, field in fields.items():
        tile = layout.tiles[gang.rank]
        held = tile.held(places[name])
        array = group[name]
        assert isinstance(array, zarr.Array)
        field[held.within(tile.corner)] = array[:, held.y0 : held.y1, held.x0 : held.x1]
    attributes: dict[str, Any] = group.attrs.asdict()
    return Checkpoint(attributes["step"], attributes["notes"])


def _remove(path: Path) -> None:
    """In one step as far as a reader can see: a kill leaves no half of a checkpoint under its name."""
    doomed = path.with_suffix(".old.partial")
    path.rename(doomed)
    shutil.rmtree(doomed)


def _list_steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.zarr"))


def _agree(gang: Gang, path: Path, problem: str | None) -> None:
    problems = [one for one in gang.comm.allgather(problem) if one]
    if problems:
        raise RunError(f"{path}: {problems[0]}; remove it, and the previous checkpoint is used", exit_code=FAILED)


def _check_files(path: Path, gang: Gang) -> str | None:
    """What is wrong with this rank's share of the files, if anything."""
    try:
        hashes: dict[str, str] = json.loads((path / HASHES).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"{HASHES} cannot be read ({error})"
    files = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} - {HASHES}
    if not isinstance(hashes, dict) or not set(hashes) >= files:
        return f"{HASHES} does not name every file that is there"
    for key, expected in list(sorted(hashes.items()))[gang.rank :: gang.size]:
        file = path / key
        if not file.exists() or hash_file(file) != expected:
            return f"{key} is not what was written"
    return None


def _check_fields(
    path: Path, layout: TileLayout, fields: Mapping[str, NDArray[Any]], places: Mapping[str, Place]
) -> str | None:
    """What does not fit the fields asked for, if anything."""
    found = {}
    for described in path.glob("*/zarr.json"):  # Zarr, asked for all members, warns of the hashes beside them
        array = zarr.open_array(described.parent, mode="r")
        found[described.parent.name] = array.shape, array.dtype
    asked = {name: ((f.shape[0], *layout.whole(places[name])), f.dtype) for name, f in fields.items()}
    return None if found == asked else f"it holds {found}, not {asked}"
