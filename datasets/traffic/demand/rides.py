"""Demand from taxi rides: where they start and end gives the shape, a total gives the size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....kernels.space.datum import convert_gcj02_to_wgs84
from ...errors import InputError
from ...text.tables import Table
from .pairs import PairDemand, sort_pairs

__all__ = ["DATUMS", "RideDemand", "has_rides", "make_ride_demand", "read_total"]

Floats = npt.NDArray[np.float64]

DATUMS = {"wgs84": "WGS 84", "gcj02": "GCJ-02"}
DEFAULT_TOTAL_VEH_H = 30_000.0
_NAMES = (("lng", "lat", "elng", "elat"), ("slon", "slat", "elon", "elat"), ("slng", "slat", "elng", "elat"))
_STEP_M = 5.0  # roads are turned into points this far apart
_CLEAR = 0.6  # the better datum's residual must be below this share of the other's
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class RideDemand:
    """Pairs [veh h-1] between node indices, and what was found on the way."""

    pairs: PairDemand
    notes: tuple[str, ...]


def read_total(value: float | str | None, name: str) -> float | None:
    """The vehicles per hour that a demand is to be scaled to; None leaves it as it is.

    Raises
    ------
    InputError
        If it is no number above 0.
    """
    if value is None:
        return None
    try:
        total = float(value)
    except ValueError:
        total = float("nan")
    if not 0.0 < total < float("inf"):
        raise InputError(f"{name} is {value!r}", way_out="give vehicles per hour, above 0")
    return total


def has_rides(table: Table) -> bool:
    """Whether a table holds rides: longitude and latitude of their starts and ends."""
    return any(all(name in table for name in names) for names in _NAMES)


def make_ride_demand(
    table: Table,
    x: Floats,
    y: Floats,
    roads: list[Floats],
    *,
    total: float = DEFAULT_TOTAL_VEH_H,
    datum: str = "auto",
) -> RideDemand:
    """Turn rides into a demand on a road network.

    Every start and every end inside the network's box counts for its nearest node, whether or not the ride's other
    end is inside too. Demand is the outer product of both counts, without pairs of a node with itself, scaled to a
    total.

    Parameters
    ----------
    table
        Rides with columns ``lng, lat, elng, elat`` or ``slon, slat, elon, elat`` [degrees].
    x, y : (node,) arrays of float
        Longitudes and latitudes of the nodes, WGS 84.
    roads
        Polylines (point, 2) of the roads, against which the datum is told.
    total
        Vehicles per hour in all.
    datum
        ``"wgs84"``, ``"gcj02"``, or ``"auto"``: the one whose rides lie closer to the roads.

    Raises
    ------
    InputError
        If no ride starts or ends inside the box, the datum cannot be told, or a value is no position.
    """
    if datum not in ("auto", *DATUMS):
        raise InputError(f"datum is {datum!r}", way_out=f"choose one of auto, {', '.join(DATUMS)}")
    if not 0.0 < total < np.inf:
        raise InputError(f"demand_total is {total}", way_out="give vehicles per hour, above 0")
    names = next(names for names in _NAMES if all(name in table for name in names))
    lng, lat, elng, elat = (table.numbers(name, least=None) for name in names)
    for column, values, limit in zip(names, (lng, lat, elng, elat), (180.0, 90.0, 180.0, 90.0), strict=True):
        beyond = np.abs(values) > limit
        if beyond.any():
            row = int(np.argmax(beyond))
            raise table.error(row, f"{column} is {values[row]:g}", "give degrees; are longitude and latitude swapped?")
    box = (float(x.min()), float(x.max()), float(y.min()), float(y.max()))
    residual = {
        name: _median_distance_m(*_convert(name, np.concatenate([lng, elng]), np.concatenate([lat, elat])), box, roads)
        for name in DATUMS
    }
    notes = []
    if datum == "auto":
        datum = _note_datum(table, residual, box)
        how = "is told from the roads"
    else:
        how = "was given"
    notes.append(
        f"The datum of the rides {how}: {DATUMS[datum]}. Inside the box their ends lie at a median of "
        + " and ".join(f"{residual[name]:.1f} m from a road if read as {DATUMS[name]}" for name in DATUMS)
        + "."
    )
    starts, ends = _convert(datum, lng, lat), _convert(datum, elng, elat)
    n_starts, start_count = _count_at_nodes(*starts, x, y, box)
    n_ends, end_count = _count_at_nodes(*ends, x, y, box)
    for what, number in (("starts", n_starts), ("ends", n_ends)):
        if not number:
            raise InputError(
                f"none of {len(table):,} rides {what} inside the network's box "
                f"({box[0]:.4f} to {box[1]:.4f} E, {box[2]:.4f} to {box[3]:.4f} N)",
                file=table.file,
                way_out="are these rides of another place, or longitude and latitude swapped?",
            )
    origin, destination = np.flatnonzero(start_count), np.flatnonzero(end_count)
    start, end = (axis.ravel() for axis in np.meshgrid(origin, destination, indexing="ij"))
    weight = np.where(start == end, 0.0, start_count[start] * end_count[end])
    if not weight.any():
        raise InputError("all rides start and end at one node", file=table.file, way_out="give more rides")
    notes.append(
        f"Demand is made from {n_starts:,} starts at {origin.size:,} nodes and {n_ends:,} ends at {destination.size:,} "
        f"nodes, of {len(table):,} rides: their outer product without pairs of a node with itself, scaled to "
        f"{total:,.10g} veh/h."
    )
    return RideDemand(sort_pairs(start, end, weight * (total / weight.sum())), tuple(notes))


def _convert(datum: str, longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    return convert_gcj02_to_wgs84(longitude, latitude) if datum == "gcj02" else (longitude, latitude)


def _note_datum(table: Table, residual: dict[str, float], box: tuple[float, float, float, float]) -> str:
    near, far = sorted(residual, key=residual.__getitem__)
    if not np.isfinite(residual[near]):
        raise InputError(
            f"none of {len(table):,} rides starts or ends inside the network's box "
            f"({box[0]:.4f} to {box[1]:.4f} E, {box[2]:.4f} to {box[3]:.4f} N)",
            file=table.file,
            way_out="are these rides of another place, or longitude and latitude swapped?",
        )
    if residual[near] > _CLEAR * residual[far]:
        raise InputError(
            f"the datum of the rides cannot be told: they lie {residual[near]:.1f} m from the roads as {DATUMS[near]} "
            f"and {residual[far]:.1f} m as {DATUMS[far]}",
            file=table.file,
            way_out=f"say which with datum={near} or datum={far}",
        )
    return near


def _plane(longitude: Floats, latitude: Floats, box: tuple[float, float, float, float]) -> Floats:
    """Metres on a plane that is right to a few parts in ten thousand over a city."""
    squeeze = np.cos(np.radians(0.5 * (box[2] + box[3])))
    return np.column_stack([longitude * squeeze, latitude]) * _METRES_PER_DEGREE


def _inside(longitude: Floats, latitude: Floats, box: tuple[float, float, float, float]) -> npt.NDArray[np.bool_]:
    return (longitude >= box[0]) & (longitude <= box[1]) & (latitude >= box[2]) & (latitude <= box[3])


def _median_distance_m(
    longitude: Floats, latitude: Floats, box: tuple[float, float, float, float], roads: list[Floats]
) -> float:
    from scipy.spatial import cKDTree

    inside = _inside(longitude, latitude, box)
    if not inside.any():
        return float("inf")
    points = []
    for road in roads:
        corner = _plane(road[:, 0], road[:, 1], box)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corner, axis=0).T))])
        place = np.linspace(0.0, along[-1], max(2, int(along[-1] / _STEP_M) + 2))
        points.append(np.column_stack([np.interp(place, along, corner[:, axis]) for axis in (0, 1)]))
    distance, _ = cKDTree(np.concatenate(points)).query(_plane(longitude[inside], latitude[inside], box))
    return float(np.median(distance))


def _count_at_nodes(
    longitude: Floats, latitude: Floats, x: Floats, y: Floats, box: tuple[float, float, float, float]
) -> tuple[int, Floats]:
    from scipy.spatial import cKDTree

    inside = _inside(longitude, latitude, box)
    if not inside.any():
        return 0, np.zeros(x.size)
    _, node = cKDTree(_plane(x, y, box)).query(_plane(longitude[inside], latitude[inside], box))
    return int(inside.sum()), np.bincount(node, minlength=x.size).astype(np.float64)
