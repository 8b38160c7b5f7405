r"""How much of the water on the ground the soil takes.

Green and Ampt: a wet front sinks under suction, and the depth :math:`F` that has sunk under standing water is

.. math:: F - F_0 - \psi \Delta\theta \ln\frac{F + \psi \Delta\theta}{F_0 + \psi \Delta\theta} = K \, \Delta t

which is solved over the whole step: none is too long for it. The curve number method tells a whole storm's runoff,

.. math:: Q = \frac{(P - I_a)^2}{P - I_a + S}, \qquad S = \frac{25400}{CN} - 254 \text{ mm}.
"""

from __future__ import annotations

from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from ..device_arrays import array_module, as_alike, fetch, is_numbas, place_beside, refuse_mixed
from ..engines import Array, Contract, Engine, EngineError, empty_for, is_device_array, kernel
from .green_ampt import INFILTRATION, READ

__all__ = ["compute_infiltration", "compute_runoff"]

LEAST_POSITIVE = 5e-324  # of float64


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
    array of float64
        Depth [m] of this step; over the step's length it is the ``loss`` that
        :class:`~citytide.kernels.hydro.surface_water.water.Forcing` takes. All broadcast together. Of CuPy's arrays
        it is CuPy's, of Numba's in a GPU's memory, which may have up to three dims, Numba's; within 1e-12 of the
        host's, relative.

    Raises
    ------
    ValueError
        If an argument is negative or not finite, a deficit is above 1, or the step is 0.
    EngineError
        If some arrays are on a GPU and others on the host, or the engine cannot take them.

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
    if not 0.0 < time_step_s < np.inf:
        raise ValueError(f"time_step_s must be finite and above 0, got {time_step_s}")
    given = dict(zip(READ, (sunk, conductivity_m_s, suction_m, deficit), strict=True))
    if any(is_numbas(one) for one in given.values()):
        INFILTRATION.choose(next(filter(is_numbas, given.values())), engine)
        return _sink_on_device(given, time_step_s)
    arrays = dict(zip(READ, as_alike(np.float64, **given), strict=True))
    xp = array_module(arrays["sunk"])
    for name, values in arrays.items():
        wrong = ~(xp.isfinite(values) & (values >= 0.0) & (values <= (1.0 if name == "deficit" else np.inf)))
        if wrong.any():
            _refuse(name, float(values[wrong][0]))
    together = xp.broadcast_arrays(*arrays.values())
    shape = together[0].shape
    before, conductivity, suction, free = (one.ravel() for one in together)
    chosen = INFILTRATION.choose(before, engine)
    if chosen == "cuda":  # CuPy's arrays, of any number of dims
        return _sink_on_device(
            dict(zip(READ, (before, conductivity, suction, free), strict=True)), time_step_s
        ).reshape(shape)
    out = empty_for(before, before.shape)
    INFILTRATION(chosen, out, before, conductivity * time_step_s, suction * free, threads=threads)
    found: npt.NDArray[Any] = out.reshape(shape)
    return found


def _sink_on_device(given: dict[str, Any], time_step_s: float) -> npt.NDArray[Any]:
    """By a thread for each cell; what is wrong is noted on the device, so that no array is brought back."""
    refuse_mixed(**given)
    like = next(one for one in given.values() if is_device_array(one))
    shapes = [tuple(int(n) for n in np.shape(one)) for one in given.values()]
    shape = np.broadcast_shapes(*shapes)
    if len(shape) > 3:
        raise EngineError(f"Numba's arrays may have up to 3 dims here, got {len(shape)}: reshape them")
    fields = [
        (one if is_device_array(one) else place_beside(like, np.full((1, 1, 1), one, np.float64))).reshape(_as_3d(own))
        for one, own in zip(given.values(), shapes, strict=True)
    ]
    wrong = place_beside(like, np.zeros(len(READ)))
    out = empty_for(wrong, _as_3d(shape))
    INFILTRATION("cuda", out, wrong, *fields, float(time_step_s))
    for name, value in zip(READ, fetch(wrong).tolist(), strict=True):
        if value != 0.0:
            _refuse(name, value)
    found: npt.NDArray[Any] = out.reshape(shape)
    return found


def _as_3d(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*(1,) * (3 - len(shape)), *shape)


def _refuse(name: str, value: float) -> NoReturn:
    if name == "deficit" and value > 1.0 and value < np.inf:
        raise ValueError(f"deficit must be at most 1, got {value:g}")
    raise ValueError(f"{name} must be finite and >= 0, got {value:g}")


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
