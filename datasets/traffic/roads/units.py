"""Units of lengths and speeds of roads: what they are worth, and how they are written."""

from __future__ import annotations

__all__ = ["KM_PER_HOUR", "METRES", "SPEED_RANGE_KM_H", "SPEED_SPELLINGS"]

METRES = {"m": 1.0, "km": 1000.0, "mile": 1609.344, "ft": 0.3048}
KM_PER_HOUR = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6}
SPEED_RANGE_KM_H = (2.0, 200.0)  # outside of it a stated speed is an error, mostly of its unit
# How units of speed are written, in lower case.
SPEED_SPELLINGS = {
    "km/h": "km/h", "kmh": "km/h", "kph": "km/h", "kmph": "km/h", "km_h": "km/h", "km h-1": "km/h", "km/hr": "km/h",
    "公里/小时": "km/h", "千米/小时": "km/h", "公里/时": "km/h", "mph": "mph", "mi/h": "mph", "mile/h": "mph",
    "miles/h": "mph", "m/s": "m/s", "m s-1": "m/s", "mps": "m/s", "m_s": "m/s", "ms": "m/s", "米/秒": "m/s",
}  # fmt: skip
