"""Areas that tile a synthetic city, and who lives in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...maps.layers import AreaLayer

__all__ = ["make_areas"]

Floats = npt.NDArray[np.float64]
LongInts = npt.NDArray[np.int64]

_FIRST = "云松沙石莲福梅桂竹兰青白红金银龙凤鹤鹿雁溪泉湖海山岭林田东西"
_SECOND = "岗塘坑围湾涌埔洲头尾园桥里坪径屋村坊港溪岸门台楼井田兴安和平"
_MOST = 9_000
_IN_DISTRICT = 100
_PURPOSES = ("lines", "sides", "people", "centres", "names")


def _draw(seed: int, purpose: str, *shape: int) -> Floats:
    return np.random.Generator(
        np.random.Philox(key=np.array([seed, 400 + _PURPOSES.index(purpose)], dtype=np.uint64))
    ).random(shape)


def make_areas(
    west: float,
    south: float,
    east: float,
    north: float,
    n_areas: int,
    n_people: int,
    seed: int,
    *,
    crs: str = "EPSG:4547",
) -> AreaLayer:
    """Cut a box into areas and let people live there, densely around a few centres.

    Neighbours share every vertex on the line between them, so that no gap and no overlap is left at any precision.

    Parameters
    ----------
    west, south, east, north
        Edges of the box [m].
    n_areas
        1 to 9,000.
    n_people
        Who live there in all; the areas' people sum to it exactly.
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    crs
        The CRS of the box.

    Returns
    -------
    AreaLayer
        From the south-west to the north-east, with made-up names and codes of nine digits: six of a district, three
        within it.

    Raises
    ------
    InputError
        If a number is out of its range, or the box holds less than 100 m x 100 m for each area.

    References
    ----------
    .. [1] Clark (1951), doi:10.2307/2981088 (density falls exponentially from a centre).

    Examples
    --------
    >>> areas = make_areas(0.0, 0.0, 2000.0, 2000.0, 8, 40_000, 1)
    >>> areas.n_areas, int(areas.people.sum()), areas.code[0]
    (8, 40000, '440303001')
    """
    width, height = east - west, north - south
    if not 1 <= n_areas <= _MOST:
        raise InputError(f"n_areas is {n_areas}", way_out=f"give 1 to {_MOST:,}")
    if not 0 <= n_people <= 10**9:
        raise InputError(f"n_people is {n_people}", way_out="give 0 to 1,000,000,000")
    if not (width > 0.0 and height > 0.0 and width * height >= 1e4 * n_areas):
        raise InputError(
            f"a box of {width:g} m x {height:g} m is too small for {n_areas} areas", way_out="give fewer areas"
        )
    n_rows = min(max(round((n_areas * height / width) ** 0.5), 1), n_areas)
    counts = np.full(n_rows, n_areas // n_rows)
    counts[: n_areas % n_rows] += 1
    rings = _Lines(west, south, east, north, counts, seed).cut()
    offset = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64)
    x, y = np.concatenate(rings).T
    return AreaLayer(
        crs,
        tuple(f"4403{3 + k // _IN_DISTRICT:02d}{1 + k % _IN_DISTRICT:03d}" for k in range(n_areas)),
        _make_names(seed, n_areas),
        _settle(rings, n_people, seed),
        np.arange(n_areas + 1, dtype=np.int64),
        np.zeros(n_areas, dtype=np.bool_),
        offset,
        np.ascontiguousarray(x),
        np.ascontiguousarray(y),
        notes=(f"Made-up areas and people (seed {seed}).",),
        is_synthetic=True,
    )


class _Lines:
    """Wavy lines from west to east with the ends of the sides on them."""

    def __init__(self, west: float, south: float, east: float, north: float, counts: LongInts, seed: int) -> None:
        self.box = west, south, east, north
        self.counts = counts
        self.row_m = (north - south) / counts.size
        self.waves = _draw(seed, "lines", counts.size + 1, 2)
        widest = int(counts.max())
        shift = 0.3 * (_draw(seed, "sides", 4, counts.size, widest + 1) - 0.5)
        # Where the sides of each row start and end, and the bend in between.
        self.low, self.middle, self.high = (
            [self._place(row, part[row]) for row in range(counts.size)] for part in shift[:3]
        )
        self.bend = shift[3]
        self.line = [self._draw_line(k) for k in range(counts.size + 1)]

    def _place(self, row: int, shift: Floats) -> Floats:
        west, _, east, _ = self.box
        n = int(self.counts[row])
        x = np.round(west + (np.arange(n + 1) + shift[: n + 1]) * ((east - west) / n), 2)
        x[0], x[-1] = west, east
        return x

    def _draw_line(self, k: int) -> Floats:
        """Vertices of the line below row ``k``: all that end there, and some more."""
        west, south, east, north = self.box
        ends = [self.low[k]] if k < self.counts.size else []
        ends += [self.high[k - 1]] if k else []
        more = np.round(np.linspace(west, east, 3 * int(self.counts.max()) + 1)[1:-1], 2)
        x = np.unique(np.concatenate([*ends, more]))
        if k in (0, self.counts.size):
            return np.stack([x, np.full(x.size, north if k else south)], axis=1)
        phase, size = self.waves[k]
        turn = 2.0 * np.pi * (1.7 * (x - west) / (east - west) + phase)
        y = np.round(south + self.row_m * (k + (0.08 + 0.1 * size) * np.sin(turn)), 2)
        return np.stack([x, y], axis=1)

    def cut(self) -> list[Floats]:
        """Closed rings, counter-clockwise, by row and column."""
        rings = []
        for row, n in enumerate(self.counts):
            below, above = self.line[row], self.line[row + 1]
            for column in range(n):
                floor = _take(below, self.low[row][column : column + 2])
                roof = _take(above, self.high[row][column : column + 2])
                right = self._bend(row, column + 1, floor[-1], roof[-1])
                left = self._bend(row, column, floor[0], roof[0])
                rings.append(np.concatenate([floor, right, roof[::-1], left, floor[:1]]))
        return rings

    def _bend(self, row: int, side: int, low: Floats, high: Floats) -> Floats:
        if side in (0, self.counts[row]):
            return np.empty((0, 2))
        y = 0.5 * (low[1] + high[1]) + 0.3 * self.bend[row, side] * self.row_m
        return np.round(np.array([[self.middle[row][side], y]]), 2)


def _take(line: Floats, ends: Floats) -> Floats:
    """The vertices of a line from one end to another, both among them."""
    first, last = np.searchsorted(line[:, 0], ends)
    return line[first : last + 1]


def _settle(rings: list[Floats], n_people: int, seed: int) -> LongInts:
    """People by area times density, in whole people: largest remainders, of equal ones the first."""
    n = len(rings)
    area, x, y = np.empty(n), np.empty(n), np.empty(n)
    for k, ring in enumerate(rings):
        x[k], y[k] = ring[:-1].mean(axis=0)
        shifted = ring - ring[0]
        area[k] = 0.5 * float((shifted[:-1, 0] * shifted[1:, 1] - shifted[1:, 0] * shifted[:-1, 1]).sum())
    n_centres = max(1, round(n / 60))
    place = _draw(seed, "centres", n_centres, 2)
    place[0] = 0.4 + 0.2 * place[0]
    reach = 0.35 * ((np.ptp(x) + 1.0) * (np.ptp(y) + 1.0) / n_centres) ** 0.5 + 1.0
    density = np.full(n, 0.05)
    for u, v in place:
        apart = np.sqrt((x - x.min() - u * np.ptp(x)) ** 2 + (y - y.min() - v * np.ptp(y)) ** 2)
        density += np.exp(-apart / reach)
    share = density * (0.5 + _draw(seed, "people", n)) * (area / area.max())
    weight = np.maximum(np.round(1e6 * share / share.max()), 1.0).astype(np.int64)
    whole, rest = np.divmod(weight * n_people, weight.sum())
    left = n_people - int(whole.sum())
    whole[np.argsort(-rest, kind="stable")[:left]] += 1
    return np.asarray(whole, dtype=np.int64)


def _make_names(seed: int, n_areas: int) -> tuple[str, ...]:
    pairs = [a + b for a in _FIRST for b in _SECOND if a != b]
    order = np.argsort(_draw(seed, "names", len(pairs)), kind="stable")
    again = ("街道", *(f"第{k}街道" for k in range(2, _MOST // len(pairs) + 3)))
    return tuple(pairs[order[k % len(pairs)]] + again[k // len(pairs)] for k in range(n_areas))
