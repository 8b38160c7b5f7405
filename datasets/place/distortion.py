"""How long a line is on the ground, whatever the CRS it is drawn in, and whether a plane keeps lengths and areas."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .crs import LOCAL, is_geographic, is_in_metres, name_crs
from .transformation import transform

if TYPE_CHECKING:
    from pyproj import Geod

__all__ = [
    "AREA_TOLERANCE", "LARGEST_STRETCH", "find_degrees", "is_true_plane", "measure_area_scale_at",
    "measure_geodesics_m", "measure_steps_m", "measure_stretch_at",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

LARGEST_STRETCH = 1.05  # of lengths on a plane that keeps areas: that of Europe (EPSG:3035) stays within 1.03
AREA_TOLERANCE = 0.02  # of a plane: UTM stays within 0.002, Mercator at 22 N makes areas larger by 0.17
_SAMPLE_M = 500.0  # half the side of the square by which a plane is measured


def find_degrees(
    x: npt.ArrayLike, y: npt.ArrayLike, crs: str, *, file: str | Path | None = None
) -> tuple[Floats, Floats]:
    """Longitude and latitude of positions; degrees of any datum stay as they are."""
    if is_geographic(crs):
        return np.asarray(x, np.float64), np.asarray(y, np.float64)
    return transform(x, y, crs, "EPSG:4326", file=file)


def measure_steps_m(x: npt.ArrayLike, y: npt.ArrayLike, crs: str, *, file: str | Path | None = None) -> Floats:
    """Lengths on the ground from each position to the next [m].

    A map's own units are no lengths on the ground: metres of EPSG:3857 are not, nor are feet. So positions are
    carried to degrees first; on a local plane, which has no place on earth, its metres are taken.

    Parameters
    ----------
    x, y : (n,) arrays of float
        East and north, or longitude and latitude.
    crs
        See :func:`~.crs.name_crs`.
    file
        For the error.

    Returns
    -------
    (n - 1,) array

    Examples
    --------
    >>> [round(float(measure_steps_m([2.5e6, 2.5e6 + 1000.0], [4.57e6] * 2, crs)[0])) for crs in ("EPSG:3857", "local")]
    [790, 1000]
    """
    if name_crs(crs) == LOCAL:
        return np.hypot(np.diff(np.asarray(x, np.float64)), np.diff(np.asarray(y, np.float64)))
    lon, lat = find_degrees(x, y, crs, file=file)
    return measure_geodesics_m(lon[:-1], lat[:-1], lon[1:], lat[1:])


def measure_geodesics_m(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, to_longitude: npt.ArrayLike, to_latitude: npt.ArrayLike
) -> Floats:
    """Distances on the ellipsoid of WGS 84 [m]; those on a sphere differ from them by up to half a percent.

    Examples
    --------
    >>> measure_geodesics_m([0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]).round().tolist()
    [111319.0, 110574.0]
    """
    ends = np.broadcast_arrays(*(np.asarray(e, np.float64) for e in (longitude, latitude, to_longitude, to_latitude)))
    x, y, to_x, to_y = (end.ravel().tolist() for end in ends)  # pyproj takes an array of one number for a number
    return np.asarray(_make_ellipsoid().inv(x, y, to_x, to_y)[2], np.float64).reshape(ends[0].shape)


@cache
def _make_ellipsoid() -> Geod:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def measure_area_scale_at(x: float, y: float, crs: str, *, file: str | Path | None = None) -> float:
    """Areas on a plane over those on the ellipsoid, at a position; 1 where it lies nowhere on earth.

    Examples
    --------
    >>> round(measure_area_scale_at(1e6, 8_399_738.0, "EPSG:3857"), 2)
    3.99
    """
    if crs == LOCAL:
        return 1.0
    east = x + _SAMPLE_M * np.array([-1.0, 1.0, 1.0, -1.0])
    north = y + _SAMPLE_M * np.array([-1.0, -1.0, 1.0, 1.0])
    longitude, latitude = transform(east, north, crs, "EPSG:4326", file=file)
    area, _ = _make_ellipsoid().polygon_area_perimeter(longitude, latitude)
    return float((2 * _SAMPLE_M) ** 2 / abs(area))


def measure_stretch_at(x: float, y: float, crs: str, *, file: str | Path | None = None) -> float:
    """The most by which lengths on a plane, at a position, are longer or shorter than on the ellipsoid.

    Examples
    --------
    >>> round(measure_area_scale_at(1e6, 6e6, "EPSG:6933"), 2), round(measure_stretch_at(1e6, 6e6, "EPSG:6933"), 2)
    (1.0, 1.5)
    """
    if crs == LOCAL:
        return 1.0
    angle = np.deg2rad([0.0, 45.0, 90.0, 135.0])
    east = x + _SAMPLE_M * np.outer([-1.0, 1.0], np.cos(angle))
    north = y + _SAMPLE_M * np.outer([-1.0, 1.0], np.sin(angle))
    longitude, latitude = transform(east, north, crs, "EPSG:4326", file=file)
    ratio = 2 * _SAMPLE_M / measure_geodesics_m(longitude[0], latitude[0], longitude[1], latitude[1])
    return float(np.maximum(ratio, 1.0 / ratio).max())


def is_true_plane(x: float, y: float, crs: str, *, file: str | Path | None = None) -> bool:
    """Whether a CRS is a plane in metres on which areas and lengths, at a position, are nearly those on the ground.

    Examples
    --------
    >>> is_true_plane(506_000.0, 2_494_000.0, "EPSG:4547"), is_true_plane(12.7e6, 2.58e6, "EPSG:3857")
    (True, False)
    """
    return is_in_metres(crs) and (
        abs(measure_area_scale_at(x, y, crs, file=file) - 1.0) <= AREA_TOLERANCE
        and measure_stretch_at(x, y, crs, file=file) <= LARGEST_STRETCH
    )
