"""Strata of persons: who is compared with whom when expected counts are computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import PersonEvents
from ..counting.cohorts import count_ages

__all__ = ["BANDS", "count_strata_of", "find_strata"]

BAND_YEARS = 10
BANDS = 12  # the last one is open; who has no birth day is in one more
SEXES = 3


def count_strata_of(by: Sequence[str], n_areas: int) -> int:
    """How many strata there are.

    Examples
    --------
    >>> count_strata_of(["age", "sex"], 4), count_strata_of([], 4)
    (39, 1)
    """
    sizes = {"age": BANDS + 1, "sex": SEXES, "area": n_areas}
    return int(np.prod([sizes[name] for name in by], dtype=np.int64))


def find_strata(events: PersonEvents, by: Sequence[str], n_areas: int, age_day: int) -> npt.NDArray[np.int32]:
    """The stratum of each person; ages are those on ``age_day``.

    Who was born after that day is in the band of the unknown.
    """
    stratum = np.zeros(events.n_persons, np.int32)
    for name in by:
        if name == "age":
            age = count_ages(events.birth_day, age_day)
            band = np.where(age < 0, BANDS, np.minimum(age // BAND_YEARS, BANDS - 1))
            stratum = stratum * (BANDS + 1) + band
        elif name == "sex":
            stratum = stratum * SEXES + events.sex
        else:
            stratum = stratum * n_areas + events.area.astype(np.int32)
    return stratum.astype(np.int32)
