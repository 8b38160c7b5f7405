# mypy: allow-untyped-defs, allow-untyped-calls
"""Which tiles of the ground a sweep must visit, so that dry land and still water cost nothing.

A step that left a tile and all tiles around it as they were, bit for bit, would leave them so again: nothing in them
changes until a change from farther away has run through a whole tile. So tiles are compared once in a while, and those
that are still rest until the next look; what is computed is the same to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import bits_of
from ...engines import Engine, Sweeps, prange, routine

__all__ = ["ActiveTiles", "Tiling"]

Array = npt.NDArray[Any]
REACH = 2  # cells, or faces, that a change runs in a step of any scheme


@dataclass(frozen=True)
class Tiling:
    """The cells within a ring, cut into tiles.

    Parameters
    ----------
    shape
        Rows and columns with the ring.
    ring
        Width of the ring in cells.
    rows, columns
        Rows and columns of a tile; the last tiles may be smaller.
    """

    shape: tuple[int, int]
    ring: int
    rows: int
    columns: int

    @property
    def counts(self) -> tuple[int, int]:
        """Tiles from south to north and from west to east."""
        n_y, n_x = (max(1, n - 2 * self.ring) for n in self.shape)
        return -(-n_y // self.rows), -(-n_x // self.columns)

    @property
    def steps(self) -> int:
        """Steps in which no change can run through a tile."""
        return max(1, min(self.rows, self.columns) // REACH)

    def find(self, cells: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Row and column of the tiles that hold these cells, or lie beside them, by flat index."""
        n_down, n_across = self.counts
        row, column = np.divmod(cells, self.shape[1])
        return (
            np.clip((row - self.ring) // self.rows, 0, n_down - 1),
            np.clip((column - self.ring) // self.columns, 0, n_across - 1),
        )

    def find_any(self, cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(tiles down, tiles across) which tiles hold one of these cells (y, x)."""
        n_y, n_x = (max(1, n - 2 * self.ring) for n in self.shape)
        inside = cells[self.ring : self.ring + n_y, self.ring : self.ring + n_x]
        by_row = np.logical_or.reduceat(inside, np.arange(0, n_y, self.rows), axis=0)
        return np.asarray(np.logical_or.reduceat(by_row, np.arange(0, n_x, self.columns), axis=1))


class ActiveTiles:
    """The tiles of each member that a sweep visits, through the steps of one call.

    Parameters
    ----------
    tiling
        Tiling of the ground.
    n_members
        Number of members.
    fed
        Flat indices of cells that something other than the sweep changes: their tiles are always visited.
    absorbing
        (y, x) cells where rain may sink at once, so that only the sum of losses grows: their tiles are always visited
        too. None if there are no such cells.
    is_edge_moved
        Whether the ring changes between steps, as it does for one tile among several.
    still_m
        Depth above which a tile is always visited, since something is counted there at every step [m].

    Attributes
    ----------
    active : (member, tiles down, tiles across) array of uint8
    """

    def __init__(
        self,
        tiling: Tiling,
        n_members: int,
        *,
        fed: npt.NDArray[np.int64],
        is_edge_moved: bool,
        still_m: float,
        absorbing: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.tiling, self.still_m = tiling, still_m
        self.active = np.ones((n_members, *tiling.counts), np.uint8)
        self.never = np.zeros(tiling.counts, np.bool_)
        self.never[tiling.find(fed)] = True
        if absorbing is not None:
            self.never |= tiling.find_any(absorbing)
        if is_edge_moved:
            self.never[[0, -1]] = self.never[:, [0, -1]] = True

    def look(
        self, step: int, before: tuple[Array, ...], after: tuple[Array, ...], engine: Engine, threads: int
    ) -> None:
        """Choose the tiles of the next steps, if it is time to, from the fields before and after a step."""
        if step % self.tiling.steps or self.never.all():
            return
        still = np.ones_like(self.active)
        level = bits_of(np.array([self.still_m], before[0].dtype))[0]
        fields = [bits_of(field) for field in (*before, *after)]
        COMPARE(engine, still, self.active, *fields, level, self.tiling.ring, self.tiling.rows, self.tiling.columns,
                threads=threads)  # fmt: skip
        around = np.pad((still == 0) | self.never, ((0, 0), (1, 1), (1, 1)))
        n_down, n_across = self.tiling.counts
        self.active[...] = 0
        for down in range(3):
            for across in range(3):
                self.active |= around[:, down : down + n_down, across : across + n_across]


@routine
def difference(one, other, member, row, low, high):
    """Zero where a row's cells are the same in both."""
    found = one[member, row, low] ^ other[member, row, low]
    for x in range(low, high):
        found |= one[member, row, x] ^ other[member, row, x]
    return found


@routine
def highest(depth, member, row, low, high):
    found = depth[member, row, low]
    for x in range(low, high):
        found = max(found, depth[member, row, x])
    return found


@routine
def is_still(depth, flow_x, flow_y, depth_after, x_after, y_after, member, first, last, low, high, level):
    """Whether a tile's cells and all their faces are what they were; most that are not show it in the first row."""
    for row in range(first, last):
        if (
            difference(depth, depth_after, member, row, low, high)
            or difference(flow_x, x_after, member, row, low, high)
            or difference(flow_y, y_after, member, row, low, high)
            or highest(depth, member, row, low, high) > level
        ):
            return False
    return True


def _cpu(still, active, depth, flow_x, flow_y, depth_after, x_after, y_after, level, ring, rows, columns):
    n_members, n_down, n_across = active.shape
    n_y, n_x = depth.shape[1], depth.shape[2]
    for down in prange(n_down):
        first = ring + down * rows
        for across in range(n_across):
            low = ring + across * columns
            for member in range(n_members):
                if active[member, down, across]:
                    still[member, down, across] = is_still(
                        depth, flow_x, flow_y, depth_after, x_after, y_after, member, first,
                        min(first + rows, n_y - ring) + 1, low, min(low + columns, n_x - ring) + 1, level,
                    )  # fmt: skip


COMPARE = Sweeps(cpu=_cpu)
