"""The nearest point or line of a set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_nearest", "find_nearest_line"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]


def find_nearest(
    x: npt.ArrayLike, y: npt.ArrayLike, to_x: npt.ArrayLike, to_y: npt.ArrayLike
) -> tuple[LongInts, Floats]:
    """Find the nearest of some places to each point; of equally near ones the first.

    Parameters
    ----------
    x, y : (point,) arrays of float
        The points [m].
    to_x, to_y : (place,) arrays of float
        The places, at least one [m].

    Returns
    -------
    place : (point,) int64
    distance_m : (point,) float64

    Examples
    --------
    >>> place, distance = find_nearest([1.0], [0.0], [0.0, 5.0], [0.0, 0.0])
    >>> place.tolist(), distance.tolist()
    ([0], [1.0])
    """
    from scipy.spatial import cKDTree

    places = np.column_stack([np.asarray(to_x, np.float64), np.asarray(to_y, np.float64)])
    if not len(places):
        raise ValueError("there must be at least one place to find, got none")
    points = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    # the first of places that coincide, and of up to eight that are equally far
    unique, first = np.unique(places, axis=0, return_index=True)
    distance, found = cKDTree(unique).query(points, k=min(8, len(unique)))
    if distance.ndim == 2:
        nearer = np.where(distance == distance[:, :1], first[found], len(places)).min(axis=1)
        return nearer.astype(np.int64), np.asarray(distance[:, 0])
    return first[found].astype(np.int64), np.asarray(distance)


def find_nearest_line(
    x: npt.ArrayLike, y: npt.ArrayLike, vertex_offset: npt.ArrayLike, line_x: npt.ArrayLike, line_y: npt.ArrayLike
) -> tuple[LongInts, Floats]:
    """Find the line nearest to each point; of equally near ones (both ways of a street) the first.

    Parameters
    ----------
    x, y : (point,) arrays of float
        The points [m].
    vertex_offset : (line + 1,) array of int
        Vertices of each line.
    line_x, line_y : (vertex,) arrays of float
        [m].

    Returns
    -------
    line : (point,) int64
    distance_m : (point,) float64

    Examples
    --------
    >>> line, distance = find_nearest_line([5.0], [2.0], [0, 2, 4], [0, 10, 0, 10], [0, 0, 5, 5])
    >>> line.tolist(), distance.tolist()
    ([0], [2.0])
    """
    across, up = np.asarray(line_x, np.float64), np.asarray(line_y, np.float64)
    offset = np.asarray(vertex_offset, np.int64)
    start = np.setdiff1d(np.arange(len(across)), offset[1:] - 1)  # a line's last vertex starts no segment
    line_of = np.repeat(np.arange(len(offset) - 1), np.diff(offset))[start]
    ax, ay = across[start], up[start]
    bx, by = across[start + 1] - ax, up[start + 1] - ay
    long2 = np.maximum(bx * bx + by * by, 1e-300)
    points = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    line, distance = np.zeros(len(points), np.int64), np.zeros(len(points))
    for point, (px, py) in enumerate(points.tolist()):
        along = np.clip(((px - ax) * bx + (py - ay) * by) / long2, 0.0, 1.0)
        apart2 = (px - ax - along * bx) ** 2 + (py - ay - along * by) ** 2
        least = apart2.min()
        near = apart2 <= least * (1.0 + 1e-12) + 1e-12  # the two ways of a street run on one line
        line[point], distance[point] = line_of[near].min(), np.sqrt(least)
    return line, distance
