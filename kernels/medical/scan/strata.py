"""Strata in which persons, events and days are counted: age band, sex, area and period."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST_SPAN", "ONE_STRATUM", "SEXES", "Strata"]

SEXES = ("unknown", "female", "male")
MOST_PERIODS = 32_767  # their numbers are int16
LONGEST_SPAN = 366 * 500  # days from the first to the last edge of periods: each of them has a place in a list


@dataclass(frozen=True)
class Strata:
    """Into which strata a person's day falls.

    Age is counted in completed years by the calendar: a year is completed on the birthday; who was born on 29 February
    has it on 1 March in a year without that day. Bands reach from one edge to the next, the first from birth, the last
    without end. If there are bands, one more at the end takes days before birth, events without a day, and persons
    whose birth is not known.

    Parameters
    ----------
    age_edges
        Ages at which a new band begins [year]; none: ages are not told apart.
    by_sex
        Whether unknown, female and male are told apart.
    n_areas
        Areas 1 to ``n_areas`` are told apart, and 0, not known; 0: areas are not told apart.
    period_edges
        Days since 1970-01-01 at which a period begins, and the day after the last one. What lies in no period is not
        counted. None: one period, over all time.

    Raises
    ------
    ValueError
        If edges are not whole numbers or do not rise, an age is negative, there is one edge of periods, there are more
        than 32,767 periods, or they span over 500 years.

    Examples
    --------
    >>> strata = Strata(age_edges=(18, 65), by_sex=True)
    >>> strata.shape, strata.age_labels
    ((4, 3, 1, 1), ('0-17', '18-64', '65+', 'unknown'))
    """

    age_edges: tuple[int, ...] = ()
    by_sex: bool = False
    n_areas: int = 0
    period_edges: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("age_edges", "period_edges"):
            given = tuple(getattr(self, name))
            edges: Sequence[int] = tuple(int(edge) for edge in given)
            if edges != given:
                raise ValueError(f"{name} must be whole numbers, got {given}")
            object.__setattr__(self, name, edges)
            if any(one >= other for one, other in itertools.pairwise(edges)):
                raise ValueError(f"{name} must rise, got {edges}")
        if self.age_edges and self.age_edges[0] < 0:
            raise ValueError(f"age_edges must be >= 0, got {self.age_edges[0]}")
        if len(self.period_edges) == 1:
            raise ValueError(
                f"period_edges must be none or at least 2, got {self.period_edges}: add the day after the last period"
            )
        if self.period_edges and self.period_edges[-1] - self.period_edges[0] > LONGEST_SPAN:
            raise ValueError(
                f"period_edges must span at most {LONGEST_SPAN} days, got {self.period_edges[0]} to "
                f"{self.period_edges[-1]}"
            )
        if len(self.period_edges) > MOST_PERIODS + 1:
            raise ValueError(f"period_edges must make at most {MOST_PERIODS} periods, got {len(self.period_edges) - 1}")
        if self.n_areas < 0:
            raise ValueError(f"n_areas must be >= 0, got {self.n_areas}")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(age, sex, area, period): the last one runs fastest in the flat index of a stratum."""
        return (
            len(self.birthdays) + 1 if self.age_edges else 1,
            len(SEXES) if self.by_sex else 1,
            self.n_areas + 1,
            max(len(self.period_edges) - 1, 1),
        )

    @property
    def n_strata(self) -> int:
        return int(np.prod(self.shape))

    @property
    def needs_days(self) -> bool:
        """Whether the stratum of a person depends on the day."""
        return bool(self.age_edges or self.period_edges)

    @property
    def birthdays(self) -> tuple[int, ...]:
        """Ages at which a band begins, birth among them; none if ages are not told apart."""
        return (0, *(edge for edge in self.age_edges if edge)) if self.age_edges else ()

    @property
    def age_labels(self) -> tuple[str, ...]:
        """(age,) ``"0-17"``, ..., ``"65+"``, ``"unknown"``; ``"all"`` if ages are not told apart."""
        begins = self.birthdays
        if not begins:
            return ("all",)
        closed = [f"{one}-{other - 1}" for one, other in itertools.pairwise(begins)]
        return (*closed, f"{begins[-1]}+", "unknown")

    @cached_property
    def period_of_day(self) -> npt.NDArray[np.int16]:
        """(day - first edge,) period of each day; empty if periods are not told apart."""
        lengths = np.diff(self.period_edges) if self.period_edges else np.zeros(0, np.int64)
        return np.repeat(np.arange(len(lengths), dtype=np.int16), lengths)

    def find_period(self, day: int) -> int:
        """The period of a day, -1 outside all.

        Examples
        --------
        >>> Strata(period_edges=(0, 31, 59)).find_period(40)
        1
        """
        if not self.period_edges:
            return 0
        place = day - self.period_edges[0]
        return int(self.period_of_day[place]) if 0 <= place < len(self.period_of_day) else -1


ONE_STRATUM = Strata()
