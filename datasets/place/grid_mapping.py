"""A CRS in the words of the CF conventions: attributes of a grid mapping, and names and units of coordinates."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from ..errors import InputError
from .crs import LOCAL, SHIFTED, name_crs

__all__ = ["Coordinate", "describe_crs", "name_coordinates"]


class Coordinate(NamedTuple):
    """How a coordinate is declared."""

    units: str
    standard_name: str | None


_NOWHERE = Coordinate("1", None), Coordinate("1", None)


def describe_crs(crs: str) -> dict[str, Any]:
    """Return the attributes of a CF grid mapping variable, of which ``crs_wkt`` is one.

    Parameters
    ----------
    crs
        What a layer or network says of its CRS.

    Returns
    -------
    dict
        Empty where CF has no words: a local plane, the shifted degrees of Chinese web maps, a layout that is no place.

    Examples
    --------
    >>> describe_crs("EPSG:4547")["grid_mapping_name"], describe_crs("local"), describe_crs("layout: drawn by hand")
    ('transverse_mercator', {}, {})
    """
    known = _open_crs(crs)
    if known is None:
        return {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "angle from rectified to skew grid")  # of Switzerland: it stands in crs_wkt
        return dict(known.to_cf())


def name_coordinates(crs: str) -> tuple[Coordinate, Coordinate]:
    """Return units and standard names of x and y; ``1`` and None where a CRS gives no place.

    Examples
    --------
    >>> name_coordinates("EPSG:4547")[0]
    Coordinate(units='m', standard_name='projection_x_coordinate')
    >>> [axis.units for axis in name_coordinates("EPSG:4326")]
    ['degrees_east', 'degrees_north']
    """
    if crs == LOCAL:
        return _on_plane("m")
    known = _open_crs(crs)
    if known is None:
        return _NOWHERE
    if known.is_geographic:
        return Coordinate("degrees_east", "longitude"), Coordinate("degrees_north", "latitude")
    return _on_plane("m" if known.axis_info[0].unit_conversion_factor == 1.0 else known.cs_to_cf()[0]["units"])


def _on_plane(units: str) -> tuple[Coordinate, Coordinate]:
    return Coordinate(units, "projection_x_coordinate"), Coordinate(units, "projection_y_coordinate")


def _open_crs(crs: str) -> Any:
    """The CRS of a place on earth, or None."""
    from pyproj import CRS

    try:
        name = name_crs(crs)
    except InputError:
        return None
    return None if name == LOCAL or name in SHIFTED else CRS.from_user_input(name)
