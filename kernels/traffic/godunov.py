r"""Godunov step of the LWR traffic model (the cell transmission model).

.. math:: \partial_t \rho + \partial_x q(\rho) = 0

with one of two fundamental diagrams,

.. math::
   q(\rho) = v \rho (1 - \rho / \rho_{jam}) \quad\text{(parabolic)}, \qquad
   q(\rho) = \min\{v \rho,\; w (\rho_{jam} - \rho)\} \quad\text{(triangular)}.

What crosses a cell boundary is the lesser of what the cell behind can send and what the cell ahead can take.

References
----------
.. [1] Lighthill & Whitham (1955), doi:10.1098/rspa.1955.0089
.. [2] Greenshields (1935), Highway Research Board Proceedings 14, 448-477
.. [3] Daganzo (1994), doi:10.1016/0191-2615(94)90002-7
.. [4] Lebacque (1996), Proceedings of the 13th ISTTT, 647-677
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..engines import Array, Contract, Engine, Rule, Sweeps, cuda, empty_for, kernel, prange, routine, rule

__all__ = ["advance_density"]

THREADS = 256  # of a CUDA block
CELLS = 4  # of a thread, which finds its place once
TILE = CELLS * THREADS  # cells of a block
EDGES = TILE + 1  # boundaries of its cells
SHORT_ROW = 128  # cells; longer links have blocks of their own

# No rule holds a number of its own: to a compiler a literal is 64 bits wide, and float32 work would run in float64.


@rule
def parabolic_flow(density: float, speed: float, jam: float) -> Any:
    """Vehicles per second that a density carries."""
    return speed * density * (jam - density) / jam


@rule
def parabolic_crossing(behind: float, ahead: float, speed: float, wave: float, jam: float, critical: float) -> Any:
    """Vehicles per second that cross from one cell to the next (the backward wave follows from the jam density)."""
    return min(parabolic_flow(min(behind, critical), speed, jam), parabolic_flow(max(ahead, critical), speed, jam))


@rule
def triangular_crossing(behind: float, ahead: float, speed: float, wave: float, jam: float, critical: float) -> Any:
    """Vehicles per second that cross from one cell to the next."""
    return min(speed * min(behind, critical), wave * (jam - ahead))


crossing: Rule = parabolic_crossing  # the sweeps' open place: each of PARABOLIC and TRIANGULAR fills in its own


def _whole(out: Any, density: Any, ratio: float, *road: float) -> None:
    across = crossing(density[:, :-1], density[:, 1:], *road)
    out[...] = density[:, 1:-1] - ratio * (across[:, 1:] - across[:, :-1])


def _cpu(out: Any, density: Any, ratio: float, speed: float, wave: float, jam: float, critical: float) -> None:
    for link in prange(out.shape[0]):
        entering = crossing(density[link, 0], density[link, 1], speed, wave, jam, critical)
        for cell in range(out.shape[1]):
            leaving = crossing(density[link, cell + 1], density[link, cell + 2], speed, wave, jam, critical)
            out[link, cell] = density[link, cell + 1] - ratio * (leaving - entering)
            entering = leaving


@routine
def cross_behind(row: Any, cell: int, speed: float, wave: float, jam: float, critical: float) -> Any:
    """What enters a cell, from the row before the step, which begins with a ghost cell."""
    # of an index with a sign Numba would ask whether it counts from the end
    return crossing(row[np.uint64(cell)], row[np.uint64(cell + 1)], speed, wave, jam, critical)


def _gpu(out: Any, density: Any, ratio: float, speed: float, wave: float, jam: float, critical: float) -> None:
    """A block takes TILE cells of a long link, and computes once what crosses between them; or short links whole."""
    block, at = cuda.grid(2)
    lane = cuda.threadIdx.y
    n_links, n_cells = out.shape
    if n_cells > SHORT_ROW:
        across = cuda.shared.array(EDGES, density.dtype)
        begin = CELLS * (at - lane)
        row, after = density[np.uint64(block)], out[np.uint64(block)]
        for part in range(CELLS):
            place = lane + part * THREADS
            if begin + place <= n_cells:
                across[np.uint64(place)] = cross_behind(row, begin + place, speed, wave, jam, critical)
        if lane == 0 and begin + TILE <= n_cells:
            across[TILE] = cross_behind(row, begin + TILE, speed, wave, jam, critical)
        cuda.syncthreads()
        for part in range(CELLS):
            place = lane + part * THREADS
            if begin + place < n_cells:
                change = across[np.uint64(place + 1)] - across[np.uint64(place)]
                after[np.uint64(begin + place)] = row[np.uint64(begin + place + 1)] - ratio * change
    else:
        together = THREADS // n_cells
        first, cell = block * CELLS * together + lane // n_cells, lane % n_cells
        for part in range(CELLS):
            link = first + part * together
            if lane < together * n_cells and link < n_links:
                row = density[np.uint64(link)]
                entering = cross_behind(row, cell, speed, wave, jam, critical)
                leaving = cross_behind(row, cell + 1, speed, wave, jam, critical)
                out[np.uint64(link), np.uint64(cell)] = row[np.uint64(cell + 1)] - ratio * (leaving - entering)


def _launch(shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Blocks and threads for the cells of links; links of few cells share a block."""
    n_links, n_cells = shape
    if n_cells > SHORT_ROW:
        return (n_links, -(-n_cells // TILE)), (1, THREADS)
    return (-(-n_links // (CELLS * (THREADS // n_cells))), 1), (1, THREADS)


PARABOLIC = Sweeps(whole=_whole, cpu=_cpu, gpu=_gpu, launch=_launch, crossing=parabolic_crossing)
TRIANGULAR = Sweeps(whole=_whole, cpu=_cpu, gpu=_gpu, launch=_launch, crossing=triangular_crossing)


@kernel(
    Contract(
        takes={"density": Array(("link", "cell"), "veh m-1")},
        gives={"density": Array(("link", "cell"), "veh m-1", dtype="density")},
        engines=PARABOLIC.engines,
        blocks=("link", "cell"),
        halo={"cell": 1},
    )
)
def advance_density(
    density: Any,
    *,
    time_step_s: float,
    cell_length_m: float,
    free_speed_m_s: float,
    jam_density_veh_m: float,
    wave_speed_m_s: float | None = None,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Any:
    """Advance the vehicle density of many links by one time step.

    Parameters
    ----------
    density : (link, cell + 2) array of float
        Density [veh m-1] between 0 and the jam density, one ghost cell at each end.
    time_step_s, cell_length_m
        Step [s] and cell length [m]; no wave may cross more than one cell in a step.
    free_speed_m_s, jam_density_veh_m
        Free-flow speed [m s-1] and jam density [veh m-1].
    wave_speed_m_s
        Speed [m s-1] at which a queue grows backwards, for the triangular diagram; None takes the parabolic one.
    engine
        ``"auto"`` follows the array: host memory to Numba, device memory to CUDA.
    threads
        More than one only for a single call that has its cores to itself (engine ``numba``); the answer is the same.

    Returns
    -------
    (link, cell) array of float
        Density [veh m-1] without the ghost cells, of the input's kind and dtype.

    Raises
    ------
    ValueError
        If the step is unstable, a speed or density is not positive, or ``density`` is not (link, cell + 2) of floats.
    EngineError
        If the engine cannot take the array.

    References
    ----------
    .. [1] Lighthill & Whitham (1955), doi:10.1098/rspa.1955.0089
    .. [2] Daganzo (1994), doi:10.1016/0191-2615(94)90002-7

    Examples
    --------
    >>> ring = np.array([[0.06, 0.02, 0.04, 0.06, 0.02]])       # two ghosts, three cells
    >>> after = advance_density(ring, time_step_s=1.0, cell_length_m=50.0, free_speed_m_s=25.0, jam_density_veh_m=0.12)
    >>> float(after.sum().round(12)) == float(ring[:, 1:-1].sum().round(12))     # no vehicle is lost
    True
    """
    if density.ndim != 2 or density.shape[1] < 3 or density.dtype.kind != "f":
        raise ValueError(
            "density must be (link, cell + 2) floats with at least one cell, "
            f"got {density.dtype} of shape {tuple(density.shape)}"
        )
    backward = free_speed_m_s if wave_speed_m_s is None else wave_speed_m_s
    for name, value in (
        ("free_speed_m_s", free_speed_m_s),
        ("jam_density_veh_m", jam_density_veh_m),
        ("wave_speed_m_s", backward),
        ("cell_length_m", cell_length_m),
    ):
        if not 0.0 < value < float("inf"):
            raise ValueError(f"{name} must be positive and finite, got {value}")
    fastest = max(free_speed_m_s, backward)
    courant = fastest * time_step_s / cell_length_m
    if not 0.0 < courant <= 1.0:
        raise ValueError(
            f"time_step_s must be positive and at most {cell_length_m / fastest:.3g}, the time in which the fastest "
            f"wave crosses a cell, got {time_step_s}"
        )
    if wave_speed_m_s is None:
        sweeps, critical = PARABOLIC, 0.5 * jam_density_veh_m
    else:
        sweeps, critical = TRIANGULAR, jam_density_veh_m * backward / (free_speed_m_s + backward)
    chosen = sweeps.choose(density, engine)
    out = empty_for(density, (density.shape[0], density.shape[1] - 2))
    scalars = (time_step_s / cell_length_m, free_speed_m_s, backward, jam_density_veh_m, critical)
    return sweeps(chosen, out, density, *map(np.dtype(density.dtype).type, scalars), threads=threads)
