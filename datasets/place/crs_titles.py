"""Short names of CRS for messages and notes, where WKT would fill a page."""

from __future__ import annotations

from functools import lru_cache
from math import radians
from typing import Any

__all__ = ["describe_other_degrees", "shorten", "title_crs"]

LONGEST = 60  # characters


def shorten(text: str) -> str:
    """The beginning of a text too long for a message."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


@lru_cache
def title_crs(crs: str) -> str:
    """Return a short name of a CRS.

    Parameters
    ----------
    crs
        As :func:`~.crs.name_crs` names it.

    Returns
    -------
    str
        The very name where it is short; of WKT its title or, where it has none, its projection.

    Examples
    --------
    >>> from pyproj import CRS
    >>> title_crs("EPSG:4547"), title_crs(CRS("+proj=laea +lat_0=55 +lon_0=10").to_wkt())
    ('EPSG:4547', 'an unnamed CRS (Lambert Azimuthal Equal Area)')
    """
    if len(crs) <= LONGEST and "[" not in crs:
        return crs
    from pyproj import CRS

    known = CRS.from_user_input(crs)
    if known.name and known.name != "unknown":
        return shorten(str(known.name))
    way = known.coordinate_operation
    return f"an unnamed CRS ({way.method_name})" if way is not None else "an unnamed CRS of degrees"


def describe_other_degrees(crs: Any) -> str:
    """What longitudes and latitudes of a CRS count, where these are not degrees from Greenwich; else an empty text.

    Wherever longitudes are read here they are taken as degrees from Greenwich.

    Examples
    --------
    >>> from pyproj import CRS
    >>> describe_other_degrees(CRS("EPSG:4807"))
    'counts in grad and from Paris, not in degrees from Greenwich'
    >>> describe_other_degrees(CRS("EPSG:4326")), describe_other_degrees(CRS("EPSG:27572"))
    ('', '')
    """
    if not crs.is_geographic:
        return ""
    wrong = sorted(
        {f"in {a.unit_name}" for a in crs.axis_info[:2] if abs(a.unit_conversion_factor - radians(1.0)) > 1e-9}
    )
    meridian = crs.prime_meridian
    if meridian is not None and meridian.longitude != 0.0:
        wrong.append(f"from {meridian.name}")
    return f"counts {' and '.join(wrong)}, not in degrees from Greenwich" if wrong else ""
