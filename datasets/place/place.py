"""Where a layer lies: a named CRS, and the way from one to another; height datums are in heights.py.

x runs to the east and y to the north; in degrees x is the longitude and y the latitude, whatever order a CRS lists them
in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .crs_titles import describe_other_degrees, shorten, title_crs
from .heights import HEIGHT_DATUMS, name_height_datum, refuse_mixed_heights

__all__ = [
    "HEIGHT_DATUMS",
    "LOCAL",
    "SHIFTED",
    "agree_crs",
    "choose_plane",
    "is_geographic",
    "is_in_metres",
    "name_crs",
    "name_height_datum",
    "refuse_mixed_heights",
    "refuse_swapped",
    "transform",
]

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]

LOCAL = "local"
SHIFTED = ("GCJ-02", "BD-09")  # degrees of Chinese web maps, which no registry lists
_SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # where maps apply the shift [degrees]: west, south, east, north
_NEAR = 0.5  # degrees around a city that still count as it
_FAR = 3.0  # degrees around the area that a plane is made for: a neighbouring zone is no swap
_EXAMPLES = "such as EPSG:4547 (CGCS2000, 114E), EPSG:4326 (WGS 84 degrees) or GCJ-02"


def name_crs(crs: Any, *, file: str | Path | None = None) -> str:
    """Return the one name by which a CRS goes here.

    Parameters
    ----------
    crs
        Anything pyproj understands, ``"GCJ-02"``, ``"BD-09"``, or ``"local"`` for metres without a place on earth.
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
        raise InputError("the layer names no CRS", file=file, way_out=f"declare one, {_EXAMPLES}")
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
            f"the file is in {title_crs(named)}, {title_crs(wanted)} is declared",
            file=file,
            way_out="leave the declaration out, or mend the file",
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
            f"joins places and heights ({found.name})",
            f"name them apart: {plane!r} as crs and {height!r} as height_datum",
        )
    if found.is_vertical or found.is_geocentric or not (found.is_geographic or found.is_projected):
        kind = "local plane" if found.is_engineering else found.type_name.removesuffix(" CRS").lower() + " one"
        cure = (
            "declare it as local if that is meant, or give one" if found.is_engineering else "give one of the ground,"
        )
        raise _NoPlace(f"({found.name}) is a {kind}", f"{cure} {_EXAMPLES}")
    if other := describe_other_degrees(found):
        raise _NoPlace(f"({found.name}) {other}", "carry the layer to EPSG:4326 (ogr2ogr -t_srs EPSG:4326)")
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
    return crs in SHIFTED or (crs != LOCAL and bool(_crs(crs).is_geographic))


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
    return all(axis.unit_conversion_factor == 1.0 for axis in _crs(crs).axis_info)


@lru_cache
def _crs(name: str) -> Any:
    from pyproj import CRS

    return CRS.from_user_input(name)


@lru_cache
def _transformer(crs: str, to: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(crs, to, always_xy=True)


def transform(
    x: npt.ArrayLike, y: npt.ArrayLike, crs: str, to: str, *, file: str | Path | None = None
) -> tuple[Floats, Floats]:
    """Carry positions from one CRS to another.

    Parameters
    ----------
    x, y : arrays of float
        East and north, or longitude and latitude.
    crs, to
        Names, see :func:`name_crs`.
    file
        For the error.

    Returns
    -------
    x, y : arrays of float
        Of the same shape; the very numbers where both names are one.

    Raises
    ------
    InputError
        If one of them is local and the other is not, or a position does not exist in either.

    Examples
    --------
    >>> x, y = transform(114.0579, 22.5431, "EPSG:4326", "EPSG:4547")
    >>> round(float(x), 3), round(float(y), 3)
    (505955.846, 2493941.246)
    """
    crs, to = name_crs(crs, file=file), name_crs(to, file=file)
    given = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if crs == to:
        return given
    if LOCAL in (crs, to):
        raise InputError(
            f"the layer is in {title_crs(crs)}, wanted in {title_crs(to)}: a local plane has no place on earth",
            file=file,
            way_out="name its true CRS, or declare every layer local",
        )
    from ...kernels.space import datum

    if crs in SHIFTED:
        out = _is_unshifted(*given)
        if out.any():
            raise _no_position(given, out, crs, f"{crs}, which is defined in China alone", file)
    here = given
    if crs == "BD-09":
        here = datum.convert_bd09_to_wgs84(*here)
    elif crs == "GCJ-02":
        here = datum.convert_gcj02_to_wgs84(*here)
    source, target = ("EPSG:4326" if name in SHIFTED else name for name in (crs, to))
    if source != target:
        moved = _transformer(source, target).transform(*here)
        here = np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)
    lost = ~(np.isfinite(here[0]) & np.isfinite(here[1]))
    if lost.any():
        raise _no_position(given, lost, crs, to, file)
    if to in SHIFTED:
        out = _is_unshifted(*here)
        if out.any():
            raise _no_position(given, out, crs, f"{to}, which is defined in China alone", file)
        shift = datum.convert_wgs84_to_gcj02 if to == "GCJ-02" else datum.convert_wgs84_to_bd09
        here = shift(*here)
    return here


