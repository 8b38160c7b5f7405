"""Over which time each frame of rain fell: sums since a start become those of the steps between them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.times import show_time

__all__ = ["settle_intervals"]

LongInts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float32]
_FALL_MM = 1e-3  # that a sum may fall by rounding


def settle_intervals(
    start: LongInts, end: LongInts, rate: Rates, *, file: str | Path | None = None
) -> tuple[LongInts, Rates, tuple[str, ...]]:
    """Difference nested intervals, and refuse others that overlap or leave gaps.

    Parameters
    ----------
    start, end
        (frame,) of each frame's interval [s since 1970-01-01 00:00 UTC], in any order.
    rate
        (frame, y, x) mean over the interval [mm h-1].
    file
        For the error.

    Returns
    -------
    start
        (frame,) of the intervals between one end and the next.
    rate
        (frame, y, x) means over those.
    notes
        That sums were differenced, if they were.

    Raises
    ------
    InputError
        If a sum falls through time, or intervals are not all of one length, whole ones of which lie between the ends.

    Examples
    --------
    Sums of 1 mm after five minutes and of 3 mm after ten:

    >>> rate = np.array([[[12.0]], [[18.0]]], np.float32)
    >>> start, rate, notes = settle_intervals(np.array([0, 0]), np.array([300, 600]), rate)
    >>> start.tolist(), rate.ravel().tolist()
    ([0, 300], [12.0, 24.0])
    """
    if (end <= start).any():
        raise InputError("an interval must end after it starts", file=file, way_out="give start and end of each frame")
    start, notes = start.copy(), []
    order = np.lexsort((end, start))
    nested = [
        (int(before), int(after))
        for before, after in pairwise(order)
        if start[before] == start[after] and end[before] < end[after]
    ]
    if nested:
        notes.append(
            f"The rain is a sum since {show_time(int(start[nested[0][0]]), 'UTC')}: it was differenced from one end to "
            "the next."
        )
        amount = rate.astype(np.float64) * (end - start)[:, None, None] / 3600.0
        rate = rate.copy()
        since = start.copy()
        for before, after in nested:
            fell = amount[after] - amount[before]
            if (fell < -_FALL_MM).any():
                row, column = (int(at) for at in np.argwhere(fell < -_FALL_MM)[0])
                raise InputError(
                    f"the sum of rain since {show_time(int(since[after]), 'UTC')} falls from "
                    f"{amount[before][row, column]:g} mm at {show_time(int(end[before]), 'UTC')} to "
                    f"{amount[after][row, column]:g} mm at {show_time(int(end[after]), 'UTC')}, row {row}, "
                    f"column {column}",
                    file=file,
                    way_out="give sums that do not fall, or bounds that say over which interval each one is",
                )
            rate[after] = np.maximum(fell, 0.0) * 3600.0 / float(end[after] - end[before])
            start[after] = end[before]
    _refuse_unequal(start, end, file, is_sum=bool(nested))
    return start, rate, tuple(notes)


def _refuse_unequal(start: LongInts, end: LongInts, file: str | Path | None, *, is_sum: bool) -> None:
    length, apart = end - start, np.diff(np.unique(end))
    usual = int(length.min())
    step = int(apart.min()) if apart.size else usual
    if (length == usual).all() and usual <= step and not np.mod(apart, usual).any():
        return
    wrong = np.flatnonzero(length != step)
    at = int(wrong[0])
    one = int(length[at])
    if is_sum and one > step:
        raise InputError(
            f"the sums of rain follow {step} s apart, but none ends within {one} s before "
            f"{show_time(int(end[at]), 'UTC')}",
            file=file,
            way_out="give the sum at the end of every step",
        )
    raise InputError(
        f"the intervals of the frames {'overlap' if one > step else 'leave gaps'}: the one that ends at "
        f"{show_time(int(end[at]), 'UTC')} is {one} s long, and frames follow {step} s apart",
        file=file,
        way_out=f"give intervals of {step} s, one after another, or sums since one start",
    )
