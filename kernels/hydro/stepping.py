"""Steps of many members in turn, each of its own length and number, whatever scheme makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .forcings import as_members, hold_levels, refuse_misfits
from .surface import Surface
from .water import Forcing, Water

__all__ = ["FIELDS", "Fields", "Sweep", "advance_members"]

Array = npt.NDArray[Any]
Fields = Mapping[str, Array]
FIELDS = ("depth", "flow_x", "flow_y")  # what a step makes anew
# sweep(there, lost, maps, peak_bits, here, rain, loss, clock, step_s): one step of every member whose step is above 0
Sweep = Callable[[tuple[Array, ...], Array, Array, Array, tuple[Array, ...], Array, Array, Array, Array], None]


def advance_members(
    water: Water,
    surface: Surface,
    forcing: Forcing,
    sweep: Sweep,
    *,
    time_step_s: npt.ArrayLike,
    n_steps: npt.ArrayLike,
    clock_s: npt.ArrayLike,
    n_strips: int,
    settle: Callable[[tuple[Array, ...], npt.NDArray[np.bool_]], None] | None = None,
    after_step: Callable[[Fields], None] | None = None,
) -> tuple[Water, npt.NDArray[np.float64]]:
    """Advance every member by its own number of steps of its own length.

    Parameters
    ----------
    water, surface, forcing, time_step_s, n_steps, clock_s, after_step
        As :func:`~citytide.kernels.hydro.inertia.advance_inertia` takes them.
    sweep
        One step, out of place.
    n_strips
        Parts of the ground that each keep a peak of their own.
    settle
        What else becomes of the new fields once levels are held, for the members that act.

    Returns
    -------
    water : Water
    peak : (member,) array of float
        The greatest of what the sweep noted, over all steps.

    Raises
    ------
    ValueError
        If a step is negative or no number, or shapes and dtypes do not fit.
    """
    n, dtype = water.n_members, water.depth.dtype
    steps = np.broadcast_to(np.asarray(time_step_s, np.float64), (n,))
    counts = np.broadcast_to(np.asarray(n_steps, np.int64), (n,))
    clock = np.array(np.broadcast_to(np.asarray(clock_s, np.float64), (n,)))
    refuse_misfits(water, surface, forcing, steps, counts)
    empty, maps, gained = np.empty((0, 0, 0), dtype), water.maps.copy(), water.gained.copy()
    rain, loss = (
        empty if field is None else as_members(field, surface, dtype) for field in (forcing.rain, forcing.loss)
    )
    lost = water.lost.copy() if loss.size else water.lost
    most = int(counts.max(initial=0))
    here: tuple[Array, ...] = (water.depth, water.flow_x, water.flow_y)
    spare = [tuple(field.copy() for field in here) for _ in range(min(2, most))]
    peak = np.zeros((n, max(1, n_strips)), f"i{dtype.itemsize}")  # bits of floats from 0 up have the floats' order
    for step in range(most):
        acts = step < counts
        acting = np.where(acts, steps, 0.0).astype(dtype)
        clock = clock + acting.astype(np.float64)
        there = spare[step % 2]
        sweep(there, lost, maps, peak, here, rain, loss, clock.astype(dtype), acting)
        hold_levels(there[0], gained, surface, forcing, steps, acts)
        if settle is not None:
            settle(there, acts)
        if after_step is not None:
            after_step(dict(zip(FIELDS, there, strict=True)))
        here = there
    highest = peak.max(axis=1).view(dtype).astype(np.float64)
    return replace(water, depth=here[0], flow_x=here[1], flow_y=here[2], lost=lost, gained=gained, maps=maps), highest
