"""Speed limits as the tag ``maxspeed`` of OpenStreetMap writes them."""

from __future__ import annotations

import re

from .units import KM_PER_HOUR, SPEED_SPELLINGS

__all__ = ["read_limit"]

_KM_PER_HOUR = {**KM_PER_HOUR, "knots": 1.852}
_ZONE = re.compile(r"(?:(?!gb|us)[a-z]{2}:)?(?:zone:?)?(\d+)")  # DE:zone:30, zone30; of Britain these are mph
_WALK = 6.0  # km/h, maxspeed=walk


def read_limit(text: str) -> float | None:
    """A speed limit [km/h], of several the lowest; None where it names no number, or another unit.

    Examples
    --------
    >>> read_limit("50"), read_limit("50;30"), read_limit("walk"), read_limit("DE:urban")
    (50.0, 30.0, 6.0, None)
    >>> read_limit("30 mph"), read_limit("10 m/s"), read_limit("50公里/小时")
    (48.28032, 36.0, 50.0)
    """
    limits = []
    for part in re.split(r"[;|]", text):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([^\d\s.].*)?", part.strip().lower())
        unit = SPEED_SPELLINGS.get(found[2] or "km/h", found[2]) if found else None
        if found and unit in _KM_PER_HOUR:
            limits.append(float(found[1]) * _KM_PER_HOUR[unit])
        elif zone := _ZONE.fullmatch(part.strip().lower()):
            limits.append(float(zone[1]))
        elif part.strip().lower() == "walk":
            limits.append(_WALK)
    return min(limits, default=None)
