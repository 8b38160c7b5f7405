"""Where road lines meet: vertices nearer than a centimetre are one place, and lines of one level join there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....kernels.space.datum import compute_distances_m
from ...errors import InputError
from ...place.crs import LOCAL, name_crs
from ...place.distortion import find_degrees

__all__ = ["Piece", "cut_lines", "find_places", "flatten"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# 1 cm, and a little more: two ends that are each up to 4 mm off in x and in y lie up to 11.3 mm apart.
_JOIN_M = 0.012
_WIDEST_M = 0.1  # of what is joined to one place, over several steps


@dataclass(frozen=True)
class Piece:
    """A part of a line between two nodes: ``low`` and ``high`` are its first and last vertex in the line."""

    line: int
    low: int
    high: int
    start: int
    end: int


def flatten(points: Floats, crs: str, *, file: Path) -> Floats:
    """Points on a plane whose distances are those on the ground, near enough to tell what lies close together.

    Examples
    --------
    >>> flatten(np.array([[114.0, 22.5], [114.0, 22.501]]), "EPSG:4326", file=Path("roads.csv")).round(1).tolist()
    [[0.0, -55.6], [0.0, 55.6]]
    """
    if name_crs(crs) == LOCAL:
        return points
    lon, lat = find_degrees(points[:, 0], points[:, 1], crs, file=file)
    middle = (np.full(1, np.mean(lon)), np.full(1, np.mean(lat)))
    metres = compute_distances_m(middle[0], middle[1], middle[0], middle[1] + 1e-3)[0] * 1e3
    return np.column_stack([(lon - middle[0]) * metres * np.cos(np.deg2rad(lat)), (lat - middle[1]) * metres])


def find_places(points: Floats, crs: str, *, file: Path) -> Ints:
    """Number the places of vertices: those within a centimetre of each other are one.

    Distances are those on the ground, so neither the unit of the map nor a border of some grid parts two ends.

    Raises
    ------
    InputError
        If vertices follow each other so closely that whole lines would be one place: the CRS is another.

    Examples
    --------
    >>> find_places(np.array([[0.0, 0.0], [5.0, 0.0], [0.004, 0.0]]), "local", file=Path("roads.csv")).tolist()
    [0, 1, 0]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    exact, place = np.unique(points, axis=0, return_inverse=True)
    place = place.reshape(-1)
    x, y = flatten(exact, crs, file=file).T
    near = cKDTree(np.column_stack([x, y])).query_pairs(_JOIN_M, output_type="ndarray")
    links = csr_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(exact), len(exact)))
    n, group = connected_components(links, directed=False)
    low, high = np.full((n, 2), np.inf), np.full((n, 2), -np.inf)
    np.minimum.at(low, group, np.column_stack([x, y]))
    np.maximum.at(high, group, np.column_stack([x, y]))
    if n and (high - low).max() > _WIDEST_M:
        k = int(np.argmax((high - low).max(axis=1)))
        spot = exact[int(np.argmax(group == k))].tolist()
        raise InputError(
            f"vertices near {spot[0]:.10g}, {spot[1]:.10g} follow each other within 1 cm",
            file=file,
            way_out="check the CRS of the lines: degrees declared as metres are so close; or simplify the lines",
        )
    found = group[place]
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[number.reshape(-1)], np.int64)


def cut_lines(offset: Ints, place: Ints, level: Ints) -> tuple[list[Piece], Ints]:
    """Cut lines where they meet.

    Two lines that share an inner vertex join if they are of one level; a bridge passes over. Lines that take the same
    way, there or back, do not cut each other. An end joins the line of its own level that passes through its place, or
    else that of the nearest level; where no line passes through, all ends join.

    Parameters
    ----------
    offset : (line + 1,) array
        First vertex of each line.
    place : (vertex,) array
        See :func:`find_places`; neighbours in a line differ.
    level : (line,) array
        Level of each line: bridges above, tunnels below 0.

    Returns
    -------
    pieces : list of Piece
        In the order of the lines; nodes are numbered from 0.
    vertex : (node,) array
        The first vertex of each node.

    Examples
    --------
    >>> place = np.array([0, 1, 2, 3, 1, 4])
    >>> pieces, _ = cut_lines(np.array([0, 3, 6]), place, np.array([0, 0]))
    >>> [(piece.line, piece.low, piece.high) for piece in pieces]
    [(0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 1, 2)]
    >>> len(cut_lines(np.array([0, 3, 6]), place, np.array([0, 1]))[0])
    2
    """
    n = len(place)
    line = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    is_end = np.zeros(n, bool)
    is_end[offset[:-1]] = is_end[offset[1:] - 1] = True
    count = np.bincount(place, minlength=1)
    with_end = np.zeros(len(count), bool)
    with_end[place[is_end]] = True
    shared = np.flatnonzero(with_end[place] | (count[place] > 1))
    order = shared[np.argsort(place[shared], kind="stable")]
    node = np.full(n, -1, np.int64)
    first: list[int] = []
    way = _number_ways(offset, place)
    for members in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        for group in _group(members, is_end, level[line[members]]):
            passing = line[group]
            if is_end[group].any() or len(set(way[passing].tolist())) > 1 or len(set(passing.tolist())) < len(group):
                node[group] = len(first)
                first.append(group[0])
    pieces = []
    for k in range(len(offset) - 1):
        cuts = np.flatnonzero(node[offset[k] : offset[k + 1]] >= 0).tolist()
        for low, high in pairwise(cuts):
            pieces.append(Piece(k, low, high, int(node[offset[k] + low]), int(node[offset[k] + high])))
    return pieces, np.array(first, np.int64)


def _number_ways(offset: Ints, place: Ints) -> Ints:
    """Equal numbers for lines through the same places, in either order."""
    numbers: dict[tuple[int, ...], int] = {}
    way = []
    for low, high in pairwise(offset.tolist()):
        shape = tuple(place[low:high].tolist())
        way.append(numbers.setdefault(min(shape, shape[::-1]), len(numbers)))
    return np.array(way, np.int64)


def _group(members: Ints, is_end: npt.NDArray[np.bool_], level: Ints) -> list[list[int]]:
    """Which of the vertices at one place join."""
    if len(members) == 1 or (level == level[0]).all():
        return [members.tolist()]
    through: dict[int, list[int]] = {}
    for vertex, height in zip(members.tolist(), level.tolist(), strict=True):
        if not is_end[vertex]:
            through.setdefault(height, []).append(vertex)
    levels = sorted(through)
    if not through:
        return [members.tolist()]
    for vertex, height in zip(members.tolist(), level.tolist(), strict=True):
        if is_end[vertex]:
            through[min(levels, key=lambda other: (abs(other - height), other))].append(vertex)
    return [sorted(group) for group in through.values()]
