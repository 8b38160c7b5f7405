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
from dataclasses import dataclass
from operator import index
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...engines import Array, Contract, Engine, kernel
from .advection import extrapolate_rain
from .scales import correlate_levels, fit_memory, make_windows
from .trajectories import TRACE, Trajectories

__all__ = ["nowcast_ensemble"]

Floats = npt.NDArray[Any]
WET_MM_H = 0.1
DRY_DB = -15.0
FRAMES = 3
MOST_MEMBERS, MOST_LEVELS = 2**32, 20
MOTION_ERRORS = ((10.88, 0.23, -7.68), (5.76, 0.31, -2.72))  # km/h: a t^b + c, t in minutes; along and across
RIM_KM, RIM_KM_MIN = 10.0, 1.0  # how far from the rain seen new rain may fall: at once, and more each minute
PURPOSE_NOISE, PURPOSE_MOTION = 0, 1


@dataclass(frozen=True)
class _Start:
    """What all members share."""

    spectrum: Floats  # (2, y, k) transforms of the last frame but one and of the last, in decibels less their mean
    windows: Floats  # (level, y, k)
    filter: Floats  # (y, k) turns white noise into noise of the last frame's look
    phi: tuple[Floats, Floats, Floats]
    ratio: Floats  # (level,) deviation of a level of the field over that of a level of the noise
    level: float  # mean of the last frame [dB]
    wet: Floats  # rates of the wet cells, ascending [mm h-1]
    distance: Floats  # (y, x) cells to the nearest wet one