def _no_position(
    given: tuple[Floats, Floats], lost: npt.NDArray[np.bool_], crs: str, to: str, file: str | Path | None
) -> InputError:
    k = int(np.argmax(lost))
    x, y = float(given[0].flat[k]), float(given[1].flat[k])
    beside = "" if lost.sum() == 1 else f" (nor do {int(lost.sum()) - 1:,} more)"
    if crs not in SHIFTED and not is_geographic(crs) and 25e6 <= x < 46e6:
        cure = f"does the easting begin with the number of its zone, {x // 1e6:.0f}? Name the CRS that has it"
    elif is_geographic(crs) and abs(y) > 90.0 >= abs(x):
        cure = "are longitude and latitude swapped?"
    else:
        cure = f"is it {title_crs(crs)} in truth? Declare the right CRS, or mend the position"
    return InputError(
        f"position {k + 1} ({x:.10g}, {y:.10g}) in {title_crs(crs)} does not exist in {title_crs(to)}{beside}",
        file=file, way_out=cure,
    )  # fmt: skip


def _is_unshifted(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    west, south, east, north = _SHIFTED_BOX
    out: npt.NDArray[np.bool_] = ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    return out


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
        raise InputError(f"no zone holds longitude {lon:g}, latitude {lat:g}", way_out="name the city's plane with crs")
    zone = round((lon - 75.0) / 3.0)
    if 0 <= zone <= 20:
        plane = f"EPSG:{4534 + zone}"
        area = _crs(plane).area_of_use
        if area.south - _NEAR <= lat <= area.north + _NEAR:
            return plane
    return f"EPSG:{(32600 if lat >= 0 else 32700) + min(int((lon + 180.0) // 6.0), 59) + 1}"


def refuse_swapped(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    file: str | Path | None = None,
    line: Sequence[int] | None = None,
    within: Box | None = None,
    crs: str = "EPSG:4326",
) -> None:
    """Refuse positions whose two numbers are swapped, and degrees that are none.

    Parameters
    ----------
    x, y : (point,) arrays of float
        Longitudes and latitudes, or eastings and northings where ``crs`` is a plane.
    file, line
        For the error: the file, and the line of each point.
    within
        West, south, east, north of the city [degrees]: points that lie off it by more than half a degree, but would
        lie in it the other way round, are swapped too.
    crs
        On a plane those are swapped that lie far outside of the area it is made for, but in it the other way round.

    Raises
    ------
    InputError
        With the first such point and the likely cure.

    Examples
    --------
    >>> refuse_swapped([22.54], [114.06], file="stations.csv", line=[2])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    citytide.datasets.errors.InputError: stations.csv, line 2: longitude 22.54 and latitude 114.06 are swapped...
    """
    if not is_geographic(crs):
        _refuse_swapped_plane(np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel(), crs, file, line)
        return
    lon, lat = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    swapped = (np.abs(lat) > 90.0) & (np.abs(lat) <= 180.0) & (np.abs(lon) <= 90.0)
    if within is not None:
        swapped |= ~_is_in(within, lon, lat) & _is_in(within, lat, lon)
    outside = ~((np.abs(lat) <= 90.0) & (np.abs(lon) <= 360.0)) & ~swapped
    for wrong, problem, cure in (
        (swapped, "are swapped", "swap the two columns, or their headings: x is the longitude, y the latitude"),
        (outside, "are no degrees", "if they are metres, declare the CRS of their plane, such as EPSG:4547"),
    ):
        if wrong.any():
            raise _wrong_order(wrong, ("longitude", lon), ("latitude", lat), problem, cure, file, line)


def _refuse_swapped_plane(x: Floats, y: Floats, crs: str, file: str | Path | None, line: Sequence[int] | None) -> None:
    area = None if crs == LOCAL else _crs(name_crs(crs)).area_of_use
    if area is None:
        return
    degrees = _transformer(name_crs(crs), "EPSG:4326")
    lon, lat = degrees.transform(x, y)
    wrong = ~_is_in(area.bounds, lon, lat, _FAR)
    lon, lat = degrees.transform(y[wrong], x[wrong])
    wrong[wrong] = _is_in(area.bounds, lon, lat, _FAR)
    if wrong.any():
        cure = "swap the two columns: x is the easting, y the northing, which Chinese surveys call X"
        raise _wrong_order(wrong, ("x", x), ("y", y), f"in {title_crs(crs)} are swapped", cure, file, line)


def _wrong_order(
    wrong: npt.NDArray[np.bool_],
    x: tuple[str, Floats],
    y: tuple[str, Floats],
    problem: str,
    cure: str,
    file: str | Path | None,
    line: Sequence[int] | None,
) -> InputError:
    k = int(np.argmax(wrong))
    beside = "" if wrong.sum() == 1 else f" (so are {int(wrong.sum()) - 1:,} more)"
    where = "" if line is not None else f"position {k + 1}: "
    return InputError(
        f"{where}{x[0]} {x[1][k]:.10g} and {y[0]} {y[1][k]:.10g} {problem}{beside}",
        file=file,
        line=None if line is None else line[k],
        way_out=cure,
    )


def _is_in(box: Box, lon: Floats, lat: Floats, near: float = _NEAR) -> npt.NDArray[np.bool_]:
    west, south, east, north = box
    inside: npt.NDArray[np.bool_] = (
        (lon >= west - near) & (lon <= east + near) & (lat >= south - near) & (lat <= north + near)
    )
    return inside
