"""Where the nodes of a GMNS network lie, and how far links go between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....place.crs import LOCAL, agree_crs, is_geographic
from ....place.distortion import measure_geodesics_m
from ....place.transformation import transform
from ....text.tables import Table
from ...layout import LAYOUT
from ...roads.units import METRES
from .config import Config
from .links import LinkRows

__all__ = ["NodePlaces", "find_unit", "measure_m", "read_places"]

Floats = npt.NDArray[np.float64]
UNSTATED = "unstated"
_FAR = 5.0  # lengths that are so many times the distances between the ends, or as many times less, fit no degrees
_CLOSE = 1.25  # a unit fits if the typical link is so many times its straight line, or as many times less


@dataclass(frozen=True)
class NodePlaces:
    """Coordinates by row of ``node.csv``, None where it has none; ``is_assumed`` if nothing names the CRS."""

    x: Floats | None
    y: Floats | None
    crs: str
    is_assumed: bool
    file: Path | None = None  # for errors


def read_places(nodes: Table, config: Config, crs: str | None) -> NodePlaces:
    """Read ``x_coord, y_coord`` and the CRS: of ``config.csv``, of the setting, or degrees if the numbers can be.

    Raises
    ------
    InputError
        If a coordinate is no finite number, the CRS is unknown, or file and setting differ.
    """
    if "x_coord" not in nodes or "y_coord" not in nodes:
        return NodePlaces(None, None, LAYOUT, False)
    x, y = (nodes.numbers(name, least=None) for name in ("x_coord", "y_coord"))
    if config.crs or crs:
        file: Path | None = config.file if config.crs else nodes.file
        agreed = agree_crs(config.crs, crs, file=file)
        if is_geographic(agreed):
            _refuse_no_degrees(nodes, x, y, agreed)
        return NodePlaces(x, y, agreed, False, nodes.file)
    degrees = np.abs(x).max() <= 180.0 and np.abs(y).max() <= 90.0
    return NodePlaces(x, y, "EPSG:4326" if degrees else UNSTATED, True, nodes.file)


def _refuse_no_degrees(nodes: Table, x: Floats, y: Floats, crs: str) -> None:
    for name, values, most in (("x_coord", x, 360.0), ("y_coord", y, 90.0)):
        beyond = np.abs(values) > most
        if beyond.any():
            row = int(np.argmax(beyond))
            raise nodes.error(
                row,
                f"{name} is {values[row]:g}, and {crs} has degrees of at most {most:g} there",
                "correct the crs, or swap x_coord (longitude) and y_coord (latitude)",
            )


def measure_m(places: NodePlaces, x: Floats, y: Floats, to_x: Floats, to_y: Floats) -> Floats | None:
    """Distances on the ground between positions in the CRS of the nodes [m]; None if it is not known.

    Examples
    --------
    >>> at = NodePlaces(None, None, "local", False)
    >>> measure_m(at, *(np.array([v]) for v in (0.0, 0.0, 3.0, 4.0))).tolist()
    [5.0]
    """
    if places.crs in (UNSTATED, LAYOUT):
        return None
    if places.crs == LOCAL:
        return np.hypot(to_x - x, to_y - y)
    if places.crs != "EPSG:4326" and not is_geographic(places.crs):
        x, y = transform(x, y, places.crs, "EPSG:4326", file=places.file)
        to_x, to_y = transform(to_x, to_y, places.crs, "EPSG:4326", file=places.file)
    return measure_geodesics_m(x, y, to_x, to_y)


def measure_straight_m(places: NodePlaces, links: LinkRows) -> Floats | None:
    """Straight distances between the ends of links [m]; None if the nodes have no known place."""
    if places.x is None or places.y is None:
        return None
    return measure_m(places, places.x[links.tail], places.y[links.tail], places.x[links.head], places.y[links.head])


def find_unit(length: Floats, straight_m: Floats | None) -> str | None:
    """The unit in which lengths fit the straight lines: roads are a little longer than those.

    Examples
    --------
    >>> find_unit(np.array([1.1, 2.2]), np.array([1000.0, 2000.0]))
    'km'
    """
    ratio = find_typical_ratio(length, straight_m)
    if ratio is None:
        return None
    unit = min(METRES, key=lambda name: abs(np.log(METRES[name] * ratio)))
    return unit if abs(np.log(METRES[unit] * ratio)) < np.log(_CLOSE) else None


def find_typical_ratio(length: Floats, straight_m: Floats | None) -> float | None:
    """How many times its straight line the typical length is; a line of no length tells nothing."""
    if straight_m is None:
        return None
    usable = (straight_m > 0.0) & (length > 0.0)
    return float(np.median(length[usable] / straight_m[usable])) if usable.any() else None


def are_degrees(length: Floats, unit: str | None, straight_m: Floats | None) -> bool:
    """Whether coordinates that may be degrees are: whether lengths are about what they then would be."""
    if unit is None:
        return find_typical_ratio(length, straight_m) is None or find_unit(length, straight_m) is not None
    ratio = find_typical_ratio(length * METRES[unit], straight_m)
    return ratio is None or 1.0 / _FAR < ratio < _FAR
