# mypy: allow-untyped-defs, allow-untyped-calls
"""Sources and held levels of water in GPU memory: what :mod:`.host_forcing` does on the host, a few cells at a time.

A thread takes a cell that is fed or held. What a step needs is brought there once for a window, and one launch after a
sweep does all: it feeds the cell, holds it, and notes its depth in the maps in place of what the sweep noted there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, place_beside
from ...engines import Sweeps, cuda, empty_for
from .adaptive_steps import Moment
from .host_forcing import THINNEST_M, as_kept, find_inward, find_touched
from .maps import ARRIVAL, DEEPEST, DURATION
from .surface import Surface
from .water import Forcing

__all__ = ["APPLY", "LET_THROUGH", "RECALL", "DeviceForcing"]

RECALLED = (DEEPEST, ARRIVAL, DURATION)  # the maps whose entries in touched cells are kept beside, in this order


def _recall(recalled, maps, cell):
    at, member = cuda.grid(2)
    if member < recalled.shape[1] and at < recalled.shape[2]:
        y = cell[at] // maps.shape[3]
        x = cell[at] - y * maps.shape[3]
        recalled[0, member, at] = maps[DEEPEST, member, y, x]
        recalled[1, member, at] = maps[ARRIVAL, member, y, x]
        recalled[2, member, at] = maps[DURATION, member, y, x]


def _apply(recalled, depth, maps, gained, cell, source, amount, held, level, seconds, clock, counts, step, threshold):
    at, member = cuda.grid(2)
    if member < recalled.shape[1] and at < recalled.shape[2] and step < counts[member]:
        y = cell[at] // depth.shape[2]
        x = cell[at] - y * depth.shape[2]
        now = depth[member, y, x]
        if source[at] >= 0:
            now += amount[member, source[at]]
        if held[at] >= 0:
            gained[member, held[at]] += np.float64(level[member, held[at]]) - np.float64(now)
            now = level[member, held[at]]
        depth[member, y, x] = now
        if maps.shape[3] > 1:
            recalled[0, member, at] = max(recalled[0, member, at], now)
            if now > threshold:
                recalled[1, member, at] = min(recalled[1, member, at], clock[step, member])
                recalled[2, member, at] += seconds[member]
            maps[DEEPEST, member, y, x] = recalled[0, member, at]
            maps[ARRIVAL, member, y, x] = recalled[1, member, at]
            maps[DURATION, member, y, x] = recalled[2, member, at]


def _let_through(acts, flow_x, flow_y, depth, cell, inward, counts, step, least, one):
    at, member = cuda.grid(2)
    if member < acts.shape[0] and at < acts.shape[1] and step < counts[member]:
        n_x = depth.shape[2]
        y, y_in = cell[at] // n_x, inward[at] // n_x
        x, x_in = cell[at] - y * n_x, inward[at] - y_in * n_x
        share = min(depth[member, y, x] / max(depth[member, y_in, x_in], least), one)
        if cell[at] == inward[at]:
            share -= share
        flow_x[member, y, x] = share * flow_x[member, y_in, x_in]
        flow_y[member, y, x] = share * flow_y[member, y_in, x_in]


RECALL, APPLY, LET_THROUGH = (Sweeps(gpu=sweep) for sweep in (_recall, _apply, _let_through))


class DeviceForcing:
    """One forcing beside the water that it feeds, for the steps of a window.

    Parameters
    ----------
    like
        An array of the water, (member, y, x).
    surface, forcing, steps, gained
        As :class:`~.host_forcing.HostForcing` takes them.
    """

    def __init__(
        self, like: Any, surface: Surface, forcing: Forcing, steps: npt.NDArray[np.float64],
        gained: npt.NDArray[np.float64],
    ) -> None:  # fmt: skip
        self.dtype, self.before, self._like = np.dtype(like.dtype), gained, like
        n = int(like.shape[0])
        cells = find_touched(forcing)
        self.n_touched = cells.size
        fed, amount = _each(forcing.source_cell, forcing.source, n)
        held, level = _each(forcing.level_cell, forcing.level, n)
        self.has_levels = held.size > 0
        if not self.n_touched:
            return
        self._recalled: Any = None
        self._cell, self._held = self._beside(cells), self._beside(held)
        self._source_at, self._held_at = self._beside(_find(cells, fed)), self._beside(_find(cells, held))
        self._amount = self._beside((steps[:, None] * amount).astype(self.dtype))
        level = np.maximum(level - surface.ground.reshape(-1)[held], 0.0).astype(self.dtype)
        self._level, self._gained = self._beside(level), self._beside(np.zeros(level.shape))
        self._inward, self._seconds = (
            self._beside(find_inward(surface, forcing)),
            self._beside(steps.astype(self.dtype)),
        )

    def note(self, maps: Any) -> None:
        """Keep what the maps say of the cells touched; after the first step :meth:`apply` keeps it."""
        if not self.n_touched or self._recalled is not None:
            return
        self._recalled = empty_for(self._like, (len(RECALLED), int(self._like.shape[0]), self.n_touched))
        if maps.shape[3] > 1:
            RECALL("cuda", self._recalled, maps, self._cell)

    def apply(self, depth: Any, maps: Any, moment: Moment, threshold_m: float) -> None:
        """Feed and hold after a sweep, and note the depths that come of it."""
        if self.n_touched and moment.placed is not None:
            APPLY(
                "cuda", self._recalled, depth, maps, self._gained, self._cell, self._source_at, self._amount,
                self._held_at, self._level, self._seconds, *moment.placed, moment.at, self.dtype.type(threshold_m),
            )  # fmt: skip

    def let_through(self, flow_x: Any, flow_y: Any, depth: Any, moment: Moment) -> None:
        """Give held cells the momentum of the water beside them."""
        if self.has_levels and moment.placed is not None:
            LET_THROUGH(
                "cuda", self._level, flow_x, flow_y, depth, self._held, self._inward, moment.placed[1], moment.at,
                *map(self.dtype.type, (THINNEST_M, 1.0)),
            )  # fmt: skip

    def settle(self) -> npt.NDArray[np.float64]:
        """What held levels have brought so far [m]."""
        return self.before + as_kept(fetch(self._gained), self.before) if self.has_levels else self.before

    def _beside(self, array: Any) -> Any:
        return place_beside(self._like, np.ascontiguousarray(array))


def _each(cell: Any, values: Any, n_members: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The cells of a list, and the values of each member there; none if there is no list."""
    if cell is None or values is None:
        return np.zeros(0, np.int64), np.zeros((n_members, 0))
    return np.asarray(cell, np.int64), np.broadcast_to(np.asarray(values, np.float64), (n_members, cell.size))


def _find(cells: npt.NDArray[np.int64], listed: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where in a list each of these cells is, -1 for one that is not in it."""
    at = np.full(cells.size, -1)
    at[np.searchsorted(cells, listed)] = np.arange(listed.size)
    return at
