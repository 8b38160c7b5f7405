"""Fields carried along and from grid to grid, what soils take, traffic on links: one pass through memory each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....kernels.device_arrays import place
from ....kernels.engines import is_installed
from ....kernels.hydro.infiltration import compute_infiltration
from ....kernels.hydro.rain.advection import extrapolate_rain
from ....kernels.space.grid import Grid
from ....kernels.space.regridding import RegridWeights
from ....kernels.traffic.godunov import advance_density
from ..card import is_simulated
from .case import Case, Size, Work

__all__ = ["FIELDS", "make_shower", "make_soil"]

SIZES = (100, 1000, 8000)  # the two fields of 4000 rows would lie half in the caches of 50 MB that devices have

ROAD: dict[str, Any] = {
    "time_step_s": 1.0, "cell_length_m": 50.0, "free_speed_m_s": 25.0, "jam_density_veh_m": 0.12
}  # fmt: skip
LOAM = {"conductivity_m_s": 1.8e-6, "suction_m": 0.167, "deficit": 0.34}


def make_shower(n: int, *, frames: int = 1) -> Any:
    """(frame, y, x) rain [mm h-1] of a few showers that drift by a cell a frame; hardly any falls at the edge.

    Examples
    --------
    >>> rain = make_shower(40)
    >>> rain.shape, bool(rain[0, 0].max() < 0.1 < 5.0 < rain.max())
    ((1, 40, 40), True)
    """
    y, x = np.mgrid[:n, :n] / n
    rain = []
    for frame in range(frames):
        along = x - frame / n
        rain.append(sum(
            peak * np.exp(-((along - at_x) ** 2 + (y - at_y) ** 2) / 0.006)
            for at_x, at_y, peak in ((0.3, 0.4, 12.0), (0.5, 0.6, 30.0), (0.65, 0.35, 8.0))
        ))  # fmt: skip
    return np.stack(rain)


def make_soil(n: int) -> dict[str, Any]:
    """What has sunk into (n, n) cells of loam [m], and its properties in each cell.

    Examples
    --------
    >>> {name: field.shape for name, field in make_soil(3).items()}
    {'sunk': (3, 3), 'conductivity_m_s': (3, 3), 'suction_m': (3, 3), 'deficit': (3, 3)}
    """
    sunk = np.random.default_rng(0).uniform(0.0, 0.1, (n, n))
    return {"sunk": sunk, **{name: np.full_like(sunk, number) for name, number in LOAM.items()}}


def _bring(array: Any) -> Any:
    """An array in the device's memory: CuPy's, whose values can be checked there, or else Numba's."""
    if is_simulated() or not is_installed("cupy"):
        return place(array)
    import cupy

    return cupy.asarray(array)


def _carry(size: Size) -> Work:
    rain = make_shower(size.n)[0].astype(size.dtype)
    y, x = np.mgrid[: size.n, : size.n] * (math.tau / size.n)
    motion = np.stack([1.3 + 0.5 * np.sin(y), 0.4 * np.cos(x)]).astype(size.dtype)
    rain_there, motion_there = _bring(rain), _bring(motion)
    return Work(
        go=lambda steps: {
            "rain": extrapolate_rain(rain_there, motion_there, n_steps=steps, outside=0.0, engine="cuda")
        },
        answer=lambda steps: {
            "rain": extrapolate_rain(rain, motion, n_steps=steps, outside=0.0, engine=size.host)
        },
        updates=size.n**2,
        n_bytes=4 * size.n**2 * np.dtype(size.dtype).itemsize,
    )  # fmt: skip


def _regrid(size: Size) -> Work:
    source = Grid(0.0, 0.0, 10.0, size.n, size.n)
    target = Grid(3.0, 3.0, 10.0, size.n - 1, size.n - 1)  # each cell covers parts of four
    field = np.random.default_rng(1).uniform(0.0, 10.0, source.shape).astype(size.dtype)
    weights, there = RegridWeights(source, target), place(field)

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            after = weights.apply(there)
        return {"field": after}

    updates = (size.n - 1) ** 2
    return Work(
        go=go,
        answer=lambda steps: {"field": weights.apply(field, engine=size.host)},
        updates=updates,
        n_bytes=(size.n**2 + updates) * np.dtype(size.dtype).itemsize,
    )


def _flow(size: Size) -> Work:
    density = np.random.default_rng(0).uniform(0.0, 0.12, (size.n, size.n + 2)).astype(size.dtype)
    there = place(density)

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            after = advance_density(there, **ROAD)
        return {"density": after}

    return Work(
        go=go,
        answer=lambda steps: {"density": advance_density(density, engine=size.host, **ROAD)},
        updates=size.n**2,
        n_bytes=2 * size.n**2 * np.dtype(size.dtype).itemsize,
    )


def _sink(size: Size) -> Work:
    soil = make_soil(size.n)
    there = {name: place(field) for name, field in soil.items()}

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            found = compute_infiltration(time_step_s=60.0, **there)
        return {"sinks": found}

    return Work(
        go=go,
        answer=lambda steps: {"sinks": compute_infiltration(time_step_s=60.0, engine=size.host, **soil)},
        updates=size.n**2,
        n_bytes=5 * size.n**2 * 8,
    )


FIELDS = (
    Case("hydro.extrapolate_rain", _carry, compared_steps=8),
    Case("space.regrid", _regrid, sizes=SIZES, bound={"f4": 1e-6, "f8": 1e-14}),
    Case("traffic.advance_density", _flow, sizes=SIZES, bound={"f4": 1e-5, "f8": 1e-14}),
    Case(
        "hydro.compute_infiltration", _sink, dtypes=("f8",), bound={"f8": 1e-11}, limit="a root of an equation a cell"
    ),
)
