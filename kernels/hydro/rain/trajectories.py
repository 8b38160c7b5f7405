# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Where rain comes from, step by step: trajectories that all members of an ensemble share.

The scheme is that of :mod:`.advection`; here a step can be taken at a time, and another field be looked up after each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engines import Engine, Sweeps, prange
from .advection import between, split

__all__ = ["Trajectories"]


def _trace_back(way, motion_x, motion_y, zero, half):
    """``way (4, y, x)``: shift along x and y so far, and the motion there."""
    n_y, n_x = motion_x.shape
    for y in prange(n_y):
        for x in range(n_x):
            shift_x, shift_y, push_x, push_y = way[0, y, x], way[1, y, x], way[2, y, x], way[3, y, x]
            row, above, up = split(y, shift_y - half * push_y, n_y - 1, zero)
            column, beside, along = split(x, shift_x - half * push_x, n_x - 1, zero)
            shift_x -= between(motion_x, row, above, column, beside, up, along)
            shift_y -= between(motion_y, row, above, column, beside, up, along)
            row, above, up = split(y, shift_y, n_y - 1, zero)
            column, beside, along = split(x, shift_x, n_x - 1, zero)
            way[0, y, x], way[1, y, x] = shift_x, shift_y
            way[2, y, x] = between(motion_x, row, above, column, beside, up, along)
            way[3, y, x] = between(motion_y, row, above, column, beside, up, along)


def _look_up(out, field, shift_x, shift_y, ahead, aside, zero, outside):
    """``field`` where the way leads back to, ``ahead`` cells farther along it and ``aside`` to its left."""
    n_y, n_x = field.shape
    for y in prange(n_y):
        for x in range(n_x):
            far_x, far_y = shift_x[y, x], shift_y[y, x]
            length = math.sqrt(far_x * far_x + far_y * far_y)
            if length > zero:
                unit_x, unit_y = far_x / length, far_y / length
                far_x += ahead * unit_x - aside * unit_y
                far_y += ahead * unit_y + aside * unit_x
            if -far_x > x or far_x > n_x - 1 - x or -far_y > y or far_y > n_y - 1 - y:
                out[y, x] = outside
            else:
                row, above, up = split(y, far_y, n_y - 1, zero)
                column, beside, along = split(x, far_x, n_x - 1, zero)
                out[y, x] = between(field, row, above, column, beside, up, along)


TRACE = Sweeps(cpu=_trace_back, between=between, split=split)
LOOK_UP = Sweeps(cpu=_look_up, between=between, split=split)


class Trajectories:
    """Ways back along a field of motion that stays as it is.

    Parameters
    ----------
    motion : (2, y, x) array of float
        Cells a step, along x first; finite.
    engine, threads
        As :func:`~citytide.kernels.hydro.rain.advection.extrapolate_rain` takes them.

    Examples
    --------
    >>> ways = Trajectories(np.stack([np.full((1, 4), 0.5), np.zeros((1, 4))]))
    >>> ways.step()
    >>> ways.look_up(np.array([[0.0, 6.0, 0.0, 0.0]]), outside=0.0).tolist()
    [[0.0, 3.0, 3.0, 0.0]]
    """

    def __init__(self, motion: npt.NDArray[np.floating], *, engine: Engine | Any = "auto", threads: int = 1) -> None:
        self.motion = np.ascontiguousarray(motion)
        self.engine, self.threads = TRACE.choose(self.motion, engine), threads
        self.way = np.concatenate([np.zeros_like(self.motion), self.motion])

    def step(self) -> None:
        """Go one step farther back."""
        number = self.motion.dtype.type
        TRACE(self.engine, self.way, self.motion[0], self.motion[1], number(0.0), number(0.5), threads=self.threads)

    def look_up(
        self, field: npt.NDArray[Any], *, ahead: float = 0.0, aside: float = 0.0, outside: float = math.nan
    ) -> npt.NDArray[Any]:
        """What was where the ways lead back to, on cells ``(y, x)``; bilinear.

        Parameters
        ----------
        ahead, aside
            Cells by which every way is longer, and leads farther to its left.
        outside
            Value of what comes from beyond the field.
        """
        number = self.motion.dtype.type
        given = np.ascontiguousarray(field, self.motion.dtype)
        scalars = map(number, (ahead, aside, 0.0, outside))
        found: npt.NDArray[Any] = LOOK_UP(
            self.engine, np.empty_like(given), given, self.way[0], self.way[1], *scalars, threads=self.threads
        )
        return found
