"""Events of persons that a test writes by hand, or draws at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from citytide.kernels.medical.events import NO_DAY, UNDATED, PersonEvents


@dataclass(frozen=True)
class Person:
    """A person with events ``(day, code)`` or ``(day, code, kind)``; a day of None is not known."""

    events: Sequence[tuple[int | None, int] | tuple[int | None, int, int]] = ()
    birth: int = NO_DAY
    death: int = NO_DAY
    since: int = NO_DAY
    until: int = NO_DAY
    sex: int = 0
    area: int = 0


def day(text: str) -> int:
    """A day as it is counted from 1970-01-01."""
    return int(np.datetime64(text, "D").astype(np.int64))


def make_events(persons: Sequence[Person], seed: int = 1) -> PersonEvents:
    """The persons in the order of pseudonyms that are drawn for them."""
    rng = np.random.default_rng(seed)
    pseudonym = rng.integers(0, 2**64, (len(persons), 2), np.uint64)
    order = np.argsort(pseudonym[:, 0])
    rows = [
        sorted(
            (UNDATED if at is None else at, kind[0] if kind else 1, code) for at, code, *kind in persons[person].events
        )
        for person in order
    ]
    day_, kind, code = (np.array([row[at] for own in rows for row in own], np.int64) for at in range(3))
    n = len(day_)

    def column(name: str, dtype: str) -> np.ndarray:
        return np.array([getattr(persons[person], name) for person in order], dtype)

    return PersonEvents(
        offset=np.concatenate(([0], np.cumsum([len(own) for own in rows], dtype=np.int64))),
        day=day_.astype(np.int32), code=code.astype(np.uint32), kind=kind.astype(np.uint8),
        n_days=np.zeros(n, np.uint16), value=np.full(n, np.nan, np.float32), cost_fen=np.full(n, -1, np.int32),
        facility=np.zeros(n, np.uint16), birth_day=column("birth", "i4"), death_day=column("death", "i4"),
        observed_from=column("since", "i4"), observed_to=column("until", "i4"), sex=column("sex", "u1"),
        area=column("area", "u4"), pseudonym=pseudonym[order],
    )  # fmt: skip


def draw_events(n_persons: int, n_codes: int, seed: int = 1, since: int = 15_000, until: int = 18_000) -> PersonEvents:
    """Persons with some codes each, common ones more often; a few days are not known."""
    rng = np.random.default_rng(seed)
    persons = []
    for _ in range(n_persons):
        n_events = int(rng.poisson(6))
        codes = np.minimum(rng.geometric(0.25, n_events) - 1, n_codes - 1).tolist()
        days = [None if rng.random() < 0.02 else int(rng.integers(since - 300, until + 300)) for _ in codes]
        persons.append(
            Person(
                list(zip(days, codes, strict=True)), birth=int(rng.integers(-14_000, since)), since=since,
                until=int(rng.integers(since, until)), sex=int(rng.integers(0, 3)), area=int(rng.integers(0, 4)),
            )
        )  # fmt: skip
    return make_events(persons, seed)


def cut_events(events: PersonEvents, n_parts: int) -> list[PersonEvents]:
    """The same persons in parts of about equal number, some of which may hold nobody."""
    bounds = np.linspace(0, events.n_persons, n_parts + 1).astype(int)
    parts = []
    for start, stop in pairwise(bounds.tolist()):
        first, last = events.offset[start], events.offset[stop]
        of_events = {
            name: getattr(events, name)[first:last]
            for name in ("day", "code", "kind", "n_days", "value", "cost_fen", "facility")
        }
        of_persons = {
            name: getattr(events, name)[start:stop]
            for name in ("birth_day", "death_day", "observed_from", "observed_to", "sex", "area", "pseudonym")
        }
        parts.append(replace(events, offset=events.offset[start : stop + 1] - first, **of_events, **of_persons))
    return parts
