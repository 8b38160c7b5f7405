"""From pieces of street to links: pieces that only go on become one link with their nodes as vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Chains", "Pieces", "join_pieces", "open_one_way", "prune_dead_ends"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pieces:
    """Straight pieces of street between points; ``way`` is 0 for both ways, 1 from start to end, -1 back."""

    n_points: int
    start: Ints  # (piece,)
    end: Ints
    rank: Ints
    level: Ints
    way: Ints
    street: Ints  # which street a piece is of: where it changes, a link ends

    def __len__(self) -> int:
        return len(self.start)

    def take(self, kept: Bools) -> Pieces:
        """The pieces that a mask keeps."""
        parts = (part[kept] for part in (self.start, self.end, self.rank, self.level, self.way, self.street))
        return Pieces(self.n_points, *parts)

    def degree(self) -> Ints:
        """Pieces at each point."""
        return np.bincount(np.concatenate([self.start, self.end]), minlength=self.n_points).astype(np.int64)


@dataclass(frozen=True)
class Chains:
    """Directed links and the points that each runs through, its ends among them."""

    piece: Ints  # (link,) the first piece of each
    offset: Ints  # (link + 1,)
    point: Ints  # (vertex,)


def prune_dead_ends(pieces: Pieces, spared: Bools, rounds: int) -> Pieces:
    """Take dead ends away, again and again; ``spared`` points may stay dead ends."""
    for _ in range(rounds):
        degree = pieces.degree()
        dead = (degree == 1) & ~spared
        kept = ~(dead[pieces.start] | dead[pieces.end])
        if kept.all():
            break
        pieces = pieces.take(kept)
    return pieces


def open_one_way(pieces: Pieces) -> Pieces:
    """Keep the largest part that hangs together, and open one-way pieces both ways where no way leads back.

    Two-way pieces between strongly connected parts join them, so what hangs together is strongly connected.

    Examples
    --------
    >>> three = np.arange(3)
    >>> line = Pieces(4, three, three + 1, three * 0, three * 0, np.array([0, 1, 0]), three * 0)
    >>> open_one_way(line).way.tolist()
    [0, 0, 0]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    forth, back = pieces.way >= 0, pieces.way <= 0
    tail = np.concatenate([pieces.start[forth], pieces.end[back]])
    head = np.concatenate([pieces.end[forth], pieces.start[back]])
    shape = (pieces.n_points, pieces.n_points)
    links = csr_array((np.ones(tail.size, dtype=np.int8), (tail, head)), shape=shape)
    _, strong = connected_components(links, connection="strong")
    _, weak = connected_components(links, directed=False)
    largest = np.argmax(np.bincount(weak[pieces.start]))
    way = np.where(strong[pieces.start] != strong[pieces.end], 0, pieces.way)
    whole = Pieces(pieces.n_points, pieces.start, pieces.end, pieces.rank, pieces.level, way, pieces.street)
    return whole.take(weak[pieces.start] == largest)


def join_pieces(pieces: Pieces, passed: Bools) -> Chains:
    """Join pieces of the same street that meet at a point where nothing else does.

    Parameters
    ----------
    pieces
        Whose two ends differ.
    passed : (point,) array of bool
        Points where no link may end even if it would join the same two nodes as another.

    Returns
    -------
    Chains
        No link starts and ends at one node, and no two have the same tail and head.
    """
    n = len(pieces)
    # Half piece 2p runs from start to end of piece p, 2p + 1 back.
    origin = np.stack([pieces.start, pieces.end], axis=1).ravel()
    target = np.stack([pieces.end, pieces.start], axis=1).ravel()
    may_go = np.stack([pieces.way >= 0, pieces.way <= 0], axis=1).ravel()
    by_point = np.argsort(origin, kind="stable")
    first = np.searchsorted(origin[by_point], np.arange(pieces.n_points))
    two = np.flatnonzero(pieces.degree() == 2)
    one, other = by_point[first[two]], by_point[first[two] + 1]
    same = np.ones(two.size, dtype=np.bool_)
    for part in (pieces.rank, pieces.level, pieces.street):
        same &= part[one // 2] == part[other // 2]
    same &= (may_go[one] == may_go[other ^ 1]) & (may_go[other] == may_go[one ^ 1])
    onward = np.full(2 * n, -1, dtype=np.int64)  # the half piece that goes on where this one ends
    onward[one[same] ^ 1] = other[same]
    onward[other[same] ^ 1] = one[same]
    through = np.zeros(pieces.n_points, dtype=np.bool_)
    through[two[same]] = True
    while True:
        chains, tail, head = _walk(origin, target, may_go, onward, through)
        pair = tail * pieces.n_points + head
        _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
        twice = np.flatnonzero((count[place] > 1) | (tail == head))
        inside = [chains.point[chains.offset[k] + 1 : chains.offset[k + 1] - 1] for k in twice]
        inner = np.concatenate([*inside, np.zeros(0, dtype=np.int64)])
        inner = inner[~passed[inner]]
        if not inner.size:
            return chains
        through[inner] = False
        onward[~through[target]] = -1


def _walk(origin: Ints, target: Ints, may_go: Bools, onward: Ints, through: Bools) -> tuple[Chains, Ints, Ints]:
    """Follow all links at once, a piece at a time."""
    begin = np.flatnonzero(~through[origin] & may_go)
    link, half = np.arange(begin.size), begin
    links, points = [link], [origin[begin]]
    head = np.empty(begin.size, dtype=np.int64)
    while half.size:
        links.append(link)
        points.append(target[half])
        head[link] = target[half]
        following = onward[half]
        link, half = link[following >= 0], following[following >= 0]
    by_link = np.argsort(np.concatenate(links), kind="stable")
    length = np.bincount(np.concatenate(links), minlength=begin.size)
    offset = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    return Chains(begin // 2, offset, np.concatenate(points)[by_link]), origin[begin], head
