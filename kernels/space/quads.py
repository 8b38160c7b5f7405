r"""Weights that carry a field from cells with four corners of their own to a grid of squares.

Cells of one plane are quadrilaterals on another, which share their corners: they still lie side by side, without gap or
overlap. With :math:`a_{ji}` the area that cell :math:`i` shares with target cell :math:`j`,

.. math:: \bar f_j = \frac{\sum_i a_{ji} f_i}{\sum_i a_{ji}}

over the known cells: the integral over the plane is kept wherever a target cell is known throughout.

References
----------
.. [1] Jones (1999), doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..engines import Engine, Traversal, choose_engine
from .grid import Grid
from .polygons import add_rings

__all__ = ["QuadWeights"]

Floats = npt.NDArray[np.float64]


def _weigh(x: Any, y: Any, room: Any, n_y: int, n_x: int, target: Any, source: Any, share: Any) -> int:
    """Fill the entries (target cell, source cell, share of the target cell); returns how many there are."""
    across, up = np.empty(4), np.empty(4)
    offset, hole = np.array([0, 4]), np.zeros(1, np.bool_)
    n_columns, entry = x.shape[1] - 1, 0
    for quad in range(room.shape[0]):
        south, north, west, east = room[quad]
        if north <= south or east <= west:
            continue
        row, column = quad // n_columns, quad % n_columns
        across[0], across[1] = x[row, column], x[row, column + 1]
        across[2], across[3] = x[row + 1, column + 1], x[row + 1, column]
        up[0], up[1] = y[row, column], y[row, column + 1]
        up[2], up[3] = y[row + 1, column + 1], y[row + 1, column]
        cover = np.zeros((north - south, east - west + 1))
        add_rings(cover, 0, 1, hole, offset, across, up, west, south)
        for line in range(north - south):
            total = 0.0
            for cell in range(east - west):
                total += cover[line, cell]
                if total > 1e-12:  # of a cell: an overlap that only rounding makes is none
                    target[entry] = (line + south) * n_x + cell + west
                    source[entry] = quad
                    share[entry] = total
                    entry += 1
    return entry


WEIGH = Traversal(_weigh)


@dataclass(frozen=True, eq=False)
class QuadWeights:
    """The way from quadrilaterals that lie side by side to a grid, worked out when it is first applied.

    Parameters
    ----------
    x, y : (row + 1, column + 1) arrays of float
        Corners of the cells on the grid's plane [m]; a cell with a corner that is not finite counts as unknown.
    target
        The grid.
    engine
        ``"numba"``, or ``"python"``, the same traversal uncompiled.

    Raises
    ------
    ValueError
        If the corners are no two arrays of one shape, of at least 2 x 2.

    Examples
    --------
    A square of 10 m that stands on its corner in the middle of one of 20 m covers half of it:

    >>> x, y = np.array([[10.0, 20.0], [0.0, 10.0]]), np.array([[0.0, 10.0], [10.0, 20.0]])
    >>> weights = QuadWeights(x, y, Grid(0.0, 0.0, 20.0, 1, 1))
    >>> weights.cover.tolist(), weights.apply(np.array([[3.0]])).tolist()
    ([[0.5]], [[3.0]])
    """

    x: npt.ArrayLike
    y: npt.ArrayLike
    target: Grid
    engine: Engine | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        x, y = np.shape(self.x), np.shape(self.y)
        if x != y or len(x) != 2 or min(x) < 2:
            raise ValueError(f"x and y must hold the corners of cells, both (row + 1, column + 1), got {x} and {y}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the source."""
        rows, columns = np.shape(self.x)
        return rows - 1, columns - 1

    @cached_property
    def matrix(self) -> Any:
        """The shares of the target's cells that the source's cover, (target, source), in SciPy's compressed rows."""
        from scipy.sparse import csr_array

        grid = self.target
        x = (np.asarray(self.x, np.float64) - grid.west) / grid.cell_m
        y = (np.asarray(self.y, np.float64) - grid.south) / grid.cell_m
        room = np.stack([*_span(y, grid.n_y), *_span(x, grid.n_x)], axis=1)
        size = int(np.prod([np.maximum(room[:, at + 1] - room[:, at], 0) for at in (0, 2)], axis=0).sum())
        target, source = np.empty(size, np.int64), np.empty(size, np.int64)
        share = np.empty(size)
        n = WEIGH.on(choose_engine(WEIGH.engines, self.engine))(x, y, room, grid.n_y, grid.n_x, target, source, share)
        shape = grid.n_cells, self.shape[0] * self.shape[1]
        return csr_array((share[:n], (target[:n], source[:n])), shape=shape)

    @cached_property
    def cover(self) -> Floats:
        """Share of each target cell that the source covers, (y, x)."""
        held: Floats = np.asarray(self.matrix.sum(axis=1)).reshape(self.target.shape)
        return held

    def apply(self, field: npt.ArrayLike, *, min_cover: float = 1e-9) -> npt.NDArray[Any]:
        """Carry a field over.

        Parameters
        ----------
        field : (..., row, column) array of float
            An intensive quantity; NaN where it is not known.
        min_cover
            Share of a target cell that known cells must have, else it is NaN.

        Returns
        -------
        (..., y, x) array of float
            In the field's dtype.
        """
        given = np.asarray(field)
        if given.shape[-2:] != self.shape:
            raise ValueError(f"field must be (..., {self.shape[0]}, {self.shape[1]}), got {given.shape}")
        out = np.empty((*given.shape[:-2], *self.target.shape), given.dtype)
        for at in np.ndindex(given.shape[:-2]):
            values = given[at].ravel().astype(np.float64)
            known = ~np.isnan(values)
            total = self.matrix @ np.where(known, values, 0.0)
            cover = self.cover.ravel() if known.all() else self.matrix @ known.astype(np.float64)
            is_known = cover >= min_cover * (1.0 - 1e-9)
            mean = np.divide(total, cover, out=np.full(total.shape, np.nan), where=is_known & (cover > 0.0))
            out[at] = mean.reshape(self.target.shape)
        return out


def _span(corners: Floats, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and last row (or column) of the target that each cell reaches; none where a corner is not finite."""
    four = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:]]).reshape(4, -1)
    is_whole = np.isfinite(four).all(axis=0)
    low = np.where(is_whole, np.floor(four.min(axis=0)), 0.0)
    high = np.where(is_whole, np.ceil(four.max(axis=0)), 0.0)
    return tuple(np.clip(edge, 0, count).astype(np.int64) for edge in (low, high))  # type: ignore[return-value]
