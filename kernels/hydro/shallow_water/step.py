r"""Shallow water over a surface: depth and momentum in cells, shocks and all.

.. math::
   \partial_t h + \nabla \cdot \mathbf q = r - s, \qquad
   \partial_t \mathbf q + \nabla \cdot (\mathbf q \mathbf q / h) + g h \nabla (h + z)
   + g n^2 |\mathbf q| \mathbf q / h^{7/3} = 0

by Godunov's finite volumes on square cells: hydrostatic reconstruction, fluxes of Harten, Lax and van Leer with their
contact, each computed once, and friction implicit in the momentum after the step. Of second order, states on faces
follow slopes and half a step in time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, place_beside
from ...engines import Array, Contract, Engine, is_device_array, kernel
from ..surface_water.active_tiles import Tiling
from ..surface_water.scheme import Scheme, advance_scheme
from ..surface_water.stepping import PEAKS, Fields
from ..surface_water.surface import GRAVITY_M_S2, WALL_M, Surface
from ..surface_water.water import Forcing, Water
from .device import SIGNALS
from .sweeps import SHALLOW_WATER, STRIP

__all__ = ["REACH", "advance_shallow_water", "measure_signals"]

REACH = {1: 1, 2: 2}  # cells that one step looks beyond a cell, by order
DRY_M = 1e-6  # water stands still below this


@kernel(
    Contract(
        takes={
            "time_step_s": Array(("member",), "s"),
            "n_steps": Array(("member",), "1", dtype="int64"),
            "clock_s": Array(("member",), "s"),
        },
        gives={
            "depth": Array(("member", "y", "x"), "m", dtype="water"),
            "flow_x": Array(("member", "y", "x"), "m2 s-1", dtype="water"),
            "flow_y": Array(("member", "y", "x"), "m2 s-1", dtype="water"),
            "lost": Array(("member", "y", "x"), "m", dtype="water"),
            "gained": Array(("member", "held"), "m"),
            "maps": Array(("map", "member", "y", "x"), dtype="water"),
            "fastest": Array(("member",), "m s-1"),
        },
        structure="Water",
        bounds={"cuda": 1e-9},  # a speed is a flow by a depth
        engines=SHALLOW_WATER[4].engines,
    )
)
def advance_shallow_water(
    water: Water,
    surface: Surface,
    forcing: Forcing | None = None,
    *,
    time_step_s: npt.ArrayLike,
    n_steps: npt.ArrayLike = 1,
    clock_s: npt.ArrayLike = 0.0,
    threshold_m: float = 0.1,
    order: Literal[1, 2] = 1,
    after_step: Callable[[Fields], None] | None = None,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> tuple[Water, npt.NDArray[np.float64]]:
    """Advance water by the shallow-water equations: every member by its own number of steps of its own length.

    Parameters
    ----------
    water : Water
        With flows in cells, as ``Water.rest(surface, faces=False)`` makes it; of dtype float32 or float64, as the
        surface; it is not changed. Water on a GPU is advanced there and stays.
    surface : Surface
        Ground and roughness, with a ring of at least ``order`` cells: walls, or a neighbour's cells, which stay as
        they are.
    forcing
        Rain, losses, sources and held levels during these steps; a held cell takes the momentum of the water beside it.
    time_step_s : (member,) array
        Step [s]. Up to a quarter of ``cell_m`` over the fastest signal no depth becomes negative (half of it in a
        channel one cell wide); above, a depth may, and is filled again: no water is made.
    n_steps : (member,) array of int
        Number of steps; a member with 0 steps is not changed.
    clock_s : (member,) array
        When the first step starts [s], for the map of arrivals.
    threshold_m
        Depth above which the maps of arrival and duration count a cell as flooded [m].
    order
        Order of the scheme in space and time, where water is wet and smooth. The first order makes water on a slope
        too shallow (by up to 15 %) where it is two to ten times as deep as the ground falls in a cell; the second
        order does not.
    after_step
        Called after every step with the fields ``depth, flow_x, flow_y`` as they are then, to bring a tile the ring
        that its neighbours have computed; and once more after held cells, if there are any, took their momentum.
    engine, threads
        As in every kernel; the answer is the same for any number of threads.

    Returns
    -------
    water : Water
        State after the steps.
    fastest : (member,) array of float
        Fastest signal, speed and wave together, from which a step started [m s-1].

    Raises
    ------
    ValueError
        If a step is negative or not finite, the order is not 1 or 2, or shapes and dtypes do not fit.
    EngineError
        If the engine cannot take the arrays.

    References
    ----------
    .. [1] Audusse, Bouchut, Bristeau, Klein & Perthame (2004), doi:10.1137/S1064827503431090
    .. [2] Toro (2001), Shock-capturing methods for free-surface shallow flows
    .. [3] Xia & Liang (2018), doi:10.1016/j.advwatres.2018.05.004 (friction implicit in the momentum)

    Examples
    --------
    >>> surface = Surface.enclose(np.zeros((1, 4)), 0.03, cell_m=10.0)
    >>> water = Water.rest(surface, np.array([[1.0, 0.0, 0.0, 0.0]]), faces=False)
    >>> after, fastest = advance_shallow_water(water, surface, time_step_s=0.5, n_steps=50)
    >>> float(after.depth.sum().round(12)), bool(after.depth[0, 1, 4] > 0.1)
    (1.0, True)
    """
    if order not in REACH:
        raise ValueError(f"order must be 1 or 2, got {order}")
    if water.flow_x.shape != water.depth.shape or surface.ring < REACH[order]:
        raise ValueError(
            f"order {order} needs flows in cells (Water.rest(surface, faces=False)) and a ring of {REACH[order]}, got "
            f"flows of {water.flow_x.shape[1:]} and a ring of {surface.ring}"
        )
    reach = REACH[order]

    def list_scalars(step: float) -> tuple[float, ...]:
        """In the order of ``sweeps.OWN``."""
        cell = surface.cell_m
        return (
            step, GRAVITY_M_S2, 0.5 * GRAVITY_M_S2, 1e-30, 0.5 * WALL_M, DRY_M, 0.0, 0.5, 1.0, 2.0, 0.5 * step / cell,
            step / cell, GRAVITY_M_S2 * step, threshold_m, 4.0,
        )  # fmt: skip

    scheme = Scheme(
        SHALLOW_WATER, Tiling(surface.shape, reach, STRIP, max(STRIP, surface.shape[1])), list_scalars,
        lambda depth: (reach,), lets_through=True, has_float_peak=True,
    )  # fmt: skip
    return advance_scheme(
        water, surface, forcing, scheme, time_step_s=time_step_s, n_steps=n_steps, clock_s=clock_s,
        threshold_m=threshold_m, after_step=after_step, engine=engine, threads=threads,
    )  # fmt: skip


def measure_signals(water: Water) -> npt.NDArray[np.float64]:
    """The fastest signal of each member, speed and wave together [m s-1]."""
    depth = water.depth
    if is_device_array(depth):
        peak = place_beside(depth, np.zeros((water.n_members, PEAKS), depth.dtype))
        scalars = map(np.dtype(depth.dtype).type, (GRAVITY_M_S2, DRY_M, 0.0))
        SIGNALS("cuda", depth, water.flow_x, water.flow_y, peak, *scalars)
        return np.asarray(fetch(peak).max(axis=1), dtype=np.float64)
    flow = np.maximum(np.abs(water.flow_x), np.abs(water.flow_y))
    speed = np.divide(flow, depth, out=np.zeros_like(depth), where=depth > DRY_M)
    signal = speed + np.sqrt(GRAVITY_M_S2 * np.maximum(depth, 0.0))
    return np.asarray(signal.max(axis=(1, 2)), dtype=np.float64)
