r"""Rain in the next hours, many times over: an ensemble in the manner of STEPS.

What is seen is carried along its motion; what small scales forget is replaced by noise with the look of the rain seen.
In decibels, where rain multiplies, each member is

1. the cascade of the last frames, each level going on by its own autoregression (:mod:`.scales`), fed by noise with the
   spectrum of the last frame;
2. kept near the rain that there is: farther away the later it is;
3. given as many wet cells as there were, and their very rates in the order of the field (probability matching);
4. carried along the motion, which itself errs more with time, by a number for each member along it and one across.

References
----------
.. [1] Bowler, Pierce & Seed (2006), doi:10.1256/qj.04.100 (the errors of motion: their equations 13 and 14)
.. [2] Seed (2003), doi:10.1175/1520-0450(2003)042<0381:ADASSA>2.0.CO;2
.. [3] Pulkkinen et al. (2019), doi:10.5194/gmd-12-4185-2019
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, Literal

import numpy as np

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, Engine, choose_engine, empty_for, kernel
from .advection import extrapolate_rain
from .members import WET_MM_H, Cells, Member, prepare_members
from .trajectories import Trajectories

__all__ = ["nowcast_ensemble"]

ENGINES: tuple[Engine, ...] = ("numba", "numpy", "python", "cupy")  # what trajectories run on, and CuPy's transforms
FRAMES = 3
MOST_MEMBERS, MOST_LEVELS = 2**32, 20


@kernel(
    Contract(
        takes={"rain": Array(("frame", "y", "x"), "mm h-1"), "motion": Array(("component", "y", "x"), "1")},
        gives={"rain": Array(("member", "step", "y", "x"), "mm h-1", dtype="float32")},
        bounds={"cupy": 1e-4},  # in the mean, as its notes tell
        engines=ENGINES,
    )
)
def nowcast_ensemble(
    rain: Any,
    motion: Any,
    *,
    n_steps: int,
    members: Sequence[int],
    seed: int,
    cell_length_m: float = 1000.0,
    time_step_s: float = 300.0,
    n_levels: int = 6,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Any:
    """Forecast members of an ensemble of rain fields.

    Parameters
    ----------
    rain : (frame, y, x) array of float
        The last three frames or more, one step apart [mm h-1]; NaN where it is not known. In the last that counts as
        dry, in those before as what was seen later. Of NumPy or CuPy, as the answer.
    motion : (2, y, x) array of float
        Cells a step, along x first; finite, as :func:`~citytide.kernels.hydro.rain.motion.estimate_motion` gives it;
        of the same kind as the rain.
    n_steps
        Steps to look ahead.
    members
        Numbers of the members, 0 or more; a member does not depend on which others are computed with it.
    seed
        Seed of the ensemble, 0 or more.
    cell_length_m
        Side of a cell [m].
    time_step_s
        Time between two frames [s]. The errors of motion and the reach of new rain depend on both.
    n_levels
        Levels of the cascade.
    engine
        ``"auto"`` follows the array: host memory to ``"numba"``, CuPy's to ``"cupy"``. ``"numpy"`` traces in whole
        arrays, ``"python"`` is for small fields; both give what Numba gives.
    threads
        More than one only for a single call that has its cores to itself; the answer is the same.

    Returns
    -------
    (member, step, y, x) array of float32
        [mm h-1]; NaN where rain would come from beyond the field or from where it is not known.

    Raises
    ------
    ValueError
        If there are less than three frames, one is not known anywhere, shapes do not fit, or a number is out of range.
    EngineError
        If one of rain and motion is CuPy's and the other is the host's, or the engine does not take them.

    Notes
    -----
    On a GPU the transforms, the cascade, the order of the field and the trajectories are CuPy's (trajectories Numba's,
    where it has a CUDA target); noise is drawn on the host and brought over, a field for each member and step, so that
    a member is the same everywhere. Its transforms round otherwise than the host's. Cells whose places in the order are
    decided by that exchange their rates: there are as many wet cells with the same rates, and the answers differ in the
    mean by less than 1e-4 of the mean rain, by more than 0.01 mm/h in less than 1 of 1000 cells.

    References
    ----------
    .. [1] Bowler, Pierce & Seed (2006), doi:10.1256/qj.04.100

    Examples
    --------
    >>> y, x = np.mgrid[:40, :60]
    >>> frames = np.stack([20.0 * np.exp(-((x - 20 - at) ** 2 + (y - 20) ** 2) / 40.0) for at in range(3)])
    >>> motion = np.stack([np.ones((40, 60)), np.zeros((40, 60))])
    >>> members = nowcast_ensemble(frames, motion, n_steps=2, members=[0, 1], seed=7)
    >>> alone = nowcast_ensemble(frames, motion, n_steps=2, members=[1], seed=7)
    >>> members.shape, bool(np.array_equal(members[1], alone[0], equal_nan=True))
    ((2, 2, 40, 60), True)
    """
    rain, motion = as_alike(rain=rain, motion=motion)
    xp = array_module(rain)
    choose_engine(ENGINES, engine, rain)
    if rain.ndim != 3 or len(rain) < FRAMES or rain.dtype.kind != "f":
        raise ValueError(
            f"rain must be {FRAMES} or more frames (frame, y, x) of floats, got {rain.dtype} of {rain.shape}"
        )
    if motion.shape != (2, *rain.shape[1:]):
        raise ValueError(f"motion must be of shape {(2, *rain.shape[1:])}, got {motion.shape}")
    members, seed = [index(member) for member in members], index(seed)
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1, got {n_steps}")
    wrong = [member for member in members if not 0 <= member < MOST_MEMBERS]
    if wrong:
        raise ValueError(f"members must be 0 or more and below 2^32, got {wrong[0]}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be 0 or more and below 2^64, got {seed}")
    for name, value in (("cell_length_m", cell_length_m), ("time_step_s", time_step_s)):
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name} must be finite and above 0, got {value}")
    if not 1 <= n_levels <= MOST_LEVELS:
        raise ValueError(f"n_levels must be from 1 to {MOST_LEVELS}, got {n_levels}")
    if xp.isinf(rain[-FRAMES:]).any():
        raise ValueError("rain must be finite, or NaN where it is not known; got an infinite rate")
    for back in range(FRAMES):
        if xp.isnan(rain[-1 - back]).all():
            raise ValueError(f"frame {len(rain) - 1 - back} of rain is not known anywhere: fill it, or omit it")
    motion = xp.ascontiguousarray(motion, dtype=np.float32)
    shape = rain.shape[1:]
    out = empty_for(motion, (len(members), n_steps, *shape))
    unknown = xp.isnan(rain[-1])
    if not (rain[-1] >= WET_MM_H).any():
        ahead = extrapolate_rain(rain[-1].astype(np.float32), motion, n_steps=n_steps, engine=engine, threads=threads)
        out[:] = ahead  # nothing falls that noise could be made after
        return out
    start = prepare_members(rain[-FRAMES:].astype(np.float32), motion, n_levels, engine, threads)
    cells = Cells(cell_length_m, time_step_s)
    ways = Trajectories(motion, engine=engine, threads=threads)
    states = [Member(start, seed, member, cells, shape) for member in members]
    hidden = unknown.astype(np.float32) if unknown.any() else None
    for step in range(n_steps):
        ways.step()
        for place, state in enumerate(states):
            field = state.go_on(start, step)
            ahead, aside = state.stray(step)
            found = ways.look_up(field, ahead=ahead, aside=aside)
            if hidden is not None:
                found[ways.look_up(hidden, ahead=ahead, aside=aside) > 0.0] = np.nan
            out[place, step] = found
    return out
