r"""GCJ-02, the shifted datum of Chinese maps, to and from WGS 84.

The shift is a published polynomial with sines, applied in the plane of longitude and latitude and scaled by the
radii of the Krasovsky 1940 ellipsoid; in Shenzhen it is near 600 m. The inverse is found by iteration.

References
----------
.. [1] Restrictions on geographic data in China, https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["compute_distances_m", "convert_gcj02_to_wgs84", "convert_wgs84_to_gcj02"]

_AXIS_M = 6378245.0  # Krasovsky 1940
_ECCENTRICITY2 = 0.00669342162296594323
_EARTH_M = 6371008.8  # mean radius

Floats = npt.NDArray[np.float64]


def convert_wgs84_to_gcj02(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS 84 positions to GCJ-02.

    Parameters
    ----------
    longitude, latitude : arrays of float
        Degrees, within China: the shift is not defined elsewhere.

    Examples
    --------
    >>> longitude, latitude = convert_wgs84_to_gcj02(114.0579, 22.5431)
    >>> round(float(longitude), 6), round(float(latitude), 8)
    (114.063014, 22.54038281)
    """
    lon = np.asarray(longitude, dtype=np.float64)
    lat = np.asarray(latitude, dtype=np.float64)
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    angle = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(angle) ** 2
    north = np.degrees(north / (_AXIS_M * (1.0 - _ECCENTRICITY2) / flat**1.5))
    east = np.degrees(east / (_AXIS_M / np.sqrt(flat) * np.cos(angle)))
    return lon + east, lat + north


def convert_gcj02_to_wgs84(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`convert_wgs84_to_gcj02`, to about a nanometre.

    Examples
    --------
    >>> longitude, latitude = convert_gcj02_to_wgs84(*convert_wgs84_to_gcj02(114.0579, 22.5431))
    >>> round(float(longitude), 9), round(float(latitude), 9)
    (114.0579, 22.5431)
    """
    shifted = np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
    lon, lat = shifted
    for _ in range(12):  # the shift changes slowly, so each round gains three digits or so
        again = convert_wgs84_to_gcj02(lon, lat)
        lon, lat = lon + (shifted[0] - again[0]), lat + (shifted[1] - again[1])
    return lon, lat


def compute_distances_m(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, to_longitude: npt.ArrayLike, to_latitude: npt.ArrayLike
) -> Floats:
    """Return great-circle distances [m] between positions in degrees.

    Examples
    --------
    >>> float(compute_distances_m(0.0, 0.0, 1.0, 0.0).round())
    111195.0
    """
    lon, lat, to_lon, to_lat = (np.radians(a) for a in (longitude, latitude, to_longitude, to_latitude))
    half = np.sin((to_lat - lat) / 2.0) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2.0) ** 2
    distances: Floats = 2.0 * _EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return distances
