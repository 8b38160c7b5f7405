"""Days of rain: the hour at which one is cut from the next, and the date each is called by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.times import check_zone

__all__ = ["RAIN_DAYS", "RainDay", "find_rain_days", "sum_rain_days"]

Days = npt.NDArray[np.datetime64]
_ORDINAL = datetime(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class RainDay:
    """Where a day of rain is cut: the hour it ends at, and whether it is called by the date of its end."""

    hour: int
    named_by_end: bool
    meaning: str


# The CMA's daily sums run 20-20 and are called by the date of their end. 08-08 is cut at 00 UTC: hydrology calls it by
# the date on which it begins (SL 21), and so is it here; some weather products call it by its end: shift these a day.
RAIN_DAYS = {
    "08-08": RainDay(8, False, "day D runs from 08:00 of D to 08:00 of D + 1: the hydrological day of China"),
    "20-20": RainDay(20, True, "day D runs from 20:00 of D - 1 to 20:00 of D: the meteorological day of China"),
    "00-00": RainDay(0, False, "day D runs from 00:00 to 24:00: the calendar day"),
}


def find_rain_days(utc_s: npt.ArrayLike, choice: str, time_zone: str = "Asia/Shanghai") -> Days:
    """Find the rain day of each reading.

    Parameters
    ----------
    utc_s : (reading,) array of int
        Ends of the intervals that the readings belong to [s since 1970-01-01 00:00 UTC]. A reading that ends at the cut
        belongs to the day that ends there.
    choice
        A name of :data:`RAIN_DAYS`.
    time_zone
        Whose clock cuts the days.

    Returns
    -------
    (reading,) datetime64[D]
        The date that each rain day is called by.

    Raises
    ------
    InputError
        If the choice or the zone is unknown.

    References
    ----------
    .. [1] GB/T 35221-2017, Specifications for surface meteorological observation: days end at 20:00 Beijing time
    .. [2] SL 21-2015, Standard for observation of precipitation: days run from 08:00 to 08:00 of the next

    Examples
    --------
    >>> from citytide.datasets.text.times import read_times
    >>> ends = read_times(["2023-09-07 20:00", "2023-09-07 21:00"], time_zone="Asia/Shanghai")
    >>> find_rain_days(ends, "20-20").astype(str).tolist()
    ['2023-09-07', '2023-09-08']
    """
    if choice not in RAIN_DAYS:
        raise InputError(f"rain day {choice!r} is unknown", way_out=f"choose one of {', '.join(RAIN_DAYS)}")
    cut, zone = RAIN_DAYS[choice], check_zone(time_zone)
    unique, place = np.unique(np.asarray(utc_s, np.int64), return_inverse=True)
    days = np.zeros(len(unique), np.int64)
    for k, seconds in enumerate(unique.tolist()):
        # a second before its end an interval is inside its day
        clock = datetime.fromtimestamp(seconds - 1, zone).replace(tzinfo=None) - timedelta(hours=cut.hour)
        days[k] = clock.toordinal() - _ORDINAL + cut.named_by_end
    return days[place.reshape(np.shape(utc_s))].astype("datetime64[D]")


def sum_rain_days(
    utc_s: npt.ArrayLike, amount: npt.ArrayLike, choice: str, time_zone: str = "Asia/Shanghai"
) -> tuple[Days, npt.NDArray[Any]]:
    """Add up what fell by rain day.

    Parameters
    ----------
    utc_s : (reading,) array of int
        Ends of the intervals [s since 1970-01-01 00:00 UTC].
    amount : (reading,) array of int or float
        Depth that fell in each, such as tenths of mm: whole numbers are added exactly.
    choice, time_zone
        See :func:`find_rain_days`.

    Returns
    -------
    (day,) datetime64[D]
        Days with a reading, ascending.
    (day,) array
        Their sums; int64 of whole numbers, else float64.

    Raises
    ------
    InputError
        If the choice or the zone is unknown.

    Examples
    --------
    >>> from citytide.datasets.text.times import read_times
    >>> ends = read_times(["2023-09-07 08:00", "2023-09-07 09:00"], time_zone="Asia/Shanghai")
    >>> days, sums = sum_rain_days(ends, [1, 2], "08-08")
    >>> days.astype(str).tolist(), sums.tolist()
    (['2023-09-06', '2023-09-07'], [1, 2])
    """
    amounts = np.asarray(amount)
    exact = amounts.dtype.kind in "iu" or not amounts.size
    days, place = np.unique(find_rain_days(utc_s, choice, time_zone), return_inverse=True)
    sums = np.zeros(len(days), np.int64 if exact else np.float64)
    np.add.at(sums, place.reshape(-1), amounts.reshape(-1).astype(sums.dtype))
    return days, sums