@kernel(
    Contract(
        takes={"rain": Array(("frame", "y", "x"), "mm h-1"), "motion": Array(("component", "y", "x"), "1")},
        gives={"rain": Array(("member", "step", "y", "x"), "mm h-1", dtype="float32")},
        engines=TRACE.engines,
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
        dry, in those before as what was seen later.
    motion : (2, y, x) array of float
        Cells a step, along x first; finite, as :func:`~citytide.kernels.hydro.rain.motion.estimate_motion` gives it.
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
        ``"numba"``, or ``"python"`` for small fields.
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
    rain, motion = np.asarray(rain), np.asarray(motion)
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
    if np.isinf(rain[-FRAMES:]).any():
        raise ValueError("rain must be finite, or NaN where it is not known; got an infinite rate")
    for back in range(FRAMES):
        if np.isnan(rain[-1 - back]).all():
            raise ValueError(f"frame {len(rain) - 1 - back} of rain is not known anywhere: fill it, or omit it")
    motion = np.ascontiguousarray(motion, dtype=np.float32)
    shape = rain.shape[1:]
    out = np.empty((len(members), n_steps, *shape), dtype=np.float32)
    unknown = np.isnan(rain[-1])
    if not (rain[-1] >= WET_MM_H).any():
        ahead = extrapolate_rain(rain[-1].astype(np.float32), motion, n_steps=n_steps, engine=engine, threads=threads)
        out[:] = ahead  # nothing falls that noise could be made after
        return out
    start = _prepare(rain[-FRAMES:].astype(np.float32), motion, n_levels, engine, threads)
    cells = _Cells(cell_length_m, time_step_s)
    ways = Trajectories(motion, engine=engine, threads=threads)
    states = [_Member(start, seed, member, cells, shape) for member in members]
    hidden = unknown.astype(np.float32) if unknown.any() else None
    for step in range(n_steps):
        ways.step()
        for place, state in enumerate(states):
            field = state.go_on(start, step)
            ahead, aside = state.stray(step)
            out[place, step] = ways.look_up(field, ahead=ahead, aside=aside)
            if hidden is not None:
                veiled = ways.look_up(hidden, ahead=ahead, aside=aside) > 0.0
                out[place, step][veiled] = np.nan
    return out


@dataclass(frozen=True)
class _Cells:
    cell_length_m: float
    time_step_s: float

    def reach(self, step: int) -> float:
        """Cells from the rain seen within which it may rain after a step."""
        return (RIM_KM + RIM_KM_MIN * (step + 1) * self.time_step_s / 60.0) * 1000.0 / self.cell_length_m

    def stray(self, step: int) -> list[float]:
        """Cells that a trajectory is off after a step, along and across, for an error of one."""
        minutes = (np.arange(step + 1) + 1.0) * self.time_step_s / 60.0
        per_km_h = self.time_step_s / 3600.0 * 1000.0 / self.cell_length_m
        return [float(np.maximum(a * minutes**b + c, 0.0).sum()) * per_km_h for a, b, c in MOTION_ERRORS]


def _prepare(rain: Floats, motion: Floats, n_levels: int, engine: Any, threads: int) -> _Start:
    from scipy import fft, ndimage

    level = [_to_decibels(rain[-1])]
    for back in (1, 2):  # where the earlier frames would be now
        carried = extrapolate_rain(rain[-1 - back], motion, n_steps=back, outside=0.0, engine=engine, threads=threads)[
            -1
        ]
        level.append(np.where(np.isnan(carried), level[0], _to_decibels(carried)))
    mean = float(level[0].mean(dtype=np.float64))
    spectrum = np.stack([fft.rfft2(frame - np.float32(mean)) for frame in level])
    n_x = rain.shape[2]
    windows = make_windows(rain.shape[1:], n_levels)
    lag1, deviation = correlate_levels(spectrum[0], spectrum[1], windows, n_x)
    lag2, _ = correlate_levels(spectrum[0], spectrum[2], windows, n_x)
    look = np.abs(spectrum[0])
    look[0, 0] = 0.0
    # white noise of unit variance has |transform|^2 = cells in the mean: what a level of the noise then varies by
    cells = float(rain.shape[1] * n_x)
    _, varied = correlate_levels(look * np.sqrt(cells), look, windows, n_x)
    ratio = np.divide(deviation, varied, out=np.zeros_like(deviation), where=varied > 0.0)
    is_wet = rain[-1] >= WET_MM_H
    return _Start(
        spectrum[1::-1].astype(np.complex64), windows.astype(np.float32), look.astype(np.float32),
        fit_memory(lag1, lag2), ratio, mean, np.sort(rain[-1][is_wet]),
        ndimage.distance_transform_edt(~is_wet).astype(np.float32),
    )  # fmt: skip


def _to_decibels(rain: Floats) -> Floats:
    known = np.nan_to_num(rain)
    return np.where(known >= WET_MM_H, 10.0 * np.log10(np.maximum(known, WET_MM_H)), DRY_DB).astype(np.float32)


class _Member:
    """One member on its way: the last two states of its cascade, and what its motion errs by."""

    def __init__(self, start: _Start, seed: int, member: int, cells: _Cells, shape: tuple[int, ...]) -> None:
        self.before, self.now = (start.windows * spectrum for spectrum in start.spectrum)
        self.seed, self.member, self.cells, self.shape = seed, member, cells, shape
        draws = self._random(PURPOSE_MOTION, 0).laplace(scale=np.sqrt(0.5), size=2)  # of unit variance
        self.along, self.across = draws.tolist()

    def _random(self, purpose: int, step: int) -> np.random.Generator:
        key = np.array([self.seed, (self.member << 24) | (purpose << 20) | step], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def stray(self, step: int) -> tuple[float, float]:
        along, across = self.cells.stray(step)
        return self.along * along, self.across * across

    def go_on(self, start: _Start, step: int) -> Floats:
        """One step of the cascade: rain where it would fall if it had not moved [mm h-1]."""
        from scipy import fft

        white = self._random(PURPOSE_NOISE, step).standard_normal(self.shape, dtype=np.float32)
        noise = fft.rfft2(white) * start.filter
        whole = np.zeros_like(noise)
        for level, (phi1, phi2, phi0, ratio) in enumerate(zip(*start.phi, start.ratio, strict=True)):
            fresh = self.before[level]  # its place is taken by the new state
            fresh *= np.float32(phi2)
            fresh += np.float32(phi1) * self.now[level]
            fresh += np.float32(phi0 * ratio) * (start.windows[level] * noise)
            whole += fresh
        self.before, self.now = self.now, self.before
        field = fft.irfft2(whole, s=self.shape)
        return self._match(start, field, step)

    def _match(self, start: _Start, field: Floats, step: int) -> Floats:
        """The rates of the last frame, in the order of the field; far from the rain seen it stays dry."""
        reach = self.cells.reach(step)
        fade = np.clip(1.0 - (start.distance - np.float32(0.5 * reach)) / np.float32(0.5 * reach), 0.0, 1.0)
        low = field.min()
        field = (low + (field - low) * fade).ravel()
        n_wet = start.wet.size
        top = np.argpartition(field, field.size - n_wet)[field.size - n_wet :] if n_wet < field.size else None
        chosen = np.arange(field.size) if top is None else np.sort(top)
        order = np.argsort(field[chosen], kind="stable")
        out = np.zeros(field.size, dtype=np.float32)
        out[chosen[order]] = start.wet
        return out.reshape(self.shape)
