"""Members of an ensemble of rain: what all of them start from, and one on its way.

See :mod:`.nowcast` for the method. Arrays are those of the module of the rain, NumPy's or CuPy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ...device_arrays import array_module, fetch
from .advection import extrapolate_rain
from .scales import correlate_levels, fit_memory, make_windows

__all__ = ["WET_MM_H", "Cells", "Member", "Start", "order_highest", "prepare_members"]

WET_MM_H = 0.1
DRY_DB = -15.0
MOTION_ERRORS = ((10.88, 0.23, -7.68), (5.76, 0.31, -2.72))  # km/h: a t^b + c, t in minutes; along and across
RIM_KM, RIM_KM_MIN = 10.0, 1.0  # how far from the rain seen new rain may fall: at once, and more each minute
PURPOSE_NOISE, PURPOSE_MOTION = 0, 1


@dataclass(frozen=True)
class Start:
    """What all members share."""

    spectrum: Any  # (2, y, k) transforms of the last frame but one and of the last, in decibels less their mean
    windows: Any  # (level, y, k)
    filter: Any  # (y, k) turns white noise into noise of the last frame's look
    phi: tuple[Any, Any, Any]
    ratio: Any  # (level,) deviation of a level of the field over that of a level of the noise
    wet: Any  # rates of the wet cells, ascending [mm h-1]
    distance: Any  # (y, x) cells to the nearest wet one


@dataclass(frozen=True)
class Cells:
    """Side of the cells [m] and time between two frames [s]: what turns km and minutes into cells and steps."""

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


def prepare_members(rain: Any, motion: Any, n_levels: int, engine: Any = "auto", threads: int = 1) -> Start:
    """What all members start from.

    Parameters
    ----------
    rain : (frame, y, x) array of float32
        The last three frames [mm h-1]; NaN where it is not known. Somewhere the last is wet.
    motion : (2, y, x) array of float32
        Cells a step, in the memory of the rain.
    n_levels
        Levels of the cascade.
    engine, threads
        As :func:`~citytide.kernels.hydro.rain.advection.extrapolate_rain` takes them.

    Returns
    -------
    Start
        Its fields are in the memory of the rain. Windows, distances and weights of the levels are made on the host:
        for them a mask and a number for each level are fetched from a GPU, once.
    """
    from scipy import ndimage

    xp = array_module(rain)
    level = [_to_decibels(rain[-1])]
    for back in (1, 2):  # where the earlier frames would be now
        carried = extrapolate_rain(rain[-1 - back], motion, n_steps=back, outside=0.0, engine=engine, threads=threads)[
            -1
        ]
        level.append(xp.where(xp.isnan(carried), level[0], _to_decibels(carried)))
    mean = float(level[0].mean(dtype=np.float64))
    spectrum = xp.stack([_transforms(xp).rfft2(frame - np.float32(mean)) for frame in level])
    n_x = rain.shape[2]
    windows = xp.asarray(make_windows(rain.shape[1:], n_levels))
    lag1, deviation = map(fetch, correlate_levels(spectrum[0], spectrum[1], windows, n_x))
    lag2, _ = map(fetch, correlate_levels(spectrum[0], spectrum[2], windows, n_x))
    look = xp.abs(spectrum[0])
    look[0, 0] = 0.0
    # white noise of unit variance has |transform|^2 = cells in the mean: what a level of the noise then varies by
    cells = float(rain.shape[1] * n_x)
    _, varied = map(fetch, correlate_levels(look * np.sqrt(cells), look, windows, n_x))
    ratio = np.divide(deviation, varied, out=np.zeros_like(deviation), where=varied > 0.0)
    is_wet = rain[-1] >= WET_MM_H
    distance = ndimage.distance_transform_edt(fetch(~is_wet)).astype(np.float32)
    return Start(
        spectrum[1::-1].astype(np.complex64), windows.astype(np.float32), look.astype(np.float32),
        fit_memory(lag1, lag2), ratio, xp.sort(rain[-1][is_wet]), xp.asarray(distance),
    )  # fmt: skip


def _to_decibels(rain: Any) -> Any:
    xp = array_module(rain)
    known = xp.nan_to_num(rain)
    return xp.where(known >= WET_MM_H, 10.0 * xp.log10(xp.maximum(known, WET_MM_H)), DRY_DB).astype(np.float32)


def _transforms(xp: ModuleType) -> Any:
    """SciPy's transforms for arrays of the host, CuPy's for its own."""
    from scipy import fft

    return fft if xp is np else xp.fft


class Member:
    """One member on its way: the last two states of its cascade, and what its motion errs by."""

    def __init__(self, start: Start, seed: int, member: int, cells: Cells, shape: tuple[int, ...]) -> None:
        self.before, self.now = (start.windows * spectrum for spectrum in start.spectrum)
        self.seed, self.member, self.cells, self.shape = seed, member, cells, shape
        draws = self._random(PURPOSE_MOTION, 0).laplace(scale=np.sqrt(0.5), size=2)  # of unit variance
        self.along, self.across = draws.tolist()

    def _random(self, purpose: int, step: int) -> np.random.Generator:
        key = np.array([self.seed, (self.member << 24) | (purpose << 20) | step], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def stray(self, step: int) -> tuple[float, float]:
        """Cells that its ways are longer by, and lead farther to their left, after a step."""
        along, across = self.cells.stray(step)
        return self.along * along, self.across * across

    def go_on(self, start: Start, step: int) -> Any:
        """One step of the cascade: rain where it would fall if it had not moved [mm h-1]."""
        xp = array_module(self.now)
        # drawn on the host for a GPU too: the same numbers, whatever it runs on
        white = xp.asarray(self._random(PURPOSE_NOISE, step).standard_normal(self.shape, dtype=np.float32))
        noise = _transforms(xp).rfft2(white) * start.filter
        whole = xp.zeros_like(noise)
        for level, (phi1, phi2, phi0, ratio) in enumerate(zip(*start.phi, start.ratio, strict=True)):
            fresh = self.before[level]  # its place is taken by the new state
            fresh *= np.float32(phi2)
            fresh += np.float32(phi1) * self.now[level]
            fresh += np.float32(phi0 * ratio) * (start.windows[level] * noise)
            whole += fresh
        self.before, self.now = self.now, self.before
        return self._match(start, _transforms(xp).irfft2(whole, s=self.shape), step)

    def _match(self, start: Start, field: Any, step: int) -> Any:
        """The rates of the last frame, in the order of the field; far from the rain seen it stays dry."""
        xp = array_module(field)
        reach = self.cells.reach(step)
        fade = xp.clip(1.0 - (start.distance - np.float32(0.5 * reach)) / np.float32(0.5 * reach), 0.0, 1.0)
        low = field.min()
        field = (low + (field - low) * fade).ravel()
        out = xp.zeros(field.size, dtype=np.float32)
        out[order_highest(field, start.wet.size)] = start.wet
        return out.reshape(self.shape)


def order_highest(field: Any, n: int) -> Any:
    """Indices of the ``n`` highest, one or more, ascending by value; equal ones by index."""
    xp = array_module(field)
    if xp is not np:  # which sorts whole arrays for a partition too; of equal ones at its edge the later are taken
        return xp.argsort(field, kind="stable")[field.size - n :]
    top = np.argpartition(field, field.size - n)[field.size - n :] if n < field.size else None
    chosen = np.arange(field.size) if top is None else np.sort(top)
    return chosen[np.argsort(field[chosen], kind="stable")]
