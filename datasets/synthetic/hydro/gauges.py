"""Where a synthetic city is measured: rain gauges, water levels, checkpoints; and what the rain gauges read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...hydro.layers import STATION_KINDS, ReadingLayer, StationLayer, StormLayer
from ...traffic.layers import ROAD_KINDS, RoadLayer
from .storms import compute_rain_rate

if TYPE_CHECKING:
    from ..ground import Ground

__all__ = ["make_readings", "make_stations"]

Floats = npt.NDArray[np.float64]
Station = tuple[str, str, str, float, float]  # id, kind, name, x, y

_MAJOR = tuple(ROAD_KINDS.index(kind) for kind in ("motorway", "trunk", "primary"))
_GAUGE_M2 = 8e6  # of the city for each rain gauge
_MOST_CHECKPOINTS = 300
_SAMPLES = 10  # within the interval of a reading


def make_stations(
    seed: int,
    roads: RoadLayer,
    ground: Ground,
    truths: Sequence[Mapping[str, Any]],
    box: tuple[float, float, float, float],
) -> StationLayer:
    """Place the stations of a synthetic city.

    Parameters
    ----------
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    roads
        Bridges over the ground's river carry a water level each; expressways and arterials carry checkpoints.
    ground
        From :func:`~citytide.datasets.synthetic.ground.plan_ground`.
    truths
        From :func:`~.analytic_solutions.find_truths`: a water level at each lowest cell.
    box
        West, south, east and north edge of the city [m].

    Returns
    -------
    StationLayer
        Rain gauges, one in each cell of a lattice and on dry land where that has any; water levels; a tide gauge in
        the sea; checkpoints at the middle of links. No two have one id.

    Examples
    --------
    See :func:`~citytide.datasets.synthetic.city.make_city`.
    """
    stations = [
        *_place_gauges(seed, ground, box),
        *_place_levels(roads, ground, truths),
        *_place_tide(ground, box),
        *_place_checkpoints(seed, roads),
    ]
    return StationLayer(
        roads.crs,
        tuple(station[0] for station in stations),
        np.array([STATION_KINDS.index(station[1]) for station in stations], dtype=np.uint8),
        tuple(station[2] for station in stations),
        np.array([station[3] for station in stations]),
        np.array([station[4] for station in stations]),
        notes=(f"Made-up stations (seed {seed}).",),
        is_synthetic=True,
    )


def make_readings(
    stations: StationLayer,
    storms: StormLayer,
    *,
    start: int | None = None,
    stop: int | None = None,
    step_s: int = 300,
) -> ReadingLayer:
    """Read the rain gauges: the mean rain rate over each interval, told at its end.

    Parameters
    ----------
    stations
        The stations whose rain gauges are read.
    storms
        In the same CRS.
    start, stop
        First and last end of an interval [s since 1970-01-01 00:00 UTC], whole multiples of the step; around all
        storms when left out.
    step_s
        Length of an interval [s], a whole multiple of 10.

    Returns
    -------
    ReadingLayer
        Rain rates [mm h-1] to 0.001, sorted by station and time: means of ten values in each interval.

    Raises
    ------
    InputError
        If the step is not a multiple of 10 s, or the times are not multiples of it.

    Examples
    --------
    >>> from citytide.datasets.synthetic.hydro.storms import make_storms
    >>> gauge = StationLayer("EPSG:4547", ("R0001",), np.ones(1, "u1"), ("gauge",), np.zeros(1), np.zeros(1))
    >>> readings = make_readings(gauge, make_storms(1, (-1000.0, -1000.0, 1000.0, 1000.0)))
    >>> readings.quantity, readings.units, bool(readings.value.max() > 5.0)
    ('rain rate', 'mm h-1', True)
    """
    if step_s < _SAMPLES or step_s % _SAMPLES:
        raise InputError(
            f"step_s must be a whole multiple of {_SAMPLES} s, got {step_s}", way_out="give such a step: 300"
        )
    if start is None:
        start = (int(storms.start.min()) // step_s + 1) * step_s
    if stop is None:
        stop = -int(-float((storms.start + storms.duration_s).max()) // step_s) * step_s
    if start % step_s or stop % step_s or stop < start:
        raise InputError(
            f"start and stop must be whole multiples of step_s={step_s}, start first, got {start} and {stop}",
            way_out="correct them",
        )
    gauge = np.flatnonzero(stations.kind == STATION_KINDS.index("rain gauge")).astype(np.int32)
    time = np.arange(start, stop + 1, step_s, dtype=np.int64)
    within = (np.arange(_SAMPLES) + 0.5) * (step_s / _SAMPLES) - step_s
    moments = (time[:, None] + within[None, :]).ravel()
    rain = np.empty((gauge.size, time.size))
    for row, station in enumerate(gauge):
        rate = compute_rain_rate(storms, moments, stations.x[station], stations.y[station])
        rain[row] = rate.reshape(time.size, _SAMPLES).mean(axis=1)
    return ReadingLayer(
        "rain rate",
        "mm h-1",
        np.repeat(gauge, time.size),
        np.tile(time, gauge.size),
        np.round(rain, 3).ravel(),
        notes=("Made-up readings: the storms as the rain gauges see them.",),
        is_synthetic=True,
    )


def _place_gauges(seed: int, ground: Ground, box: tuple[float, float, float, float]) -> list[Station]:
    west, south, east, north = box
    n = max(4.0, (east - west) * (north - south) / _GAUGE_M2)
    n_x = max(1, round((n * (east - west) / (north - south)) ** 0.5))
    n_y = max(1, round(n / n_x))
    uniform = np.random.Generator(np.random.Philox(key=np.array([seed, 600], dtype=np.uint64))).random(
        (n_y, n_x, 12, 2)
    )
    stations: list[Station] = []
    for row in range(n_y):
        for column in range(n_x):
            u, v = 0.2 + 0.6 * uniform[row, column].T
            x = np.round(west + (column + u) * ((east - west) / n_x), 1)
            y = np.round(south + (row + v) * ((north - south) / n_y), 1)
            best = int(np.argmin(ground.is_water(x, y)))  # the first on dry land
            number = len(stations) + 1
            stations.append((f"R{number:04d}", "rain gauge", f"雨量站{number}号", float(x[best]), float(y[best])))
    return stations


def _place_levels(roads: RoadLayer, ground: Ground, truths: Sequence[Mapping[str, Any]]) -> list[Station]:
    places: list[tuple[str, float, float]] = []
    for truth in truths:
        name = "谷地" if truth["kind"] == "valley" else f"{truth['name']}下穿"
        places.append((name, float(truth["x"]), float(truth["y"])))
    crossed: set[tuple[int, int]] = set()
    for link in np.flatnonzero(roads.level > 0):
        pair = sorted((int(roads.tail[link]), int(roads.head[link])))
        x, y = _walk(roads, int(link), np.linspace(0.0, 1.0, 65))
        wet = ground.is_water(x, y)
        if not wet.any() or (pair[0], pair[1]) in crossed:
            continue
        crossed.add((pair[0], pair[1]))
        best = int(np.argmin(np.where(wet, np.abs(x - ground.river_x(y)), np.inf)))
        places.append((f"{roads.name[link]}桥", round(float(x[best]), 1), round(float(y[best]), 1)))
    return [(f"W{k:04d}", "water level", f"{name}水位站", x, y) for k, (name, x, y) in enumerate(places, 1)]


def _place_tide(ground: Ground, box: tuple[float, float, float, float]) -> list[Station]:
    if not ground.has_water:
        return []
    x = round(box[0] + 0.25 * (box[2] - box[0]), 1)
    y = round(0.5 * (float(ground.coast_y(x)) + box[1]), 1)
    return [("T0001", "tide gauge", "潮位站", x, y)]


def _place_checkpoints(seed: int, roads: RoadLayer) -> list[Station]:
    """Every so many of the major links, counted from a random one; one of the two senses of a street."""
    major = np.flatnonzero(np.isin(roads.kind, _MAJOR))
    low, high = np.minimum(roads.tail, roads.head)[major], np.maximum(roads.tail, roads.head)[major]
    _, first = np.unique(low * np.int64(roads.n_nodes) + high, return_index=True)
    major = major[np.sort(first)]
    n = min(major.size, max(4, min(major.size // 15, _MOST_CHECKPOINTS)))
    turn = np.random.Generator(np.random.Philox(key=np.array([seed, 601], dtype=np.uint64))).random()
    picked = major[((np.arange(n) + turn) * (major.size / max(n, 1))).astype(np.int64)]
    stations: list[Station] = []
    for number, link in enumerate(picked, 1):
        x, y = _walk(roads, int(link), np.array([0.5]))
        at = round(float(x[0]), 2), round(float(y[0]), 2)
        stations.append((f"C{number:04d}", "checkpoint", f"{roads.name[link]}卡口{number}号", *at))
    return stations


def _walk(roads: RoadLayer, link: int, share: Floats) -> tuple[Floats, Floats]:
    """Places at shares of a link's length."""
    line = slice(int(roads.vertex_offset[link]), int(roads.vertex_offset[link + 1]))
    x, y = roads.vertex_x[line], roads.vertex_y[line]
    gone = np.concatenate([[0.0], np.cumsum(np.sqrt(np.diff(x) ** 2 + np.diff(y) ** 2))])
    return np.interp(share * gone[-1], gone, x), np.interp(share * gone[-1], gone, y)
