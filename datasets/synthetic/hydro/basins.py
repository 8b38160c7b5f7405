"""Closed basins in a synthetic terrain: underpasses and the valley, each ringed with walls and left over a sill.

A basin is a rectangle of whole cells, all below its sill, within a ring of one cell: walls, and in them the entrances,
whose crest is the sill. It stands on a pad that is higher than any water which could pond around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..ground import Underpass, ease

if TYPE_CHECKING:
    from ....kernels.space.grid import Grid
    from ..ground import Ground, Valley

__all__ = ["Basin", "plan_basins", "raise_pads"]

Floats = npt.NDArray[np.float64]

HUMP_M = 0.3  # from the ground around a basin up to its sill
WALL_M = 0.9  # from the sill up to the crest of its walls
EDGE_M = 0.2  # from the sill down to the shallowest of the basin's cells, at the least
_COLLAR = 3  # cells around a ring that the pad is level on
_BLEND_M = 120.0  # from the pad down to the ground as it was
_OFF_MAP_M = 3.0  # ground of a basin off the map, which is refused later
_SAMPLES = 160  # across the shorter side of the city, where ponds are looked for


@dataclass(frozen=True, eq=False)
class Basin:
    """Half-open ranges of cells inside the ring, and what stands there."""

    kind: Literal["underpass", "valley"]
    name: str
    row0: int
    row1: int
    col0: int
    col1: int
    pad_m: float  # height of the ground around it
    box: tuple[float, float, float, float]  # west, south, east, north edge of the level part of the pad
    blend_m: float
    sill_m: float
    depth: Floats  # (row, column) [m] below the sill
    hump: npt.NDArray[np.bool_]  # (row + 2, column + 2) cells of the ring that are entrances

    def build(self) -> Floats:
        """Heights of the ring and of all in it [m], (row + 2, column + 2)."""
        heights = np.where(self.hump, self.sill_m, self.sill_m + WALL_M)
        heights[1:-1, 1:-1] = self.sill_m - self.depth
        return heights


def plan_basins(ground: Ground, underpasses: Sequence[Underpass], grid: Grid) -> tuple[Basin, ...]:
    """Put every underpass, and the valley as the last, on whole cells of a grid.

    Parameters
    ----------
    ground
        What they stand in.
    underpasses
        Apart from each other and clear of the water, see :meth:`Ground.can_hold`.
    grid
        Whose cells they take; at least 2 x 1 each.

    Returns
    -------
    tuple of Basin
        The same for any part of the terrain that is asked for later.

    Raises
    ------
    InputError
        If one lies in water, at the edge of the grid, or on another, naming it.

    References
    ----------
    .. [1] Barnes, Lehman and Mulla (2014), doi:10.1016/j.cageo.2013.04.024 (where water ponds: priority flood)

    Examples
    --------
    >>> from citytide.datasets.synthetic.ground import plan_ground
    >>> from citytide.kernels.space.grid import Grid
    >>> ground = plan_ground(1, 0.0, 0.0, 2000.0, 2000.0)
    >>> dive = Underpass(1500.0, 1200.0, "x")
    >>> [(basin.kind, basin.depth.shape) for basin in plan_basins(ground, [dive], Grid(0.0, 0.0, 10.0, 200, 200))]
    [('underpass', (2, 8)), ('valley', (14, 18))]
    """
    basins: list[Basin] = []
    ponded = _Ponds(ground)
    for number, underpass in enumerate(underpasses, 1):
        size = underpass.length_m, underpass.width_m
        width, height = size if underpass.along == "x" else size[::-1]
        name = underpass.name or f"underpass {number}"
        least = (2, 1) if underpass.along == "x" else (1, 2)
        basins.append(
            _place(
                "underpass", name, underpass, (width, height), least, underpass.depth_m, underpass.along, grid, ponded
            )
        )
    if ground.valley is not None:
        valley = ground.valley
        basins.append(
            _place(
                "valley", "valley", valley, (valley.width_m, valley.height_m), (3, 3), valley.depth_m, "", grid, ponded
            )
        )
    taken: list[tuple[int, int, int, int]] = []
    for basin in basins:
        # A ring and the cells around it belong to one basin only.
        reach = basin.row0 - 2, basin.row1 + 2, basin.col0 - 2, basin.col1 + 2
        if reach[0] < 0 or reach[1] > grid.n_y or reach[2] < 0 or reach[3] > grid.n_x:
            raise InputError(f"{basin.kind} {basin.name!r} lies at the edge of the grid", way_out="place it further in")
        for other in taken:
            if reach[0] < other[1] and other[0] < reach[1] and reach[2] < other[3] and other[2] < reach[3]:
                raise InputError(
                    f"{basin.kind} {basin.name!r} lies on another basin", way_out="place them further apart"
                )
        x, y = grid.x[reach[2] : reach[3]], grid.y[reach[0] : reach[1]]
        if ground.is_water(x[None, :], y[:, None]).any():
            raise InputError(f"{basin.kind} {basin.name!r} lies in water", way_out="place it where can_hold says so")
        taken.append(reach)
    return tuple(_set_sill(basin, basins, ground, grid) for basin in basins)


def raise_pads(basins: Sequence[Basin], x: Floats, y: Floats, land: Floats) -> Floats:
    """Level land (y, x) around basins; the ground goes over into the pads without a step. Works in place."""
    for basin in basins:
        west, south, east, north = basin.box
        reach = basin.blend_m
        columns = slice(*np.searchsorted(x, [west - reach, east + reach]))
        rows = slice(*np.searchsorted(y, [south - reach, north + reach]))
        part = land[rows, columns]
        if part.size == 0:
            continue
        off_x = np.maximum(np.maximum(west - x[columns], x[columns] - east), 0.0)
        off_y = np.maximum(np.maximum(south - y[rows], y[rows] - north), 0.0)
        near = 1.0 - ease(np.sqrt(off_x[None, :] ** 2 + off_y[:, None] ** 2) / reach)
        part += near * (basin.pad_m - part)
    return land


def _place(
    kind: Literal["underpass", "valley"],
    name: str,
    at: Underpass | Valley,
    size_m: tuple[float, float],
    least: tuple[int, int],
    depth_m: float,
    along: str,
    grid: Grid,
    ponded: _Ponds,
) -> Basin:
    x, y = at.x, at.y
    n_x, n_y = (max(n, round(size / grid.cell_m)) for n, size in zip(least, size_m, strict=True))
    col0 = round((x - grid.west) / grid.cell_m - 0.5 * n_x)
    row0 = round((y - grid.south) / grid.cell_m - 0.5 * n_y)
    # A parabola along the street, or along both axes of the valley: its sum over cells is known in closed form.
    u, v = (2.0 * np.arange(n) / n + 1.0 / n - 1.0 for n in (n_x, n_y))
    bowl_x = 1.0 - u * u if along != "y" else np.ones(n_x)
    bowl_y = 1.0 - v * v if along != "x" else np.ones(n_y)
    depth = EDGE_M + (depth_m - EDGE_M) * bowl_y[:, None] * bowl_x[None, :]
    hump = np.zeros((n_y + 2, n_x + 2), dtype=np.bool_)
    if along == "x":
        hump[1:-1, [0, -1]] = True
    elif along == "y":
        hump[[0, -1], 1:-1] = True
    else:
        hump[0, (n_x + 1) // 2] = hump[0, n_x // 2 + 1] = True  # the valley is left to the south
    pad = _COLLAR + 1
    box = (
        grid.west + (col0 - pad) * grid.cell_m,
        grid.south + (row0 - pad) * grid.cell_m,
        grid.west + (col0 + n_x + pad) * grid.cell_m,
        grid.south + (row0 + n_y + pad) * grid.cell_m,
    )
    blend_m = _BLEND_M + 0.3 * max(n_x, n_y) * grid.cell_m
    level = ponded.find_level(*box)
    return Basin(kind, name, row0, row0 + n_y, col0, col0 + n_x, level, box, blend_m, np.nan, depth, hump)


def _set_sill(basin: Basin, basins: Sequence[Basin], ground: Ground, grid: Grid) -> Basin:
    """The sill is counted from the highest ground around the ring, pads of other basins among it."""
    rows = slice(max(basin.row0 - _COLLAR, 0), basin.row1 + _COLLAR)
    columns = slice(max(basin.col0 - _COLLAR, 0), basin.col1 + _COLLAR)
    x, y = grid.x[columns], grid.y[rows]
    land = raise_pads(basins, x, y, ground.compute_land(x, y))
    sill = round(float(land.max()) + HUMP_M, 3)
    return Basin(**{**vars(basin), "sill_m": sill, "depth": np.round(basin.depth, 3)})


class _Ponds:
    """Up to which height water can stand on the bare ground before it finds a way to the sea or off the map."""

    def __init__(self, ground: Ground) -> None:
        width, height = ground.east - ground.west, ground.north - ground.south
        self.step = min(width, height) / _SAMPLES
        self.x: Floats = ground.west + self.step * np.arange(0.5, width / self.step - 0.4)
        self.y: Floats = ground.south + self.step * np.arange(0.5, height / self.step - 0.4)
        self.ground = ground.compute_heights(self.x, self.y)
        self.level = _flood(self.ground)

    def find_level(self, west: float, south: float, east: float, north: float) -> float:
        """What half of a box lies below, or the highest water that ponds in it; and a hand's breadth more."""
        columns = slice(*np.searchsorted(self.x, [west - self.step, east + self.step]))
        rows = slice(*np.searchsorted(self.y, [south - self.step, north + self.step]))
        part = self.level[rows, columns]
        if part.size == 0:
            return _OFF_MAP_M
        ponds = part[part > self.ground[rows, columns]]
        return round(float(max(np.median(part), ponds.max(initial=-np.inf))) + HUMP_M, 2)


def _flood(heights: Floats) -> Floats:
    from heapq import heapify, heappop, heappush

    n_y, n_x = heights.shape
    level = np.full((n_y, n_x), np.inf)
    level[[0, -1], :], level[:, [0, -1]] = heights[[0, -1], :], heights[:, [0, -1]]
    flat, ground = level.ravel().tolist(), heights.ravel().tolist()
    rim = np.flatnonzero(np.isfinite(level.ravel())).tolist()
    queue = [(flat[cell], cell) for cell in rim]
    heapify(queue)
    while queue:
        here, cell = heappop(queue)
        row, column = divmod(cell, n_x)
        for up in range(max(row - 1, 0), min(row + 2, n_y)):
            for to in range(up * n_x + max(column - 1, 0), up * n_x + min(column + 2, n_x)):
                if flat[to] == np.inf:
                    flat[to] = max(here, ground[to])
                    heappush(queue, (flat[to], to))
    return np.array(flat).reshape(n_y, n_x)
