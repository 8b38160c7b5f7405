"""Persons as plain records, what is to be counted in them said day by day, and the same persons as kernels take them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from citytide.kernels.medical.events import NO_DAY, UNDATED, PersonEvents
from citytide.kernels.medical.scan.accumulator import Accumulator, Tables, merge_tables
from citytide.kernels.medical.scan.cuts import cut_persons
from citytide.kernels.medical.scan.example import make_events
from citytide.kernels.medical.scan.scan import scan_events
from citytide.kernels.medical.scan.strata import Strata

N_CODES, N_KINDS, N_AREAS = 5, 3, 2
FIRST, LAST = 10_985, 11_045  # 2000-01-29 to 2000-03-29: the last day of a February among them
EDGES = (FIRST + 5, FIRST + 20, FIRST + 33, FIRST + 50)
EPOCH = dt.date(1970, 1, 1)
ALL_STRATA = [
    Strata(),
    Strata(by_sex=True, n_areas=N_AREAS),
    Strata(age_edges=(0, 1, 2)),
    Strata(period_edges=EDGES),
    Strata(age_edges=(1, 3), by_sex=True, n_areas=N_AREAS, period_edges=EDGES),
]


@dataclass(frozen=True)
class Person:
    """Events are (day, code, kind, n_days, cost_fen)."""

    events: tuple[tuple[int, int, int, int, int], ...]
    birth_day: int
    death_day: int
    observed_from: int
    observed_to: int
    sex: int
    area: int

    @property
    def in_order(self) -> list[tuple[int, int, int, int, int]]:
        return sorted(self.events, key=lambda event: (event[0], event[2], event[1], event[3:]))

    @property
    def is_observed(self) -> bool:
        return NO_DAY not in (self.observed_from, self.observed_to)

    @property
    def last_day(self) -> int:
        return self.observed_to if self.death_day == NO_DAY else min(self.observed_to, self.death_day)

    def days(self, washout_days: int = 0) -> range:
        """Observed days."""
        return range(self.observed_from + washout_days, self.last_day + 1) if self.is_observed else range(0)

    def stratum(self, strata: Strata, day: int) -> int | None:
        """Flat index, said by the calendar; None outside all periods."""
        band = 0
        if strata.age_edges:
            bands = sorted({0, *strata.age_edges})
            band = len(bands)
            if self.birth_day != NO_DAY and day != UNDATED and day >= self.birth_day:
                band = sum(edge <= age_on(self.birth_day, day) for edge in bands) - 1
        period = 0
        if strata.period_edges:
            spans = itertools.pairwise(strata.period_edges)
            inside = [at for at, (begin, end) in enumerate(spans) if begin <= day < end]
            if not inside:
                return None
            (period,) = inside
        place = (band, self.sex if strata.by_sex else 0, self.area if strata.n_areas else 0, period)
        return int(np.ravel_multi_index(place, strata.shape))


def age_on(birth_day: int, day: int) -> int:
    born, today = (EPOCH + dt.timedelta(int(each)) for each in (birth_day, day))
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def events_of(persons: Sequence[Person]) -> PersonEvents:
    names = ("birth_day", "death_day", "observed_from", "observed_to", "sex", "area")
    rows = [[(day, code, kind, n_days, cost) for day, code, kind, n_days, cost in one.events] for one in persons]
    return make_events(rows, **{name: [getattr(one, name) for one in persons] for name in names})


def _days(low: int = FIRST, high: int = LAST, unknown: int = NO_DAY) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(low, high), st.integers(low, high), st.integers(low, high), st.just(unknown))


EVENTS = st.tuples(
    _days(FIRST - 5, LAST + 5, UNDATED), st.integers(0, N_CODES - 1), st.integers(0, N_KINDS - 1), st.integers(0, 12),
    st.integers(-1, 4),
)  # fmt: skip
BIRTHS = st.one_of(_days(FIRST - 1200, LAST), st.sampled_from([10_285, 9_555, 9_190]))  # two are a 29 or 28 February
PERSONS = st.lists(
    st.builds(
        Person, events=st.lists(EVENTS, max_size=9).map(tuple), birth_day=BIRTHS,
        death_day=st.one_of(st.just(NO_DAY), _days()), observed_from=_days(), observed_to=_days(),
        sex=st.integers(0, 2), area=st.integers(0, N_AREAS),
    ),
    max_size=6,
)  # fmt: skip


def scan(accumulator: Accumulator, persons: Sequence[Person], engine: Any = "numba") -> Tables:
    """Tables of one pass; and any other way to come to them must give the same."""
    return scan_events(events_of(persons), {"it": accumulator}, N_CODES, engine=engine)["it"]


def check(accumulator: Accumulator, persons: Sequence[Person], expected: Mapping[str, Any]) -> None:
    """One pass gives what is expected, and no table but those."""
    found = scan(accumulator, persons)
    assert set(found) == set(expected) == set(accumulator.combine()) == set(accumulator.shapes(N_CODES))
    for name, table in expected.items():
        assert found[name].dtype == np.int64 and found[name].shape == accumulator.shapes(N_CODES)[name]
        np.testing.assert_array_equal(found[name], table, err_msg=name)


def empty(accumulator: Accumulator) -> Tables:
    return {name: np.zeros(shape, np.int64) for name, shape in accumulator.shapes(N_CODES).items()}


def random_persons(n_persons: int, seed: int = 3) -> list[Person]:
    """Persons as hypothesis makes them, many and quickly."""
    random = np.random.default_rng(seed)

    def day(low: int, high: int, unknown: int, share: float) -> int:
        return unknown if random.random() < share else int(random.integers(low, high + 1))

    def events() -> Iterator[tuple[int, int, int, int, int]]:
        for _ in range(int(random.integers(0, 12))):
            yield (day(FIRST - 5, LAST + 5, UNDATED, 0.1), int(random.integers(N_CODES)),
                   int(random.integers(N_KINDS)), int(random.integers(13)), int(random.integers(-1, 50)))  # fmt: skip

    return [
        Person(
            tuple(events()), day(FIRST - 1200, LAST, NO_DAY, 0.1), day(FIRST, LAST, NO_DAY, 0.8),
            day(FIRST, FIRST + 20, NO_DAY, 0.1), day(FIRST + 20, LAST, NO_DAY, 0.1), int(random.integers(3)),
            int(random.integers(N_AREAS + 1)),
        )
        for _ in range(n_persons)
    ]  # fmt: skip


def merge_as_any_tree(accumulator: Accumulator, events: PersonEvents, n_blocks: int, seed: int) -> Tables:
    """Blocks of uneven size, merged pair by pair in random order."""
    random = np.random.default_rng(seed)
    cuts = np.sort(random.integers(0, events.n_persons + 1, n_blocks - 1))
    tables = [
        scan_events(cut_persons(events, first, last), {"it": accumulator}, N_CODES)["it"]
        for first, last in itertools.pairwise([0, *cuts.tolist(), events.n_persons])
    ]
    while len(tables) > 1:
        one = tables.pop(int(random.integers(len(tables))))
        at = int(random.integers(len(tables)))
        tables[at] = merge_tables(accumulator, tables[at], one)
    return tables[0]
