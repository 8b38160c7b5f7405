"""The road network that traffic kernels take, and the compressed rows derived from it.

.. math:: t(x) = t_0 \\left(1 + b \\, (x / c)^p\\right) + f

with free-flow time :math:`t_0`, capacity :math:`c` and a fixed cost :math:`f` in units of time (tolls, distance).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Floats", "Graph", "Ints", "RoadNetwork"]

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Graph(NamedTuple):
    """Open links grouped by the node they leave: what a search walks along.

    Links keep their order within a node, so parallel links stay apart.
    """

    start: Ints
    """(node + 1,) first open link of each node."""
    tail: Ints
    """(open link,) node that the link leaves."""
    head: Ints
    """(open link,) node that the link enters."""
    link: Ints
    """(open link,) index of the link in its network."""
    passable: Bools
    """(node,) whether a path may pass through the node."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Links of a road network and their volume-delay functions.

    Parameters
    ----------
    n_nodes
        Number of nodes; node indices run from 0.
    tail, head : (link,) array of int32
        Nodes that each link leaves and enters. Parallel links and loops are allowed.
    free_time : (link,) array of float
        Free-flow travel time, in the network's unit of time; 0 is allowed.
    capacity : (link,) array of float
        In the unit of the flows. A link of capacity 0 is closed.
    b, power : (link,) array of float
        Coefficients of the volume-delay function. A power of 0 makes a constant cost ``free_time * (1 + b)``.
    fixed_cost : (link,) array of float, optional
        Toll and distance in units of time; 0 if omitted.
    passable : (node,) array of bool, optional
        False for a centroid: paths may start and end there, never pass through. All true if omitted.
    closed : (link,) array of bool, optional
        Links that carry nothing, on top of those of capacity 0. None if omitted.

    Raises
    ------
    ValueError
        If shapes disagree, a node index is out of range, or a number is negative or not finite.

    Examples
    --------
    >>> two_routes = RoadNetwork(n_nodes=2, tail=[0, 0], head=[1, 1], free_time=[10.0, 12.0], capacity=[5.0, 9.0],
    ...                          b=[0.15, 0.15], power=[4.0, 4.0])
    >>> two_routes
    RoadNetwork(2 nodes, 2 links, 0 closed, 0 not to be passed through)
    >>> two_routes.graph().head
    array([1, 1], dtype=int32)
    """

    n_nodes: int
    tail: Ints
    head: Ints
    free_time: Floats
    capacity: Floats
    b: Floats
    power: Floats
    fixed_cost: Floats = None  # type: ignore[assignment]  # an array once constructed
    passable: Bools = None  # type: ignore[assignment]  # an array once constructed
    closed: Bools = None  # type: ignore[assignment]  # an array once constructed

    def __post_init__(self) -> None:
        n_links = len(self.tail)
        absent = {
            "fixed_cost": np.zeros(n_links),
            "passable": np.ones(self.n_nodes, bool),
            "closed": np.zeros(n_links, bool),
        }
        for name, default in absent.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        for name in ("tail", "head"):
            object.__setattr__(self, name, _nodes(name, getattr(self, name), n_links, self.n_nodes))
        for name in ("free_time", "capacity", "b", "power", "fixed_cost"):
            object.__setattr__(self, name, _amounts(name, getattr(self, name), n_links))
        object.__setattr__(self, "passable", _mask("passable", self.passable, "node", self.n_nodes))
        object.__setattr__(self, "closed", _mask("closed", self.closed, "link", n_links) | (self.capacity == 0.0))

    @property
    def n_links(self) -> int:
        """Number of links, closed ones included."""
        return len(self.tail)

    def __repr__(self) -> str:
        blocked = int((~self.passable).sum())
        closed = int(self.closed.sum())
        size = f"{self.n_nodes} nodes, {self.n_links} links"
        return f"RoadNetwork({size}, {closed} closed, {blocked} not to be passed through)"

    @cached_property
    def _graph(self) -> Graph:
        return self._build_graph(self.closed)

    def graph(self, closed: Bools | None = None) -> Graph:
        """The open links in compressed rows.

        Parameters
        ----------
        closed : (link,) array of bool, optional
            Links closed on top of the network's own.
        """
        if closed is None:
            return self._graph
        return self._build_graph(self.closed | _mask("closed", closed, "link", self.n_links))

    def _build_graph(self, closed: Bools) -> Graph:
        is_open = np.flatnonzero(~closed)
        link: Ints = is_open[np.argsort(self.tail[is_open], kind="stable")].astype(np.int32)
        tail = self.tail[link]
        start = np.zeros(self.n_nodes + 1, np.int32)
        np.cumsum(np.bincount(tail, minlength=self.n_nodes), out=start[1:])
        return Graph(start=start, tail=tail, head=self.head[link], link=link, passable=self.passable)


def _nodes(name: str, values: npt.ArrayLike, n_links: int, n_nodes: int) -> Ints:
    nodes = np.asarray(values)
    if nodes.shape != (n_links,):
        raise ValueError(f"{name} must hold one node per link ({n_links}), got shape {nodes.shape}")
    if n_links and nodes.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold node indices (integers), got {nodes.dtype}")
    wrong = np.flatnonzero((nodes < 0) | (nodes >= n_nodes))
    if wrong.size:
        raise ValueError(f"{name} must be in 0 to {n_nodes - 1}, got {nodes[wrong[0]]} at link {wrong[0]}")
    return np.ascontiguousarray(nodes, np.int32)


def _amounts(name: str, values: npt.ArrayLike, n_links: int) -> Floats:
    amounts = np.ascontiguousarray(values, np.float64)
    if amounts.shape != (n_links,):
        raise ValueError(f"{name} must hold one number per link ({n_links}), got shape {amounts.shape}")
    wrong = np.flatnonzero(~(np.isfinite(amounts) & (amounts >= 0.0)))
    if wrong.size:
        raise ValueError(f"{name} must be finite and >= 0, got {amounts[wrong[0]]} at link {wrong[0]}")
    return amounts


def _mask(name: str, values: npt.ArrayLike, dim: str, size: int) -> Bools:
    mask = np.asarray(values)
    if mask.shape != (size,) or mask.dtype != np.bool_:
        raise ValueError(f"{name} must hold one bool per {dim} ({size}), got {mask.dtype} of shape {mask.shape}")
    return np.ascontiguousarray(mask)
