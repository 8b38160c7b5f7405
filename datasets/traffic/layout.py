r"""A map for a network that has no coordinates.

Nodes are placed so that straight distances resemble distances along the roads: pivot multidimensional scaling
gives the start, a few sweeps of stress majorization with weights :math:`d_{ij}^{-2}` the finish.

References
----------
.. [1] Brandes & Pich (2007), doi:10.1007/978-3-540-70904-6_6
.. [2] Gansner, Koren & North (2005), doi:10.1007/978-3-540-31843-9_25
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LAYOUT", "place_nodes"]

LAYOUT = "layout: distances along the network"
_PIVOTS = 60
_POLISHED = 1000  # nodes; beyond, the dense sweeps would cost more than the picture is worth
_SWEEPS = 60


def place_nodes(
    n_nodes: int, tail: npt.ArrayLike, head: npt.ArrayLike, length: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Place the nodes of a network in the unit square.

    Parameters
    ----------
    n_nodes
        Number of nodes.
    tail, head : (link,) arrays of int
        Node indices; direction does not matter here.
    length : (link,) array of float
        Used where every link has one above zero, else each link counts as 1.

    Returns
    -------
    x, y : (node,) arrays of float
        In [0, 1], rounded to 1e-4 so that the last bits of a linear algebra library do not show.

    Examples
    --------
    >>> x, y = place_nodes(3, [0, 1], [1, 2], [1.0, 3.0])        # a street: the second part is three times the first
    >>> float(round(abs(x[2] - x[1]) / abs(x[1] - x[0]), 2))
    3.0
    """
    if n_nodes < 2:
        return np.full(n_nodes, 0.5), np.full(n_nodes, 0.5)
    distance = _distances_along(n_nodes, np.asarray(tail), np.asarray(head), np.asarray(length, dtype=np.float64))
    place = _start(distance)
    if n_nodes <= _POLISHED:
        place = _polish(place, distance)
    place -= place.min(axis=0)
    place /= max(float(place.max()), 1e-300)
    rounded = np.round(place, 4)
    return np.ascontiguousarray(rounded[:, 0]), np.ascontiguousarray(rounded[:, 1])


def _distances_along(
    n_nodes: int, tail: npt.NDArray[np.int_], head: npt.NDArray[np.int_], length: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    is_usable = length.size and length.min() > 1e-12 * length.max()  # beside 1e-320 weights would overflow
    weight = length if is_usable else np.ones(tail.size)
    start, end = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head).astype(np.int64)
    pair, first = np.unique(start * n_nodes + end, return_index=True)
    ends = (pair // n_nodes).astype(np.int32), (pair % n_nodes).astype(np.int32)  # SciPy 1.14 takes no wider ones
    streets = csr_array((weight[first], ends), shape=(n_nodes, n_nodes))
    rows = [dijkstra(streets, directed=False, indices=0)]
    n_rows = n_nodes if n_nodes <= _POLISHED else min(_PIVOTS, n_nodes)
    if n_rows == n_nodes:
        distance = np.asarray(dijkstra(streets, directed=False))
    else:
        nearest = np.where(np.isfinite(rows[0]), rows[0], -1.0)
        while len(rows) < n_rows:  # the next pivot is the node farthest from all so far
            rows.append(dijkstra(streets, directed=False, indices=int(np.argmax(nearest))))
            nearest = np.minimum(nearest, np.where(np.isfinite(rows[-1]), rows[-1], nearest))
        distance = np.array(rows)
    reached = np.isfinite(distance)
    distance[~reached] = 1.2 * max(float(distance[reached].max()), 1.0)  # parts that do not touch stand apart
    return distance


def _start(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    pivots = distance[:: max(1, distance.shape[0] // _PIVOTS)]
    square = pivots.T**2
    centred = square - square.mean(axis=0) - square.mean(axis=1, keepdims=True) + square.mean()
    _, vector = np.linalg.eigh(centred.T @ centred)
    axes = vector[:, : -3 if vector.shape[1] > 2 else None : -1][:, :2]
    largest = np.argmax(np.abs(axes), axis=0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])  # an eigenvector's sign is anybody's choice
    place = centred @ axes
    scale = np.abs(place).max()
    started: npt.NDArray[np.float64] = place / scale * 0.5 * distance.max() if scale > 0.0 else place
    return started


def _polish(place: npt.NDArray[np.float64], distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    weight = np.where(distance > 0.0, distance, np.inf) ** -2
    total = weight.sum(axis=1)
    for _ in range(_SWEEPS):
        dx = place[:, None, 0] - place[None, :, 0]
        dy = place[:, None, 1] - place[None, :, 1]
        apart = np.hypot(dx, dy)
        pull = weight * distance / np.where(apart > 1e-12, apart, np.inf)
        moved_x = ((weight * place[None, :, 0]).sum(axis=1) + (pull * dx).sum(axis=1)) / total
        moved_y = ((weight * place[None, :, 1]).sum(axis=1) + (pull * dy).sum(axis=1)) / total
        place = np.column_stack([moved_x, moved_y])
    return place
