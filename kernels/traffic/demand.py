"""OD pairs as assignment takes them: sorted by origin, each once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .network import Floats, Ints

__all__ = ["Pairs", "check_pairs"]


class Pairs(NamedTuple):
    """Checked OD pairs, grouped by origin."""

    origin: Ints
    destination: Ints
    demand: Floats
    first: npt.NDArray[np.int64]
    """(origin with pairs + 1,) first pair of each origin."""


def check_pairs(n_nodes: int, origin: npt.ArrayLike, destination: npt.ArrayLike, demand: npt.ArrayLike | None) -> Pairs:
    """Check OD pairs and group them by origin.

    Parameters
    ----------
    n_nodes
        Nodes of the network.
    origin, destination : (pair,) array of int
        Node indices, sorted by (origin, destination), no pair twice.
    demand : (pair,) array of float, optional
        Trips; zeros if omitted.

    Raises
    ------
    ValueError
        Naming the first pair that is out of range, out of order, repeated, or whose demand is negative or not finite.

    Examples
    --------
    >>> check_pairs(3, [0, 0, 2], [1, 2, 1], None).first
    array([0, 2, 3])
    """
    ends = {"origin": np.asarray(origin), "destination": np.asarray(destination)}
    n_pairs = ends["origin"].shape[0] if ends["origin"].ndim == 1 else -1
    for name, nodes in ends.items():
        if nodes.shape != (n_pairs,):
            raise ValueError(f"origin and destination must be two lists of one length, got {name} {nodes.shape}")
        if n_pairs and nodes.dtype.kind not in "iu":
            raise ValueError(f"{name} must hold node indices (integers), got {nodes.dtype}")
        wrong = np.flatnonzero((nodes < 0) | (nodes >= n_nodes))
        if wrong.size:
            raise ValueError(f"{name} must be in 0 to {n_nodes - 1}, got {nodes[wrong[0]]} at pair {wrong[0]}")
    trips = np.zeros(n_pairs) if demand is None else np.ascontiguousarray(demand, np.float64)
    if trips.shape != (n_pairs,):
        raise ValueError(f"demand must hold one number per pair ({n_pairs}), got shape {trips.shape}")
    wrong = np.flatnonzero(~(np.isfinite(trips) & (trips >= 0.0)))
    if wrong.size:
        at = wrong[0]
        raise ValueError(
            f"demand must be finite and >= 0, got {trips[at]} at pair {at} "
            f"(node {ends['origin'][at]} to {ends['destination'][at]})"
        )
    rank = ends["origin"].astype(np.int64) * n_nodes + ends["destination"].astype(np.int64)
    wrong = np.flatnonzero(np.diff(rank) <= 0)
    if wrong.size:
        at = wrong[0] + 1
        raise ValueError(
            f"pairs must be sorted by (origin, destination), each once; pair {at} (node {ends['origin'][at]} to "
            f"{ends['destination'][at]}) repeats or precedes the pair before it: sort them, and add up repeated ones"
        )
    starts = np.flatnonzero(np.diff(ends["origin"], prepend=-1))
    return Pairs(
        np.ascontiguousarray(ends["origin"], np.int32),
        np.ascontiguousarray(ends["destination"], np.int32),
        trips,
        np.append(starts, n_pairs).astype(np.int64),
    )
