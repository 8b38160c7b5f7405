"""Paths in store: a flow and a row of links for each path, grouped by pair.

The store is rebuilt front to back by every search for new paths (:mod:`~citytide.kernels.traffic.gradient_projection`),
so the paths of a pair, and of an origin, stay side by side and paths without flow leave no hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .demand import Pairs
from .network import Floats, Graph, Ints

__all__ = ["PathFlows", "PathStore", "no_paths"]


class PathStore(NamedTuple):
    """Paths as the sweeps work on them, in the numbers of open links and of the pairs to assign."""

    first: npt.NDArray[np.int64]
    """(pair + 1,) first path of each pair."""
    offset: npt.NDArray[np.int64]
    """(path + 1,) where the links of each path begin."""
    flow: Floats
    """(path,) flow."""
    links: Ints
    """(step,) open links, from origin to destination, path after path."""


def no_paths(n_pairs: int) -> PathStore:
    """A store that holds no path for any of the pairs."""
    return PathStore(np.zeros(n_pairs + 1, np.int64), np.zeros(1, np.int64), np.empty(0), np.empty(0, np.int32))


@dataclass(frozen=True, eq=False)
class PathFlows:
    """Flows by path: a warm start, and the answer to which way the trips of a pair go.

    Parameters
    ----------
    pair : (path,) array of int32
        Index of the OD pair, ascending.
    flow : (path,) array of float
        Trips on the path.
    offset : (path + 1,) array of int64
        Where the links of each path begin in ``links``.
    links : (step,) array of int32
        Link indices of the network, from origin to destination, path after path.

    Examples
    --------
    >>> PathFlows.none()
    PathFlows(0 paths of 0 links)
    """

    pair: Ints
    flow: Floats
    offset: npt.NDArray[np.int64]
    links: Ints

    @classmethod
    def none(cls) -> PathFlows:
        """A store without paths."""
        return cls(np.empty(0, np.int32), np.empty(0), np.zeros(1, np.int64), np.empty(0, np.int32))

    def __repr__(self) -> str:
        return f"PathFlows({len(self.flow)} paths of {len(self.links)} links)"

    def _check(self, n_links: int, n_pairs: int) -> None:
        """Refuse a store that does not fit the network and the pairs.

        Raises
        ------
        ValueError
            If the arrays disagree, an index is out of range, the pairs are not ascending or a flow is negative.
        """
        fits = (
            self.offset.shape == (len(self.pair) + 1,)
            and self.flow.shape == self.pair.shape
            and self.offset[0] == 0
            and self.offset[-1] == len(self.links)
            and bool((np.diff(self.offset) > 0).all())
        )
        if not fits:
            raise ValueError("start does not hold one flow and one row of links per path; pass Assignment.paths")
        if len(self.pair) and not (
            0 <= self.pair[0] and self.pair[-1] < n_pairs and bool((np.diff(self.pair) >= 0).all())
        ):
            raise ValueError(
                f"start names pairs out of order or beyond the {n_pairs} given; use the same list of pairs"
            )
        if len(self.links) and not (0 <= self.links.min() and self.links.max() < n_links):
            raise ValueError(f"start names links beyond the {n_links} of this network; use the same links")
        if not bool((np.isfinite(self.flow) & (self.flow >= 0.0)).all()):
            raise ValueError("start holds a flow that is negative or not finite")

    def adapt(self, graph: Graph, n_links: int, pairs: Pairs, active: npt.NDArray[np.intp]) -> PathStore:
        """These paths as the sweeps take them, under another demand and with other links closed.

        Paths over closed links are dropped, and so is flow; what remains of a pair is scaled to its demand.

        Parameters
        ----------
        graph
            Open links.
        n_links
            Links of the network, closed ones included.
        pairs
            All pairs, as these paths number them.
        active
            Which of the pairs are to be assigned; the store numbers them from 0.

        Raises
        ------
        ValueError
            If the paths do not fit the network or the pairs.
        """
        n_pairs = len(pairs.origin)
        self._check(n_links, n_pairs)
        position = np.full(n_links + 1, -1, np.int32)
        position[graph.link] = np.arange(len(graph.link), dtype=np.int32)
        rank = np.full(n_pairs + 1, -1, np.int64)
        rank[active] = np.arange(len(active))
        length = np.diff(self.offset)
        open_links = position[self.links]
        usable = (rank[self.pair] >= 0) & (self.flow > 0.0)
        if len(length):
            usable &= np.logical_and.reduceat(open_links >= 0, self.offset[:-1])
        steps = open_links[np.repeat(usable, length)]
        offset = np.concatenate([[0], np.cumsum(length[usable])]).astype(np.int64)
        pair = self.pair[usable]
        _check_chains(graph, steps, offset, pairs.origin[pair], pairs.destination[pair])
        held = np.bincount(pair, weights=self.flow[usable], minlength=n_pairs)
        flow = self.flow[usable] * (pairs.demand[pair] / held[pair])
        counts = np.bincount(rank[pair], minlength=len(active))
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return PathStore(first, offset, flow, steps)


def _check_chains(graph: Graph, steps: Ints, offset: npt.NDArray[np.int64], origin: Ints, destination: Ints) -> None:
    if not len(steps):
        return
    first, last = offset[:-1], offset[1:] - 1
    entered = np.ones(len(steps), bool)
    entered[first] = False
    before = np.flatnonzero(entered) - 1
    joins = graph.head[steps[before]]
    connected = (
        np.array_equal(joins, graph.tail[steps[before + 1]])
        and np.array_equal(graph.tail[steps[first]], origin)
        and np.array_equal(graph.head[steps[last]], destination)
        and bool(graph.passable[joins].all())
    )
    if not connected:
        raise ValueError("start holds a path that does not lead from its origin to its destination on these links")
