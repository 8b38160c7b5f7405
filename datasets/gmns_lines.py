"""Lines of GMNS links on the map: the column ``geometry``, or ``geometry.csv`` by ``geometry_id``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .gmns_columns import read_if_there
from .gmns_links import LinkRows
from .gmns_nodes import NodePlaces, measure_m

__all__ = ["LinkLines", "read_lines"]

Floats = npt.NDArray[np.float64]

_LINE = re.compile(r"\s*(?:SRID=\d+;)?\s*LINESTRING\s*(Z|M|ZM)?\s*\(([-+.\deE ,]+)\)\s*", re.IGNORECASE)
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
        Of the folder.
    folder
        May hold ``geometry.csv``.
    notes
        Takes how many lines could not be used.
    """
    if places.x is None or places.y is None:
        return None
    cells = _find_cells(links, folder)
    vertices: list[Floats] = []
    drawn = np.zeros(links.row.size, dtype=np.bool_)
    unread = stray = 0
    curved: list[int] = []
    for k, row in enumerate(links.row.tolist()):
        start, end = (np.array([places.x[node], places.y[node]]) for node in (links.tail[k], links.head[k]))
        straight = np.stack([start, end])
        cell = cells[row].strip() if cells else ""
        line = parse_line(cell) if cell else None
        unread += bool(cell) and line is None
        if line is None or len(line) < 3:
            vertices.append(straight)
            continue
        curved.append(k)
        vertices.append(line[::-1] if _gap(line[::-1], straight) < _gap(line, straight) else line)
    ends = _measure_ends(vertices, links, places, curved)
    for place, k in enumerate(curved):
        straight = np.array([[places.x[node], places.y[node]] for node in (links.tail[k], links.head[k])])
        line = vertices[k]
        reach = max(float(np.hypot(*(straight[1] - straight[0]))), float(np.hypot(*np.diff(line, axis=0).T).sum()))
        far = ends is not None and float(ends[place]) > _STRAY_M and _gap(line, straight) > 0.5 * reach
        stray += far
        drawn[k] = not far
        if far:
            vertices[k] = straight
    if unread:
        notes.append(f"Lines of {unread:,} links are neither WKT LINESTRING nor GeoJSON: taken straight.")
    if stray:
        notes.append(f"Lines of {stray:,} links end far from the links' nodes: taken straight.")
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
            return line if held["type"] == "LineString" and line.ndim == 2 and np.isfinite(line).all() else None
        found = _LINE.fullmatch(cell)
        if found is None:
            return None
        line = np.array([point.split()[:2] for point in found[2].split(",")], dtype=np.float64)
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


def _gap(line: Floats, straight: Floats) -> float:
    return float(np.hypot(*(line[[0, -1]] - straight).T).max())


def _measure_ends(vertices: list[Floats], links: LinkRows, places: NodePlaces, curved: list[int]) -> Floats | None:
    """How far the ends of lines are from their links' nodes [m], the farther one; in one call, for CRS are slow."""
    if not curved or places.x is None or places.y is None:
        return None
    ends = np.array([vertices[k][[0, -1]] for k in curved])
    nodes = np.stack([links.tail[curved], links.head[curved]], axis=1)
    apart = measure_m(
        places, ends[..., 0].ravel(), ends[..., 1].ravel(), places.x[nodes].ravel(), places.y[nodes].ravel()
    )
    return None if apart is None else apart.reshape(-1, 2).max(axis=1)


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
