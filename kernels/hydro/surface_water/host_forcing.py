"""What feeds, drains and holds water, as every scheme applies it between its sweeps: on NumPy's arrays and CuPy's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, fetch, is_cupys, place_beside
from ...engines import EngineError, is_device_array
from .adaptive_steps import Moment
from .maps import ARRIVAL, DEEPEST, DURATION
from .surface import Surface
from .water import Forcing

__all__ = ["HostForcing", "as_kept", "as_members", "find_inward", "find_touched"]

THINNEST_M = 1e-6  # water that moves is deeper
Acts = npt.NDArray[np.bool_]
Gains = npt.NDArray[np.float64]


def as_members(field: Any, surface: Surface, like: Any) -> Any:
    """A forcing field as sweeps take it: (member, y, x) over the whole surface, where ``like`` lives, of its dtype."""
    if field.ndim != 3 or field.shape[1:] != surface.shape:
        raise ValueError(
            f"a forcing field must be (member, y, x) over the whole surface {surface.shape}, got {field.shape}"
        )
    if not is_device_array(field):
        return place_beside(like, np.ascontiguousarray(field, dtype=like.dtype))
    if not is_device_array(like) or is_cupys(field) != is_cupys(like):
        there = "CuPy's" if is_cupys(like) else "Numba's" if is_device_array(like) else "the host's"
        raise EngineError(
            "a forcing field must be the host's or of the water's kind, got one of "
            f"{'CuPy' if is_cupys(field) else 'Numba'}'s on a GPU for water of {there}: hand it over on the host"
        )
    if field.dtype != like.dtype:
        raise EngineError(
            f"a forcing field on a GPU must have the water's dtype {like.dtype}, got {field.dtype}: convert it first"
        )
    return field


class HostForcing:
    """One forcing beside the water that it feeds, for as many steps as it lasts.

    Parameters
    ----------
    surface, forcing, steps
        As a scheme takes them; the steps are (member,) [s].
    gained
        What held levels brought before, (member, held) or (member, 1) [m].
    like
        An array of the water, if that may be CuPy's.
    """

    def __init__(
        self, surface: Surface, forcing: Forcing, steps: npt.NDArray[np.float64], gained: Gains, like: Any = None
    ) -> None:
        self.surface, self.forcing, self.steps = surface, forcing, steps
        self.inward = find_inward(surface, forcing)
        self._beside = partial(place_beside, like)
        self.gained = self._beside(gained.copy())
        self.cells = self._beside(find_touched(forcing))
        self._recalled: npt.NDArray[Any] | None = None

    def note(self, maps: npt.NDArray[Any]) -> None:
        """Keep what the maps say of the cells touched, before a sweep notes in them what is not yet fed and held."""
        self._recalled = self.recall(maps)

    def apply(self, depth: npt.NDArray[Any], maps: npt.NDArray[Any], moment: Moment, threshold_m: float) -> None:
        """Feed and hold after a sweep, and note the depths that come of it."""
        self.hold(depth, moment.acts)
        self.record(maps, self._recalled, depth, moment.clock, moment.seconds, threshold_m)

    def hold(self, depth: npt.NDArray[Any], acts: Acts) -> None:
        """Feed the sources and set the held levels."""
        flat, given, beside = depth.reshape(depth.shape[0], -1), self.forcing, self._beside
        if given.source_cell is not None and given.source is not None:
            amount = (np.where(acts, self.steps, 0.0)[:, None] * given.source).astype(depth.dtype)
            flat[:, beside(given.source_cell)] += beside(amount)
        if given.level_cell is not None and given.level is not None:
            ground = self.surface.ground.reshape(-1)[given.level_cell]
            level, cell = np.maximum(given.level - ground, 0.0).astype(depth.dtype), beside(given.level_cell)
            held = array_module(depth).where(beside(acts[:, None]), beside(level), flat[:, cell])
            brought = held.astype(np.float64) - flat[:, cell]
            self.gained += as_kept(brought, self.gained)
            flat[:, cell] = held

    def let_through(
        self, flow_x: npt.NDArray[Any], flow_y: npt.NDArray[Any], depth: npt.NDArray[Any], moment: Moment
    ) -> None:
        """Give held cells the momentum of the water beside them: a wall behind them would throw it back.

        None becomes faster than that water, however shallow it is held, and amid others it stands still.
        """
        held = self.forcing.level_cell
        if held is None:
            return
        deep = depth.reshape(len(depth), -1)
        least, one = depth.dtype.type(THINNEST_M), depth.dtype.type(1)
        share = np.minimum(deep[:, held] / np.maximum(deep[:, self.inward], least), one) * (held != self.inward)
        for field in (flow_x, flow_y):
            flat = field.reshape(field.shape[0], -1)
            flat[:, held] = np.where(
                moment.acts[:, None], (share * flat[:, self.inward]).astype(field.dtype), flat[:, held]
            )

    def recall(self, maps: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        """What the maps say of the cells that this forcing touches."""
        if not (maps.size and self.cells.size):
            return None
        found: npt.NDArray[Any] = maps.reshape(*maps.shape[:2], -1)[:, :, self.cells]
        return found

    def record(
        self, maps: npt.NDArray[Any], recalled: npt.NDArray[Any] | None, depth: npt.NDArray[Any],
        clock: npt.NDArray[Any], acting: npt.NDArray[Any], threshold_m: float,
    ) -> None:  # fmt: skip
        """Note the depths that these cells have now, once they were fed and held."""
        if recalled is None:
            return
        xp, (deepest, _, arrival, duration, _) = array_module(depth), recalled
        acting, clock = self._beside(acting), self._beside(clock)
        now, acts = depth.reshape(depth.shape[0], -1)[:, self.cells], acting[:, None] > 0
        is_above = acts & (now > depth.dtype.type(threshold_m))
        flat = maps.reshape(*maps.shape[:2], -1)
        flat[DEEPEST][:, self.cells] = xp.where(acts, xp.maximum(deepest, now), deepest)
        flat[ARRIVAL][:, self.cells] = xp.where(is_above, xp.minimum(arrival, clock[:, None]), arrival)
        flat[DURATION][:, self.cells] = xp.where(is_above, duration + acting[:, None], duration)

    def settle(self) -> Gains:
        """What held levels have brought so far [m]."""
        return np.asarray(fetch(self.gained))


def find_touched(forcing: Forcing) -> npt.NDArray[np.int64]:
    """The cells that are fed or held, each once."""
    cells = [one for one in (forcing.source_cell, forcing.level_cell) if one is not None]
    return np.unique(np.concatenate(cells)).astype(np.int64) if cells else np.zeros(0, dtype=np.int64)


def as_kept(brought: Gains, gained: Gains) -> Gains:
    """What each held cell brought, or the sum of it where gains are not kept apart."""
    return brought if gained.shape[1] == brought.shape[1] else brought.sum(axis=1, keepdims=True)


def find_inward(surface: Surface, forcing: Forcing) -> npt.NDArray[np.int64]:
    """Of each held cell the neighbour that is neither held nor wall nor ring, or itself: (held,) flat indices."""
    if forcing.level_cell is None:
        return np.zeros(0, dtype=np.int64)
    if forcing.inward_cell is not None:
        return np.asarray(forcing.inward_cell, dtype=np.int64)
    n_y, n_x = surface.shape
    free = np.zeros((n_y, n_x), dtype=np.bool_)
    free[surface.inside] = ~surface.is_wall[surface.inside]
    free.reshape(-1)[forcing.level_cell] = False
    inward = forcing.level_cell.astype(np.int64)
    for aside in (1, -1, n_x, -n_x):  # the last that is free counts
        beside = np.clip(forcing.level_cell + aside, 0, n_y * n_x - 1)
        inward = np.where(free.reshape(-1)[beside], beside, inward)
    return inward
