"""A domain of cells cut into tiles, one for each rank of a gang, and boxes of cells that tiles owe each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..errors import RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXTRA", "Box", "Place", "Tile", "TileLayout"]

Place = Literal["cell", "x_face", "y_face"]
EXTRA: dict[Place, tuple[int, int]] = {"cell": (0, 0), "x_face": (0, 1), "y_face": (1, 0)}


class Box(NamedTuple):
    """Rows ``[y0, y1)`` and columns ``[x0, x1)`` of the domain; a ring around it has negative ones too."""

    y0: int
    y1: int
    x0: int
    x1: int

    def meet(self, other: Box) -> Box | None:
        """What two boxes share, if anything."""
        y0, y1 = max(self.y0, other.y0), min(self.y1, other.y1)
        x0, x1 = max(self.x0, other.x0), min(self.x1, other.x1)
        return Box(y0, y1, x0, x1) if y0 < y1 and x0 < x1 else None

    def within(self, corner: tuple[int, int]) -> tuple[Any, slice, slice]:
        """Index of the box in an array (member, y, x) whose first cell is ``corner`` of the domain."""
        y, x = corner
        return ..., slice(self.y0 - y, self.y1 - y), slice(self.x0 - x, self.x1 - x)


@dataclass(frozen=True)
class Tile:
    """The cells of one rank. Its arrays reach ``reach`` cells further on every side: a neighbour's, or the ring."""

    cells: Box
    domain: tuple[int, int]
    reach: int

    @property
    def corner(self) -> tuple[int, int]:
        """The domain's row and column of an array's first cell or face."""
        return self.cells.y0 - self.reach, self.cells.x0 - self.reach

    def shape(self, place: Place = "cell") -> tuple[int, int]:
        """Rows and columns of the tile's arrays, ring or halo included."""
        (y, x), box, around = EXTRA[place], self.cells, 2 * self.reach
        return box.y1 - box.y0 + around + y, box.x1 - box.x0 + around + x

    def owned(self, place: Place = "cell") -> Box:
        """Cells or faces whose values are this rank's: of two tiles the upper one owns the faces between them."""
        (y, x), (rows, columns), box = EXTRA[place], self.domain, self.cells
        return Box(box.y0, box.y1 + y * (box.y1 == rows), box.x0, box.x1 + x * (box.x1 == columns))

    def held(self, place: Place = "cell") -> Box:
        """Cells or faces of the domain that the tile's arrays hold: its own and the halo, without the ring."""
        (y, x), (rows, columns), (top, left) = EXTRA[place], self.domain, self.corner
        height, width = self.shape(place)
        return Box(max(top, 0), min(top + height, rows + y), max(left, 0), min(left + width, columns + x))

    def inner(self) -> Box:
        """Own cells further than ``reach`` from any halo cell: they may be computed while the halo is under way."""
        (rows, columns), box, far = self.domain, self.cells, self.reach
        y0, x0 = box.y0 + far * (box.y0 > 0), box.x0 + far * (box.x0 > 0)
        return Box(y0, max(y0, box.y1 - far * (box.y1 < rows)), x0, max(x0, box.x1 - far * (box.x1 < columns)))

    def rim(self) -> list[Box]:
        """The other own cells, as at most four boxes that do not overlap."""
        box, (y0, y1, x0, x1) = self.cells, self.inner()
        parts = [
            Box(box.y0, y0, box.x0, box.x1),
            Box(y1, box.y1, box.x0, box.x1),
            Box(y0, y1, box.x0, x0),
            Box(y0, y1, x1, box.x1),
        ]
        return [part for part in parts if part.y0 < part.y1 and part.x0 < part.x1]

    def cut(self, whole: NDArray[Any], ring: float, place: Place = "cell") -> NDArray[Any]:
        """The tile's array of a whole field (..., y, x), with ``ring`` in what lies outside the domain."""
        held = self.held(place)
        array = np.full((*whole.shape[:-2], *self.shape(place)), ring, whole.dtype)
        array[held.within(self.corner)] = whole[held.within((0, 0))]
        return array


@dataclass(frozen=True)
class TileLayout:
    """A domain of ``shape`` rows and columns shared out among ``ranks``.

    Of all ways to split the ranks into rows and columns of tiles, it takes the one with the shortest seams; tiles
    differ by one row and one column at most.

    Raises
    ------
    RunError
        If no split gives every rank at least ``reach`` rows and columns.

    Examples
    --------
    >>> layout = TileLayout((100, 40), ranks=4, reach=2)
    >>> layout.split, layout.tiles[1].cells, layout.tiles[1].shape()
    ((4, 1), Box(y0=25, y1=50, x0=0, x1=40), (29, 44))
    """

    shape: tuple[int, int]
    ranks: int
    reach: int = 1

    def __post_init__(self) -> None:
        if min(*self.shape, self.ranks, self.reach) < 1:
            raise RunError(
                f"shape, ranks and reach must be at least 1, got {self.shape}, {self.ranks} and {self.reach}"
            )
        _ = self.split

    @cached_property
    def split(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        (rows, columns), least = self.shape, self.reach
        splits = [(n, self.ranks // n) for n in range(1, self.ranks + 1) if self.ranks % n == 0]
        fitting = [(y, x) for y, x in splits if rows // y >= least and columns // x >= least]
        if not fitting:
            raise RunError(
                f"{rows} x {columns} cells cannot be shared among {self.ranks} ranks so that each has {least} rows and "
                f"columns: use fewer ranks"
            )
        return min(fitting, key=lambda s: ((s[0] - 1) * columns + (s[1] - 1) * rows, s))

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """The tile of each rank, row by row."""
        edges = [[n * i // parts for i in range(parts + 1)] for n, parts in zip(self.shape, self.split, strict=True)]
        pairs = [list(pairwise(axis)) for axis in edges]
        return tuple(Tile(Box(*y, *x), self.shape, self.reach) for y in pairs[0] for x in pairs[1])

    def whole(self, place: Place = "cell") -> tuple[int, int]:
        """Rows and columns of a field over the whole domain, without a ring."""
        return self.shape[0] + EXTRA[place][0], self.shape[1] + EXTRA[place][1]
