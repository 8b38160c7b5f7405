"""A terrain carried to another plane: heights between cells, roughness and gaps from the nearest cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ...kernels.space.regridding import sample
from ..errors import InputError
from ..maps.layers import TerrainLayer
from ..maps.terrain_checks import is_true_to_scale
from ..place.crs import choose_plane, is_geographic, is_in_metres
from ..place.crs_titles import title_crs
from ..place.transformation import transform
from .checks import refuse_many_cells

__all__ = ["ResampledTerrain", "choose_plane_for", "resample_terrain", "warp_terrain"]

Floats = npt.NDArray[np.float64]
_ROWS = 256  # rows of the target that are worked on at once
_LOST = 0.1  # of the ground, and of all rain on it, that may be lost or won: coarse cells miss the terrain's rim
_RIM = 64  # points along each side of the source, by which its outline is known in the target's plane


@dataclass(frozen=True)
class ResampledTerrain(TerrainLayer):
    """A terrain that was resampled; rasters beside it may lie on the cells that it came from."""

    source_crs: str = ""
    source_grid: Grid | None = None

    def draw(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Values of the source's cells at the middles of this terrain's cells; NaN beyond the source."""
        assert self.source_grid is not None
        drawn = np.empty(self.grid.shape, np.float32)
        for rows, x, y in _walk(self.grid, self.crs, self.source_crs, self.source_grid):
            found = np.asarray(sample(values, self.source_grid, x.ravel(), y.ravel(), method="nearest"))
            drawn[rows] = found.reshape(x.shape)
        return drawn


def choose_plane_for(terrain: TerrainLayer) -> str:
    """Choose the plane in true metres that a terrain is resampled to: its own, or the zone in which its middle lies.

    Examples
    --------
    >>> flat, known = np.zeros((2, 2), np.float32), np.ones((2, 2), bool)
    >>> choose_plane_for(TerrainLayer("EPSG:4326", "EGM96", Grid(114.0, 22.5, 0.01, 2, 2), flat, flat, known))
    'EPSG:4547'
    """
    if is_in_metres(terrain.crs) and is_true_to_scale(terrain):
        return terrain.crs
    grid = terrain.grid
    longitude, latitude = transform(
        (grid.west + grid.east) / 2, (grid.south + grid.north) / 2, terrain.crs, "EPSG:4326"
    )
    return choose_plane((longitude + 180.0) % 360.0 - 180.0, latitude)


