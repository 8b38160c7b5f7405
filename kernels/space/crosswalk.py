r"""Crosswalks: weights that carry a quantity between links, areas or points and the cells of a grid.

A row's weights are shares of its whole: of a line's length, of an area, of a point. What lies off the grid has none, so
:math:`\sum_j w_{ij}` is the share of row :math:`i` that the grid covers, 1 where it covers all of it. With them an
extensive quantity (people, trips) is spread, :math:`q_j = \sum_i w_{ij} p_i`, and its sum is kept; an intensive one
(depth, height) is gathered, :math:`h_i = \sum_j w_{ij} h_j / \sum_j w_{ij}`.

References
----------
.. [1] Goodchild & Lam (1980), Areal interpolation: a variant of the traditional spatial problem. Geo-Processing 1,
   297-312
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..engines import Array, Contract, Engine, choose_engine, kernel
from .grid import Grid
from .lines import LINES, bound_entries
from .polygons import cover_rings

__all__ = ["Crosswalk", "cross_lines", "cross_points", "cross_polygons"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Crosswalk:
    """Weights of rows (links, areas, stations) on columns (cells, nodes, links), in compressed rows.

    Attributes
    ----------
    offset : (row + 1,) int64
        Entries of row ``i`` are ``offset[i]:offset[i + 1]``.
    column : (entry,) int64
        Ascending in each row; a cell is ``row * n_x + column`` of its grid.
    weight : (entry,) float64
        Shares of the row.
    n_columns
        Number of columns.

    Examples
    --------
    A line of 30 m over cells of 10 m, 5 m into the first:

    >>> weights = cross_lines([0, 2], [5.0, 35.0], [5.0, 5.0], Grid(0.0, 0.0, 10.0, 1, 4))
    >>> weights.weight.round(3).tolist(), weights.gather([0.0, 1.0, 2.0, 3.0]).round(9).tolist()
    ([0.167, 0.333, 0.333, 0.167], [1.5])
    """

    offset: LongInts
    column: LongInts
    weight: Floats
    n_columns: int

    def __post_init__(self) -> None:
        if len(self.column) != len(self.weight) or len(self.column) != int(self.offset[-1]):
            raise ValueError(
                f"a crosswalk of {int(self.offset[-1])} entries has {len(self.column)} columns and "
                f"{len(self.weight)} weights"
            )

    @property
    def n_rows(self) -> int:
        return len(self.offset) - 1

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        return f"<Crosswalk {self.n_rows:,} rows to {self.n_columns:,} columns, {len(self.column):,} entries>"

    @property
    def row(self) -> LongInts:
        """The row of each entry, (entry,)."""
        return np.repeat(np.arange(self.n_rows, dtype=np.int64), np.diff(self.offset))

    @property
    def covered(self) -> Floats:
        """Sum of each row's weights: the share of it that the columns cover, (row,)."""
        return self._add_rows(self.weight)

    def gather(self, values: npt.ArrayLike) -> Floats:
        """Weighted mean of an intensive quantity over each row, (row,); NaN where a row covers nothing.

        Parameters
        ----------
        values : (column,) array of float
        """
        taken = self.weight * self._columns(values)
        covered = self.covered
        out = np.full(self.n_rows, np.nan)
        np.divide(self._add_rows(taken), covered, out=out, where=covered > 0.0)
        return out

    def gather_max(self, values: npt.ArrayLike) -> Floats:
        """Largest value over each row's columns, (row,); NaN where a row covers nothing."""
        taken = self._columns(values)
        out = np.full(self.n_rows, np.nan)
        full = np.diff(self.offset) > 0
        if full.any():
            out[full] = np.maximum.reduceat(taken, self.offset[:-1][full])
        return out

    def spread(self, values: npt.ArrayLike) -> Floats:
        """An extensive quantity of the rows on the columns, (column,); its sum over covered rows is kept.

        Parameters
        ----------
        values : (row,) array of float
        """
        given = np.asarray(values, np.float64)
        if given.shape != (self.n_rows,):
            raise ValueError(f"spread takes one value for each of {self.n_rows} rows, got shape {given.shape}")
        return np.bincount(self.column, self.weight * given[self.row], self.n_columns).astype(np.float64, copy=False)

    def _columns(self, values: npt.ArrayLike) -> Floats:
        given = np.asarray(values)
        if given.shape != (self.n_columns,):
            raise ValueError(f"gather takes one value for each of {self.n_columns} columns, got shape {given.shape}")
        taken: Floats = given[self.column].astype(np.float64)  # not all columns: rows may cover few of many
        return taken

    def _add_rows(self, values: Floats) -> Floats:
        out = np.zeros(self.n_rows)
        full = np.diff(self.offset) > 0
        if full.any():  # pairwise sums: a million equal shares still add up to one
            out[full] = np.add.reduceat(values, self.offset[:-1][full])
        return out


