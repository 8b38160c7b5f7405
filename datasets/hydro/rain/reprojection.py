"""Frames of rain reprojected to the plane of the terrain; the volume of water stays the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ....kernels.space.quads import QuadWeights
from ...errors import InputError
from ...place.crs import LOCAL, is_geographic
from ...place.crs_titles import title_crs
from ...place.transformation import transform
from .field import RainField

__all__ = ["reproject_rain"]

Floats = npt.NDArray[np.float64]
FINER = 4  # cells along a side of the frames' own, where frames are wanted over the ground alone
LEAST_KNOWN = 0.5  # share of a cell that must be known, else it is not
_ALONG = 21  # points along each side of a box that is carried over


def reproject_rain(
    rain: RainField, crs: str, *, over: Grid, reach_m: float = 0.0, file: str | Path | None = None
) -> RainField:
    """Carry frames to another CRS conservatively, by exact clipping of their cells.

    Parameters
    ----------
    rain
        In any CRS on earth, also in degrees.
    crs
        A plane of metres.
    over
        The ground, on that plane.
    reach_m
        How far around the ground frames are kept [m]; 0 if they are wanted over it alone.

    Returns
    -------
    RainField
        On square cells of about the size of the frames' own, or of a quarter of that without a reach; NaN where fewer
        than half of a cell is known. A note says so.

    Raises
    ------
    InputError
        If the frames do not overlap the terrain, or one of the two is on a local plane without a position on earth.

    Examples
    --------
    >>> rate = np.full((1, 40, 40), 6.0, np.float32)
    >>> rain = RainField("EPSG:4326", Grid(114.0, 22.4, 0.01, 40, 40), np.array([0]), 0, rate)
    >>> found = reproject_rain(rain, "EPSG:4547", over=Grid(505_000.0, 2_490_000.0, 10.0, 200, 200))
    >>> found.crs, found.grid.cell_m, float(np.nanmin(found.rate)), float(np.nanmax(found.rate))
    ('EPSG:4547', 266.8, 6.0, 6.0)
    """
    for one, is_ground in ((rain.crs, False), (crs, True)):
        if one == LOCAL:
            raise InputError(
                f"rain in {title_crs(rain.crs)} cannot be projected to a terrain in {title_crs(crs)}: a local "
                "plane has no position on earth",
                file=file,
                way_out=f"name the CRS of the {'terrain' if is_ground else 'rain'}, or place the middle of the frames: "
                "--set place_rain_at=X,Y",
            )
    _refuse_apart(rain, crs, over, file)
    rows, columns, box = _find_window(rain, crs, over, reach_m)
    source = rain.grid
    x, y = np.meshgrid(source.x_edges[columns.start : columns.stop + 1], source.y_edges[rows.start : rows.stop + 1])
    x, y = transform(x, y, rain.crs, crs, file=file)
    # Frames that rain falls from as they are may be drawn finer than their cells, to be smeared less.
    cell = float(f"{np.sqrt(_mean_area(x, y)) / (1 if reach_m else FINER):.4g}")
    west, south, east, north = box
    target = Grid.cover(
        min(max(west, x.min()), over.west), min(max(south, y.min()), over.south),
        max(min(east, x.max()), over.east), max(min(north, y.max()), over.north), cell_m=cell,
    )  # fmt: skip
    rate = QuadWeights(x, y, target).apply(rain.rate[:, rows, columns], min_cover=LEAST_KNOWN)
    size = f"{source.cell_m:.4g} degrees" if is_geographic(rain.crs) else f"{source.cell_m:g} m"
    is_whole = (rows, columns) == (slice(0, source.n_y), slice(0, source.n_x))
    cut = "" if is_whole or not reach_m else f", within {(over.west - box[0]) / 1000:g} km of it"
    note = (
        f"The rain was carried from {title_crs(rain.crs)} (cells of {size}) to the ground's {title_crs(crs)} (cells of "
        f"{cell:g} m) conservatively{cut}."
    )
    return replace(rain, crs=crs, grid=target, rate=rate, notes=(*rain.notes, note))


def _mean_area(x: Floats, y: Floats) -> float:
    """Of the quadrilaterals, by their diagonals [m2]."""
    across_x, across_y = x[1:, 1:] - x[:-1, :-1], y[1:, 1:] - y[:-1, :-1]
    other_x, other_y = x[1:, :-1] - x[:-1, 1:], y[1:, :-1] - y[:-1, 1:]
    return float(np.mean(0.5 * np.abs(across_x * other_y - across_y * other_x)))


def _carry_box(box: tuple[float, float, float, float], crs: str, to: str, middle_x: float) -> tuple[Floats, Floats]:
    """Points all over a box in another CRS; longitudes are those nearest to ``middle_x``."""
    west, south, east, north = box
    x, y = np.meshgrid(np.linspace(west, east, _ALONG), np.linspace(south, north, _ALONG))
    there_x, there_y = transform(x, y, crs, to)
    back_x, back_y = transform(there_x, there_y, to, crs)
    size = max(east - west, north - south)
    if not (np.hypot(back_x - x, back_y - y) <= 0.01 * size).all():  # a projection far from where it holds
        raise InputError("the box is too far from where the projection holds")
    if is_geographic(to):
        there_x = there_x + 360.0 * np.round((middle_x - there_x.mean()) / 360.0)
    return there_x, there_y


def _find_window(
    rain: RainField, crs: str, over: Grid, reach_m: float
) -> tuple[slice, slice, tuple[float, float, float, float]]:
    """Rows and columns of the frames around the ground, and the box on its plane that they are kept for."""
    grid = rain.grid
    for reach in (reach_m, 0.5 * reach_m, 0.25 * reach_m, 0.0):
        box = over.west - reach, over.south - reach, over.east + reach, over.north + reach
        try:
            x, y = _carry_box(box, crs, rain.crs, 0.5 * (grid.west + grid.east))
        except InputError:
            continue  # so far away the planes do not hold
        break
    rows, columns = (
        slice(
            int(np.clip(np.floor((low - start) / grid.cell_m) - 1, 0, n - 1)),
            int(np.clip(np.ceil((high - start) / grid.cell_m) + 1, 1, n)),
        )
        for low, high, start, n in (
            (y.min(), y.max(), grid.south, grid.n_y), (x.min(), x.max(), grid.west, grid.n_x)
        )
    )  # fmt: skip
    return rows, columns, box


def _refuse_apart(rain: RainField, crs: str, over: Grid, file: str | Path | None) -> None:
    grid = rain.grid
    ground = (over.west, over.south, over.east, over.north)
    try:
        x, y = _carry_box(ground, crs, rain.crs, 0.5 * (grid.west + grid.east))
    except InputError:
        pass  # nowhere near
    else:
        if x.min() < grid.east and grid.west < x.max() and y.min() < grid.north and grid.south < y.max():
            return
    there = [
        _describe(box, of, file)
        for box, of in (((grid.west, grid.south, grid.east, grid.north), rain.crs), (ground, crs))
    ]
    raise InputError(
        f"rain over {there[0]} and terrain over {there[1]} do not overlap ({title_crs(rain.crs)} and {title_crs(crs)})",
        file=file,
        way_out="give rain over the terrain, or move its middle there: --set place_rain_at=X,Y",
    )


def _describe(box: tuple[float, float, float, float], crs: str, file: str | Path | None) -> str:
    west, south, east, north = box
    x, y = np.meshgrid(np.linspace(west, east, 5), np.linspace(south, north, 5))
    lon, lat = transform(x, y, crs, "EPSG:4326", file=file)
    return f"longitude {lon.min():.2f} to {lon.max():.2f}, latitude {lat.min():.2f} to {lat.max():.2f}"
