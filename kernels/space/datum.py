r"""Positions in degrees: WGS 84, the shifted datums of Chinese maps (GCJ-02, BD-09), planes, and distances.

GCJ-02 shifts WGS 84 by a polynomial with sines, applied in the plane of longitude and latitude and scaled by the radii
of the Krasovsky 1940 ellipsoid; in Shenzhen by some 600 m. BD-09 turns and stretches GCJ-02 once more, about the point
(0, 0). Neither has an inverse in closed form: the usual ways back are off by up to a metre or so, and here both are
undone by iteration to the last digits.

References
----------
.. [1] Restrictions on geographic data in China, https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China
.. [2] Snyder (1987), Map Projections: A Working Manual, doi:10.3133/pp1395
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = [
    "compute_distances_m",
    "convert_bd09_to_gcj02",
    "convert_bd09_to_wgs84",
    "convert_gcj02_to_bd09",
    "convert_gcj02_to_wgs84",
    "convert_wgs84_to_bd09",
    "convert_wgs84_to_gcj02",
    "project",
    "unproject",
]

_AXIS_M = 6378245.0  # Krasovsky 1940
_ECCENTRICITY2 = 0.00669342162296594323
_EARTH_M = 6371008.8  # mean radius
_BD09_PI = np.pi * 3000.0 / 180.0
_BD09_EAST, _BD09_NORTH = 0.0065, 0.006  # degrees
_ROUNDS = 14  # of the inverses; each gains 1.7 digits or more, so the last few change nothing

Floats = npt.NDArray[np.float64]


def convert_wgs84_to_gcj02(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS 84 positions to GCJ-02.

    Parameters
    ----------
    longitude, latitude : arrays of float
        Degrees, within China: the shift is not defined elsewhere.

    Returns
    -------
    longitude, latitude : arrays of float
        Degrees.

    References
    ----------
    .. [1] Restrictions on geographic data in China,
       https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China

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
    return _undo(convert_wgs84_to_gcj02, longitude, latitude)


def convert_gcj02_to_bd09(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 positions to BD-09.

    Parameters
    ----------
    longitude, latitude : arrays of float
        Degrees, within China.

    Returns
    -------
    longitude, latitude : arrays of float
        Degrees.

    References
    ----------
    .. [1] Restrictions on geographic data in China,
       https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China

    Examples
    --------
    >>> longitude, latitude = convert_gcj02_to_bd09(114.063014, 22.54038281)
    >>> round(float(longitude), 5), round(float(latitude), 6)
    (114.06956, 22.546042)
    """
    x = np.asarray(longitude, dtype=np.float64)
    y = np.asarray(latitude, dtype=np.float64)
    radius = np.sqrt(x * x + y * y) + 2e-5 * np.sin(y * _BD09_PI)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BD09_PI)
    return radius * np.cos(angle) + _BD09_EAST, radius * np.sin(angle) + _BD09_NORTH


def convert_bd09_to_gcj02(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`convert_gcj02_to_bd09`, to about a nanometre.

    Examples
    --------
    >>> longitude, latitude = convert_bd09_to_gcj02(*convert_gcj02_to_bd09(114.063014, 22.54038281))
    >>> round(float(longitude), 9), round(float(latitude), 9)
    (114.063014, 22.54038281)
    """
    return _undo(convert_gcj02_to_bd09, longitude, latitude)


def convert_wgs84_to_bd09(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS 84 positions to BD-09, by way of GCJ-02.

    Examples
    --------
    >>> longitude, latitude = convert_wgs84_to_bd09(114.0579, 22.5431)
    >>> round(float(longitude), 6), round(float(latitude), 6)
    (114.069564, 22.546042)
    """
    return convert_gcj02_to_bd09(*convert_wgs84_to_gcj02(longitude, latitude))


def convert_bd09_to_wgs84(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`convert_wgs84_to_bd09`, to about a nanometre.

    Examples
    --------
    >>> longitude, latitude = convert_bd09_to_wgs84(*convert_wgs84_to_bd09(114.0579, 22.5431))
    >>> round(float(longitude), 9), round(float(latitude), 9)
    (114.0579, 22.5431)
    """
    return convert_gcj02_to_wgs84(*convert_bd09_to_gcj02(longitude, latitude))


def project(longitude: npt.ArrayLike, latitude: npt.ArrayLike, crs: str = "EPSG:4547") -> tuple[Floats, Floats]:
    """Carry WGS 84 positions to a plane.

    CGCS2000, on which Chinese planes stand, is taken as WGS 84: they differ by centimetres.

    Parameters
    ----------
    longitude, latitude : arrays of float
        Degrees of WGS 84.
    crs
        A projected CRS that pyproj knows; EPSG:4547 is CGCS2000, three-degree zone about 114 degrees east.

    Returns
    -------
    x, y : arrays of float
        East and north, in the unit of the CRS (metres).

    Raises
    ------
    ValueError
        If the CRS has no plane, or a position no finite place on it.

    References
    ----------
    .. [1] Snyder (1987), Map Projections: A Working Manual, doi:10.3133/pp1395

    Examples
    --------
    >>> x, y = project(114.0579, 22.5431)
    >>> round(float(x), 3), round(float(y), 3)
    (505955.846, 2493941.246)
    """
    return _carry(longitude, latitude, "EPSG:4326", crs, plane=crs)


def unproject(x: npt.ArrayLike, y: npt.ArrayLike, crs: str = "EPSG:4547") -> tuple[Floats, Floats]:
    """Undo :func:`project`: from a plane to degrees of WGS 84.

    Examples
    --------
    >>> longitude, latitude = unproject(505955.846, 2493941.246)
    >>> round(float(longitude), 7), round(float(latitude), 7)
    (114.0579, 22.5431)
    """
    return _carry(x, y, crs, "EPSG:4326", plane=crs)


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


def _undo(
    shift: Callable[[Floats, Floats], tuple[Floats, Floats]], longitude: npt.ArrayLike, latitude: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Find the place that ``shift`` carries to the one given; it changes slowly from place to place."""
    shifted = np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
    lon, lat = shifted
    for _ in range(_ROUNDS):
        again = shift(lon, lat)
        lon, lat = lon + (shifted[0] - again[0]), lat + (shifted[1] - again[1])
    return lon, lat


def _carry(a: npt.ArrayLike, b: npt.ArrayLike, crs: str, to: str, *, plane: str) -> tuple[Floats, Floats]:
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(plane)
    except CRSError as refused:
        raise ValueError(f"{plane!r} is no CRS that pyproj knows; say such as 'EPSG:4547'") from refused
    if not known.is_projected:
        raise ValueError(f"{plane!r} ({known.name}) has no plane; give a projected CRS such as 'EPSG:4547'")
    given = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    first, second = Transformer.from_crs(crs, to, always_xy=True).transform(given[0], given[1])
    found = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    lost = np.flatnonzero(~(np.isfinite(found[0]) & np.isfinite(found[1])))
    if lost.size:
        point = tuple(float(axis.flat[lost[0]]) for axis in given)
        raise ValueError(f"point {lost[0]}, {point}, has no finite place in {to!r}; mend or drop it")
    return found
