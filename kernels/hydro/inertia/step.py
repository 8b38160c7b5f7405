r"""Local inertial flow over a surface: shallow water without its convective term.

.. math::
   \partial_t h + \nabla \cdot \mathbf q = r - s, \qquad
   \partial_t \mathbf q + g h \nabla (h + z) + g n^2 |\mathbf q| \mathbf q / h^{7/3} = 0

on faces. Above a Froude number of 0.5 a flow keeps only the share :math:`\sigma` of its inertia [3]_: with all of it,
kinematic waves (5/3 of the flow's speed) would be faster than small waves, and grow. With the flow weighted by its
neighbours (:math:`\theta`) and friction taken at the end of the step,

.. math::
   q' (1 + \tfrac{g \Delta t\, n^2}{\sigma h_f^{7/3}} |q'|) = \theta q + \tfrac{1 - \theta}{2} (q_- + q_+)
   - \tfrac{g h_f \Delta t}{\sigma}\, \partial_x (h + z), \qquad \sigma = \min(1, \tfrac{g h_f^3}{4 q^2}), \qquad
   h_f = \max(\eta, \eta_-) - \max(z, z_-).

It holds for gradually varied flow, not for dam breaks [2]_. Sheet flow on a plane has normal depth up to a Froude
number of 2, which no flow exceeds. In a step at most a quarter of a cell's water leaves over each face, so no depth
becomes negative and no water is made.

References
----------
.. [1] Bates, Horritt & Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027
.. [2] de Almeida, Bates, Freer & Souvignet (2012), doi:10.1029/2011WR011570
.. [3] Fread, Jin & Lewis (1996), An LPI numerical implicit solution for unsteady mixed-flow simulation, ASCE
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import bits_of, fetch, is_numbas, place_beside
from ...engines import Array, Contract, Engine, kernel
from ..surface_water.active_tiles import Tiling
from ..surface_water.scheme import Scheme, advance_scheme
from ..surface_water.stepping import PEAKS, Fields
from ..surface_water.surface import GRAVITY_M_S2, Surface
from ..surface_water.water import Forcing, Water
from .device import HIGHEST
from .outflows import DRY_M, FROUDE, INERTIAL_FROUDE, QUARTER
from .sweeps import COLUMNS, INERTIA, STRIP

__all__ = ["REACH", "advance_inertia", "measure_depths", "signal_speed"]

MOST_DIVISOR = 64.0  # of inertia, where a flow comes from deeper water
REACH = 1  # cells that one step looks beyond a cell, and the faces on their far side


@kernel(
    Contract(
        takes={
            "time_step_s": Array(("member",), "s"),
            "n_steps": Array(("member",), "1", dtype="int64"),
            "clock_s": Array(("member",), "s"),
        },
        gives={
            "depth": Array(("member", "y", "x"), "m", dtype="water"),
            "flow_x": Array(("member", "y", "x_face"), "m2 s-1", dtype="water"),
            "flow_y": Array(("member", "y_face", "x"), "m2 s-1", dtype="water"),
            "lost": Array(("member", "y", "x"), "m", dtype="water"),
            "gained": Array(("member", "held"), "m"),
            "maps": Array(("map", "member", "y", "x"), dtype="water"),
            "peak": Array(("member",), "m", dtype="water"),
        },
        structure="Water",
        engines=INERTIA[4].engines,
    )
)
def advance_inertia(
    water: Water,
    surface: Surface,
    forcing: Forcing | None = None,
    *,
    time_step_s: npt.ArrayLike,
    n_steps: npt.ArrayLike = 1,
    clock_s: npt.ArrayLike = 0.0,
    threshold_m: float = 0.1,
    theta: float = 0.8,
    after_step: Callable[[Fields], None] | None = None,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> tuple[Water, npt.NDArray[np.float64]]:
    """Advance water by the local inertial equations: every member by its own number of steps of its own length.

    Parameters
    ----------
    water : Water
        State before, in the dtype of the surface (float32 or float64); it is not changed. Water in GPU memory is
        advanced there and stays there.
    surface : Surface
        Ground and roughness, with a ring of at least one cell: walls, or a neighbour's cells, which stay as they are.
    forcing
        Rain, losses, sources and held levels during these steps.
    time_step_s : (member,) array
        Step [s]; it is stable up to about 0.7 of ``cell_m / signal_speed(depth)``, and right while no water crosses a
        quarter of a cell in it.
    n_steps : (member,) array of int
        Number of steps; a member with 0 steps is not changed.
    clock_s : (member,) array
        When the first step starts [s], for the map of arrivals.
    threshold_m
        Depth above which the maps of arrival and duration count a cell as flooded [m].
    theta
        Weight of a face's own flow, in (0, 1]; the rest goes to its two neighbours.
    after_step
        Called after every step with the fields ``depth, flow_x, flow_y`` as they are then, to bring a tile the ring
        that its neighbours have computed.
    engine, threads
        As in every kernel; the answer is the same for any number of threads.

    Returns
    -------
    water : Water
        State after the steps.
    peak : (member,) array of float
        Greatest depth [m] from which a step started: the depth that limits the stable step.

    Raises
    ------
    ValueError
        If a step is negative or not finite, theta is outside (0, 1], or shapes and dtypes do not fit.
    EngineError
        If the engine cannot take the arrays.

    References
    ----------
    .. [1] Bates, Horritt & Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027
    .. [2] de Almeida, Bates, Freer & Souvignet (2012), doi:10.1029/2011WR011570

    Examples
    --------
    >>> surface = Surface.enclose(np.zeros((1, 4)), 0.03, cell_m=10.0)
    >>> water = Water.rest(surface, np.array([[1.0, 0.0, 0.0, 0.0]]))
    >>> after, peak = advance_inertia(water, surface, time_step_s=1.0, n_steps=50)
    >>> float(peak[0]), float(after.depth.sum().round(12)), bool(after.depth[0, 1, 4] > 0.1)
    (1.0, 1.0, True)
    """
    if water.flow_x.shape[2] != water.depth.shape[2] + 1:
        raise ValueError("flow_x must hold flows over faces for local inertia: make the water with Water.rest(surface)")
    if not 0.0 < theta <= 1.0:
        raise ValueError(f"theta must be in (0, 1], got {theta}")

    def list_scalars(step: float) -> tuple[float, ...]:
        """In the order of ``sweeps.OWN``."""
        cell, drive = surface.cell_m, GRAVITY_M_S2 * step / surface.cell_m
        return (
            step, step / cell, drive, 0.5 * cell, QUARTER * cell / step if step else 0.0, 2.0, 0.5 * (1.0 - theta),
            DRY_M, 0.25, INERTIAL_FROUDE**-2 * step / cell, threshold_m, 0.0, 0.5, 1.0, MOST_DIVISOR * drive,
            FROUDE * GRAVITY_M_S2**0.5,
        )  # fmt: skip

    scheme = Scheme(
        INERTIA, Tiling(surface.shape, REACH, STRIP, COLUMNS), list_scalars, lambda depth: (bits_of(depth),),
        is_flat=True,
    )  # fmt: skip
    return advance_scheme(
        water, surface, forcing, scheme, time_step_s=time_step_s, n_steps=n_steps, clock_s=clock_s,
        threshold_m=threshold_m, after_step=after_step, engine=engine, threads=threads,
    )  # fmt: skip


def signal_speed(depth_m: Any) -> Any:
    """How fast a small wave runs on still water [m s-1]."""
    return np.sqrt(GRAVITY_M_S2 * np.asarray(depth_m, dtype=np.float64))


def measure_depths(water: Water) -> npt.NDArray[np.float64]:
    """The greatest depth of each member [m]."""
    if not is_numbas(water.depth):
        return np.asarray(fetch(water.depth.max(axis=(1, 2))), dtype=np.float64)
    bits = bits_of(water.depth)
    peak = place_beside(water.depth, np.zeros((water.n_members, PEAKS), bits.dtype))
    HIGHEST("cuda", bits, peak)
    return np.asarray(fetch(peak).max(axis=1).view(water.depth.dtype), dtype=np.float64)
