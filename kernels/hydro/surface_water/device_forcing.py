# mypy: allow-untyped-defs, allow-untyped-calls
"""Sources and held levels of water in GPU memory: what :mod:`.host_forcing` does on the host, a few cells at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, place_beside
from ...engines import Sweeps, cuda, empty_for
from .host_forcing import THINNEST_M, as_kept, find_inward, find_touched
from .maps import ARRIVAL, DEEPEST, DURATION
from .surface import Surface
from .water import Forcing

__all__ = ["DeviceForcing"]

Acts = npt.NDArray[np.bool_]


def _feed(amount, depth, cell):
    member, at = cuda.grid(2)
    if member < amount.shape[0] and at < amount.shape[1]:
        depth[member, cell[at]] += amount[member, at]


def _hold(gained, depth, cell, level, acts):
    member, at = cuda.grid(2)
    if member < gained.shape[0] and at < gained.shape[1] and acts[member, at]:
        gained[member, at] += np.float64(level[member, at]) - np.float64(depth[member, cell[at]])
        depth[member, cell[at]] = level[member, at]


def _let_through(acts, flow_x, flow_y, depth, cell, inward, least, one):
    member, at = cuda.grid(2)
    if member < acts.shape[0] and at < acts.shape[1] and acts[member, at]:
        here, beside = cell[at], inward[at]
        share = min(depth[member, here] / max(depth[member, beside], least), one)
        if here == beside:
            share -= share
        flow_x[member, here] = share * flow_x[member, beside]
        flow_y[member, here] = share * flow_y[member, beside]


def _recall(recalled, maps, cell):
    member, at = cuda.grid(2)
    if member < recalled.shape[1] and at < recalled.shape[2]:
        for name in range(recalled.shape[0]):
            recalled[name, member, at] = maps[name, member, cell[at]]


def _record(recalled, maps, depth, cell, clock, acting, threshold):
    member, at = cuda.grid(2)
    if member < recalled.shape[1] and at < recalled.shape[2] and acting[member] > 0:
        here, now = cell[at], depth[member, cell[at]]
        maps[DEEPEST, member, here] = max(recalled[DEEPEST, member, at], now)
        maps[ARRIVAL, member, here] = recalled[ARRIVAL, member, at]
        maps[DURATION, member, here] = recalled[DURATION, member, at]
        if now > threshold:
            maps[ARRIVAL, member, here] = min(recalled[ARRIVAL, member, at], clock[member])
            maps[DURATION, member, here] += acting[member]


FEED, HOLD, LET_THROUGH = (Sweeps(gpu=sweep) for sweep in (_feed, _hold, _let_through))
RECALL, RECORD = Sweeps(gpu=_recall), Sweeps(gpu=_record)


class DeviceForcing:
    """One forcing beside the water that it feeds, for as many steps as it lasts.

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
        self.n_members, self.dtype, self.before = int(like.shape[0]), np.dtype(like.dtype), gained
        self.forcing, self.steps = forcing, steps
        self._beside = lambda array: place_beside(like, np.ascontiguousarray(array))
        self._amounts: dict[bytes, Any] = {}
        self._acts: dict[bytes, Any] = {}
        cells = find_touched(forcing)
        self.n_touched, self.cells = cells.size, self._beside(cells)
        if forcing.source_cell is not None and self.has_sources:
            self.source_cell = self._beside(forcing.source_cell)
        if forcing.level_cell is not None and forcing.level is not None and self.has_levels:
            ground = surface.ground.reshape(-1)[forcing.level_cell]
            level = np.maximum(forcing.level - ground, 0.0).astype(self.dtype)
            self.level_cell, self.inward = self._beside(forcing.level_cell), self._beside(find_inward(surface, forcing))
            self.level = self._beside(np.broadcast_to(level, (self.n_members, level.shape[1])))
            self.gained = self._beside(np.zeros((self.n_members, level.shape[1])))

    @property
    def has_sources(self) -> bool:
        return self.forcing.source_cell is not None and self.forcing.source_cell.size > 0

    @property
    def has_levels(self) -> bool:
        return self.forcing.level_cell is not None and self.forcing.level_cell.size > 0

    def hold(self, depth: Any, acts: Acts) -> None:
        """Feed the sources and set the held levels."""
        flat = depth.reshape(self.n_members, -1)
        if self.has_sources:
            FEED("cuda", self._fed(acts), flat, self.source_cell)
        if self.has_levels:
            HOLD("cuda", self.gained, flat, self.level_cell, self.level, self._acting(acts))

    def let_through(self, flow_x: Any, flow_y: Any, depth: Any, acts: Acts) -> None:
        """Give held cells the momentum of the water beside them."""
        if self.has_levels:
            flat = (field.reshape(self.n_members, -1) for field in (flow_x, flow_y, depth))
            scalars = map(self.dtype.type, (THINNEST_M, 1.0))
            LET_THROUGH("cuda", self._acting(acts), *flat, self.level_cell, self.inward, *scalars)

    def recall(self, maps: Any) -> Any:
        """What the maps say of the cells that this forcing touches, before a sweep notes its own depths there."""
        if not self.n_touched or maps.shape[3] <= 1:
            return None
        recalled = empty_for(maps, (int(maps.shape[0]), self.n_members, self.n_touched))
        return RECALL("cuda", recalled, maps.reshape(len(recalled), self.n_members, -1), self.cells)

    def record(self, maps: Any, recalled: Any, depth: Any, clock: Any, acting: Any, threshold_m: float) -> None:
        """Note the depths that these cells have now, once they were fed and held."""
        if recalled is None:
            return
        flat = maps.reshape(int(maps.shape[0]), self.n_members, -1), depth.reshape(self.n_members, -1)
        RECORD("cuda", recalled, *flat, self.cells, clock, self._beside(acting), self.dtype.type(threshold_m))

    def settle(self) -> npt.NDArray[np.float64]:
        """What held levels have brought so far [m]."""
        return self.before + as_kept(fetch(self.gained), self.before) if self.has_levels else self.before

    def _fed(self, acts: Acts) -> Any:
        if acts.tobytes() not in self._amounts:
            amount = np.where(acts, self.steps, 0.0)[:, None] * self.forcing.source
            self._amounts[acts.tobytes()] = self._beside(amount.astype(self.dtype))
        return self._amounts[acts.tobytes()]

    def _acting(self, acts: Acts) -> Any:
        if acts.tobytes() not in self._acts:
            of_each = np.broadcast_to(acts[:, None], (self.n_members, int(self.level.shape[1])))
            self._acts[acts.tobytes()] = self._beside(of_each)
        return self._acts[acts.tobytes()]
