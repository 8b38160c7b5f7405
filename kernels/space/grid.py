"""A grid of square cells on a plane of metres."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt

__all__ = ["Grid"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Square cells; row 0 is the southernmost, column 0 the westernmost.

    Parameters
    ----------
    west, south
        Outer edges of the first column and row [m].
    cell_m
        Length of a cell's side [m].
    n_y, n_x
        Rows and columns.

    Examples
    --------
    >>> grid = Grid.cover(3.0, 4.0, 28.0, 11.0, cell_m=10.0)
    >>> grid, grid.x.tolist()
    (Grid(west=0.0, south=0.0, cell_m=10.0, n_y=2, n_x=3), [5.0, 15.0, 25.0])
    """

    west: float
    south: float
    cell_m: float
    n_y: int
    n_x: int

    def __post_init__(self) -> None:
        if not np.isfinite([self.west, self.south]).all():
            raise ValueError(f"west and south must be finite, got {self.west} and {self.south}")
        if not 0.0 < self.cell_m < np.inf:
            raise ValueError(f"cell_m must be finite and above 0, got {self.cell_m}")
        if self.n_y < 1 or self.n_x < 1:
            raise ValueError(f"n_y and n_x must be at least 1, got {self.n_y} and {self.n_x}")

    @classmethod
    def cover(cls, west: float, south: float, east: float, north: float, *, cell_m: float) -> Grid:
        """The smallest grid over a box whose edges are whole multiples of ``cell_m``."""
        column, row = floor(west / cell_m), floor(south / cell_m)
        n_x, n_y = ceil(east / cell_m) - column, ceil(north / cell_m) - row
        return cls(column * cell_m, row * cell_m, cell_m, max(n_y, 1), max(n_x, 1))

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_y, self.n_x

    @property
    def n_cells(self) -> int:
        return self.n_y * self.n_x

    @property
    def east(self) -> float:
        return self.west + self.n_x * self.cell_m

    @property
    def north(self) -> float:
        return self.south + self.n_y * self.cell_m

    @property
    def x(self) -> Floats:
        """Centres of the columns [m]."""
        return self.west + (np.arange(self.n_x, dtype=np.float64) + 0.5) * self.cell_m

    @property
    def y(self) -> Floats:
        """Centres of the rows [m], from south to north."""
        return self.south + (np.arange(self.n_y, dtype=np.float64) + 0.5) * self.cell_m

    @property
    def x_edges(self) -> Floats:
        return self.west + np.arange(self.n_x + 1, dtype=np.float64) * self.cell_m

    @property
    def y_edges(self) -> Floats:
        return self.south + np.arange(self.n_y + 1, dtype=np.float64) * self.cell_m
