# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Where rain comes from, step by step: trajectories that all members of an ensemble share.

The scheme is that of :mod:`.advection`; here a step can be taken at a time, and another field be looked up after each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...device_arrays import array_module, as_alike
from ...engines import Engine, Sweeps, cuda, empty_for, prange
from .advection import between, split, split_all, split_there

__all__ = ["LOOK_UP", "TRACE", "Trajectories"]

xp = np  # the array module of the whole-array forms: an engine brings its own


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


def _trace_there(way, motion_x, motion_y, zero, half):
    x, y = cuda.grid(2)
    n_y, n_x = motion_x.shape
    if y < n_y and x < n_x:
        shift_x, shift_y, push_x, push_y = way[0, y, x], way[1, y, x], way[2, y, x], way[3, y, x]
        row, above, up = split_there(y, shift_y - half * push_y, n_y - 1, zero)
        column, beside, along = split_there(x, shift_x - half * push_x, n_x - 1, zero)
        shift_x -= between(motion_x, row, above, column, beside, up, along)
        shift_y -= between(motion_y, row, above, column, beside, up, along)
        row, above, up = split_there(y, shift_y, n_y - 1, zero)
        column, beside, along = split_there(x, shift_x, n_x - 1, zero)
        way[0, y, x], way[1, y, x] = shift_x, shift_y
        way[2, y, x] = between(motion_x, row, above, column, beside, up, along)
        way[3, y, x] = between(motion_y, row, above, column, beside, up, along)


def _look_there(out, field, shift_x, shift_y, ahead, aside, zero, outside):
    x, y = cuda.grid(2)
    n_y, n_x = field.shape
    if y < n_y and x < n_x:
        far_x, far_y = shift_x[y, x], shift_y[y, x]
        length = math.sqrt(far_x * far_x + far_y * far_y)
        if length > zero:
            unit_x, unit_y = far_x / length, far_y / length
            far_x += ahead * unit_x - aside * unit_y
            far_y += ahead * unit_y + aside * unit_x
        if -far_x > x or far_x > n_x - 1 - x or -far_y > y or far_y > n_y - 1 - y:
            out[y, x] = outside
        else:
            row, above, up = split_there(y, far_y, n_y - 1, zero)
            column, beside, along = split_there(x, far_x, n_x - 1, zero)
            out[y, x] = between(field, row, above, column, beside, up, along)


def _trace_all(way, motion_x, motion_y, zero, half):
    n_y, n_x = motion_x.shape
    y, x = xp.arange(n_y)[:, None], xp.arange(n_x)[None, :]
    row, above, up = split_all(y, way[1] - half * way[3], n_y - 1, zero)
    column, beside, along = split_all(x, way[0] - half * way[2], n_x - 1, zero)
    way[0] = way[0] - between(motion_x, row, above, column, beside, up, along)
    way[1] = way[1] - between(motion_y, row, above, column, beside, up, along)
    row, above, up = split_all(y, way[1], n_y - 1, zero)
    column, beside, along = split_all(x, way[0], n_x - 1, zero)
    way[2] = between(motion_x, row, above, column, beside, up, along)
    way[3] = between(motion_y, row, above, column, beside, up, along)


def _look_all(out, field, shift_x, shift_y, ahead, aside, zero, outside):
    n_y, n_x = field.shape
    y, x = xp.arange(n_y)[:, None], xp.arange(n_x)[None, :]
    length = xp.sqrt(shift_x * shift_x + shift_y * shift_y)
    divisor = length + (length <= zero)  # a way of no length has no direction
    unit_x, unit_y = shift_x / divisor, shift_y / divisor
    far_x = shift_x + (ahead * unit_x - aside * unit_y)
    far_y = shift_y + (ahead * unit_y + aside * unit_x)
    is_out = (-far_x > x) | (far_x > n_x - 1 - x) | (-far_y > y) | (far_y > n_y - 1 - y)
    row, above, up = split_all(y, far_y, n_y - 1, zero)
    column, beside, along = split_all(x, far_x, n_x - 1, zero)
    out[...] = xp.where(is_out, outside, between(field, row, above, column, beside, up, along))


TRACE = Sweeps(cpu=_trace_back, whole=_trace_all, gpu=_trace_there, between=between, split=split)
LOOK_UP = Sweeps(cpu=_look_up, whole=_look_all, gpu=_look_there, between=between, split=split)


class Trajectories:
    """Ways back along a field of motion that stays as it is.

    Parameters
    ----------
    motion : (2, y, x) array of float
        Cells a step, along x first; finite. Of NumPy or CuPy.
    engine, threads
        As :func:`~citytide.kernels.hydro.rain.advection.extrapolate_rain` takes them.

    Examples
    --------
    >>> ways = Trajectories(np.stack([np.full((1, 4), 0.5), np.zeros((1, 4))]))
    >>> ways.step()
    >>> ways.look_up(np.array([[0.0, 6.0, 0.0, 0.0]]), outside=0.0).tolist()
    [[0.0, 3.0, 3.0, 0.0]]
    """

    def __init__(self, motion: Any, *, engine: Engine | Any = "auto", threads: int = 1) -> None:
        xp = array_module(motion)
        self.motion = xp.ascontiguousarray(motion)
        self.engine, self.threads = TRACE.choose(self.motion, engine), threads
        self.way = xp.concatenate([xp.zeros_like(self.motion), self.motion])

    def step(self) -> None:
        """Go one step farther back."""
        number = self.motion.dtype.type
        TRACE(self.engine, self.way, self.motion[0], self.motion[1], number(0.0), number(0.5), threads=self.threads)

    def look_up(self, field: Any, *, ahead: float = 0.0, aside: float = 0.0, outside: float = math.nan) -> Any:
        """What was where the ways lead back to, on cells ``(y, x)``; bilinear.

        Parameters
        ----------
        field
            On the cells of the motion, and in its memory.
        ahead, aside
            Cells by which every way is longer, and leads farther to its left.
        outside
            Value of what comes from beyond the field.
        """
        number = self.motion.dtype.type
        field, motion = as_alike(field=field, motion=self.motion)
        given = array_module(field).ascontiguousarray(field, motion.dtype)
        scalars = map(number, (ahead, aside, 0.0, outside))
        out = empty_for(given, given.shape)
        return LOOK_UP(self.engine, out, given, self.way[0], self.way[1], *scalars, threads=self.threads)
