"""What happens to synthetic persons in ten years: who falls ill with what, when, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...medical.records import KINDS
from ..sizes import get_size
from .conditions import ACUTE, BANDS, CONDITIONS, PAIRS
from .population import make_areas

__all__ = ["CHUNK", "CODES", "END", "HOSPITALS", "START", "Histories", "list_areas", "make_histories"]

Ints = npt.NDArray[np.int64]
CHUNK = 1024  # persons that are made together, from random numbers of their own
START, END = 16_071, 19_722  # 2014-01-01 and 2023-12-31, in days since 1970-01-01
HOSPITALS = 15
# What an event's code is a place in: conditions, then the drug of each, then what passes.
CODES = np.array([c.code for c in CONDITIONS] + [c.drug or c.code for c in CONDITIONS] + list(ACUTE))
_STREAM = 700
_FOLLOW_UPS, _REFILLS, _ACUTE_EVENTS = 4.0, 8.0, 15.4  # in the mean, of one condition, drug and person
_REFILL_DAYS = 30
_CONDITION, _DRUG = KINDS.index("condition"), KINDS.index("drug")


@lru_cache(maxsize=4)
def list_areas(size: str) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float64]]:
    """Codes of the city's areas, and the share of people who live in each."""
    city = get_size(size)
    areas = make_areas(*city.box, city.n_areas, city.n_people, 1)
    return np.array(areas.code), areas.people / areas.people.sum()


@dataclass(frozen=True)
class Histories:
    """Persons of a chunk, and their events in the order of (person, day)."""

    birth: Ints
    since: Ints
    last: Ints
    sex: Ints
    area: Ints
    dead: Ints
    person: Ints
    day: Ints
    until: Ints
    code: Ints
    kind: Ints
    cost_fen: Ints
    facility: Ints

    @property
    def everybody(self) -> Ints:
        return np.arange(CHUNK)


@lru_cache(maxsize=2)
def make_histories(seed: int, size: str, chunk: int, *, has_events: bool = True) -> Histories:
    """Make the persons of one chunk: the same whichever other chunks are made, and in which order.

    Without events (``has_events=False``) the same persons are made sooner.

    Examples
    --------
    >>> made = make_histories(1, "2km", 0)
    >>> len(made.birth), bool((made.day >= made.since[made.person]).all())
    (1024, True)
    """
    key, counter = np.array([seed, _STREAM], np.uint64), np.array([0, 0, chunk, 0], np.uint64)
    random = np.random.Generator(np.random.Philox(key=key, counter=counter))
    band = random.choice(len(BANDS), CHUNK, p=[one.share for one in BANDS])
    years = np.array([(one.start, one.stop - one.start) for one in BANDS])[band]
    birth = START - 1 - np.floor(365.25 * (years[:, 0] + years[:, 1] * random.random(CHUNK))).astype(np.int64)
    sex = random.integers(1, 3, CHUNK)
    area = random.choice(len(list_areas(size)[0]), CHUNK, p=list_areas(size)[1])
    moved = random.random(CHUNK) < 0.2
    since = np.where(moved, random.integers(START, END - 1000, CHUNK), START)
    dies = random.random(CHUNK) < np.array([0.003, 0.008, 0.04, 0.25, 0.7])[band]
    last = np.where(dies, random.integers(since + 500, END + 1), END)
    if not has_events:
        return Histories(birth, since, last, sex, area, np.flatnonzero(dies), *[np.zeros(0, np.int64)] * 7)
    has, onset = _fall_ill(random, np.array([one.factor for one in BANDS])[band], since, last)
    person, day, code, kind = _list_events(random, has, onset, since, last)
    until = np.where(kind == _DRUG, np.minimum(day + _REFILL_DAYS - 1, last[person]), day)
    cost_fen = np.round(np.exp(random.normal(9.0, 1.0, day.size))).astype(np.int64)
    facility = (area[person] + random.integers(0, 3, day.size)) % HOSPITALS
    order = np.lexsort((code, kind, day, person))
    events = (values[order] for values in (person, day, until, code, kind, cost_fen, facility))
    return Histories(birth, since, last, sex, area, np.flatnonzero(dies), *events)


def _fall_ill(
    random: np.random.Generator, factor: npt.NDArray[np.float64], since: Ints, last: Ints
) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Who gets which condition, and on which day: (condition, person)."""
    place = {condition.code: at for at, condition in enumerate(CONDITIONS)}
    cause = {place[pair.then]: pair for pair in PAIRS}
    has = np.zeros((len(CONDITIONS), CHUNK), np.bool_)
    onset = since + np.floor(random.random(has.shape) * (last - since + 1)).astype(np.int64)
    draw, turn = random.random(has.shape), random.random(has.shape)
    for at, condition in enumerate(CONDITIONS):
        chance = condition.prevalence * factor
        if pair := cause.get(at):  # the chance of all stays; that of those who have the first is `risk` times it
            before = place[pair.first]
            share = CONDITIONS[before].prevalence * factor
            chance = np.where(has[before], pair.risk * chance, chance * (1.0 - pair.risk * share) / (1.0 - share))
        has[at] = draw[at] < chance
        if pair:
            is_ahead = turn[at] < pair.first_share
            span_after, span_before = last - onset[before], onset[before] - since
            after = onset[before] + 1 + np.floor(turn[at] / pair.first_share * span_after).astype(np.int64)
            rest = (turn[at] - pair.first_share) / (1.0 - pair.first_share)
            ahead = since + np.floor(rest * span_before).astype(np.int64)
            moved = np.where(is_ahead, np.minimum(after, last), ahead)
            onset[at] = np.where(has[before], moved, onset[at])
    return has, onset


def _list_events(
    random: np.random.Generator, has: npt.NDArray[np.bool_], onset: Ints, since: Ints, last: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Person, day, place in ``CODES`` and kind: first diagnoses, later ones, drugs, and what passes."""
    condition, person = np.nonzero(has)
    first = onset[condition, person]
    parts = [(person, first, condition, np.full(person.size, _CONDITION))]
    treated = np.array([bool(one.drug) for one in CONDITIONS])[condition]
    for mean, which, code, kind in (
        (_FOLLOW_UPS, np.ones_like(treated), condition, _CONDITION),
        (_REFILLS, treated, condition + len(CONDITIONS), _DRUG),
    ):
        again = np.repeat(np.flatnonzero(which), random.poisson(mean, int(which.sum())))
        span = last[person[again]] - first[again] + 1
        day = first[again] + np.floor(random.random(again.size) * span).astype(np.int64)
        parts.append((person[again], day, code[again], np.full(again.size, kind)))
    somebody = np.repeat(np.arange(CHUNK), random.poisson(_ACUTE_EVENTS, CHUNK))
    span = last[somebody] - since[somebody] + 1
    day = since[somebody] + np.floor(random.random(somebody.size) * span).astype(np.int64)
    weight = 1.0 / np.arange(1, len(ACUTE) + 1)
    acute = random.choice(len(ACUTE), somebody.size, p=weight / weight.sum()) + 2 * len(CONDITIONS)
    parts.append((somebody, day, acute, np.full(somebody.size, _CONDITION)))
    return tuple(np.concatenate(columns).astype(np.int64) for columns in zip(*parts, strict=True))  # type: ignore[return-value]
