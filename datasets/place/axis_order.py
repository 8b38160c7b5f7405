"""Positions whose two numbers are swapped, or are not degrees: refused, with the likely cure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .crs import LOCAL, is_geographic, look_up_crs, name_crs
from .crs_titles import title_crs
from .transformation import find_transformer

__all__ = ["refuse_swapped"]

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
_NEAR = 0.5  # degrees around a city that still count as it
_FAR = 3.0  # degrees around the area that a plane is made for: positions in a neighbouring zone are not swapped


def refuse_swapped(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    file: str | Path | None = None,
    line: Sequence[int] | None = None,
    within: Box | None = None,
    crs: str = "EPSG:4326",
) -> None:
    """Refuse positions whose two numbers are swapped, and numbers that are not degrees.

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
        (outside, "are not degrees", "if they are metres, declare the CRS of their plane, such as EPSG:4547"),
    ):
        if wrong.any():
            raise _wrong_order(wrong, ("longitude", lon), ("latitude", lat), problem, cure, file, line)


def _refuse_swapped_plane(x: Floats, y: Floats, crs: str, file: str | Path | None, line: Sequence[int] | None) -> None:
    area = None if crs == LOCAL else look_up_crs(name_crs(crs)).area_of_use
    if area is None:
        return
    degrees = find_transformer(name_crs(crs), "EPSG:4326")
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
