"""Positions in another CRS, shifted Chinese web maps included.

x runs to the east and y to the north; in degrees x is the longitude and y the latitude, whatever order a CRS lists them
in.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .crs import LOCAL, SHIFTED, is_geographic, name_crs
from .crs_titles import title_crs

__all__ = ["find_transformer", "transform"]

Floats = npt.NDArray[np.float64]
_SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # where maps apply the shift [degrees]: west, south, east, north


@lru_cache
def find_transformer(crs: str, to: str) -> Any:
    """Return pyproj's transformer between two CRS that pyproj knows, x to the east first."""
    from pyproj import Transformer

    return Transformer.from_crs(crs, to, always_xy=True)


def transform(
    x: npt.ArrayLike, y: npt.ArrayLike, crs: str, to: str, *, file: str | Path | None = None
) -> tuple[Floats, Floats]:
    """Transform positions from one CRS to another.

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
        Arrays of the same shape; the same numbers if both names are equal.

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
            f"the layer is in {title_crs(crs)}, needed in {title_crs(to)}: a local plane has no position on earth",
            file=file,
            way_out="declare its true CRS, or declare every layer as local",
        )
    from ...kernels.space import datum

    if crs in SHIFTED:
        out = _is_unshifted(*given)
        if out.any():
            raise _no_position(given, out, crs, f"{crs}, which is defined only in China", file)
    here = given
    if crs == "BD-09":
        here = datum.convert_bd09_to_wgs84(*here)
    elif crs == "GCJ-02":
        here = datum.convert_gcj02_to_wgs84(*here)
    source, target = ("EPSG:4326" if name in SHIFTED else name for name in (crs, to))
    if source != target:
        moved = find_transformer(source, target).transform(*here)
        here = np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)
    lost = ~(np.isfinite(here[0]) & np.isfinite(here[1]))
    if lost.any():
        raise _no_position(given, lost, crs, to, file)
    if to in SHIFTED:
        out = _is_unshifted(*here)
        if out.any():
            raise _no_position(given, out, crs, f"{to}, which is defined only in China", file)
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
        cure = f"if the easting begins with the number of its zone, {x // 1e6:.0f}, declare the CRS with that zone"
    elif is_geographic(crs) and abs(y) > 90.0 >= abs(x):
        cure = "check whether longitude and latitude are swapped"
    else:
        cure = f"check that it is in {title_crs(crs)}: declare the right CRS, or correct the position"
    return InputError(
        f"position {k + 1} ({x:.10g}, {y:.10g}) in {title_crs(crs)} does not exist in {title_crs(to)}{beside}",
        file=file, way_out=cure,
    )  # fmt: skip


def _is_unshifted(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    west, south, east, north = _SHIFTED_BOX
    out: npt.NDArray[np.bool_] = ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    return out
