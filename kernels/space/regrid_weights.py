r"""Weights that carry a field from one rectilinear grid to another, and the traversals that apply them.

.. math:: \bar f_{ji} = \frac{\sum_{c} w^x_{ic} \sum_{r} w^y_{jr} f_{rc}}{\sum_{c} w^x_{ic} \sum_{r} w^y_{jr}}

over the valid source cells. On rectilinear grids the weight of a source cell in a target cell is a product of two
shares, so two small matrices (:mod:`.axes`) stand for the large one. Sums are float64 whatever the field.

References
----------
.. [1] Jones (1999), doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..device_arrays import array_module, as_alike, is_numbas, place_beside
from ..engines import Engine, Sweeps, cuda, empty_for, prange
from .axes import AxisWeights, Floats, Ints, check_edges, weigh_linear, weigh_overlap
from .grid import Grid

__all__ = ["REGRID", "Edges", "Method", "Normalize", "RegridWeights", "edges_of", "prepare_field"]

Method = Literal["conservative", "bilinear"]
Normalize = Literal["cover", "cell"]
Edges = tuple[npt.ArrayLike, npt.ArrayLike]

METHODS: dict[str, Callable[[Floats, Floats], AxisWeights]] = {
    "conservative": weigh_overlap,
    "bilinear": weigh_linear,
}
LEAST_COVER = {"conservative": 1e-9, "bilinear": 1.0}  # an overlap that only rounding makes is none
SLACK = 1e-12  # shares that should sum to 1 may fall short by this

xp = np  # the whole-array form is bound to numpy or cupy

# Sums begin with -0.0, the one number that leaves every other as it is: so an identity keeps all bits.


def _cpu(
    out: Any, field: Any, y_offset: Ints, y_column: Ints, y_weight: Floats, x_offset: Ints, x_column: Ints,
    x_weight: Floats, least: float, by_cover: bool,
) -> None:  # fmt: skip
    n_rows, n_x = y_offset.size - 1, field.shape[1]
    n_source = field.shape[0] // (out.shape[0] // n_rows)
    for row in prange(out.shape[0]):
        total, cover = np.full(n_x, -0.0), np.zeros(n_x)
        start, target = row // n_rows * n_source, row % n_rows
        for entry in range(y_offset[target], y_offset[target + 1]):
            weight, values = y_weight[entry], field[start + y_column[entry]]
            for cell in range(n_x):
                value = values[cell]
                known = value == value
                total[cell] += weight * value if known else -0.0
                cover[cell] += weight if known else 0.0
        line, entry = out[row], x_offset[0]
        for cell in range(out.shape[1]):
            mean, share, end = -0.0, 0.0, x_offset[cell + 1]
            while entry < end:
                column = np.uint64(x_column[entry])  # unsigned: no test for an index counted from the end
                mean += x_weight[entry] * total[column]
                share += x_weight[entry] * cover[column]
                entry += 1
            line[cell] = mean / (share if by_cover else 1.0) if share >= least else np.nan


def _gpu(
    out: Any, field: Any, y_offset: Ints, y_column: Ints, y_weight: Floats, x_offset: Ints, x_column: Ints,
    x_weight: Floats, least: float, by_cover: bool,
) -> None:  # fmt: skip
    cell, row = cuda.grid(2)
    if row < out.shape[0] and cell < out.shape[1]:
        n_rows = y_offset.size - 1
        n_source = field.shape[0] // (out.shape[0] // n_rows)
        start, target = row // n_rows * n_source, row % n_rows
        mean, share = -0.0, 0.0
        for across in range(x_offset[cell], x_offset[cell + 1]):
            total, cover = -0.0, 0.0
            for entry in range(y_offset[target], y_offset[target + 1]):
                value = field[start + y_column[entry], x_column[across]]
                if value == value:
                    total += y_weight[entry] * value
                    cover += y_weight[entry]
            mean += x_weight[across] * total
            share += x_weight[across] * cover
        if share < least:
            out[row, cell] = np.nan
        else:
            out[row, cell] = mean / share if by_cover else mean


def _whole(
    out: Any, field: Any, y_offset: Any, y_column: Any, y_weight: Any, x_offset: Any, x_column: Any,
    x_weight: Any, least: float, by_cover: bool,
) -> None:  # fmt: skip
    n_rows = y_offset.size - 1
    field = field.reshape(out.shape[0] // n_rows, -1, field.shape[1])
    known = field == field
    total = xp.full((field.shape[0], n_rows, field.shape[2]), -0.0)
    cover = xp.zeros(total.shape)
    count = y_offset[1:] - y_offset[:-1]
    for turn in range(int(count.max())):
        entry = xp.minimum(y_offset[:-1] + turn, y_weight.size - 1)  # a row that has no more adds nothing
        held = known[:, y_column[entry], :] & (turn < count)[:, None]
        weight = y_weight[entry][:, None]
        total += xp.where(held, weight * field[:, y_column[entry], :], -0.0)
        cover += xp.where(held, weight, 0.0)
    mean = xp.full((field.shape[0], n_rows, out.shape[1]), -0.0)
    share = xp.zeros(mean.shape)
    count = x_offset[1:] - x_offset[:-1]
    for turn in range(int(count.max())):
        entry = xp.minimum(x_offset[:-1] + turn, x_weight.size - 1)
        mean += xp.where(turn < count, x_weight[entry] * total[:, :, x_column[entry]], -0.0)
        share += xp.where(turn < count, x_weight[entry] * cover[:, :, x_column[entry]], 0.0)
    mean = mean / xp.where(share < least, 1.0, share) if by_cover else mean
    out[...] = xp.where(share < least, xp.nan, mean).reshape(out.shape)


REGRID = Sweeps(whole=_whole, cpu=_cpu, gpu=_gpu)


@dataclass(frozen=True, eq=False)
class RegridWeights:
    """The way from one rectilinear grid to another, worked out when it is first applied; good for any field.

    Parameters
    ----------
    source, target
        A :class:`~.grid.Grid`, or ``(y_edges, x_edges)``, ascending. Cells of degrees are weighed by their area on the
        globe if the sine of the latitude is given as ``y_edges``.
    method
        ``"conservative"`` or ``"bilinear"``; see :func:`~.regridding.regrid`.
    window
        What part of a larger source this one is; :meth:`block` says it.

    Raises
    ------
    ValueError
        If the method is unknown, or edges are not finite and ascending.

    Examples
    --------
    A block of the target needs its window of the source only, and is that part of the whole, bit for bit:

    >>> fine, coarse = Grid(0.0, 0.0, 10.0, 4, 6), Grid(0.0, 0.0, 20.0, 2, 3)
    >>> weights, field = RegridWeights(fine, coarse), np.arange(24.0).reshape(4, 6)
    >>> part = weights.block(slice(1, 2), slice(0, 2))
    >>> part.window, part.apply(field[part.window]).tolist(), weights.apply(field)[1:2, 0:2].tolist()
    ((slice(2, 4, None), slice(0, 4, None)), [[15.5, 17.5]], [[15.5, 17.5]])
    """

    source: Grid | Edges
    target: Grid | Edges
    method: Method = "conservative"
    window: tuple[slice, slice] = (slice(None), slice(None))

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"unknown method {self.method!r}; choose one of {', '.join(METHODS)}")
        _ = self.source_edges, self.target_edges  # refused here, not when applied

    @cached_property
    def source_edges(self) -> tuple[Floats, Floats]:
        """Edges of the source's rows and columns."""
        return edges_of(self.source, "source")

    @cached_property
    def target_edges(self) -> tuple[Floats, Floats]:
        """Edges of the target's rows and columns."""
        return edges_of(self.target, "target")

    @cached_property
    def y(self) -> AxisWeights:
        """Weights between rows."""
        return METHODS[self.method](self.source_edges[0], self.target_edges[0])

    @cached_property
    def x(self) -> AxisWeights:
        """Weights between columns."""
        return METHODS[self.method](self.source_edges[1], self.target_edges[1])

    def block(self, rows: slice, columns: slice) -> RegridWeights:
        """The way to some rows and columns of the target, from no more of the source than it needs (``window``).

        Raises
        ------
        ValueError
            If the block is empty or has steps.
        """
        target, source, window = [], [], []
        sides = zip(self.source_edges, self.target_edges, (rows, columns), self.window, strict=True)
        for given, edges, part, old in sides:
            start, stop, step = part.indices(edges.size - 1)
            if step != 1 or stop <= start:
                raise ValueError(f"a block must be a contiguous run of target cells, got {part} of {edges.size - 1}")
            target.append(edges[start : stop + 1])
            reach = METHODS[self.method](given, target[-1]).window
            source.append(given[reach.start : reach.stop + 1])
            window.append(slice((old.start or 0) + reach.start, (old.start or 0) + reach.stop))
        return RegridWeights((source[0], source[1]), (target[0], target[1]), self.method, (window[0], window[1]))

    def apply(
        self,
        field: Any,
        *,
        valid: Any = None,
        normalize: Normalize = "cover",
        min_cover: float | None = None,
        engine: Engine | Literal["auto"] = "auto",
        threads: int = 1,
    ) -> Any:
        """Carry a field (..., y, x) over; parameters and errors are those of :func:`~.regridding.regrid`."""
        shape = tuple(edges.size - 1 for edges in self.source_edges)
        field = prepare_field(field, valid, shape)
        if normalize not in ("cover", "cell"):
            raise ValueError(f"unknown normalize {normalize!r}; choose 'cover' or 'cell'")
        least = LEAST_COVER[self.method] if min_cover is None else min_cover
        if not 0.0 < least <= 1.0:
            raise ValueError(f"min_cover must be above 0 and at most 1, got {least}")
        chosen = REGRID.choose(field, engine)
        leading, (n_y, n_x) = field.shape[:-2], (axis.offset.size - 1 for axis in (self.y, self.x))
        n_fields = int(np.prod(leading))
        out = empty_for(field, (n_fields * n_y, n_x))
        tables = [
            place_beside(field, part) for axis in (self.y, self.x) for part in (axis.offset, axis.column, axis.weight)
        ]
        rows = field.reshape(n_fields * shape[0], shape[1])
        least -= min(SLACK, 0.5 * least)
        return REGRID(chosen, out, rows, *tables, least, normalize == "cover", threads=threads).reshape(
            (*leading, n_y, n_x)
        )


