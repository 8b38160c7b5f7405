"""Demand as a file holds it: entries in its order, with zones as it numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError

__all__ = ["DemandEntries", "spread_matrix"]


@dataclass(frozen=True)
class DemandEntries:
    """Entries of a demand file in its order, with zones as it numbers them [veh h-1]."""

    file: Path
    ends: tuple[str, str]
    origin: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    volume: npt.NDArray[np.float64]
    line: list[int] | None
    notes: tuple[str, ...]

    def error(self, entry: int, problem: str, way_out: str) -> InputError:
        """Return an error that names the entry's line, if the file has lines."""
        return InputError(problem, file=self.file, line=self.line[entry] if self.line else None, way_out=way_out)


def spread_matrix(
    file: Path,
    origin: npt.NDArray[np.int64],
    destination: npt.NDArray[np.int64],
    volume: npt.NDArray[np.float64],
    line: list[int] | None,
    notes: tuple[str, ...],
) -> DemandEntries:
    """Entries above zero of a matrix: its zones without trips need not be in the network."""
    row, column = np.nonzero(volume)
    lines = None if line is None else [line[k] for k in row.tolist()]
    return DemandEntries(
        file, ("origin", "destination"), origin[row], destination[column], volume[row, column], lines, notes
    )