def _finite(what: str, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    across, up = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    if across.shape != up.shape or across.ndim != 1:
        raise ValueError(f"x and y must be of one length, got shapes {across.shape} and {up.shape}")
    bad = ~(np.isfinite(across) & np.isfinite(up))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"{what} {at} lies at {across[at]}, {up[at]}; give finite coordinates")
    return across, up


def _offsets(name: str, offset: npt.ArrayLike, size: int) -> LongInts:
    bounds = np.ascontiguousarray(offset, np.int64)
    if bounds.ndim != 1 or not bounds.size or bounds[0] != 0 or bounds[-1] != size or (np.diff(bounds) < 0).any():
        raise ValueError(f"{name} must rise from 0 to {size}, got {bounds[:3]} ... {bounds[-3:]}")
    return bounds


_WEIGHTS = {
    "offset": Array(("row_edge",), "1", dtype="int64"),
    "column": Array(("entry",), "1", dtype="int64"),
    "weight": Array(("entry",), "1"),
}


@kernel(
    Contract(
        takes={"x": Array(("point",), "m"), "y": Array(("point",), "m")},
        gives=_WEIGHTS,
        structure="Crosswalk",
        engines=("numpy",),
    )
)
def cross_points(x: npt.ArrayLike, y: npt.ArrayLike, grid: Grid) -> Crosswalk:
    """Find the cell that holds each point.

    A point on the edge between cells belongs to the eastern and northern one, on the grid's outer edge to the last.

    Parameters
    ----------
    x, y : (point,) arrays of float
        In the grid's plane [m].
    grid
        Its cells are the columns.

    Returns
    -------
    Crosswalk
        One weight of 1 in each row; none for a point outside.

    Examples
    --------
    >>> cross_points([25.0, 99.0], [5.0, 5.0], Grid(0.0, 0.0, 10.0, 1, 4)).offset.tolist()
    [0, 1, 1]
    """
    across, up = _finite("point", x, y)
    column, inside_x = _place(across, grid.west, grid.cell_m, grid.n_x)
    row, inside_y = _place(up, grid.south, grid.cell_m, grid.n_y)
    inside = inside_x & inside_y
    offset = np.concatenate([[0], np.cumsum(inside)]).astype(np.int64)
    return Crosswalk(offset, (row * grid.n_x + column)[inside], np.ones(int(inside.sum())), grid.n_cells)


def _place(values: Floats, start: float, cell_m: float, count: int) -> tuple[LongInts, npt.NDArray[np.bool_]]:
    place = (values - start) / cell_m
    inside = (place >= 0.0) & (place <= count)
    return np.minimum(np.floor(np.where(inside, place, 0.0)).astype(np.int64), count - 1), inside


