"""Coordinate reference systems by name; height datums are in heights.py.

x runs to the east and y to the north; in degrees x is the longitude and y the latitude, whatever order a CRS lists them
in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .crs_titles import describe_other_degrees, shorten, title_crs

__all__ = [
    "LOCAL",
    "SHIFTED",
    "agree_crs",
    "choose_plane",
    "is_geographic",
    "is_in_metres",
    "look_up_crs",
    "name_crs",
]

LOCAL = "local"
SHIFTED = ("GCJ-02", "BD-09")  # degrees of Chinese web maps, which no registry lists
_NEAR = 0.5  # degrees around a city that still count as it
_EXAMPLES = "such as EPSG:4547 (CGCS2000, 114E), EPSG:4326 (WGS 84 degrees) or GCJ-02"


def name_crs(crs: Any, *, file: str | Path | None = None) -> str:
    """Return the one name by which a CRS goes here.

    Parameters
    ----------
    crs
        Anything pyproj understands, ``"GCJ-02"``, ``"BD-09"``, or ``"local"`` for metres on a plane
        without a position on earth.
    file
        For the error.

    Returns
    -------
    str
        ``"EPSG:4547"``; WKT of a CRS that no registry lists.

    Raises
    ------
    InputError
        If none is named, it is unknown, or it gives no position on the ground (heights, or earth-centred).

    Examples
    --------
    >>> name_crs("CGCS2000 / 3-degree Gauss-Kruger CM 114E"), name_crs("gcj02"), name_crs("urn:ogc:def:crs:OGC::CRS84")
    ('EPSG:4547', 'GCJ-02', 'EPSG:4326')
    """
    text = "" if crs is None else str(crs.to_wkt() if hasattr(crs, "to_wkt") else crs).strip()
    if not text:
        raise InputError("the layer must have a CRS, it names none", file=file, way_out=f"declare one, {_EXAMPLES}")
    if text.lower() == LOCAL:
        return LOCAL
    squeezed = re.sub(r"[\s_-]", "", text).upper()
    for shifted in SHIFTED:
        if squeezed == shifted.replace("-", ""):
            return shifted
    try:
        return _name_known(text)
    except _NoPlace as problem:
        raise InputError(f"CRS {shorten(text)!r} {problem.args[0]}", file=file, way_out=problem.args[1]) from None


def agree_crs(held: Any, declared: str | None, *, file: str | Path | None = None) -> str:
    """Return the CRS that a file names or, where it names none, the one declared.

    Raises
    ------
    InputError
        If neither is there, or the two differ.

    Examples
    --------
    >>> agree_crs(None, "gcj02"), agree_crs("EPSG:4547", None)
    ('GCJ-02', 'EPSG:4547')
    """
    if not held:
        return name_crs(declared, file=file)
    named = name_crs(held, file=file)
    if declared is not None and (wanted := name_crs(declared, file=file)) != named:
        raise InputError(
            f"the file is in {title_crs(named)}, but {title_crs(wanted)} is declared",
            file=file,
            way_out="omit the declaration, or correct the file",
        )
    return named


class _NoPlace(Exception):
    """What is wrong with a CRS, and the way out."""


@lru_cache
def _name_known(text: str) -> str:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        found = CRS.from_user_input(int(text) if text.isdigit() else text)
    except CRSError:
        raise _NoPlace("is unknown", f"give one {_EXAMPLES}") from None
    if found.is_compound:
        plane, height = (part.name for part in found.sub_crs_list[:2])
        raise _NoPlace(
            f"is compound, of a horizontal and a vertical CRS ({found.name})",
            f"declare {plane!r} as crs and {height!r} as height_datum",
        )
    if found.is_vertical or found.is_geocentric or not (found.is_geographic or found.is_projected):
        kind = "local plane" if found.is_engineering else found.type_name.removesuffix(" CRS").lower() + " one"
        cure = "declare it as local if it is one, or give a CRS" if found.is_engineering else "give a horizontal CRS,"
        raise _NoPlace(f"({found.name}) is a {kind}", f"{cure} {_EXAMPLES}")
    if other := describe_other_degrees(found):
        raise _NoPlace(f"({found.name}) {other}", "reproject the layer to EPSG:4326 (ogr2ogr -t_srs EPSG:4326)")
    flat = found if len(found.axis_info) == 2 else found.to_2d()  # which forgets what ESRI calls it
    code = flat.to_epsg(min_confidence=70)
    if code is not None:
        return f"EPSG:{code}"
    listed = flat.to_authority(min_confidence=70)
    if listed is not None and listed[0] == "OGC":  # longitude first, which is how all is read here
        return {"CRS84": "EPSG:4326", "CRS83": "EPSG:4269", "CRS27": "EPSG:4267"}.get(listed[1], ":".join(listed))
    return ":".join(listed) if listed is not None else str(flat.to_wkt())


def is_geographic(crs: str) -> bool:
    """Whether coordinates are longitude and latitude.

    Examples
    --------
    >>> [is_geographic(crs) for crs in ("EPSG:4490", "BD-09", "EPSG:4547", "local")]
    [True, True, False, False]
    """
    crs = name_crs(crs)
    return crs in SHIFTED or (crs != LOCAL and bool(look_up_crs(crs).is_geographic))


def is_in_metres(crs: str) -> bool:
    """Whether coordinates are metres on a plane.

    Examples
    --------
    >>> [is_in_metres(crs) for crs in ("EPSG:4547", "local", "EPSG:2229", "EPSG:4326")]
    [True, True, False, False]
    """
    crs = name_crs(crs)
    if crs == LOCAL or is_geographic(crs):
        return crs == LOCAL
    return all(axis.unit_conversion_factor == 1.0 for axis in look_up_crs(crs).axis_info)


@lru_cache
def look_up_crs(name: str) -> Any:
    """Return pyproj's object for a CRS that :func:`name_crs` named; local and shifted ones have none."""
    from pyproj import CRS

    return CRS.from_user_input(name)


def choose_plane(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> str:
    """Choose the plane of a place: CGCS2000 in zones of 3 degrees where EPSG says that China is, else UTM.

    Parameters
    ----------
    longitude, latitude : arrays of float
        Degrees; their means choose.

    References
    ----------
    .. [1] EPSG Geodetic Parameter Dataset, codes 4534 to 4554 and their areas of use

    Examples
    --------
    >>> choose_plane(114.06, 22.54), choose_plane(121.47, 31.23), choose_plane(8.54, 47.37), choose_plane(151.2, -33.9)
    ('EPSG:4547', 'EPSG:4549', 'EPSG:32632', 'EPSG:32756')
    """
    lon, lat = (float(np.mean(np.asarray(degrees, np.float64))) for degrees in (longitude, latitude))
    if not (abs(lon) <= 180.0 and -80.0 <= lat <= 84.0):
        raise InputError(
            f"UTM has no zone for longitude {lon:g}, latitude {lat:g}", way_out="declare the plane of the city with crs"
        )
    zone = round((lon - 75.0) / 3.0)
    if 0 <= zone <= 20:
        plane = f"EPSG:{4534 + zone}"
        area = look_up_crs(plane).area_of_use
        if area.south - _NEAR <= lat <= area.north + _NEAR:
            return plane
    return f"EPSG:{(32600 if lat >= 0 else 32700) + min(int((lon + 180.0) // 6.0), 59) + 1}"
