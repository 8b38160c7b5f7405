"""A synthetic terrain: bare ground, streets cut into it, a river bed under its bridges, basins without an outlet."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...maps.layers import WATER_MANNING, TerrainLayer
from ...traffic.layers import RoadLayer
from ..ground import interpolate
from .basins import Basin, plan_basins, raise_pads

if TYPE_CHECKING:
    from ....kernels.space.grid import Grid
    from ..ground import Ground, Underpass

__all__ = ["GREEN", "make_terrain"]

KERB_M = 0.15  # from a block down to its streets
LANE_M = 3.5
STREET, BLOCK, WATER, GREEN = 0.015, 0.05, WATER_MANNING, 0.08  # Manning roughness [s m-1/3]
PARK_STEP_M = 350.0
_PARKS = 0.68  # of the parks' noise: the more, the fewer parks
_ROWS = 64  # in a block: small enough for a core's cache


def make_terrain(
    ground: Ground,
    roads: RoadLayer,
    underpasses: Sequence[Underpass],
    grid: Grid,
    *,
    workers: int = 1,
    block_rows: int = _ROWS,
) -> TerrainLayer:
    """Make the terrain of a synthetic city.

    Carriageways lie 0.15 m below their blocks; where a street crosses water, the river bed stays as it is; an
    underpass is a closed basin that water enters and leaves over its entrances only.

    Parameters
    ----------
    ground, underpasses
        Where they are planned; see :func:`~citytide.datasets.synthetic.ground.plan_ground`.
    roads
        In the CRS of the grid. Tunnels do not show, unless the city is synthetic: there they are underpasses.
    grid
        Where heights are wanted, at the middle of each cell.
    workers, block_rows
        Threads, and rows that each takes at a time; the same bytes for any.

    Returns
    -------
    TerrainLayer
        Heights in whole millimetres above a datum called ``synthetic``, with the sea bed below zero; Manning
        roughness of streets 0.015, blocks 0.05, water 0.03 and parks 0.08 [s m-1/3].

    Raises
    ------
    InputError
        If an underpass lies in water, at the edge of the grid or on another one.

    References
    ----------
    .. [1] Chow (1959), Open-Channel Hydraulics, table 5-6 (roughness).

    Examples
    --------
    >>> from citytide.datasets.synthetic.ground import plan_ground
    >>> from citytide.kernels.space.grid import Grid
    >>> ground = plan_ground(1, 0.0, 0.0, 1000.0, 1000.0)
    >>> nodes, no = np.array([100.0, 900.0]), np.zeros(1)
    >>> street = RoadLayer(
    ...     "local", np.array([1, 2]), nodes, nodes, np.array([1]), np.array([0]), np.array([1]), np.array([3]),
    ...     no + 1, no + 30, no + 500, no.astype("i1"), no + 1131.4, np.array([0, 2]), nodes, nodes, ("street",),
    ... )
    >>> terrain = make_terrain(ground, street, [], Grid(0.0, 0.0, 10.0, 100, 100))
    >>> terrain.height.dtype, float(terrain.height[0].max()) < 0.0
    (dtype('float32'), True)
    """
    plan = _Plan(ground, grid, plan_basins(ground, underpasses, grid), _mark_streets(roads, grid))
    height = np.empty(grid.shape, dtype=np.float32)
    manning = np.empty(grid.shape, dtype=np.float32)

    def fill(row: int) -> None:
        rows = slice(row, min(row + block_rows, grid.n_y))
        height[rows], manning[rows] = plan.compute_rows(rows)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for _ in pool.map(fill, range(0, grid.n_y, block_rows)):
            pass
    return TerrainLayer(
        roads.crs,
        "synthetic",
        grid,
        height,
        manning,
        np.ones(grid.shape, dtype=np.bool_),
        notes=(f"A made-up terrain (seed {ground.seed}).",),
        is_synthetic=True,
    )


@dataclass(frozen=True)
class _Plan:
    ground: Ground
    grid: Grid
    basins: tuple[Basin, ...]
    street: npt.NDArray[np.bool_]  # (y, x)

    def compute_rows(self, rows: slice) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Heights and roughness of some rows; no other row has a say in them."""
        ground, x, y = self.ground, self.grid.x, self.grid.y[rows]
        height = ground.lower_to_water(x, y, raise_pads(self.basins, x, y, ground.compute_land(x, y)))
        water = ground.is_water(x[None, :], y[:, None])
        street = self.street[rows] & ~water
        height -= KERB_M * street
        park = interpolate(ground.green, (x - ground.west) / PARK_STEP_M, (y - ground.south) / PARK_STEP_M) > _PARKS
        manning = np.full(height.shape, BLOCK)
        manning[park] = GREEN
        manning[street] = STREET
        manning[water] = WATER
        for basin in self.basins:
            low, high = max(basin.row0 - 1, rows.start), min(basin.row1 + 1, rows.stop)
            if low >= high:
                continue
            here = slice(low - rows.start, high - rows.start), slice(basin.col0 - 1, basin.col1 + 1)
            height[here] = basin.build()[low - basin.row0 + 1 : high - basin.row0 + 1]
            manning[here] = GREEN if basin.kind == "valley" else STREET
        return np.round(height, 3).astype(np.float32), manning.astype(np.float32)


def _mark_streets(roads: RoadLayer, grid: Grid) -> npt.NDArray[np.bool_]:
    """Cells that a street on the ground runs through, and those beside them that it is broad enough to cover."""
    from ....kernels.space.crosswalk import cross_lines

    crossed = cross_lines(roads.vertex_offset, roads.vertex_x, roads.vertex_y, grid)
    of_link = np.repeat(np.arange(roads.n_links), np.diff(crossed.offset))
    shown = (roads.level >= 0) | roads.is_synthetic
    aside = np.floor(roads.lanes * LANE_M / grid.cell_m).astype(np.int64)
    street = np.zeros(grid.shape, dtype=np.bool_)
    for reach in np.unique(aside[shown]):
        cell = crossed.column[(shown & (aside == reach))[of_link]]
        row, column = np.divmod(cell, grid.n_x)
        for up in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                to_row, to_column = row + up, column + right
                inside = (to_row >= 0) & (to_row < grid.n_y) & (to_column >= 0) & (to_column < grid.n_x)
                street[to_row[inside], to_column[inside]] = True
    return street
