"""Street plans: who joins whom, and how important each street is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["StreetPlan", "plan_grid", "plan_rings"]

EXPRESSWAY, ARTERIAL, COLLECTOR, LOCAL = range(4)
_BLOCK_KM = 0.25
_RING_KM = 0.5


@dataclass(frozen=True)
class StreetPlan:
    """Undirected streets with a rank; a one-way street runs from ``start`` to ``end``."""

    x: npt.NDArray[np.float64]  # km
    y: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int64]
    one_way: npt.NDArray[np.bool_]

    @property
    def n_links(self) -> int:
        """Directed links that the plan gives."""
        return int(2 * self.start.size - self.one_way.sum())


def plan_grid(n_links: int) -> StreetPlan:
    """Plan a chessboard with about ``n_links`` directed links; minor streets alternate as one-way streets.

    Every street crosses two-way streets at both of its ends, so every node reaches every other.

    Examples
    --------
    >>> abs(plan_grid(10_000).n_links / 10_000 - 1) < 0.03
    True
    """
    side = max(2, round((n_links / 3.0) ** 0.5))
    width = range(max(2, side - 4), side + 5)
    rows, columns = min(
        ((r, c) for r in width for c in width if abs(r - c) <= 2), key=lambda rc: abs(_grid_links(*rc) - n_links)
    )
    row, column = np.divmod(np.arange(rows * columns), columns)
    street_x = _plan_lines(rows, columns, stride=1, across=columns)
    street_y = _plan_lines(columns, rows, stride=columns, across=1)
    start, end, rank, one_way = (np.concatenate(pair) for pair in zip(street_x, street_y, strict=True))
    return StreetPlan(column * _BLOCK_KM, row * _BLOCK_KM, start, end, rank, one_way)


def _grid_links(rows: int, columns: int) -> int:
    def links(lines: int, length: int) -> int:
        single = sum(1 for line in range(1, lines - 1) if line % 2)
        return (2 * lines - single) * (length - 1)

    return links(rows, columns) + links(columns, rows)


def _plan_lines(
    lines: int, length: int, *, stride: int, across: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    line, step = (axis.ravel() for axis in np.meshgrid(np.arange(lines), np.arange(length - 1), indexing="ij"))
    near = line * across + step * stride
    far = near + stride
    edge = (line == 0) | (line == lines - 1)
    rank = np.select(
        [edge, line % 16 == 0, line % 8 == 0, line % 2 == 0], [COLLECTOR, EXPRESSWAY, ARTERIAL, COLLECTOR], LOCAL
    )
    one_way = (line % 2 == 1) & ~edge
    back = one_way & (line % 4 == 3)
    return np.where(back, far, near), np.where(back, near, far), rank, one_way


def plan_rings(n_links: int) -> StreetPlan:
    """Plan rings around a centre with spokes that double as the rings grow, about ``n_links`` directed links.

    Minor rings are one-way and alternate in sense; spokes run both ways, so every node reaches every other.

    Examples
    --------
    >>> abs(plan_rings(3_000).n_links / 3_000 - 1) < 0.03
    True
    """
    best = (float("inf"), 1, 3)
    for rings in range(1, 400):
        per_spoke = _ring_links(rings)
        spokes = max(3, round(n_links / per_spoke))
        # Eight spokes look like a city; far fewer or more only to hit the number of links.
        miss = abs(spokes * per_spoke - n_links) / n_links + 0.002 * abs(spokes - 8)
        best = min(best, (miss, rings, spokes))
        if 3 * per_spoke > 2 * n_links:
            break
    _, rings, spokes = best
    ring = np.arange(1, rings + 1)
    level = np.floor(np.log2(ring) + 1e-9).astype(np.int64)
    count = spokes * 2**level
    first = np.concatenate([[1], 1 + np.cumsum(count)])  # node 0 is the centre
    of = np.repeat(ring, count)
    place = np.arange(of.size) - (first[of - 1] - 1)
    angle = 2.0 * np.pi * place / count[of - 1]
    x = np.concatenate([[0.0], of * _RING_KM * np.cos(angle)])
    y = np.concatenate([[0.0], of * _RING_KM * np.sin(angle)])

    here = first[of - 1] + place
    following = first[of - 1] + (place + 1) % count[of - 1]
    single = of % 2 == 1
    back = single & (of % 4 == 3)
    ring_rank = np.select([of % 8 == 0, of % 4 == 0, of % 2 == 0], [EXPRESSWAY, ARTERIAL, COLLECTOR], LOCAL)

    inner_count = np.where(of > 1, count[np.maximum(of - 2, 0)], 1)
    doubled = (of > 1) & (count[of - 1] != inner_count)
    has_spoke = ~doubled | (place % 2 == 0)
    inner_place = np.where(doubled, place // 2, place)
    inner = np.where(of == 1, 0, first[np.maximum(of - 2, 0)] + inner_place)
    stride = count[of - 1] // spokes  # a spoke's place is a multiple of this if it starts at the centre
    spoke_rank = np.select([place % stride == 0, 2 * place % stride == 0], [ARTERIAL, COLLECTOR], LOCAL)
    return StreetPlan(
        x,
        y,
        np.concatenate([np.where(back, following, here), inner[has_spoke]]),
        np.concatenate([np.where(back, here, following), here[has_spoke]]),
        np.concatenate([ring_rank, spoke_rank[has_spoke]]),
        np.concatenate([single, np.zeros(int(has_spoke.sum()), dtype=np.bool_)]),
    )


def _ring_links(rings: int) -> int:
    """Directed links per spoke of the innermost ring."""
    links = 0
    before = 1
    for ring in range(1, rings + 1):
        count = 2 ** (ring.bit_length() - 1)
        links += count * (1 if ring % 2 else 2) + 2 * min(count, before)
        before = count
    return links
