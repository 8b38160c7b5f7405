"""A field carried from one rectilinear grid to another, or to points."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..engines import Array, Contract, Engine, kernel
from .axes import find_cells, find_neighbours
from .grid import Grid
from .regrid_weights import REGRID, Edges, Method, Normalize, RegridWeights, edges_of, prepare_field

__all__ = ["RegridWeights", "regrid", "sample"]


def _size_target(*, target: Grid | Edges, **_: Any) -> dict[str, int]:
    y_edges, x_edges = edges_of(target, "target")
    return {"y": y_edges.size - 1, "x": x_edges.size - 1}


@kernel(
    Contract(
        takes={
            "field": Array(("...", "y", "x"), on="source"),
            "valid": Array(("...", "y", "x"), dtype="bool", on="source"),
        },
        gives={"field": Array(("...", "y", "x"), units_of="field", dtype="field")},
        engines=REGRID.engines,
        blocks=("...",),
        sizes=_size_target,
    )
)
def regrid(
    field: Any,
    source: Grid | Edges,
    target: Grid | Edges,
    *,
    method: Method = "conservative",
    valid: Any = None,
    normalize: Normalize = "cover",
    min_cover: float | None = None,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Any:
    """Carry a field from one rectilinear grid to another.

    ``"conservative"`` gives each target cell the area-weighted mean of the source cells it overlaps; ``"bilinear"``
    interpolates between the middles of cells. Between the outermost middles and the source's edge the outer cells'
    values hold; beyond the edge both give NaN. For many fields or for blocks keep a :class:`RegridWeights`.

    Parameters
    ----------
    field : (..., y, x) array of float
        An intensive quantity (a depth, a density, a rate; not a count: divide that by the cell's area). NaN marks what
        is not known. A NumPy masked array counts its mask as that; integers become float64.
    source, target
        A :class:`~.grid.Grid`, or ``(y_edges, x_edges)``, ascending.
    method
        ``"conservative"`` or ``"bilinear"``.
    valid : (..., y, x) array of bool, optional
        Where the field is known, beside its NaN; it broadcasts with the field and is of its kind, NumPy or CuPy.
    normalize
        ``"cover"``: a mean over the valid part of a target cell. ``"cell"``: over the whole cell, what is not known
        counting as 0; the total (values times areas) is kept wherever the target covers the source, but for cells below
        ``min_cover``.
    min_cover
        Share of a target cell that valid cells must have, else it is NaN. By default any (1e-9) for
        ``"conservative"`` and all of it for ``"bilinear"``, which so draws no value from an unknown neighbour.
    engine
        ``"auto"`` follows the array: host memory to Numba, device memory to CUDA, or to CuPy where Numba has none.
    threads
        More than one only for a single call that has its cores to itself (engine ``numba``); the answer is the same.

    Returns
    -------
    (..., y, x) array of float
        On the target, in the field's unit, kind and dtype. Each value depends on its own target cell only: the same
        bits for any blocks, engine of the host, and number of threads. A field on its own grid comes back bit for bit.

    Raises
    ------
    ValueError
        If shapes do not fit, edges do not ascend, or an option is unknown.
    EngineError
        If the engine cannot take the array, or field and valid lie in different memories.

    References
    ----------
    .. [1] Jones (1999), First- and second-order conservative remapping schemes for grids in spherical coordinates,
       doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2

    Examples
    --------
    >>> rain = np.array([[1.0, 3.0], [np.nan, 5.0]])
    >>> regrid(rain, Grid(0.0, 0.0, 1000.0, 2, 2), Grid(0.0, 0.0, 2000.0, 1, 1)).tolist()
    [[3.0]]
    >>> regrid(rain, Grid(0.0, 0.0, 1000.0, 2, 2), ([0.0, 1000.0], [0.0, 500.0, 1500.0])).tolist()
    [[1.0, 2.0]]
    """
    return RegridWeights(source, target, method).apply(
        field, valid=valid, normalize=normalize, min_cover=min_cover, engine=engine, threads=threads
    )


def sample(
    field: npt.ArrayLike,
    grid: Grid | Edges,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    method: Literal["bilinear", "nearest"] = "bilinear",
) -> npt.NDArray[Any]:
    """Read a field at points.

    Parameters
    ----------
    field : (..., y, x) array
        On the grid; NaN where it is not known. Integers become float64.
    grid
        A :class:`~.grid.Grid`, or ``(y_edges, x_edges)``, ascending.
    x, y : arrays
        The points, on the grid's plane, of shapes that broadcast.
    method
        ``"bilinear"`` between the middles of cells, the outer cells' values holding up to the grid's edge; NaN where
        any of the cells drawn from is NaN. ``"nearest"``: the value of the cell that holds the point.

    Returns
    -------
    array of float
        Values of shape (..., *points), in the field's unit and dtype; NaN off the grid.

    Raises
    ------
    ValueError
        If the field does not fit the grid, or the method is unknown.

    References
    ----------
    .. [1] Press et al. (2007), Numerical Recipes, 3rd ed., section 3.6.1

    Examples
    --------
    >>> height = np.array([[0.0, 10.0], [20.0, 30.0]])
    >>> grid = Grid(0.0, 0.0, 10.0, 2, 2)
    >>> sample(height, grid, [5.0, 10.0, 99.0], [5.0, 10.0, 5.0]).tolist()
    [0.0, 15.0, nan]
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"unknown method {method!r}; choose 'bilinear' or 'nearest'")
    y_edges, x_edges = edges_of(grid, "grid")
    values = prepare_field(field, None, (y_edges.size - 1, x_edges.size - 1))
    to_x, to_y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    if method == "nearest":
        (row, in_y), (column, in_x) = find_cells(y_edges, to_y), find_cells(x_edges, to_x)
        held: npt.NDArray[Any] = np.where(in_y & in_x, values[..., row, column], values.dtype.type("nan"))
        return held
    (row, up, in_y), (column, east, in_x) = find_neighbours(y_edges, to_y), find_neighbours(x_edges, to_x)
    next_row, next_column = np.minimum(row + 1, y_edges.size - 2), np.minimum(column + 1, x_edges.size - 2)
    found = np.full((*values.shape[:-2], *to_x.shape), -0.0)
    for one, one_share in ((row, 1.0 - up), (next_row, up)):
        for other, other_share in ((column, 1.0 - east), (next_column, east)):
            share = one_share * other_share
            found += np.where(share > 0.0, share * values[..., one, other], -0.0)
    samples: npt.NDArray[Any] = np.where(in_y & in_x, found, np.nan).astype(values.dtype)
    return samples
