"""Lines of GMNS links on the map: the column ``geometry``, or ``geometry.csv`` by ``geometry_id``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .columns import read_if_there
from .links import LinkRows
from .nodes import NodePlaces, measure_m

__all__ = ["LinkLines", "read_lines"]

Floats = npt.NDArray[np.float64]

_LINE = re.compile(  # a MULTILINESTRING of one part is a line too
    r"\s*(?:SRID=\d+;)?\s*(?P<multi>MULTI)?LINESTRING\s*(?:Z|M|ZM)?\s*\((?(multi)\s*\()"
    r"(?P<points>[-+.\da-z ,]+)\)(?(multi)\s*\))\s*",
    re.IGNORECASE,
)
_INSTEAD = ("length", "vdf_length", "vdf_fftt")  # what tells lengths or times without the line
_STRAY_M = 500.0  # a line may end so far from its nodes: of a wide junction, or of a node that stands for a zone


@dataclass(frozen=True)
class LinkLines:
    """By link: vertices from tail to head, the length on the ground [m] if the CRS is known, and if a line is drawn."""

    vertices: list[Floats]
    road_m: Floats | None
    drawn: npt.NDArray[np.bool_]


def read_lines(links: LinkRows, places: NodePlaces, folder: Path, notes: list[str]) -> LinkLines | None:
    """Read the lines; a link without one is straight. None if the nodes have no coordinates.

    Parameters
    ----------
    links, places
        Tables of the folder.
    folder
        May hold ``geometry.csv``.
    notes
        Takes how many lines could not be used.
    """
    if places.x is None or places.y is None:
        return None
    cells = _find_cells(links, folder)
    nodes = np.stack([links.tail, links.head], axis=1)
    straight = np.stack([places.x[nodes], places.y[nodes]], axis=2)  # (link, end, axis)
    vertices = list(straight)
    drawn = np.zeros(links.row.size, dtype=np.bool_)
    unread = 0
    stated = [name for name in links.table.columns if name.startswith(_INSTEAD)]
    for k, row in enumerate(links.row.tolist() if cells else ()):
        cell = cells[row].strip()
        line = parse_line(cell) if cell else None
        if line is not None and not np.isfinite(line).all():
            raise links.error(
                k, "geometry has a position that is no finite number", "correct the line, or empty the cell"
            )
        if cell and line is None:
            unread += 1
            if not any(links.table.columns[name][row].strip() for name in stated):
                raise links.error(
                    k,
                    "geometry is neither WKT LINESTRING nor GeoJSON, and no length is stated",
                    "write the line as one LINESTRING, or give a length",
                )
        if line is not None and len(line) > 2:
            vertices[k] = line
            drawn[k] = True
    stray = _turn_lines(vertices, straight, np.flatnonzero(drawn), places)
    drawn[stray] = False
    for k in stray:
        vertices[k] = straight[k]
    if unread:
        notes.append(f"Lines of {unread:,} links are neither WKT LINESTRING nor GeoJSON: taken straight.")
    if stray:
        notes.append(f"Lines of {len(stray):,} links end far from the links' nodes: taken straight.")
    return LinkLines(vertices, _measure(vertices, places), drawn)


def parse_line(cell: str) -> Floats | None:
    """Vertices of a WKT or GeoJSON line; None if it is none.

    Examples
    --------
    >>> parse_line("LINESTRING (0 0, 3 4)").tolist(), parse_line("POINT (1 2)")
    ([[0.0, 0.0], [3.0, 4.0]], None)
    """
    try:
        if cell.startswith("{"):
            held = json.loads(cell)
            line = np.array([point[:2] for point in held["coordinates"]], dtype=np.float64)
            return line if held["type"] == "LineString" and line.ndim == 2 else None
        found = _LINE.fullmatch(cell)
        if found is None:
            return None
        line = np.array([point.split()[:2] for point in found["points"].split(",")], dtype=np.float64)
    except (ValueError, KeyError, TypeError):
        return None
    return line if line.ndim == 2 and line.shape[1] == 2 and len(line) > 1 else None


def _find_cells(links: LinkRows, folder: Path) -> list[str]:
    table = links.table
    cells = list(table.columns.get("geometry", []))
    others = read_if_there(folder, "geometry.csv") if "geometry_id" in table else None
    if others is None or "geometry_id" not in others or "geometry" not in others:
        return cells
    names = [name.strip() for name in others.columns["geometry_id"]]
    held = dict(zip(names, others.columns["geometry"], strict=True))
    own = cells or [""] * len(table)
    pairs = zip(own, table.columns["geometry_id"], strict=True)
    return [cell if cell.strip() else held.get(name.strip(), "") for cell, name in pairs]


def _turn_lines(
    vertices: list[Floats], straight: Floats, curved: npt.NDArray[np.int64], places: NodePlaces
) -> list[int]:
    """Turn lines that are drawn from head to tail; return links whose line ends far from their nodes."""
    if not curved.size:
        return []
    ends = np.array([vertices[k][[0, -1]] for k in curved.tolist()])
    gap, gap_back = (np.hypot(*np.moveaxis(one - straight[curved], 2, 0)).max(axis=1) for one in (ends, ends[:, ::-1]))
    turned = gap_back < gap
    for k in curved[turned].tolist():
        vertices[k] = vertices[k][::-1]
    ends[turned] = ends[turned][:, ::-1]
    gap = np.minimum(gap, gap_back)
    apart = measure_m(places, *ends.reshape(-1, 2).T, *straight[curved].reshape(-1, 2).T)
    if apart is None:
        return []
    stray = []
    for place in np.flatnonzero(apart.reshape(-1, 2).max(axis=1) > _STRAY_M).tolist():
        k = int(curved[place])
        reach = max(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in (straight[k], vertices[k]))
        if gap[place] > 0.5 * reach:
            stray.append(k)
    return stray


def _measure(vertices: list[Floats], places: NodePlaces) -> Floats | None:
    points = np.concatenate(vertices)
    x, y = points.T
    steps = measure_m(places, x[:-1], y[:-1], x[1:], y[1:])
    if steps is None:
        return None
    size = np.array([len(line) for line in vertices])
    end = np.cumsum(size)
    total = np.concatenate([[0.0], np.cumsum(np.append(steps, 0.0))])
    road: Floats = total[end - 1] - total[end - size]
    return road
