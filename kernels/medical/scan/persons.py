# mypy: allow-untyped-defs, allow-untyped-calls
"""Strata of a person, whatever the day, and the days on which bands of age begin."""

from __future__ import annotations

from ...engines import cuda, routine
from ..events import NO_DAY, UNDATED
from .passes import Pass

__all__ = ["PLACE_PERSONS", "find_band", "find_march_year"]

# Years are counted from March: 29 February is the last day of a year, and one day later 1 March where it is missing.
ERA_DAYS = 146_097  # in 400 years
MARCH_0 = 719_468  # days from 1 March of the year 0 to 1970-01-01


@routine
def find_march_year(day):
    """Year from March, and day of that year from 0, of a day since 1970-01-01 (from the year 0 on)."""
    since = day + MARCH_0
    era = since // ERA_DAYS
    of_era = since - era * ERA_DAYS
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    return era * 400 + year, of_era - (365 * year + year // 4 - year // 100)


@routine
def find_band(day, p, edge_day, n_bands):
    """The band of age of a person's day; ``n_bands`` if it is not known."""
    at = 0
    while at < n_bands and edge_day[p, at] <= day:
        at += 1
    return at - 1 if at > 0 and day != UNDATED else n_bands


@routine
def place_persons(begin, end, birth_day, sex, area, ages, n_bands, n_sexes, n_areas, n_periods, fixed, edge_day):
    """Fill in the first stratum of each person's sex and area, and the day on which each band of age begins."""
    for p in range(begin, end):
        place = sex[p] if n_sexes > 1 else 0
        fixed[p] = (place * n_areas + (area[p] if n_areas > 1 else 0)) * n_periods
        if n_bands == 0:
            continue
        if birth_day[p] == NO_DAY:
            for at in range(n_bands):
                edge_day[p, at] = UNDATED
            continue
        born, rest = find_march_year(birth_day[p])
        for at in range(n_bands):
            year = born + ages[at]
            edge_day[p, at] = 365 * year + year // 4 - year // 100 + year // 400 + rest - MARCH_0


def _gpu(lanes, birth_day, sex, area, ages, n_bands, n_sexes, n_areas, n_periods, fixed, edge_day):
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        place_persons(
            p, p + 1, birth_day, sex, area, ages, n_bands, n_sexes, n_areas, n_periods, fixed, edge_day
        )  # fmt: skip


PLACE_PERSONS = Pass(place_persons, _gpu)
