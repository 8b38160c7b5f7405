# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
r"""Rain carried along a field of motion: semi-Lagrangian extrapolation.

What arrives in a cell is looked up where it came from. With :math:`V` in cells per step, a step goes back by

.. math:: d_{n+1} = d_n - V(x + d_n - V(x + d_n) / 2),

the midpoint scheme, :math:`V` and the rain interpolated bilinearly between cell centres. The motion does not change
with time. Rain is read once for each step from the first field, so that it is not smoothed again and again.

References
----------
.. [1] Germann & Zawadzki (2002), doi:10.1175/1520-0493(2002)130<2859:SDOTPO>2.0.CO;2
.. [2] Pulkkinen et al. (2019), doi:10.5194/gmd-12-4185-2019 (the same scheme, with one inner iteration)
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ...device_arrays import array_module, as_alike, fetch, place
from ...engines import Array, Contract, Engine, Sweeps, cuda, empty_for, kernel, prange, routine, rule

__all__ = ["extrapolate_rain"]

FARTHEST = 1e6  # cells per step: beyond it a position is no longer an index
xp = np  # the array module of the whole-array form: an engine brings its own


@rule
def between(field, row, above, column, beside, up, along):
    """Bilinear value; ``up`` and ``along`` are the shares of the row ``above`` and the column ``beside``."""
    low = field[row, column] + along * (field[row, beside] - field[row, column])
    high = field[above, column] + along * (field[above, beside] - field[above, column])
    return low + up * (high - low)


@routine
def split(cell, shift, last, zero):
    """Index below a position, index above it, and the share of the upper one; positions outside go to the edge."""
    return split_at(cell, shift, np.floor(shift), last, zero)  # it stays in the dtype; math.floor would be 64 bit wide


@routine
def split_there(cell, shift, last, zero):
    """The same on a device, which knows no ``np.floor`` and whose ``math.floor`` stays in the dtype."""
    return split_at(cell, shift, math.floor(shift), last, zero)


@routine
def split_at(cell, shift, whole, last, zero):
    """The whole part of the shift is taken off before the cell's index is added: no digit of the share is lost."""
    share = shift - whole
    index = cell + int(whole)
    if index < 0:
        return 0, 0, zero
    if index >= last or share == zero:  # a neighbour without a share is not looked at: it may be missing
        index = min(index, last)
        return index, index, zero
    return index, index + 1, share


@rule
def split_all(cell, shift, last, zero):
    """The same of every cell at once."""
    whole = xp.floor(shift)
    index = cell + whole.astype(xp.int64)
    share = xp.where((index < 0) | (index >= last), zero, shift - whole)
    index = xp.minimum(xp.maximum(index, 0), last)
    return index, index + (share != zero), share


def _cpu(out, rain, motion_x, motion_y, zero, half, outside):
    for y in prange(out.shape[1]):
        last_y, last_x = out.shape[1] - 1, out.shape[2] - 1
        for x in range(out.shape[2]):
            shift_x, shift_y = zero, zero
            push_x, push_y = motion_x[y, x], motion_y[y, x]
            for step in range(out.shape[0]):
                row, above, up = split(y, shift_y - half * push_y, last_y, zero)
                column, beside, along = split(x, shift_x - half * push_x, last_x, zero)
                shift_x -= between(motion_x, row, above, column, beside, up, along)
                shift_y -= between(motion_y, row, above, column, beside, up, along)
                row, above, up = split(y, shift_y, last_y, zero)
                column, beside, along = split(x, shift_x, last_x, zero)
                push_x = between(motion_x, row, above, column, beside, up, along)
                push_y = between(motion_y, row, above, column, beside, up, along)
                if -shift_x > x or shift_x > last_x - x or -shift_y > y or shift_y > last_y - y:
                    out[step, y, x] = outside
                else:
                    out[step, y, x] = between(rain, row, above, column, beside, up, along)


def _gpu(out, rain, motion_x, motion_y, zero, half, outside):
    x, y = cuda.grid(2)
    last_y, last_x = out.shape[1] - 1, out.shape[2] - 1
    if y <= last_y and x <= last_x:
        shift_x, shift_y = zero, zero
        push_x, push_y = motion_x[y, x], motion_y[y, x]
        for step in range(out.shape[0]):
            row, above, up = split_there(y, shift_y - half * push_y, last_y, zero)
            column, beside, along = split_there(x, shift_x - half * push_x, last_x, zero)
            shift_x -= between(motion_x, row, above, column, beside, up, along)
            shift_y -= between(motion_y, row, above, column, beside, up, along)
            row, above, up = split_there(y, shift_y, last_y, zero)
            column, beside, along = split_there(x, shift_x, last_x, zero)
            push_x = between(motion_x, row, above, column, beside, up, along)
            push_y = between(motion_y, row, above, column, beside, up, along)
            if -shift_x > x or shift_x > last_x - x or -shift_y > y or shift_y > last_y - y:
                out[step, y, x] = outside
            else:
                out[step, y, x] = between(rain, row, above, column, beside, up, along)


