"""The variables of two stores, compared block by block: never more than some megabytes of each are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product as product_of
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hpc.errors import RunError
from ...hpc.run.progress import Reporter
from .differences import Difference
from .labels import Match, Picked, match_labels, match_positions

__all__ = ["StorePair"]

BLOCK_ELEMENTS = 1 << 21  # 16 MB of float64 of each run
MANY_BLOCKS = 32  # from here on a bar tells how far it is


@dataclass
class StorePair:
    """One product of two runs, and which rows of them belong together.

    Attributes
    ----------
    a, b
        The stores' arrays by name.
    matches
        The match of each dim that a variable was compared along.
    refused
        Variables that are not compared, and why.
    """

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    picked: Picked = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _unmatched: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, a: Path, b: Path, picked: Picked) -> StorePair:
        """Open two stores, and see that each dim that was picked has labels in both.

        Raises
        ------
        RunError
            If a dim that was picked labels nothing.
        """
        import zarr

        opened = [dict(zarr.open_group(path, mode="r").arrays()) for path in (a, b)]
        pair = cls(opened[0], opened[1], picked)
        for dim in picked:
            if any(dim not in arrays or _dims(arrays[dim]) != (dim,) for arrays in opened):
                labelled = [name for name, array in sorted(opened[0].items()) if _dims(array) == (name,)]
                raise RunError(
                    f"--at must name a dim with labels in both runs, got {dim!r}: choose one of {', '.join(labelled)}"
                )
            pair.match(dim)  # a label that is not there is refused before anything is compared
        return pair

    def compare(self, names: Sequence[str], *, quiet: bool = True) -> list[Difference]:
        """Compare the variables of these names; the others of either store are listed in ``refused``."""
        found = []
        for name in [*names, *sorted({*self.a, *self.b} - set(names))]:
            found_in = self.a if name in self.a else self.b
            if _dims(found_in[name]) == (name,) or (not _dims(found_in[name]) and name not in names):
                continue  # labels, by which the others are matched; a grid mapping, which says all in its attributes
            if (why := self._find_obstacle(name)) is not None:
                self.refused[name] = why
            elif name in names:
                found.append(self._compare(name, quiet))
        return found

    def match(self, dim: str) -> Match:
        """How the rows of a dim belong together."""
        if dim in self._unmatched:
            raise RunError(self._unmatched[dim])
        if dim not in self.matches:
            try:
                self.matches[dim] = self._match(dim)
            except RunError as error:
                self._unmatched[dim] = str(error)
                raise
        return self.matches[dim]

    def _match(self, dim: str) -> Match:
        if dim in self.a and dim in self.b:
            units = [_attrs(arrays[dim]).get("units", "") for arrays in (self.a, self.b)]
            if units[0] != units[1] and not all(" since " in unit for unit in units):
                raise RunError(f"dim {dim!r} must have the same units in both runs, but A has {units[0]}, B {units[1]}")
            return match_labels(dim, _labels(self.a[dim]), _labels(self.b[dim]), self.picked.get(dim))
        lengths = [
            next(array.shape[_dims(array).index(dim)] for array in arrays.values() if dim in _dims(array))
            for arrays in (self.a, self.b)
        ]
        return match_positions(dim, *lengths)

    def _find_obstacle(self, name: str) -> str | None:
        """Why a variable cannot be compared; None if it can."""
        for run, arrays in (("A", self.a), ("B", self.b)):
            if name not in arrays:
                return f"it is not in {run}"
        first, second = self.a[name], self.b[name]
        if _dims(first) != _dims(second):
            return f"its dims are {_dims(first)} in A and {_dims(second)} in B"
        units = [_attrs(array).get("units", "") for array in (first, second)]
        if units[0] != units[1]:
            return f"its units are {units[0] or 'none'!r} in A and {units[1] or 'none'!r} in B"
        if (first.dtype.kind in "fiub") != (second.dtype.kind in "fiub"):
            return f"it holds {first.dtype} in A and {second.dtype} in B"
        for dim in _dims(first):
            try:
                self.match(dim)
            except RunError as error:
                return str(error)
        return None

    def _compare(self, name: str, quiet: bool) -> Difference:
        array = self.a[name]
        dims = _dims(array)
        told = Difference(name, str(_attrs(array).get("units", "")), dims)
        shape = tuple(len(self.match(dim)) for dim in dims)
        blocks = list(_cut(shape))
        with Reporter(quiet=quiet or len(blocks) < MANY_BLOCKS) as reporter:
            reporter.start(f"comparing {name}", 0, len(blocks))
            for block in blocks:
                told.add(*self.read(name, block), corner=[part.start for part in block])
                reporter.advance()
        told.at = {dim: self.match(dim).name_row(row) for dim, row in zip(dims, told.place, strict=False)}
        return told

    def read(self, name: str, block: Sequence[slice]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Matched rows of a variable, of A and of B; ``block`` counts matched rows."""
        matches = [self.match(dim) for dim in _dims(self.a[name])]
        rows_a = tuple(_as_slice(match.a[part]) for match, part in zip(matches, block, strict=True))
        rows_b = tuple(_as_slice(match.b[part]) for match, part in zip(matches, block, strict=True))
        return _read(self.a[name], rows_a), _read(self.b[name], rows_b)


def _read(array: Any, rows: tuple[Any, ...]) -> NDArray[Any]:
    values = np.asarray(array.oindex[rows] if rows else array[...])
    return values.astype(object) if values.dtype.kind == "T" else values


def _as_slice(rows: NDArray[np.int64]) -> Any:
    """Rows that follow one another as a slice, which is read faster."""
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _cut(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Blocks of at most ``BLOCK_ELEMENTS``, whole in the trailing dims as far as that goes."""
    lengths, size = list(shape), 1
    for axis in reversed(range(len(shape))):
        lengths[axis] = max(1, min(shape[axis], BLOCK_ELEMENTS // size))
        size *= lengths[axis]
    steps = [range(0, n, length) for n, length in zip(shape, lengths, strict=True)]
    for corner in product_of(*steps):
        yield tuple(slice(at, min(at + n, end)) for at, n, end in zip(corner, lengths, shape, strict=True))


def _dims(array: Any) -> tuple[str, ...]:
    return tuple(getattr(array.metadata, "dimension_names", None) or ())


def _attrs(array: Any) -> dict[str, Any]:
    return dict(array.attrs)


def _labels(array: Any) -> NDArray[Any]:
    """Labels of a dim; those of a time since a moment are moments, so that runs that begin apart match too."""
    values = np.asarray(array[...])
    units = str(_attrs(array).get("units", ""))
    if " since " not in units:
        return values
    import xarray

    named = xarray.Dataset({"label": ("label", values, {"units": units})})
    return np.asarray(xarray.decode_cf(named)["label"].values)
