"""How two arrays of the same shape differ, added up block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Difference", "subtract"]


def subtract(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return ``b - a``, where they differ, and where the difference is no number.

    NaN in both is no difference, nor is a text or moment that is missing in both. NaN, or an infinity, on one side
    alone is a difference without a size: there ``b - a`` is NaN. Texts differ or do not; their ``b - a`` is NaN too
    where they differ.

    Examples
    --------
    >>> change, differs, unsized = subtract(np.array([1.0, np.nan, np.nan]), np.array([3.0, np.nan, 0.0]))
    >>> change.tolist(), differs.tolist(), unsized.tolist()
    ([2.0, 0.0, nan], [True, False, True], [False, False, True])
    """
    differs = np.asarray(a != b, bool)
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        differs &= ~(_is_missing(a) & _is_missing(b))
        return np.where(differs, np.nan, 0.0), differs, differs
    first, second = a.astype(np.float64), b.astype(np.float64)
    differs &= ~(np.isnan(first) & np.isnan(second))
    unsized = differs & ~(np.isfinite(first) & np.isfinite(second))
    change = np.zeros(differs.shape)
    np.subtract(second, first, out=change, where=differs & ~unsized)
    return np.where(unsized, np.nan, change), differs, unsized


def _is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where texts or moments are missing: None, NaN or no time, of which the last two are not equal to themselves."""
    none: Any = None
    return np.asarray(np.logical_or(values != values, np.equal(values, none)), bool)


@dataclass
class Difference:
    """What is told of one variable, column or number of a summary.

    Attributes
    ----------
    compared, differing, unsized
        Numbers compared; those that differ; those of them whose difference is no number, because one side alone is
        NaN or infinite, or because they are texts.
    largest
        ``b - a`` of the largest magnitude; None if there is none.
    at
        The labels where it stands, by dim; none if nothing differs.
    a, b
        What stands there.
    largest_a
        Largest magnitude in A.
    """

    name: str
    units: str
    dims: tuple[str, ...]
    compared: int = 0
    differing: int = 0
    unsized: int = 0
    largest: float | None = None
    at: dict[str, str] = field(default_factory=dict)
    a: Any = None
    b: Any = None
    largest_a: float | None = None
    place: tuple[int, ...] = ()  # of the largest, in matched rows
    _sums: list[float] = field(default_factory=list)
    _sized: int = 0

    @property
    def mean(self) -> float | None:
        """Mean of ``b - a`` over all pairs of numbers."""
        return math.fsum(self._sums) / self._sized if self._sized else None

    @property
    def relative(self) -> float | None:
        """Magnitude of the largest difference over the largest magnitude in A."""
        return abs(self.largest) / self.largest_a if self.largest is not None and self.largest_a else None

    def add(self, a: NDArray[Any], b: NDArray[Any], corner: Sequence[int] = ()) -> None:
        """Take in a block whose first element stands at ``corner``."""
        change, differs, unsized = subtract(a, b)
        is_number = a.dtype.kind in "fiub" and b.dtype.kind in "fiub"
        self.compared += change.size
        self.differing += int(differs.sum())
        self.unsized += int(unsized.sum())
        if not change.size:
            return
        if is_number:
            sized = np.isfinite(a) & np.isfinite(b)
            self._sized += int(sized.sum())
            self._sums.append(float(change[sized].sum()))
            magnitude = float(np.abs(np.where(np.isfinite(a), a, 0).astype(np.float64)).max())
            self.largest_a = max(magnitude, self.largest_a or 0.0)
        elif self.a is None and differs.any():
            self._note(np.argmax(differs), a, b, corner)
        if is_number and self._sized:
            size = np.nan_to_num(np.abs(change), nan=-1.0)
            index = int(np.argmax(size))
            if size.flat[index] > abs(self.largest or 0.0):
                self.largest = float(change.flat[index])
                self._note(index, a, b, corner)
            elif self.largest is None and size.flat[index] >= 0.0:
                self.largest = 0.0

    def _note(self, index: Any, a: NDArray[Any], b: NDArray[Any], corner: Sequence[int]) -> None:
        where = np.unravel_index(int(index), a.shape)
        self.place = tuple(int(at) + start for at, start in zip(where, corner, strict=True))
        self.a, self.b = _plain(a[where]), _plain(b[where])

    def to_json(self) -> dict[str, Any]:
        """One row, for a script or a table."""
        return {
            "name": self.name,
            "units": self.units,
            "dims": list(self.dims),
            "compared": self.compared,
            "differing": self.differing,
            "without_size": self.unsized,
            "largest_difference": self.largest,
            "at": dict(self.at),
            "a": self.a,
            "b": self.b,
            "mean_difference": self.mean,
            "largest_a": self.largest_a,
            "relative": self.relative,
        }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
