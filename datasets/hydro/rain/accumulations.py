"""Sums of rain over windows that slide with the clock, beside those of rain days, which do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .days import Days, find_rain_days
from .field import RainField

__all__ = ["WINDOWS_H", "RainSums", "accumulate_rain", "sum_windows"]

WINDOWS_H = (1.0, 3.0, 6.0, 24.0)  # that rainstorm signals in China are worded in, and engineers design for
_BLOCK_BYTES = 2 << 20  # of one block of rows through time: it stays in the cache

Floats = npt.NDArray[np.float64]


def sum_windows(end_s: npt.ArrayLike, amount: npt.ArrayLike, *, step_s: int, window_h: float) -> Floats:
    """Add up what fell in the hours before each reading.

    Sums of 1, 2, 4, ... intervals are built one from another, and the window is put together from them: nothing is
    subtracted, so no rain is left over after a storm, and a missing reading is missing from its own windows only.

    Parameters
    ----------
    end_s : (time,) array of int
        Ends of the intervals, ascending, whole steps apart [s since 1970-01-01 00:00 UTC]; some may be missing.
    amount : (time, ...) array
        Depth that fell in each [mm]; NaN where it is not known.
    step_s
        Length of an interval [s].
    window_h
        Length of the window, a whole number of intervals [h].

    Returns
    -------
    (time, ...) array of float64
        [mm], NaN where an interval of the window is missing or not known. Whole amounts are added exactly.

    Raises
    ------
    InputError
        If times do not ascend by whole steps, or the window is no whole number of them.

    Examples
    --------
    >>> sum_windows([1800, 3600, 5400, 7200], [1, 2, 4, 8], step_s=1800, window_h=1.0).tolist()
    [nan, 3.0, 6.0, 12.0]
    """
    ends, amounts = np.asarray(end_s, np.int64), np.asarray(amount, np.float64)
    n_steps = _count_steps(step_s, window_h)
    place, apart = np.divmod(ends - (ends[0] if ends.size else 0), step_s)
    if apart.any() or (np.diff(ends) <= 0).any():
        raise InputError(
            f"the readings must follow each other in whole steps of {step_s} s",
            way_out="sort them, and give the step of the series",
        )
    n_whole = int(place[-1]) + 1 if ends.size else 0
    if n_steps > n_whole:
        return np.full(amounts.shape, np.nan)
    doubled = np.full((n_whole, *amounts.shape[1:]), np.nan)  # sums of 1, 2, 4, ... intervals
    doubled[place] = amounts
    total, done = np.zeros_like(doubled), 0  # of the ``done`` intervals that end with each
    for power in range(n_steps.bit_length()):
        if power:
            _add_earlier(doubled, doubled, 1 << (power - 1))
        if n_steps >> power & 1:
            _add_earlier(total, doubled, done)
            done += 1 << power
    return total if n_whole == ends.size else total[place]


def _add_earlier(sums: Floats, earlier: Floats, steps: int) -> None:
    """Add what stood ``steps`` earlier; NaN where that is before the first."""
    sums[steps:] += earlier[: len(sums) - steps]
    sums[:steps] = np.nan


def _count_steps(step_s: int, window_h: float) -> int:
    steps = round(window_h * 3600.0 / step_s) if step_s > 0 and 0.0 < window_h < np.inf else 0
    if steps < 1 or abs(steps * step_s - window_h * 3600.0) > 1e-6:
        raise InputError(
            f"a window of {window_h:g} h must be a whole number of steps of {step_s} s",
            way_out="choose a multiple of the step",
        )
    return steps


@dataclass(frozen=True)
class RainSums:
    """Sums of frames of rain [mm].

    Attributes
    ----------
    window_h
        Lengths of the sliding windows [h].
    heaviest
        (window, y, x) the greatest sum of each window in the time of the frames; NaN where no window is known whole.
    ended
        (window, y, x) when that window ended, the first of equals [s since 1970-01-01 00:00 UTC]; 0 where none is.
    day
        (day,) the rain days, by the date each is called by.
    fallen
        (day, y, x) what fell in the frames that end in each; NaN where one is not known.
    seen_h
        (day,) hours of each that the frames cover: below 24 its sum is of a part.
    """

    window_h: tuple[float, ...]
    heaviest: npt.NDArray[np.float32]
    ended: npt.NDArray[np.int64]
    day: Days
    fallen: npt.NDArray[np.float32]
    seen_h: Floats


def accumulate_rain(
    rain: RainField,
    *,
    windows_h: Sequence[float] = WINDOWS_H,
    rain_day: str = "20-20",
    time_zone: str = "Asia/Shanghai",
) -> RainSums:
    """Add up frames of rain over sliding windows and over rain days.

    A storm across the hour that cuts two days is halved by both of their sums, and whole in a window of 24 hours.

    Parameters
    ----------
    rain
        Even in time, as :func:`citytide.datasets.hydro.rain_files.formats.open_rain` gives it.
    windows_h
        Whole numbers of frames [h].
    rain_day, time_zone
        See :func:`citytide.datasets.hydro.rain.days.find_rain_days`.

    Raises
    ------
    InputError
        If a window is no whole number of frames, or the day or the zone is unknown.

    References
    ----------
    .. [1] China Meteorological Administration (2007), order 16: rainstorm signals by what falls within 3, 6 or 12 hours

    Examples
    --------
    >>> from citytide.kernels.space.grid import Grid
    >>> ends = np.arange(1, 6) * 3600 + 1_694_080_800  # 19:00 to 23:00 in Shenzhen
    >>> rate = np.array([0, 30, 40, 10, 0], dtype=np.float32).reshape(5, 1, 1)
    >>> sums = accumulate_rain(RainField("local", Grid(0, 0, 1000, 1, 1), ends, 3600, rate), windows_h=(1, 3))
    >>> sums.heaviest.ravel().tolist(), sums.day.astype(str).tolist(), sums.fallen.ravel().tolist()
    ([40.0, 80.0], ['2023-09-07', '2023-09-08'], [30.0, 50.0])
    """
    lengths = tuple(float(window) for window in windows_h)
    for window in lengths:
        _count_steps(rain.step_s, window)
    n_y, n_x = rain.grid.shape
    heaviest = np.full((len(lengths), n_y, n_x), np.nan, np.float32)
    ended = np.zeros((len(lengths), n_y, n_x), np.int64)
    day, place = np.unique(find_rain_days(rain.time, rain_day, time_zone), return_inverse=True)
    fallen = np.zeros((len(day), n_y, n_x), np.float32)
    hours = rain.step_s / 3600.0
    n_rows = max(1, _BLOCK_BYTES // (8 * max(1, len(rain.time)) * n_x))
    for first in range(0, n_y, n_rows):
        rows = slice(first, first + n_rows)
        amount = rain.rate[:, rows].astype(np.float64) * hours
        for which, window in enumerate(lengths):
            sums = sum_windows(rain.time, amount, step_s=rain.step_s, window_h=window)
            known = ~np.isnan(sums)
            at = np.argmax(np.where(known, sums, -np.inf), axis=0)
            some = known.any(axis=0)
            heaviest[which, rows] = np.take_along_axis(sums, at[None], axis=0)[0]
            ended[which, rows] = np.where(some, rain.time[at], 0)
        for which in range(len(day)):
            fallen[which, rows] = amount[place == which].sum(axis=0)
    seen_h = np.bincount(place, minlength=len(day)) * hours
    return RainSums(lengths, heaviest, ended, day, fallen, np.asarray(seen_h, np.float64))
