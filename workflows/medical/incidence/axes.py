"""What rates are told by: the strata of a scan, with a label for each of their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....datasets.medical.records import SEXES

if TYPE_CHECKING:
    from ....kernels.medical.scan.strata import Strata

__all__ = ["AXES", "TOTAL", "Axes", "cut_periods"]

AXES = ("age", "sex", "area", "period")  # of the tables of a scan, in their order
TOTAL = "all"  # of an axis: all of its places together
UNKNOWN = "unknown"
UNITS: dict[str, Any] = {"month": "M8[M]", "year": "M8[Y]"}


@dataclass(frozen=True)
class Axes:
    """Which strata are told apart.

    Parameters
    ----------
    age_edges
        Ages at which bands begin; empty: ages are not told apart.
    by_sex
        Whether sexes are.
    areas
        Names of areas, the first one for those not known; empty: areas are not told apart.
    period_edges
        Days at which months or years begin, and the day after the last one.
    period
        ``"month"`` or ``"year"``; empty: the period is one.
    """

    age_edges: tuple[int, ...] = ()
    by_sex: bool = False
    areas: tuple[str, ...] = ()
    period_edges: tuple[int, ...] = ()
    period: str = ""

    def make_strata(self) -> Strata:
        """The strata that a scan counts in."""
        from ....kernels.medical.scan.strata import Strata

        return Strata(
            age_edges=self.age_edges, by_sex=self.by_sex, n_areas=max(0, len(self.areas) - 1),
            period_edges=self.period_edges,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return {**vars(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Axes:
        told: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return cls(**told)

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Labels of the places of each axis that is told apart, by the name of its column, in the order of the axes."""
        told: dict[str, tuple[str, ...]] = {}
        if self.age_edges:
            told["age"] = self.make_strata().age_labels
        if self.by_sex:
            told["sex"] = SEXES
        if self.areas:
            told["area"] = (UNKNOWN, *self.areas[1:])
        if self.period:
            starts = np.array(self.period_edges[:-1], "M8[D]").astype(UNITS[self.period])
            told[self.period] = tuple(starts.astype(str).tolist())
        return told


def cut_periods(first_day: int, last_day: int, period: str) -> tuple[int, ...]:
    """The day on which each month or year begins, from the first day on, and the day after the last one.

    Examples
    --------
    >>> np.array(cut_periods(10, 40, "month"), "M8[D]").astype(str).tolist()
    ['1970-01-11', '1970-02-01', '1970-02-11']
    """
    unit = UNITS[period]
    first, after = (np.datetime64(day, "D") for day in (first_day, last_day + 1))
    starts = np.arange(first.astype(unit) + 1, after.astype(unit) + 1).astype("M8[D]")
    inner: Sequence[int] = [int(day) for day in starts.astype(np.int64) if first_day < day <= last_day]
    return (first_day, *inner, last_day + 1)
