# mypy: allow-untyped-defs, allow-untyped-calls
"""The greatest depth and unit discharge of groups of cells between two looks, such as those under roads.

The maps of the water note every step of every cell already. Between two looks they hold the interval alone: a look
reads the groups' cells from them, adds them to the greatest of the whole run, which are kept beside, and sets them to
0. A maximum has the same bits however it is grouped, so the maps of the run keep theirs. The state at a look belongs to
the interval before it and to the one after it; of this state only the groups' values are kept. Every call of a scheme
visits all tiles in its first step, so no tile that rests (:mod:`..surface_water.active_tiles`) misses an interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import copy_of, fetch, place_beside
from ...engines import Engine, Sweeps, cuda, is_device_array, prange, routine
from ..surface_water.maps import DEEPEST, HAZARD, MAPS
from ..surface_water.water import Water

__all__ = ["GROUPS", "MERGE", "IntervalPeaks"]

Values = npt.NDArray[Any]
NOTED = (DEEPEST, HAZARD)  # the first two maps


@routine
def read_group(found, maps, depth, flow_x, flow_y, offset, cell, half, member, group):
    """Greatest depth and unit discharge of a group's cells: what the maps note, and what they are now."""
    n_x = depth.shape[2]
    for at in range(offset[group], offset[group + 1]):
        y = cell[at] // n_x
        x = cell[at] - y * n_x
        along, over = flow_x[member, y, x], flow_y[member, y, x]
        if flow_x.shape[2] > n_x:  # over faces
            along, over = half * (along + flow_x[member, y, x + 1]), half * (over + flow_y[member, y + 1, x])
        found[0, member, group] = max(found[0, member, group], maps[DEEPEST, member, y, x])
        found[1, member, group] = max(found[1, member, group], maps[HAZARD, member, y, x])
        found[2, member, group] = max(found[2, member, group], depth[member, y, x])
        found[3, member, group] = max(found[3, member, group], math.sqrt(along * along + over * over))


def _cpu(found, maps, depth, flow_x, flow_y, offset, cell, half):
    for group in prange(found.shape[2]):
        for member in range(found.shape[1]):
            read_group(found, maps, depth, flow_x, flow_y, offset, cell, half, member, group)


def _gpu(found, maps, depth, flow_x, flow_y, offset, cell, half):
    group, member = cuda.grid(2)
    if member < found.shape[1] and group < found.shape[2]:
        read_group(found, maps, depth, flow_x, flow_y, offset, cell, half, member, group)


def _merge(to, source, zero):
    x, y = cuda.grid(2)
    if y < to.shape[2] and x < to.shape[3]:
        for name in range(2):
            for member in range(to.shape[1]):
                to[name, member, y, x] = max(to[name, member, y, x], source[name, member, y, x])
                source[name, member, y, x] = zero


GROUPS, MERGE = Sweeps(cpu=_cpu, gpu=_gpu), Sweeps(gpu=_merge)


class IntervalPeaks:
    """The greatest depth and unit discharge of groups of cells since the last look.

    Parameters
    ----------
    water
        The water at the start, with maps, in host memory or a GPU's. Its maps of greatest depth and discharge are
        taken over, and hold only what comes after the last look until :meth:`restore`.
    offset, cell
        (group + 1,) and (entry,): the cells of a group are ``cell[offset[group]:offset[group + 1]]``, as flat indices
        of (y, x) over the surface.
    engine
        As in every kernel.

    Examples
    --------
    >>> from ..inertia.step import advance_inertia
    >>> from ..surface_water.surface import Surface
    >>> surface = Surface.enclose(np.zeros((1, 4)), 0.03, cell_m=10.0)
    >>> water = Water.rest(surface, np.array([[1.0, 0.0, 0.0, 0.0]]))
    >>> peaks = IntervalPeaks(water, np.array([0, 1, 1]), np.array([7]))  # the first cell, and a group without cells
    >>> water, _ = advance_inertia(water, surface, time_step_s=1.0, n_steps=20)
    >>> peaks.look(water)[0].tolist(), bool(water.depth[0, 1, 1] < 0.9)
    ([[1.0, 0.0]], True)
    """

    def __init__(
        self, water: Water, offset: npt.ArrayLike, cell: npt.ArrayLike, *, engine: Engine | Literal["auto"] = "auto"
    ) -> None:
        if not water.has_maps:
            raise ValueError("water must have maps to note its peaks in, got none: make it with Water.rest(maps=True)")
        given = np.asarray(offset, np.int64), np.asarray(cell, np.int64)
        self.n_groups, self.engine = given[0].size - 1, GROUPS.choose(water.depth, engine)
        self._groups = tuple(place_beside(water.depth, values) for values in given)
        self.whole = copy_of(water.maps[: len(NOTED)])
        _move_peaks(self.whole, water.maps)
        self._before = self._read(water)[2:]

    def look(self, water: Water, highest: Callable[[Values], Values] | None = None) -> Values:
        """The peaks since the last look, with its moment and this one.

        Parameters
        ----------
        water
            The water now; its maps are changed in place.
        highest
            Combines what this tile has with what all others have; None for a tile that is alone.

        Returns
        -------
        (2, member, group) array
            Greatest depth [m] and unit discharge [m2 s-1]; 0 for a group without cells.
        """
        found = self._read(water)
        greatest = np.maximum(np.maximum(found[:2], found[2:]), self._before)
        self._before = found[2:]
        _move_peaks(self.whole, water.maps)
        return greatest if highest is None else highest(greatest)

    def restore(self, water: Water) -> None:
        """Put the greatest of the whole run back into the maps of the water."""
        _move_peaks(water.maps, self.whole)

    def list_whole(self) -> dict[str, Any]:
        """The greatest of the whole run up to the last look, by the names of their maps: (member, y, x)."""
        return {MAPS[name]: self.whole[name] for name in NOTED}

    def _read(self, water: Water) -> Values:
        """(4, member, group): depth and discharge as the maps note them, and as they are."""
        none = np.zeros((4, water.n_members, self.n_groups), water.depth.dtype)
        if not none.size:
            return none
        found = place_beside(water.depth, none)
        fields = (water.maps, water.depth, water.flow_x, water.flow_y)
        return np.asarray(fetch(GROUPS(self.engine, found, *fields, *self._groups, none.dtype.type(0.5))))


def _move_peaks(to: Any, source: Any) -> None:
    """Let one pair of maps have the greater of two, and set the other to 0."""
    if is_device_array(to):
        MERGE("cuda", to, source, np.dtype(to.dtype).type(0))
        return
    n = len(NOTED)
    np.maximum(to[:n], source[:n], out=to[:n])
    source[:n] = 0.0
