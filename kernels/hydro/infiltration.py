r"""How much of the water on the ground the soil takes.

Green and Ampt: a wet front sinks under suction, and the depth :math:`F` that has sunk under standing water is

.. math:: F - F_0 - \psi \Delta\theta \ln\frac{F + \psi \Delta\theta}{F_0 + \psi \Delta\theta} = K \, \Delta t

which is solved over the whole step: none is too long for it. The curve number method tells a whole storm's runoff,

.. math:: Q = \frac{(P - I_a)^2}{P - I_a + S}, \qquad S = \frac{25400}{CN} - 254 \text{ mm}.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..device_arrays import array_module, as_alike
from ..engines import Array, Contract, Engine, Sweeps, kernel, prange

__all__ = ["compute_infiltration", "compute_runoff"]

MOST_TURNS = 60  # of Newton's method, which from its first turn on comes from above and doubles its digits
GOOD = 1e-14
LEAST_POSITIVE = 5e-324  # of float64


def _cpu(out: Any, before: Any, conducted: Any, pulled: Any) -> None:
    for at in prange(out.size):
        least, pull = conducted[at], pulled[at]
        grown = least
        if pull > 0.0 and least > 0.0:
            base = before[at] + pull
            bend = 2.0 * (pull / base) * (least / base)
            full = before[at] / base
            grown = 2.0 * least / (full + math.sqrt(full * full + bend))  # the root, were the logarithm a parabola
            for _ in range(MOST_TURNS):
                slope = 1.0 - pull / (base + grown)
                if slope <= 0.0:
                    break  # least is lost in the rounding of the soil's pull
                less = (grown - pull * math.log1p(grown / base) - least) / slope
                grown = max(grown - less, least)
                if abs(less) <= GOOD * (base + grown):
                    break
        out[at] = grown


def _whole(out: Any, before: Any, conducted: Any, pulled: Any) -> None:
    sinks = (pulled > 0.0) & (conducted > 0.0)
    pull, least = np.where(sinks, pulled, 0.0), np.where(sinks, conducted, 0.0)
    base = np.where(sinks, before + pull, 1.0)
    full, bend = np.where(sinks, before, 1.0) / base, 2.0 * (pull / base) * (least / base)
    grown = 2.0 * least / (full + np.sqrt(full * full + bend))
    for _ in range(MOST_TURNS):
        slope = 1.0 - pull / (base + grown)
        sinks = sinks & (slope > 0.0)
        less = (grown - pull * np.log1p(grown / base) - least) / np.where(sinks, slope, 1.0)
        grown = np.where(sinks, np.maximum(grown - less, least), grown)
        sinks = sinks & (abs(less) > GOOD * (base + grown))  # one that is done stays, whoever is not done beside it
        if not sinks.any():
            break
    out[...] = np.where(least > 0.0, grown, conducted)


INFILTRATION = Sweeps(cpu=_cpu, whole=_whole)


@kernel(
    Contract(
        takes={
            "sunk": Array(("...",), "m"),
            "conductivity_m_s": Array(("...",), "m s-1"),
            "suction_m": Array(("...",), "m"),
            "deficit": Array(("...",), "1"),
        },
        gives={"infiltration": Array(("...",), "m", long_name="most that sinks in the step")},
        engines=INFILTRATION.engines,
        blocks=("...",),
    )
)
def compute_infiltration(
    sunk: npt.ArrayLike,
    *,
    conductivity_m_s: npt.ArrayLike,
    suction_m: npt.ArrayLike,
    deficit: npt.ArrayLike,
    time_step_s: float,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> npt.NDArray[Any]:
    """Compute the infiltration capacity of a step under ponded water, by Green and Ampt.

    Parameters
    ----------
    sunk : array of float
        Depth that has infiltrated so far [m].
    conductivity_m_s
        Hydraulic conductivity of the saturated soil [m s-1].
    suction_m
        Suction head at the wetting front [m].
    deficit
        Share of the soil that water can still fill, from 0 (wet) to 1.
    time_step_s
        Length of the step [s].
    engine, threads
        As in every kernel; the answer is the same for any number of threads.

    Returns
    -------
    array of float
        Depth [m] of this step; over the step's length it is the ``loss`` that
        :class:`~citytide.kernels.hydro.surface_water.water.Forcing` takes. All broadcast together.

    Raises
    ------
    ValueError
        If an argument is negative or not finite, or the step is 0.

    References
    ----------
    .. [1] Green & Ampt (1911), doi:10.1017/S0021859600001441
    .. [2] Chow, Maidment & Mays (1988), Applied Hydrology, section 4.3

    Examples
    --------
    Silt loam that is wet to 30 %, ponded for an hour (Chow et al., example 4.3.1):

    >>> soil = {"conductivity_m_s": 0.0065 / 3600, "suction_m": 0.167, "deficit": 0.34}
    >>> sunk = compute_infiltration(0.0, time_step_s=3600.0, **soil)
    >>> round(float(sunk), 4)
    0.0317
    """
    given = {"sunk": sunk, "conductivity_m_s": conductivity_m_s, "suction_m": suction_m, "deficit": deficit}
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in given.items()}
    for name, values in arrays.items():
        wrong = ~(np.isfinite(values) & (values >= 0.0))
        if wrong.any():
            raise ValueError(f"{name} must be finite and >= 0, got {values[wrong][0]:g}")
    if (arrays["deficit"] > 1.0).any():
        raise ValueError(f"deficit must be at most 1, got {arrays['deficit'].max():g}")
    if not 0.0 < time_step_s < np.inf:
        raise ValueError(f"time_step_s must be finite and above 0, got {time_step_s}")
    before, conductivity, suction, free = np.broadcast_arrays(*arrays.values())
    out = np.empty(before.size)
    lines = (before.ravel(), (conductivity * time_step_s).ravel(), (suction * free).ravel())
    INFILTRATION(INFILTRATION.choose(out, engine), out, *lines, threads=threads)
    return out.reshape(before.shape)


@kernel(
    Contract(
        takes={"rain_mm": Array(("...",), "mm"), "curve_number": Array(("...",), "1")},
        gives={"runoff": Array(("...",), "mm", long_name="runoff of the storm")},
        engines=("numpy", "cupy"),
        blocks=("...",),
    )
)
def compute_runoff(
    rain_mm: npt.ArrayLike, curve_number: npt.ArrayLike, *, initial_share: float = 0.2
) -> npt.NDArray[Any]:
    """Compute the runoff of a storm by the curve number method.

    Parameters
    ----------
    rain_mm : array of float
        Rain of the whole storm [mm].
    curve_number : array of float
        Curve number in (0, 100]; with 100 nothing sinks.
    initial_share
        Share of the storage that is filled before runoff begins, in [0, 1).

    Returns
    -------
    array of float
        Runoff of the storm [mm]; of CuPy arrays a CuPy array.

    Raises
    ------
    ValueError
        If a rain is negative or not finite, or a curve number is outside (0, 100].
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] USDA NRCS (2004), National Engineering Handbook, part 630, chapter 10

    Examples
    --------
    Five inches on a curve number of 83.8 (Chow et al., 1988, example 5.5.1): 3.25 inches run off.

    >>> round(float(compute_runoff(127.0, 83.8)) / 25.4, 2)
    3.25
    """
    rain, number = as_alike(np.float64, rain_mm=rain_mm, curve_number=curve_number)
    xp = array_module(rain)
    for name, values, wrong in (
        ("rain_mm must be finite and >= 0", rain, ~(xp.isfinite(rain) & (rain >= 0.0))),
        ("curve_number must be in (0, 100]", number, ~((number > 0.0) & (number <= 100.0))),
    ):
        if wrong.any():
            raise ValueError(f"{name}, got {float(values.ravel()[wrong.ravel()][0]):g}")
    if not 0.0 <= initial_share < 1.0:
        raise ValueError(f"initial_share must be in [0, 1), got {initial_share}")
    storage = 25_400.0 / number - 254.0
    left = xp.fmax(rain - initial_share * storage, 0.0)  # of an endless storage too
    found: npt.NDArray[Any] = xp.asarray(left * left / xp.maximum(left + storage, LEAST_POSITIVE))  # 0 of 0 is 0
    return found
