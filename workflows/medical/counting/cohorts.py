"""Cohorts: which persons of a store a question counts, and which of their events."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.medical.events import BUCKETS, NO_DAY, UNDATED, PersonEvents

__all__ = ["CodedEvents", "Cohort", "count_ages", "find_birthdays", "sum_cohort"]

Days = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cohort:
    """Who is counted, by places in the store's lists; what is empty or None does not restrict.

    Parameters
    ----------
    kinds
        Kinds of events that count.
    ages
        Least and greatest age in completed years, both included.
    age_day
        Day on which the age counts [d since 1970-01-01]; a person without a birth day has none.
    sexes, areas
        Of persons.
    first_day, last_day
        Days of events that count, both included [d since 1970-01-01].
    """

    kinds: tuple[int, ...] = ()
    ages: tuple[int, ...] = ()
    age_day: int = 0
    sexes: tuple[int, ...] = ()
    areas: tuple[int, ...] = ()
    first_day: int | None = None
    last_day: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cohort:
        told: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return cls(**told)

    def choose_persons(self, events: PersonEvents) -> Mask:
        """Whom the sex and the area choose."""
        chosen = np.ones(events.n_persons, bool)
        if self.sexes:
            chosen &= np.isin(events.sex, self.sexes)
        if self.areas:
            chosen &= np.isin(events.area, self.areas)
        return chosen

    def choose_present(self, events: PersonEvents) -> Mask:
        """Whom sex, area and age choose, and who was there on one of the days: born, alive and, if known, observed."""
        chosen = self.choose_persons(events)
        if self.ages:
            age = count_ages(events.birth_day, self.age_day)
            chosen &= (age >= self.ages[0]) & (age <= self.ages[1])
        if self.first_day is not None:
            for last in (events.observed_to, events.death_day):
                chosen &= (last >= self.first_day) | (last == NO_DAY)
        if self.last_day is not None:
            for first in (events.observed_from, events.birth_day):
                chosen &= first <= self.last_day  # NO_DAY is before all days
        return chosen

    def clip_observation(self, events: PersonEvents) -> PersonEvents:
        """The same events, where persons are observed only on the days and at the ages of the cohort.

        Who has no such day has an observation that ends before it begins, as has who lacks the birth day that the
        age is counted from.
        """
        since, until = events.observed_from, events.observed_to
        known = (since != NO_DAY) & (until != NO_DAY)
        if self.first_day is not None:
            since = np.maximum(since, np.int32(self.first_day))
        if self.last_day is not None:
            until = np.minimum(until, np.int32(self.last_day))
        if self.ages:
            born = events.birth_day != NO_DAY
            since = np.where(born, np.maximum(since, find_birthdays(events.birth_day, self.ages[0])), since)
            until = np.where(born, np.minimum(until, find_birthdays(events.birth_day, self.ages[1] + 1) - 1), since - 1)
        since, until = np.where(known, since, NO_DAY), np.where(known, until, NO_DAY)
        return replace(events, observed_from=since.astype(np.int32), observed_to=until.astype(np.int32))


@dataclass(frozen=True)
class CodedEvents:
    """Events whose codes are places in the list of codes that a question asks for.

    ``events`` holds the persons that were chosen; of their events those of the codes and kinds that count.
    """

    events: PersonEvents

    @classmethod
    def choose(
        cls,
        events: PersonEvents,
        persons: Mask,
        cohort: Cohort,
        code_place: npt.NDArray[np.int32] | None = None,
        *,
        within_days: bool = True,
    ) -> CodedEvents:
        """Keep persons and events.

        Parameters
        ----------
        persons
            (person,) who is chosen.
        code_place
            (code of the store,) its place in the list of the question, -1 for none; None keeps every code.
        within_days
            Whether only events on the cohort's days count; those without a day do not if there are such days.
        """
        kept = np.repeat(persons, np.diff(events.offset))
        code: npt.NDArray[Any] = events.code
        if code_place is not None:
            code = code_place[events.code]
            kept &= code >= 0
        if cohort.kinds:
            kept &= np.isin(events.kind, cohort.kinds)
        if within_days and cohort.first_day is not None:
            kept &= events.day >= cohort.first_day
        if within_days and (cohort.first_day is not None or cohort.last_day is not None):
            kept &= events.day <= (UNDATED - 1 if cohort.last_day is None else cohort.last_day)
        before = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))
        n_events = (before[events.offset[1:]] - before[events.offset[:-1]])[persons]
        columns = ("day", "kind", "n_days", "value", "cost_fen", "facility")
        of_persons = ("birth_day", "death_day", "observed_from", "observed_to", "sex", "area", "pseudonym")
        return cls(
            PersonEvents(
                offset=np.concatenate(([0], np.cumsum(n_events, dtype=np.int64))),
                code=code[kept].astype(np.uint32),
                **{name: getattr(events, name)[kept] for name in columns},
                **{name: getattr(events, name)[persons] for name in of_persons},
            )
        )


def count_ages(birth_day: Days, day: int) -> npt.NDArray[np.int32]:
    """Completed years of age on a day; -1 before birth, and where the birth day is not known.

    Who was born on 29 February has the birthday on 1 March in other years.

    Examples
    --------
    >>> days = np.array(["1990-06-15", "1990-06-16", "2030-01-01"], "M8[D]").astype(np.int32)
    >>> count_ages(days, int(np.datetime64("2020-06-15", "D").astype(int))).tolist()
    [30, 29, -1]
    """
    known = np.where(birth_day == NO_DAY, 0, birth_day)
    year, rest = _split_year(known)
    at_year, at_rest = _split_year(np.array([day], np.int32))
    age = at_year[0] - year - (at_rest[0] < rest)
    return np.where((birth_day == NO_DAY) | (age < 0), -1, age).astype(np.int32)


def find_birthdays(birth_day: Days, age: int) -> Days:
    """The day on which persons complete so many years; any number where the birth day is not known.

    Examples
    --------
    >>> born = np.array(["2000-02-29"], "M8[D]").astype(np.int32)
    >>> find_birthdays(born, 1).astype("M8[D]").astype(str).tolist()
    ['2001-03-01']
    """
    born = np.where(birth_day == NO_DAY, 0, birth_day).astype("M8[D]")
    month = born.astype("M8[M]")
    days: Days = ((month + 12 * age).astype("M8[D]") + (born - month.astype("M8[D]"))).astype(np.int64).astype(np.int32)
    return days


def _split_year(day: Days) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Year, and a number that orders the days of any year: 100 x month + day."""
    date = day.astype("M8[D]")
    month = date.astype("M8[M]")
    of_month = (date - month.astype("M8[D]")).astype(np.int64) + 1
    n_month = month.astype(np.int64)
    return 1970 + n_month // 12, 100 * (n_month % 12 + 1) + of_month


def sum_cohort(events: PersonEvents, persons: Mask | None = None) -> npt.NDArray[np.uint64]:
    """Who was counted, as a release is compared by: of each bucket the persons, and the sum of their second halves.

    Returns
    -------
    (2, bucket) array of uint64
        Sums are modulo 2^64, so those of blocks add up to that of the whole.
    """
    bucket, half = events.bucket, events.pseudonym[:, 1]
    if persons is not None:
        bucket, half = bucket[persons], half[persons]
    told = np.zeros((2, BUCKETS), np.uint64)
    told[0] = np.bincount(bucket, minlength=BUCKETS).astype(np.uint64)
    if len(bucket):
        at = np.flatnonzero(np.diff(bucket, prepend=-1))  # persons are sorted by pseudonym
        told[1, bucket[at]] = np.add.reduceat(half, at)
    return told
