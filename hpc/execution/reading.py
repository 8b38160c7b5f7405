"""What a block works on: rows of the blocked dim, ragged rows by their offsets, whole arrays, and paths of sources.

Arrays of a product or store at person level are sealed: the step's function takes them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FAILED, RunError
from ..plan.plans import read_plan
from ..plan.sources import Source
from ..plan.steps import Block, PlannedStep
from ..store.ragged import refuse_wrong_offsets
from ..store.sealed import Sealed
from ..store.stores import locate

__all__ = ["Arrays", "BlockReader", "read_npz"]

Arrays = dict[str, Any]  # arrays, and the path of each source that is a file or folder
SMALL_BYTES = 1 << 22  # a sliced array of this size is read once, like those every block reads whole


@dataclass(frozen=True)
class _Group:
    """Arrays of a group by how a block takes them; small ones are in memory."""

    rows: Mapping[str, Any] = field(default_factory=dict)
    offsets: Mapping[str, Any] = field(default_factory=dict)  # those that cut the blocked dim
    ragged: Mapping[str, tuple[str, Any]] = field(default_factory=dict)  # with the name of the offsets
    whole: Mapping[str, Any] = field(default_factory=dict)


class BlockReader:
    """Reads the arrays of blocks of one step, one block after another; some rows are read ahead."""

    def __init__(self, folder: Path, step: PlannedStep) -> None:
        self.folder, self.step = folder, step
        self._ahead: dict[tuple[str, str], tuple[int, NDArray[Any] | None]] = {}

    def read(self, block: Block, until: int) -> Arrays:
        """The arrays that a block works on; a few blocks up to ``until`` may be read at once.

        Offsets are handed over from 0: they cut the ragged rows of the block.

        Raises
        ------
        RunError
            If offsets do not fit their persons or the ragged arrays.
        """
        arrays: Arrays = {}
        for name in self.step.inputs:
            group, _, names = name.partition(":")
            if group.startswith("work/"):
                arrays |= read_npz(self.folder / group / "0.npz")
                continue
            if group == "source":
                source_name, _, names = names.partition(":")
                source = _find_source(str(self.folder), source_name)
                if source.kind != "zarr":
                    arrays[source_name] = source.path
                    continue
                read = self._read_group(str(source.path), names, block, until)
                is_private = source.person_level
                read = {source.name_array(name): array for name, array in read.items()}
            else:
                is_product = not group.endswith(".zarr")
                path = locate(self.folder, group) if is_product else self.folder / group
                read = self._read_group(str(path), names, block, until)
                is_private = is_product and _is_person_level(str(self.folder), group)
            arrays |= {name: Sealed(array, name) for name, array in read.items()} if is_private else read
        return arrays

    def _read_group(self, path: str, names: str, block: Block, until: int) -> Arrays:
        opened = _open_group(path, self.step.dim, self.step.extent, names)
        arrays: Arrays = dict(opened.whole)
        for name, array in opened.rows.items():
            arrays[name] = self._rows((path, name), array, block.start, block.stop, until)
        for name, array in opened.offsets.items():
            arrays[name] = self._rows((path, name), array, block.start, block.stop + 1, until + 1)
        for name, (offset, array) in opened.ragged.items():
            own = arrays[offset]
            if (falls := np.flatnonzero(own[1:] < own[:-1])).size:
                at = int(falls[0])
                raise RunError(
                    f"{path}/{offset}: offsets must not fall, got {own[at]} and then {own[at + 1]} at "
                    f"{block.start + at}: check how the store was made",
                    exit_code=FAILED,
                )
            last = array.shape[0] if until > block.stop else int(own[-1])
            arrays[name] = self._rows((path, name), array, int(own[0]), int(own[-1]), last)
        for name in opened.offsets:
            arrays[name] = arrays[name] - arrays[name][0]
        return arrays

    def _rows(self, key: tuple[str, str], array: Any, start: int, stop: int, until: int) -> NDArray[Any]:
        """Rows of an array: of a large one those of a few small blocks at once.

        Zarr takes about as long for one row as for many.
        """
        if isinstance(array, np.ndarray):
            return array[start:stop]
        at, rows = self._ahead.pop(key, (0, None))
        if rows is None or not at <= start <= stop <= at + len(rows):
            rows = None  # let go before the next are read
            most = SMALL_BYTES // max(1, array.nbytes // array.shape[0])
            at, end = start, max(stop, min(until, start + most))
            rows = _frozen(np.asarray(array[at:end]))
        if until > stop:
            self._ahead[key] = at, rows
        chosen: NDArray[Any] = rows[start - at : stop - at]
        return chosen


@lru_cache(maxsize=32)
def _find_source(folder: str, name: str) -> Source:
    return read_plan(Path(folder)).sources[name]  # by name: a plan that is made meanwhile adds others


@lru_cache(maxsize=32)
def _is_person_level(folder: str, product: str) -> bool:
    return read_plan(Path(folder)).product(product).person_level


@lru_cache(maxsize=8)
def _open_group(path: str, dim: str, extent: int, names: str) -> _Group:
    """Arrays without the blocked dim are the same for every block: a worker reads them once."""
    import zarr

    arrays = dict(sorted(zarr.open_group(path, mode="r").arrays()))
    chosen = set(names.split(",")) if names else set(arrays)
    cutting = {name for name, array in arrays.items() if array.attrs.get("instance_dimension") == dim}
    rows, offsets, ragged, whole = {}, {}, {}, {}
    for name, array in arrays.items():
        if name not in chosen or name in cutting:
            continue
        cut_by = str(array.attrs.get("ragged", ""))
        if cut_by and cut_by not in arrays:
            raise RunError(f"{path}/{name}: its offsets {cut_by!r} must be in the same store: write them there")
        dims = getattr(array.metadata, "dimension_names", None) or ("",)
        if dims[0] == dim:
            rows[name] = _held(array)
        elif cut_by in cutting:
            ragged[name] = cut_by, _held(array)
        else:
            whole[name] = _frozen(np.asarray(array[...]))
    for name in sorted(cutting):
        cut = [one for one, (by, _) in ragged.items() if by == name]
        if cut or name in chosen:
            _refuse_ends(f"{path}/{name}", arrays[name], extent, dim, {one: ragged[one][1].shape[0] for one in cut})
            offsets[name] = _held(arrays[name])
    return _Group(rows, offsets, ragged, whole)


def _refuse_ends(where: str, offset: Any, extent: int, dim: str, lengths: Mapping[str, int]) -> None:
    """Refuse offsets of another number than persons, or that do not end where the ragged arrays do."""
    if offset.shape != (extent + 1,):
        raise RunError(
            f"{where}: offsets must have one entry more than the {extent} of dim {dim!r}, got shape {offset.shape}: "
            "check how the store was made"
        )
    ends = np.array([offset[0], offset[extent]])
    for name, length in lengths.items():
        refuse_wrong_offsets(ends, length, where, name)


def _held(array: Any) -> Any:
    return _frozen(np.asarray(array[...])) if array.nbytes <= SMALL_BYTES else array


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """What blocks share may not be written to: the next one would read it."""
    array.flags.writeable = False
    return array


def read_npz(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
