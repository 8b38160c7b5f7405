# mypy: allow-untyped-defs, allow-untyped-calls
r"""Outflow speed of the cells of local inertia, and the time for which a limit holds it.

A flow over a face has two limits. In a step at most a quarter of the water of the cell that it leaves goes over it, so
that no depth becomes negative. And :math:`|q| \le F \sqrt{g}\, h_f^{3/2}` with :data:`FROUDE`, since the scheme lacks
the terms of faster flow. The first depends on the time step, which the deepest water anywhere sets; so
:func:`combine_speeds` makes steps so short that it holds back no flow that the second allows. The second depends on the
place alone; :func:`measure_outflows` adds up the time for which it holds.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ...device_arrays import fetch, place_beside
from ...engines import Sweeps, cuda, is_device_array, prange, routine
from ..surface_water.maps import LIMITED, MAPS
from ..surface_water.stepping import PEAKS
from ..surface_water.surface import GRAVITY_M_S2
from ..surface_water.water import Water
from .device import raise_peak

__all__ = ["DRY_M", "FROUDE", "OUTFLOWS", "QUARTER", "combine_speeds", "measure_outflows"]

FROUDE = 2.0  # of the fastest flow over a face
INERTIAL_FROUDE = 0.5  # above it a flow keeps only a share of its inertia; its waves run at twice its speed
QUARTER = 0.25 * (1.0 - 1e-3)  # of a cell's water may leave over each face; rounding must not make it more
DRY_M = 1e-3  # water stands still below this
NEAR = 0.97  # of the limit: the depth has changed since the flow was limited
ROOM = 1.05  # so that a flow which the quarter limits breaks the speed bound of its window
STRIPS = PEAKS
xp = np  # the array module of whole-array forms: an engine brings its own


@routine
def leaving(west, east, south, north, depth, dry, zero):
    """Speed at which most water leaves a cell over one face."""
    most = max(max(max(-west, east), max(-south, north)), zero)
    return most / depth if depth > dry else zero


def _cpu(depth, flow_x, flow_y, maps, peak, seconds, own):
    dry, swift, near, zero = own[0], own[1], own[2], own[3]
    n_members, n_y, n_x = depth.shape
    n_strips = peak.shape[1]
    for strip in prange(n_strips):
        highest = np.empty(n_x, depth.dtype)
        for member in range(n_members):
            highest[:] = zero
            for row in range(1 + strip, n_y - 1, n_strips):
                for x in range(1, n_x - 1):
                    h = depth[member, row, x]
                    speed = leaving(flow_x[member, row, x], flow_x[member, row, x + 1], flow_y[member, row, x],
                                    flow_y[member, row + 1, x], h, dry, zero)  # fmt: skip
                    limit = swift * np.sqrt(max(h, zero))
                    highest[x] = max(highest[x], min(speed, limit))
                    if maps.size and speed > near * limit:
                        maps[LIMITED, member, row, x] += seconds[member]
            peak[member, strip] = highest.max()


def _gpu(depth, flow_x, flow_y, maps, peak, seconds, own):
    x, y = cuda.grid(2)
    n_y, n_x = depth.shape[1], depth.shape[2]
    if 0 < y and y < n_y - 1 and 0 < x and x < n_x - 1:
        dry, swift, near, zero = own[0], own[1], own[2], own[3]
        for member in range(depth.shape[0]):
            h = depth[member, y, x]
            speed = leaving(flow_x[member, y, x], flow_x[member, y, x + 1], flow_y[member, y, x],
                            flow_y[member, y + 1, x], h, dry, zero)  # fmt: skip
            limit = swift * math.sqrt(max(h, zero))
            raise_peak(peak, member, y, min(speed, limit))
            if maps.shape[3] > 1 and speed > near * limit:
                maps[LIMITED, member, y, x] += seconds[member]


def _whole(depth, flow_x, flow_y, maps, peak, seconds, own):
    dry, swift, near, zero = own[0], own[1], own[2], own[3]
    inside = (slice(None), slice(1, -1), slice(1, -1))
    h = depth[inside]
    along = xp.maximum(-flow_x[:, 1:-1, 1:-2], flow_x[:, 1:-1, 2:-1])
    across = xp.maximum(-flow_y[:, 1:-2, 1:-1], flow_y[:, 2:-1, 1:-1])
    is_wet, most = h > dry, xp.maximum(xp.maximum(along, across), zero)
    speed = xp.where(is_wet, most, zero) / xp.where(is_wet, h, near)
    limit = swift * xp.sqrt(xp.maximum(h, zero))
    peak[...] = xp.minimum(speed, limit).max(axis=(1, 2))[:, None]
    if maps.shape[3] > 1:
        maps[LIMITED][inside] += xp.where(speed > near * limit, seconds[:, None, None], zero)


OUTFLOWS = Sweeps(cpu=_cpu, whole=_whole, gpu=_gpu)


def measure_outflows(
    water: Water, seconds: npt.ArrayLike | None = None, *, threads: int = 1
) -> npt.NDArray[np.float64]:
    """Measure the outflow speed of each member: the greatest flow over one face divided by the cell's depth.

    Parameters
    ----------
    water
        Water of local inertia, with flows over faces.
    seconds : (member,) array
        Time to add to the map ``limited``, in place, of cells whose outflow is at the limit [s].

    Returns
    -------
    (member,) array of float
        The greatest of the members' cells, at most the limit [m s-1].

    Examples
    --------
    >>> from ..surface_water.surface import Surface
    >>> water = Water.rest(Surface.enclose(np.zeros((1, 2)), 0.03, cell_m=10.0), 0.5)
    >>> water.flow_x[0, 1, 2] = 0.6
    >>> measure_outflows(water).round(9).tolist()
    [1.2]
    """
    depth = water.depth
    like = np.dtype(depth.dtype).type
    own = np.array([DRY_M, FROUDE * math.sqrt(GRAVITY_M_S2), NEAR, 0.0]).astype(like)
    maps = water.maps if seconds is not None and water.has_maps else np.zeros((len(MAPS), 0, 0, 0), like)
    passed = np.broadcast_to(np.asarray(0.0 if seconds is None else seconds), (water.n_members,)).astype(like)
    peak = np.zeros((water.n_members, STRIPS), like)
    if is_device_array(depth):
        maps = maps if maps.shape[3] > 1 else place_beside(depth, np.zeros((len(MAPS), 1, 1, 1), like))
        peak = place_beside(depth, peak)
        given = (place_beside(depth, passed), place_beside(depth, own))
        OUTFLOWS(OUTFLOWS.choose(depth), depth, water.flow_x, water.flow_y, maps, peak, *given)
        peak = fetch(peak)
    else:
        OUTFLOWS("numba", depth, water.flow_x, water.flow_y, maps, peak, passed, own, threads=threads)
    return np.asarray(peak.max(axis=1), dtype=np.float64)


def combine_speeds(
    deepest_m: npt.ArrayLike, outflow_m_s: npt.ArrayLike, *, courant: float, time_step_s: npt.ArrayLike = 0.0,
    cell_length_m: float = 1.0,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Combine the speeds of small waves and of outflow into the one that limits the time step.

    Parameters
    ----------
    deepest_m, outflow_m_s : (member,) array
        Greatest depth [m], and how fast water leaves a cell [m s-1].
    courant
        Share of a cell that the combined speed may cross in a step.
    time_step_s, cell_length_m
        The step in which the outflow was measured [s], and the side of a cell [m]. If the quarter of a cell's water
        limited the outflow in this step, its real speed is unknown: it is taken as twice the measured one.

    Returns
    -------
    (member,) array of float
        [m s-1]

    Examples
    --------
    At 1 m/s, less than a quarter of a cell's water leaves it in a step:

    >>> combine_speeds([0.1], [1.0], courant=0.5).round(9).tolist()
    [2.1]
    """
    depth, outflow = np.asarray(deepest_m, np.float64), np.asarray(outflow_m_s, np.float64)
    share = outflow * np.asarray(time_step_s, np.float64) / cell_length_m
    factor = np.where(share > 0.99 * QUARTER, 2.0, 1.0)
    speed = max(ROOM / 0.25 * courant, 1.0 / INERTIAL_FROUDE) * outflow
    return np.asarray(np.maximum(np.sqrt(GRAVITY_M_S2 * depth), factor * speed))