@kernel(
    Contract(
        takes={
            "vertex_offset": Array(("line_edge",), "1", dtype="int64"),
            "x": Array(("vertex",), "m"),
            "y": Array(("vertex",), "m"),
        },
        gives=_WEIGHTS,
        structure="Crosswalk",
        engines=LINES.engines,
    )
)
def cross_lines(
    vertex_offset: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: Grid,
    *,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Crosswalk:
    """Compute the share of each line's length in each cell.

    Parameters
    ----------
    vertex_offset : (line + 1,) array of int
        Vertices of line ``i`` are ``vertex_offset[i]:vertex_offset[i + 1]``, at least one.
    x, y : (vertex,) arrays of float
        In the grid's plane [m].
    grid
        Its cells are the columns.
    engine
        ``"numba"``, or ``"python"``, the same traversal uncompiled.
    threads
        More than one only for a call that has its cores to itself; the weights are the same bits.

    Returns
    -------
    Crosswalk
        A line without length counts whole for the cell of its first vertex.

    Raises
    ------
    ValueError
        If a coordinate is not finite, or a line has no vertex.

    References
    ----------
    .. [1] Amanatides & Woo (1987), doi:10.2312/egtp.19871000

    Examples
    --------
    >>> cross_lines([0, 2], [0.0, 20.0], [0.0, 20.0], Grid(0.0, 0.0, 10.0, 2, 2)).column.tolist()
    [0, 3]
    """
    across, up = _finite("vertex", x, y)
    offset = _offsets("vertex_offset", vertex_offset, across.size)
    if (np.diff(offset) < 1).any():
        raise ValueError(f"line {int(np.argmax(np.diff(offset) < 1))} has no vertex")
    across, up = (across - grid.west) / grid.cell_m, (up - grid.south) / grid.cell_m
    bound = bound_entries(offset, across, up, grid.n_y, grid.n_x)
    cell, share = np.empty(int(bound[-1]), np.int64), np.empty(int(bound[-1]))
    count = np.zeros(len(offset) - 1, np.int64)
    chosen = choose_engine(LINES.engines, engine)
    parallel = threads > 1 and chosen == "numba"
    LINES.on(chosen, parallel=parallel)(bound, offset, across, up, grid.n_y, grid.n_x, cell, share, count)
    kept = np.arange(len(cell)) - np.repeat(bound[:-1], np.diff(bound)) < np.repeat(count, np.diff(bound))
    return Crosswalk(np.concatenate([[0], np.cumsum(count)]), cell[kept], share[kept], grid.n_cells)


@kernel(
    Contract(
        takes={
            "ring_offset": Array(("area_edge",), "1", dtype="int64"),
            "hole": Array(("ring",), dtype="bool"),
            "vertex_offset": Array(("ring_edge",), "1", dtype="int64"),
            "x": Array(("vertex",), "m"),
            "y": Array(("vertex",), "m"),
        },
        gives=_WEIGHTS,
        structure="Crosswalk",
        engines=("numba", "python"),
    )
)
def cross_polygons(
    ring_offset: npt.ArrayLike,
    hole: npt.ArrayLike,
    vertex_offset: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: Grid,
    *,
    engine: Engine | Literal["auto"] = "auto",
) -> Crosswalk:
    """Compute the share of each area in each cell, by exact clipping.

    Parameters
    ----------
    ring_offset : (area + 1,) array of int
        Rings of each area.
    hole : (ring,) array of bool
        Rings that are cut out of their area.
    vertex_offset : (ring + 1,) array of int
        Vertices of each ring; a ring may or may not repeat its first vertex, and turn either way.
    x, y : (vertex,) arrays of float
        In the grid's plane [m].
    grid
        Its cells are the columns.
    engine
        ``"numba"``, or ``"python"``, the same traversal uncompiled.

    Returns
    -------
    Crosswalk

    Raises
    ------
    ValueError
        If a coordinate is not finite, or an area has none.

    Examples
    --------
    >>> square = cross_polygons([0, 1], [False], [0, 4], [5, 25, 25, 5], [0, 0, 10, 10], Grid(0.0, 0.0, 10.0, 1, 4))
    >>> square.weight.tolist()
    [0.25, 0.5, 0.25]
    """
    across, up = _finite("vertex", x, y)
    vertices = _offsets("vertex_offset", vertex_offset, across.size)
    cut = np.ascontiguousarray(hole, np.bool_)
    rings = _offsets("ring_offset", ring_offset, cut.size)
    if cut.size != len(vertices) - 1:
        raise ValueError(f"hole must be True or False for each of {len(vertices) - 1} rings, got {cut.size}")
    across, up = (across - grid.west) / grid.cell_m, (up - grid.south) / grid.cell_m
    chosen = choose_engine(("numba", "python"), engine)
    found = [
        cover_rings(int(first), int(last), cut, vertices, across, up, grid.n_y, grid.n_x, chosen)
        for first, last in pairwise(rings)
    ]
    for area, (_, _, size) in enumerate(found):
        if not size > 0.0:
            raise ValueError(f"area {area} must be larger than 0 m2, got {size * grid.cell_m**2:g} m2")
    offset = np.concatenate([[0], np.cumsum([len(cell) for cell, _, _ in found])]).astype(np.int64)
    cells = np.concatenate([cell for cell, _, _ in found] or [np.zeros(0, np.int64)])
    weights = np.concatenate([part / size for _, part, size in found] or [np.zeros(0)])
    return Crosswalk(offset, cells, weights, grid.n_cells)
