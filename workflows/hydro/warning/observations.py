"""Water that was measured at the points, at the times that a warning speaks of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....datasets.errors import InputError
from ....datasets.hydro.gauges.readings import open_readings
from ....datasets.hydro.layers import StationLayer
from .points import Points

__all__ = ["open_observations"]


def open_observations(
    file: str | Path, points: Points, time_s: npt.ArrayLike, *, time_zone: str | None, missing: str | None = None
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Read measured depths and lay them, on straight lines, on the times of a warning.

    Parameters
    ----------
    file
        CSV with columns ``point``, ``time`` and ``depth (m)``.
    points
        Points that the file may name.
    time_s : (time,) array
        From issue to end [s since 1970-01-01 UTC].
    time_zone
        Time zone of times that name no offset.
    missing
        Codes that stand for no reading, divided by commas.

    Returns
    -------
    depth : (time, point) array of float32
        [m]; NaN for a point that was not read from the first time to the last.
    notes : tuple of str

    Raises
    ------
    InputError
        If the file cannot be read, names an unknown point, or no point was read throughout.
    """
    n = len(points.name)
    stations = StationLayer("", points.name, np.zeros(n, np.uint8), points.name, points.x, points.y)
    try:
        readings = open_readings(file, stations, quantity="water depth", time_zone=time_zone, missing=missing)
    except InputError as error:
        here = error.reworded("--declare readings.", "--set ").reworded("station ", "point ")
        raise here.reworded(" stations", " points") from None
    time = np.asarray(time_s, dtype=np.int64)
    depth = np.full((time.size, n), np.nan, dtype=np.float32)
    for point in range(n):
        own = readings.station == point
        when = readings.time[own]
        if when.size and when[0] <= time[0] and when[-1] >= time[-1]:
            depth[:, point] = np.interp(time, when, readings.value[own])
    read = int((~np.isnan(depth).any(axis=0)).sum())
    if not read:
        span = " to ".join(f"{np.datetime64(int(at), 's')}Z" for at in (time[0], time[-1]))
        raise InputError(
            "at least one point must have readings throughout the time of the warning, got none",
            file=file,
            way_out=f"give readings of a point from {span} or longer, or omit observations=",
        )
    left = (f"{n - read} of {n} points were not read throughout and are not verified.",) if read < n else ()
    return depth, (*readings.notes, *left)
