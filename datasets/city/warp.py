"""A terrain carried to another plane: heights between cells, roughness and gaps from the nearest cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ...kernels.space.regrid import sample
from ..errors import InputError
from ..place import transform
from .checks import refuse_many_cells
from .layers import TerrainLayer

__all__ = ["warp_terrain"]

Floats = npt.NDArray[np.float64]
_ROWS = 256  # rows of the target that are worked on at once
_RIM = 64  # points along each side of the source, by which its outline is known in the target's plane


def warp_terrain(terrain: TerrainLayer, crs: str, cell_m: float) -> TerrainLayer:
    """Resample a terrain onto square cells of another plane.

    A cell is valid where its centre lies in a valid cell of the source and all four neighbours that its height is
    drawn from are valid too. Heights stay above the same datum: only the plane changes.

    Parameters
    ----------
    terrain
        In a plane, or in degrees.
    crs
        The plane wanted.
    cell_m
        Side of a cell there [m].

    Returns
    -------
    TerrainLayer
        On the least grid of whole multiples of ``cell_m`` that covers the source.
    """
    if not 0.0 < cell_m < np.inf:
        raise InputError(f"terrain.resample_m is {cell_m:g}", way_out="give the side of a cell in metres, above 0")
    outline_x, outline_y = transform(*_outline(terrain.grid), terrain.crs, crs)
    grid = Grid.cover(outline_x.min(), outline_y.min(), outline_x.max(), outline_y.max(), cell_m=cell_m)
    refuse_many_cells(grid, "terrain.resample_m")
    height = np.zeros(grid.shape, np.float32)
    manning = np.full(grid.shape, np.median(terrain.manning), np.float32)
    valid = np.zeros(grid.shape, bool)
    known = np.where(terrain.valid, terrain.height, np.float32("nan"))
    for low in range(0, grid.n_y, _ROWS):
        rows = slice(low, min(low + _ROWS, grid.n_y))
        x, y = np.meshgrid(grid.x, grid.y[rows])
        there = transform(x.ravel(), y.ravel(), crs, terrain.crs)
        shape = x.shape
        found = np.asarray(sample(known, terrain.grid, *there)).reshape(shape)
        rough = np.asarray(sample(terrain.manning, terrain.grid, *there, method="nearest")).reshape(shape)
        inside = _inside(terrain.grid, *there).reshape(shape) & np.isfinite(found)
        height[rows] = np.where(inside, np.round(found, 3), 0.0)
        manning[rows] = np.where(inside, rough, manning[rows])
        valid[rows] = inside
    note = (
        f"The terrain was resampled from {terrain.crs} to {crs} at {cell_m:g} m: heights bilinearly, roughness from "
        "the nearest cell."
    )
    return replace(
        terrain, crs=crs, grid=grid, height=height, manning=manning, valid=valid, notes=(*terrain.notes, note)
    )


def _outline(grid: Grid) -> tuple[Floats, Floats]:
    across, up = np.linspace(grid.west, grid.east, _RIM), np.linspace(grid.south, grid.north, _RIM)
    x = np.concatenate([across, across, np.full(_RIM, grid.west), np.full(_RIM, grid.east)])
    y = np.concatenate([np.full(_RIM, grid.south), np.full(_RIM, grid.north), up, up])
    return x, y


def _inside(grid: Grid, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (x >= grid.west) & (x <= grid.east) & (y >= grid.south) & (y <= grid.north)
    return inside