def _whole(out, rain, motion_x, motion_y, zero, half, outside):
    last_y, last_x = out.shape[1] - 1, out.shape[2] - 1
    y, x = xp.arange(last_y + 1)[:, None], xp.arange(last_x + 1)[None, :]
    shift_x, shift_y = xp.zeros_like(motion_x), xp.zeros_like(motion_y)
    push_x, push_y = motion_x, motion_y
    for step in range(out.shape[0]):
        row, above, up = split_all(y, shift_y - half * push_y, last_y, zero)
        column, beside, along = split_all(x, shift_x - half * push_x, last_x, zero)
        shift_x = shift_x - between(motion_x, row, above, column, beside, up, along)
        shift_y = shift_y - between(motion_y, row, above, column, beside, up, along)
        row, above, up = split_all(y, shift_y, last_y, zero)
        column, beside, along = split_all(x, shift_x, last_x, zero)
        push_x = between(motion_x, row, above, column, beside, up, along)
        push_y = between(motion_y, row, above, column, beside, up, along)
        is_out = (-shift_x > x) | (shift_x > last_x - x) | (-shift_y > y) | (shift_y > last_y - y)
        out[step] = xp.where(is_out, outside, between(rain, row, above, column, beside, up, along))


ADVECTION = Sweeps(cpu=_cpu, whole=_whole, gpu=_gpu)


@kernel(
    Contract(
        takes={"rain": Array(("y", "x")), "motion": Array(("component", "y", "x"), "1")},  # motion: cells a step
        gives={"rain": Array(("step", "y", "x"), units_of="rain", dtype="rain")},
        bounds={"cuda": 1e-9, "cupy": 1e-9},  # positions are differences
        engines=ADVECTION.engines,
    )
)
def extrapolate_rain(
    rain: Any,
    motion: Any,
    *,
    n_steps: int,
    outside: float = math.nan,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Any:
    """Carry a rain field along a constant motion field.

    Parameters
    ----------
    rain : (y, x) array of float
        Rain rate [mm h-1], or any other quantity; NaN where it is missing. Of NumPy, CuPy or Numba, as the answer.
    motion : (2, y, x) array of float
        Cells that the rain moves in one step, towards higher x first, then towards higher y; of the same kind as the
        rain. Beside Numba's rain it may be of any kind: it is checked on the host, and brought over.
    n_steps
        Steps to look ahead.
    outside
        Value of what comes from beyond the field.
    engine
        ``"auto"`` follows the array: host memory to Numba, device memory to CUDA, or to CuPy where Numba has no CUDA
        target. The whole-array forms ``"numpy"`` and ``"cupy"`` are slower: each expression makes an array.
    threads
        More than one only for a single call that has its cores to itself; the answer is the same.

    Returns
    -------
    (step, y, x) array of float
        The field 1, 2, ... steps later, in the dtype of ``rain``; NaN within a cell of what is missing.

    Raises
    ------
    ValueError
        If an array has another shape or holds no floats, a motion is not finite, or there is no step.
    EngineError
        If one of rain and motion is CuPy's and the other is the host's.

    References
    ----------
    .. [1] Germann & Zawadzki (2002), doi:10.1175/1520-0493(2002)130<2859:SDOTPO>2.0.CO;2

    Examples
    --------
    >>> rain = np.array([[0.0, 6.0, 0.0, 0.0]])
    >>> motion = np.stack([np.full((1, 4), 0.5), np.zeros((1, 4))])
    >>> extrapolate_rain(rain, motion, n_steps=2, outside=0.0)
    array([[[0., 3., 3., 0.]],
    <BLANKLINE>
           [[0., 0., 6., 0.]]])
    """
    on_numba = hasattr(rain, "copy_to_host")
    rain, motion = (rain, fetch(motion)) if on_numba else as_alike(rain=rain, motion=motion)
    if rain.ndim != 2 or rain.dtype.kind != "f" or rain.size == 0:
        raise ValueError(f"rain must be (y, x) floats, got {rain.dtype} of shape {tuple(rain.shape)}")
    if motion.shape != (2, *rain.shape) or motion.dtype.kind != "f":
        raise ValueError(
            f"motion must be floats of shape {(2, *rain.shape)}, got {motion.dtype} of shape {tuple(motion.shape)}"
        )
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1, got {n_steps}")
    xp = array_module(motion)
    if not xp.abs(motion).max() <= FARTHEST / n_steps:
        raise ValueError(f"motion must be finite and carry rain at most {FARTHEST:g} cells in all; fill its gaps first")
    chosen = ADVECTION.choose(rain, engine)
    out = empty_for(rain, (n_steps, *rain.shape))
    parts = xp.ascontiguousarray(motion, rain.dtype)
    fields = (rain, *map(place, parts)) if on_numba else (xp.ascontiguousarray(rain), *parts)
    scalars = map(np.dtype(rain.dtype).type, (0.0, 0.5, outside))
    return ADVECTION(chosen, out, *fields, *scalars, threads=threads)
