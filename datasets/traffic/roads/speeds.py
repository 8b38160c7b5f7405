"""Free-flow speeds: what osmnx computed, else the speed limit, else the class of road."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .classes import find_class
from .graph import RoadEdge, name_edge
from .limits import read_limit
from .tag_values import split_values
from .units import SPEED_RANGE_KM_H

__all__ = ["read_speeds"]

_ROUNDING_S = 0.06  # older osmnx rounds travel times to a tenth of a second
_ROUNDING_KM_H = 0.06  # and speeds to a tenth of km/h
_ROUNDING = 0.005
_LEAST_CLEANED_KM_H = 10.0  # osmnx reads no limit of one digit: there its speed is one of the class


def read_speeds(
    file: Path, edges: Sequence[RoadEdge], classes: Sequence[str], length_km: npt.NDArray[np.float64], notes: list[str]
) -> tuple[npt.NDArray[np.float64], int]:
    """Free-flow speeds [km h-1], and how many of them follow from the class of road.

    ``speed_kph`` and ``travel_time`` [s] of osmnx win over ``maxspeed``, for they are what its user computed for
    travel; of the tags of a limit the one of the direction wins. ``speed_kph`` and ``travel_time`` must tell the same
    speed up to rounding, and so must ``speed_kph`` and a ``maxspeed`` that osmnx can read.

    Raises
    ------
    InputError
        If a stated speed is no number or outside of 2 to 200 km/h, or two statements differ.
    """
    speed = np.zeros(len(edges))
    origins: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for k, edge in enumerate(edges):
        computed = _read_number(file, edge, "speed_kph")
        time_s = _read_number(file, edge, "travel_time")
        texts = _find_limits(edge)
        limits = [limit for text in texts if (limit := read_limit(text)) is not None]
        words.update(text for text in texts if read_limit(text) is None)
        if computed is not None:
            _check(file, edge, "speed_kph", computed, computed)
            _compare_time(file, edge, computed, time_s, length_km[k])
            _compare_limit(file, edge, computed, limits)
            speed[k] = computed
            origins["speed_kph"] += 1
        elif time_s is not None and (length_km[k] or time_s):
            speed[k] = _find_implied(length_km[k], time_s)
            _check(file, edge, "travel_time", time_s, speed[k])
            origins["travel_time"] += 1
        elif limits:
            for limit in limits:
                _check(file, edge, "maxspeed", " ".join(texts), limit)
            speed[k] = min(limits)
            origins["maxspeed"] += 1
        else:
            speed[k] = find_class(classes[k]).speed_km_h
    for name in ("speed_kph", "travel_time"):
        if origins[name]:
            notes.append(f"Speeds of {origins[name]:,} links are those of {name}.")
    if words:
        shown = ", ".join(f"{word} ({count:,})" for word, count in words.most_common(5))
        notes.append(f"Speed limits that are not read: {shown}.")
    return speed, len(edges) - origins.total()


def _find_implied(length_km: float, time_s: float) -> float:
    """The speed of a travel time, within its rounding: a link of 1 m may take 0.0 s."""
    least, most = (3600.0 * length_km / max(time_s + late, 1e-9) for late in (_ROUNDING_S, -_ROUNDING_S))
    speed = 3600.0 * length_km / max(time_s, 1e-9)
    low, high = SPEED_RANGE_KM_H
    return float(np.clip(speed, low, high)) if least <= high and most >= low else speed


def _find_limits(edge: RoadEdge) -> list[str]:
    here = edge.tags.get("maxspeed:forward" if edge.along else "maxspeed:backward", "")
    return split_values(here) or split_values(edge.tags.get("maxspeed", ""))


def _read_number(file: Path, edge: RoadEdge, key: str) -> float | None:
    texts = [text for text in split_values(edge.tags.get(key, "")) if text.strip().lower() not in ("", "nan", "none")]
    if not texts:
        return None
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [np.nan]
    if not all(0.0 <= number < np.inf for number in numbers):
        raise InputError(
            f"{key} must be a number >= 0, {name_edge(edge)} has {edge.tags[key]!r}",
            file=file,
            line=edge.line or None,
            way_out=f"correct {key}, or remove it so that the class of road gives the speed",
        )
    return max(numbers) if key == "travel_time" else min(numbers)


def _check(file: Path, edge: RoadEdge, key: str, stated: object, speed_km_h: float) -> None:
    least, most = SPEED_RANGE_KM_H
    if not least <= speed_km_h <= most:
        cure = "are these seconds, and the lengths metres? " if key == "travel_time" else "is this its unit? "
        raise InputError(
            f"a speed must be from {least:g} to {most:g} km/h, {name_edge(edge)} has {speed_km_h:.4g} km/h by {key} "
            f"{stated}",
            file=file,
            line=edge.line or None,
            way_out=f"{cure}Correct {key}, or remove it so that the class of road gives the speed",
        )


def _compare_time(file: Path, edge: RoadEdge, speed_km_h: float, time_s: float | None, length_km: float) -> None:
    if time_s is None:
        return
    expected = 3600.0 * length_km / speed_km_h
    if abs(time_s - expected) > _ROUNDING_S + expected * (_ROUNDING + _ROUNDING_KM_H / speed_km_h):
        raise InputError(
            f"travel_time must be length / speed_kph, {name_edge(edge)} has {time_s:g} s for {1000 * length_km:g} m at "
            f"{speed_km_h:g} km/h, which take {expected:.4g} s",
            file=file,
            line=edge.line or None,
            way_out="compute it again with osmnx.add_edge_travel_times, or remove speed_kph if travel_time is right",
        )


def _compare_limit(file: Path, edge: RoadEdge, speed_km_h: float, limits: list[float]) -> None:
    if not limits or min(limits) < _LEAST_CLEANED_KM_H:
        return
    slack = 1.0 + _ROUNDING * max(limits)  # older osmnx rounds a limit in mph to whole km/h
    if not min(limits) - slack <= speed_km_h <= max(limits) + slack:
        raise InputError(
            f"speed_kph and maxspeed must agree, {name_edge(edge)} has {speed_km_h:g} km/h and "
            f"maxspeed {edge.tags.get('maxspeed', '')}",
            file=file,
            line=edge.line or None,
            way_out="remove the one of the two that is wrong from the file",
        )
