# mypy: allow-untyped-defs, allow-untyped-calls
"""Rain and losses of members in a GPU's memory, by the host's own arithmetic: in double precision, then rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import place
from ...engines import Sweeps, cuda, empty_for

__all__ = ["LOSE", "SCALE", "combine_losses", "scale_rain"]


def _scale(out, rain, factor, unit, first, stride):
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        here = rain[y, x] * unit
        for member in range(first, out.shape[0], stride):
            out[member, y, x] = factor[member] * here


def _lose(out, sinks, loss, seconds):
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        for member in range(out.shape[0]):
            rate = sinks[member, y, x] / seconds
            if loss.shape[2] > 1:
                rate += loss[min(member, loss.shape[0] - 1), y, x]
            out[member, y, x] = rate


SCALE, LOSE = Sweeps(gpu=_scale), Sweeps(gpu=_lose)


def scale_rain(like: Any, rain: npt.NDArray[np.float64], factor: npt.NDArray[np.float64], unit: float) -> Any:
    """Rain of each member where ``like`` lives, from fields on the host, which are brought there one at a time.

    Parameters
    ----------
    like
        A device array of the dtype that is wanted.
    rain
        (1 or member, y, x) before factors.
    factor
        (member,) multiples of it.
    unit
        What one of its units is in the unit wanted.

    Returns
    -------
    (member, y, x) device array
        ``factor * (rain * unit)``, the bits of the host's.
    """
    out = empty_for(like, (factor.size, *rain.shape[1:]))
    placed = place(np.asarray(factor, np.float64))
    for first, plane in enumerate(rain):
        SCALE("cuda", out, place(np.asarray(plane, np.float64)), placed, float(unit), first, len(rain))
    return out


def combine_losses(like: Any, sinks: Any, loss: Any, seconds: float) -> Any:
    """The most that may be lost in each cell [m s-1], where ``like`` lives and of its dtype.

    Parameters
    ----------
    like
        A device array of the dtype that is wanted.
    sinks
        (member, y, x) device array of float64: the most that soil takes in ``seconds`` [m].
    loss
        (1 or member, y, x) device array of what is lost besides [m s-1]; None without it.
    seconds
        The time that ``sinks`` is for [s].
    """
    besides = place(np.zeros((1, 1, 1))) if loss is None else loss
    return LOSE("cuda", empty_for(like, tuple(int(n) for n in sinks.shape)), sinks, besides, float(seconds))