def resample_terrain(terrain: TerrainLayer, cell_m: float, crs: str | None = None) -> ResampledTerrain:
    """Resample a terrain as :func:`warp_terrain` does, and keep where it came from.

    Parameters
    ----------
    terrain
        In a plane, or in degrees.
    cell_m
        Side of a cell [m].
    crs
        The plane wanted; :func:`choose_plane_for` chooses if none is named.

    Examples
    --------
    >>> flat, known = np.zeros((9, 9), np.float32), np.ones((9, 9), bool)
    >>> degrees = TerrainLayer("EPSG:4326", "EGM96", Grid(114.0, 22.5, 0.01, 9, 9), flat, flat, known)
    >>> ground = resample_terrain(degrees, 90)
    >>> ground.crs, ground.grid.cell_m, ground.source_crs
    ('EPSG:4547', 90, 'EPSG:4326')
    """
    warped = warp_terrain(terrain, choose_plane_for(terrain) if crs is None else crs, cell_m)
    share = warped.valid.sum() * cell_m**2 / _measure_area(terrain, warped.crs)
    if abs(share - 1.0) > _LOST:
        raise InputError(
            f"cells of {cell_m:g} m cover {100 * share:.3g} % of the terrain's area",
            file=terrain.sources[0] if terrain.sources else None,
            way_out="give a smaller resample_m; if the terrain has many gaps, fill them first",
        )
    held = {item.name: getattr(warped, item.name) for item in fields(TerrainLayer)}
    if terrain.grid.n_cells > 4 * warped.grid.n_cells:
        held["notes"] += ("Cells became more than twice as long: each height is drawn from four old cells, no mean.",)
    return ResampledTerrain(**held, source_crs=terrain.crs, source_grid=terrain.grid)


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
        raise InputError(
            f"terrain.resample_m must be above 0 m, got {cell_m:g}",
            way_out="give the side of a cell in metres, above 0",
        )
    file = terrain.sources[0] if terrain.sources else None
    outline_x, outline_y = transform(*_outline(terrain.grid), terrain.crs, crs, file=file)
    grid = Grid.cover(outline_x.min(), outline_y.min(), outline_x.max(), outline_y.max(), cell_m=cell_m)
    refuse_many_cells(grid, "terrain.resample_m")
    height = np.zeros(grid.shape, np.float32)
    manning = np.full(grid.shape, np.median(terrain.manning), np.float32)
    valid = np.zeros(grid.shape, bool)
    known = np.where(terrain.valid, terrain.height, np.float32("nan"))
    for rows, there_x, there_y in _walk(grid, crs, terrain.crs, terrain.grid):
        shape, there = there_x.shape, (there_x.ravel(), there_y.ravel())
        found = np.asarray(sample(known, terrain.grid, *there)).reshape(shape)
        rough = np.asarray(sample(terrain.manning, terrain.grid, *there, method="nearest")).reshape(shape)
        inside = _inside(terrain.grid, *there).reshape(shape) & np.isfinite(found)
        height[rows] = np.where(inside, np.round(found, 3), 0.0)
        manning[rows] = np.where(inside, rough, manning[rows])
        valid[rows] = inside
    if not valid.any():
        raise InputError(
            f"no cell of {cell_m:g} m has its middle on the terrain", file=file, way_out="give a smaller resample_m"
        )
    note = (
        f"The terrain was resampled from {title_crs(terrain.crs)} to {title_crs(crs)} at {cell_m:g} m: heights "
        "bilinearly, roughness from the nearest cell."
    )
    return replace(
        terrain, crs=crs, grid=grid, height=height, manning=manning, valid=valid, notes=(*terrain.notes, note)
    )


def _walk(grid: Grid, crs: str, source_crs: str, source: Grid) -> Iterator[tuple[slice, Floats, Floats]]:
    """Some rows of a grid at a time, with the places of their cells (y, x) in the source's CRS."""
    for low in range(0, grid.n_y, _ROWS):
        rows = slice(low, min(low + _ROWS, grid.n_y))
        x, y = np.meshgrid(grid.x, grid.y[rows])
        there_x, there_y = transform(x.ravel(), y.ravel(), crs, source_crs)
        if is_geographic(source_crs):  # a source may count longitudes from 0 to 360
            middle = (source.west + source.east) / 2
            there_x = there_x + 360.0 * np.round((middle - there_x) / 360.0)
        yield rows, there_x.reshape(x.shape), there_y.reshape(x.shape)


def _outline(grid: Grid) -> tuple[Floats, Floats]:
    across, up = np.linspace(grid.west, grid.east, _RIM), np.linspace(grid.south, grid.north, _RIM)
    x = np.concatenate([across, across, np.full(_RIM, grid.west), np.full(_RIM, grid.east)])
    y = np.concatenate([np.full(_RIM, grid.south), np.full(_RIM, grid.north), up, up])
    return x, y


def _measure_area(terrain: TerrainLayer, crs: str) -> float:
    """Area of the valid cells on a plane [m2]: that of the outline, shared by cells, which narrow towards the poles."""
    grid = terrain.grid
    across, up = np.linspace(grid.west, grid.east, _RIM), np.linspace(grid.south, grid.north, _RIM)
    around_x = np.concatenate([across, np.full(_RIM, grid.east), across[::-1], np.full(_RIM, grid.west)])
    around_y = np.concatenate([np.full(_RIM, grid.south), up, np.full(_RIM, grid.north), up[::-1]])
    x, y = transform(around_x, around_y, terrain.crs, crs)
    x, y = x - x[0], y - y[0]
    whole = abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2
    weight = np.cos(np.deg2rad(grid.y)) if is_geographic(terrain.crs) else np.ones(grid.n_y)
    return whole * float(terrain.valid.mean(axis=1) @ weight / weight.sum())


def _inside(grid: Grid, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (x >= grid.west) & (x <= grid.east) & (y >= grid.south) & (y <= grid.north)
    return inside