def edges_of(grid: Grid | Edges, what: str) -> tuple[Floats, Floats]:
    """The edges of a grid's rows and of its columns."""
    y, x = (grid.y_edges, grid.x_edges) if isinstance(grid, Grid) else grid
    return check_edges(y, f"{what} y edges"), check_edges(x, f"{what} x edges")


def prepare_field(field: Any, valid: Any, shape: tuple[int, ...]) -> Any:
    """The field as floats in rows, NaN where it is not valid."""
    on_numba = is_numbas(field)
    if isinstance(field, np.ma.MaskedArray):
        valid = ~np.ma.getmaskarray(field) & (True if valid is None else np.asarray(valid, bool))
        field = field.data
    if not on_numba:
        field, valid = as_alike(field=field, valid=valid)
        if field.dtype.kind in "iub":
            field = field.astype(np.float64)
    if field.dtype not in (np.float32, np.float64):
        raise ValueError(f"field must be float32 or float64, got {field.dtype}")
    if field.ndim < 2 or tuple(field.shape[-2:]) != shape:
        raise ValueError(f"field must be (..., {shape[0]}, {shape[1]}) as its grid has it, got {tuple(field.shape)}")
    if valid is not None:
        if on_numba:
            raise ValueError("valid is for arrays of NumPy and CuPy: in Numba's on a GPU mark unknown cells with NaN")
        valid = valid.astype(np.bool_)
        try:
            field = array_module(field).where(valid, field, field.dtype.type("nan"))
        except ValueError:
            fits = False
        else:
            fits = valid.shape[-2:] == shape
        if not fits:
            raise ValueError(f"valid must be {shape} or {field.shape}, got {valid.shape}")
    return field if on_numba else array_module(field).ascontiguousarray(field)
