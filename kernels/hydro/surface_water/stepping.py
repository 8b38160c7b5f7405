"""Steps of many members in turn, each of its own length and number, whatever scheme makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...device_arrays import copy_of, fetch, place_beside
from ...engines import Engine, is_device_array
from .active_tiles import ActiveTiles, Tiling
from .adaptive_steps import Moment, list_moments
from .argument_checks import check_arguments
from .device_forcing import DeviceForcing
from .host_forcing import HostForcing, as_members, find_touched
from .surface import Surface
from .water import Forcing, Water

__all__ = ["FIELDS", "PEAKS", "Fields", "Sweep", "advance_members", "keep_scalars"]

Array = npt.NDArray[Any]
Fields = Mapping[str, Array]
FIELDS = ("depth", "flow_x", "flow_y")  # what a step makes anew
PEAKS = 32  # places for a member's peak on a GPU, a power of two: rows beside each other do not wait for the same one
# sweep(there, lost, maps, peak_bits, here, rain, loss, moment, active): one step of every member whose step is above 0,
# on its active tiles
Sweep = Callable[[tuple[Array, ...], Array, Array, Array, tuple[Array, ...], Array, Array, Moment, Array], None]


def advance_members(
    water: Water,
    surface: Surface,
    forcing: Forcing,
    sweep: Sweep,
    *,
    time_step_s: npt.ArrayLike,
    n_steps: npt.ArrayLike,
    clock_s: npt.ArrayLike,
    tiling: Tiling,
    threshold_m: float = 0.1,
    lets_through: bool = False,
    after_step: Callable[[Fields], None] | None = None,
    engine: Engine = "numba",
    threads: int = 1,
) -> tuple[Water, npt.NDArray[np.float64]]:
    """Advance every member by its own number of steps of its own length.

    Parameters
    ----------
    water, surface, forcing, time_step_s, n_steps, clock_s, threshold_m, after_step
        As :func:`~citytide.kernels.hydro.inertia.step.advance_inertia` takes them.
    sweep
        One step, out of place.
    tiling
        Tiles of the ground; tiles where nothing changes are skipped, and each row of tiles keeps a peak.
    lets_through
        Whether held cells take the momentum of the water beside them.
    engine, threads
        Engine and threads of the sweep; only a sweep that visits cell by cell on the host skips tiles.

    Returns
    -------
    water : Water
    peak : (member,) array of float
        The greatest value that the sweep noted, over all steps.

    Raises
    ------
    ValueError
        If a step is negative or not finite, or shapes and dtypes do not fit.
    """
    n, dtype = water.n_members, water.depth.dtype
    steps = np.broadcast_to(np.asarray(time_step_s, np.float64), (n,))
    counts = np.broadcast_to(np.asarray(n_steps), (n,)).astype(np.int64)
    if (counts != n_steps).any():
        raise ValueError(f"n_steps must be whole numbers, got {np.asarray(n_steps).tolist()}")
    check_arguments(water, surface, forcing, steps, counts)
    beside = partial(place_beside, water.depth)
    clock = np.broadcast_to(np.asarray(clock_s, np.float64), (n,))
    on_device = is_device_array(water.depth)
    moments = list_moments(steps, counts, clock, dtype, beside if on_device else None)
    none = beside(np.empty((0, 0, 0), dtype))
    rain, loss = (
        none if field is None else as_members(field, surface, water.depth) for field in (forcing.rain, forcing.loss)
    )
    has_loss = forcing.loss is not None
    lost = copy_of(water.lost) if has_loss else water.lost
    maps = copy_of(water.maps)
    fed = (surface, forcing, steps, water.gained)
    held = DeviceForcing(water.depth, *fed) if on_device and engine != "cupy" else HostForcing(*fed, like=water.depth)
    here: tuple[Array, ...] = (water.depth, water.flow_x, water.flow_y)
    # Copies, so that a sweep finds in them what it does not write: the ring, resting tiles and, on a GPU, members that
    # wait.
    spare = [tuple(copy_of(field) for field in here) for _ in range(min(2, len(moments)))]
    n_peaks = PEAKS if on_device else tiling.counts[0]
    peak = beside(np.zeros((n, n_peaks), f"i{dtype.itemsize}"))  # bits of floats from 0 up have their order
    is_visiting = engine in ("numba", "python")
    sinks_at_once = is_visiting and forcing.rain is not None and has_loss
    tiles = ActiveTiles(
        tiling, n, fed=find_touched(forcing), is_edge_moved=after_step is not None,
        still_m=0.0 if has_loss else threshold_m if water.has_maps else np.inf,
        absorbing=(rain > 0.0).any(axis=0) & (loss > 0.0).any(axis=0) if sinks_at_once else None,
    )  # fmt: skip
    for moment in moments:
        there = spare[moment.at % 2]
        held.note(maps)
        sweep(there, lost, maps, peak, here, rain, loss, moment, tiles.active)
        held.apply(there[0], maps, moment, threshold_m)
        if after_step is not None:
            after_step(dict(zip(FIELDS, there, strict=True)))
        if lets_through and forcing.level_cell is not None:
            held.let_through(there[1], there[2], there[0], moment)  # maybe of a cell in the ring
            if after_step is not None:
                after_step(dict(zip(FIELDS, there, strict=True)))
        if is_visiting and moment.at + 1 < len(moments):
            tiles.look(moment.at, here, there, engine, threads)
        here = there
    highest = fetch(peak).max(axis=1).view(dtype).astype(np.float64)
    after = dict(zip(FIELDS, here, strict=True))
    return replace(water, **after, lost=lost, gained=held.settle(), maps=maps), highest


def keep_scalars(scalars: Array, like: Array) -> Callable[[Array], Array]:
    """The scalars of each member with the step of now in their first column, where ``like`` lives."""
    kept: dict[bytes, Array] = {}

    def with_step(step: Array) -> Array:
        if step.tobytes() not in kept:
            scalars[:, 0] = step
            kept[step.tobytes()] = place_beside(like, scalars.copy())
        return kept[step.tobytes()]

    return with_step
