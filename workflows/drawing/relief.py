"""Ground as a picture: tinted by height, lit from the north-west, water in blue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...datasets.maps.layers import WATER_MANNING, TerrainLayer

__all__ = ["PAPER", "WATER", "find_water", "shade_ground"]

PAPER, WATER = "#f4f1ea", "#a9cbe0"
MOST_PIXELS = 1600  # along the longer side: finer cells are averaged before they are drawn
_LOW, _HIGH = np.array([0.945, 0.937, 0.894]), np.array([0.741, 0.776, 0.627])  # from shore to hill
_AZIMUTH, _ALTITUDE = np.radians(315.0), np.radians(45.0)
_STEEPEST = 0.35  # tangent of the slope that is drawn darkest


def shade_ground(terrain: TerrainLayer) -> tuple[NDArray[np.float64], tuple[float, float, float, float]]:
    """Return a picture of the ground, southernmost row first, and its extent.

    Parameters
    ----------
    terrain
        A terrain of any size; it is averaged to about 1,600 pixels first.

    Returns
    -------
    picture : (row, column, 4) float
        Red, green, blue, alpha; clear where there is no data.
    extent
        West, east, south, north [m].
    """
    step = max(1, -(-max(terrain.grid.shape) // MOST_PIXELS))
    n_y, n_x = (n // step * step for n in terrain.grid.shape)
    height = _average(np.where(terrain.valid, terrain.height, 0.0)[:n_y, :n_x], step)
    known = _average(terrain.valid[:n_y, :n_x].astype(np.float64), step) > 0.5
    cell = terrain.grid.cell_m * step
    up, across = np.gradient(height, cell) if min(height.shape) > 1 else (np.zeros_like(height), np.zeros_like(height))
    span = max(float(np.hypot(up, across).std()) * 3.0, 0.01)
    scale = min(_STEEPEST / span, 12.0)  # a flat city is drawn steeper than it is
    slope = np.arctan(np.hypot(up, across) * scale)
    towards = np.arctan2(-up, -across)
    light = np.sin(_ALTITUDE) * np.cos(slope) + np.cos(_ALTITUDE) * np.sin(slope) * np.cos(
        np.pi / 2 - _AZIMUTH - towards
    )
    low, high = (float(q) for q in np.quantile(height[known], (0.02, 0.98))) if known.any() else (0.0, 1.0)
    share = np.clip((height - max(low, 0.0)) / max(high - max(low, 0.0), 1e-9), 0.0, 1.0)[..., None]
    ground = _LOW + (_HIGH - _LOW) * share
    picture = np.ones((*height.shape, 4))
    picture[..., :3] = np.clip(ground * (0.55 + 0.45 * light / np.sin(_ALTITUDE))[..., None], 0.0, 1.0)
    wet = _average(find_water(terrain)[:n_y, :n_x].astype(np.float64), step) > 0.5
    blue = np.array([int(WATER[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    picture[wet, :3] = blue
    picture[..., 3] = known
    grid = terrain.grid
    return picture, (grid.west, grid.west + n_x * grid.cell_m, grid.south, grid.south + n_y * grid.cell_m)


def find_water(terrain: TerrainLayer) -> NDArray[np.bool_]:
    """River and sea (y, x) of a synthetic terrain, by their roughness; of another one nothing is known."""
    if not terrain.is_synthetic:
        return np.zeros(terrain.grid.shape, bool)
    return np.asarray(terrain.manning == np.float32(WATER_MANNING))


def _average(values: NDArray[np.floating], step: int) -> NDArray[np.float64]:
    if step == 1:
        return np.asarray(values, np.float64)
    n_y, n_x = values.shape
    return np.asarray(np.asarray(values, np.float64).reshape(n_y // step, step, n_x // step, step).mean(axis=(1, 3)))
