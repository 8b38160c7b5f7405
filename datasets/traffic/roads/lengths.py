"""Lengths of links against the lines that the map draws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...place.crs import LOCAL, is_geographic
from ...place.crs_titles import title_crs
from ...place.distortion import measure_steps_m
from ...place.transformation import transform
from .graph import RoadEdge, RoadGraph, name_edge
from .units import METRES

__all__ = ["check_lengths", "check_place", "read_lengths", "read_lines"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_FACTOR = 2.0  # a stated length may differ so much from the drawn one
_SLACK_M = 10.0  # and by as much as a junction is wide
_TYPICAL = (0.9, 1.15)  # of lengths over lines: units differ by 1.6 and more, planes that stretch by 1.2 at 30 degrees
_FAR = 3.0  # degrees around the area that a plane is made for: a neighbouring zone is used too
_FEWEST = 10  # straight links that tell what is typical: a few may all be bends
_WAY_OUT = (
    "are the lengths in metres, and is the CRS right? Say length_unit=ft (or km, mile) for other units, crs for that "
    "of a file that names none, or run osmnx.distance.add_edge_lengths and save again"
)
_NUMBERS = re.compile(r"\s*LINESTRING(?:\s+(Z|M|ZM))?\s*\(([-+.\deE ,]+)\)\s*", re.IGNORECASE)


def read_lengths(file: Path, edges: Sequence[RoadEdge], unit: str | None = None) -> Floats:
    """Lengths [km] that the edges state, in metres unless ``unit`` says otherwise.

    Raises
    ------
    InputError
        If one is missing or no number from 0, or the unit is unknown.
    """
    if unit is not None and unit not in METRES:
        raise InputError(f"length_unit must be one of {', '.join(METRES)}, got {unit!r}", file=file)
    length = np.zeros(len(edges))
    for k, edge in enumerate(edges):
        text = edge.tags.get("length", "")
        try:
            length[k] = float(text) * METRES[unit or "m"] / 1000.0
        except ValueError:
            length[k] = np.nan
        if not 0.0 <= length[k] < np.inf:
            raise InputError(
                f"edge {edge.source}-{edge.target} has length {text!r}",
                file=file,
                line=edge.line or None,
                way_out="osmnx writes metres: run osmnx.distance.add_edge_lengths and save again",
            )
    return length


def read_lines(file: Path, graph: RoadGraph, edges: Sequence[RoadEdge]) -> list[Floats]:
    """The line of each edge on the map, (vertex, 2); straight where the file draws none.

    Raises
    ------
    InputError
        If a line cannot be read.
    """
    lines = []
    for edge in edges:
        text = edge.tags.get("geometry", "").strip()
        if not text:
            lines.append(np.array([graph.place[edge.source], graph.place[edge.target]]))
            continue
        found = _NUMBERS.fullmatch(text)
        try:
            width = 2 + len((found[1] or "") if found else "")
            numbers = np.array((found[2] if found else "").replace(",", " ").split(), dtype=np.float64)
            lines.append(np.ascontiguousarray(numbers.reshape(-1, width)[:, :2]))
        except ValueError:
            found = None
        if not found or len(lines[-1]) < 2:
            raise InputError(
                f"the geometry of {name_edge(edge)} must be WKT such as LINESTRING (x y, x y), got {text[:60]!r}",
                file=file,
                line=edge.line or None,
                way_out="save the graph again with osmnx.save_graphml",
            )
    return lines


def check_place(file: Path, x: Floats, y: Floats, crs: str) -> None:
    """Refuse a plane that is not made for the place: of another CRS, or of kilometres, the numbers lie far away.

    Raises
    ------
    InputError
        If the middle lies more than three degrees outside of the area of use that the registry lists for the plane.
    """
    if crs == LOCAL or is_geographic(crs):
        return
    from pyproj import CRS

    area = CRS(crs).area_of_use
    if area is None:
        return
    longitude, latitude = transform(float(np.mean(x)), float(np.mean(y)), crs, "EPSG:4326", file=file)
    width = (area.east - area.west) % 360.0 or 360.0
    east = (float(longitude) - area.west) % 360.0
    beside = 0.0 if east <= width else min(east - width, 360.0 - east)
    if beside > _FAR or not area.south - _FAR <= float(latitude) <= area.north + _FAR:
        raise InputError(
            f"the roads must lie where {title_crs(crs)} is used ({area.name}), their middle is at longitude "
            f"{float(longitude):.4f} and latitude {float(latitude):.4f}",
            file=file,
            way_out="are the coordinates of another CRS, or in kilometres? Name the CRS that they are in",
        )


def _measure(lines: Sequence[Floats], crs: str, file: Path) -> Floats:
    """Lengths on the ground [m]."""
    x, y = np.concatenate(lines).T
    last = np.cumsum([len(line) for line in lines]) - 1
    step = measure_steps_m(x, y, crs, file=file)
    step[last[:-1]] = 0.0  # from one line to the next
    along = np.concatenate([[0.0], np.cumsum(step)])
    measured: Floats = along[last] - along[np.concatenate([[0], last[:-1] + 1])]
    return measured


def check_lengths(file: Path, edges: Sequence[RoadEdge], length_km: Floats, lines: Sequence[Floats], crs: str) -> None:
    """Refuse lengths that cannot be those of the lines: a wrong unit, or a wrong CRS.

    Each length is within a factor of 2 of its line, and the median of all within 0.9 to 1.15. A link of length 0 is
    exempt. Where no line is drawn a link may be longer than the straight line between its ends, yet all of them
    together at most twice as long.

    Raises
    ------
    InputError
        With the link that differs most.
    """
    drawn = _measure(lines, crs, file)
    given = 1000.0 * length_km
    is_drawn = np.array([bool(edge.tags.get("geometry", "").strip()) for edge in edges], dtype=np.bool_)
    wrong = given * _FACTOR < drawn - _SLACK_M
    wrong |= is_drawn & (given - _SLACK_M > _FACTOR * drawn)
    wrong &= given > 0.0
    straight = ~is_drawn & (drawn > 0.0) & (given > 0.0)
    if given[straight].sum() > _FACTOR * drawn[straight].sum() + _SLACK_M:
        wrong |= straight & (given > _FACTOR * drawn)
    if not wrong.any():
        nothing = float(drawn[given == 0.0].sum())
        if nothing > _SLACK_M and 2.0 * nothing > drawn.sum():
            raise InputError(
                f"most lengths must be above 0, links of length 0 have {nothing / 1000.0:,.1f} of the "
                f"{drawn.sum() / 1000.0:,.1f} km of all lines",
                file=file,
                way_out="run osmnx.distance.add_edge_lengths and save again",
            )
        _check_median(file, given, drawn, is_drawn)
        return
    off = np.abs(np.log(np.maximum(given, 1e-9) / np.maximum(drawn, 1e-9)))
    k = int(np.argmax(np.where(wrong, off, -1.0)))
    more = f" ({int(wrong.sum()) - 1:,} more differ)" if wrong.sum() > 1 else ""
    raise InputError(
        f"a length must be within a factor of {_FACTOR:g} of its line, {name_edge(edges[k])} has {given[k]:.6g} m and "
        f"a line of {drawn[k]:.6g} m on the ground{more}",
        file=file,
        line=edges[k].line or None,
        way_out=_WAY_OUT,
    )


def _check_median(file: Path, given: Floats, drawn: Floats, is_drawn: Bools) -> None:
    """Refuse lengths that are all wrong by one factor, which is less than that a single link may be wrong by."""
    long = (given > 0.0) & (drawn > _SLACK_M)
    for kind, fewest, what in ((is_drawn, 1, "drawn line"), (~is_drawn, _FEWEST, "straight line between the ends")):
        chosen = long & kind
        if chosen.sum() < fewest:
            continue
        median = float(np.median(given[chosen] / drawn[chosen]))
        least, most = _TYPICAL
        if not least <= median <= most:
            raise InputError(
                f"the typical length must be {least:g} to {most:g} times the {what}, the median of "
                f"{int(chosen.sum()):,} links is {median:.4g}",
                file=file,
                way_out=_WAY_OUT,
            )
