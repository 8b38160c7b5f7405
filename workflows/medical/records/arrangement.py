"""Rows of some buckets become persons and their events in the order of the store; what is wrong is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON
from ....kernels.medical.events import LONGEST_STEP, NO_DAY, UNDATED, UNKNOWN_STEP
from ..event_sorting import take_events
from ..pseudonyms import find_buckets
from .rows import Rows

__all__ = ["COUNTED", "UNKNOWN", "WRONG", "Arrangement", "arrange_rows", "find_in"]

WRONG = ("events before birth", "events after death")  # kept and counted: too many of them stop an import
UNKNOWN = ("events of unknown persons", "periods of unknown persons", "deaths of unknown persons")
COUNTED = (
    *WRONG, "events without a day", "duplicate events", *UNKNOWN, "periods that end before they begin",
    "events that end before they begin", "events more than 65,534 days after the person's first",
)  # fmt: skip
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Arrangement:
    """Persons sorted by pseudonym, their events sorted within each, and counts by bucket."""

    persons: dict[str, npt.NDArray[Any]]
    """Person columns of the store, ``bucket``, and ``counted``, (person, ``COUNTED``): 0 of who is listed."""
    events: dict[str, npt.NDArray[Any]]
    """Event columns of the store, all optional ones among them, and ``person``, the place of its person."""
    counted: npt.NDArray[np.uint32]
    """(bucket, ``COUNTED``) from the first of the buckets on."""


def arrange_rows(
    rows: Rows, first: int, n_buckets: int, *, lists_persons: bool, known: npt.NDArray[np.uint64] | None = None
) -> Arrangement:
    """Arrange the rows of ``n_buckets`` buckets from the bucket ``first`` on.

    Parameters
    ----------
    rows
        Of one person in the order of the sources.
    lists_persons
        Whether the sources list persons: somebody else is then kept with ``listed`` 0, for a later part of the store
        may list her or him, and what is counted of these rows stands in ``counted`` of the person.
    known
        (person, 2) pseudonyms that an earlier part of the store lists.
    """
    order = _sort_by_pseudonym(rows["pseudonym"])
    pseudonym, person = _number_persons(rows["pseudonym"][order])
    row, begin_day, until = (rows[name][order] for name in ("row", "day", "until"))
    bucket_of = (find_buckets(pseudonym) - first).astype(np.int64)
    listed = np.ones(len(pseudonym), bool)
    if lists_persons:
        listed[:] = False
        listed[person[row == PERSON]] = True
        if known is not None and known.size:
            listed |= find_in(pseudonym, known)
    counted = np.zeros((n_buckets, len(COUNTED)), np.uint32)
    of_unlisted = np.zeros((len(pseudonym), len(COUNTED)), np.uint32)

    def count(name: str, found: Bools, of: Ints) -> None:
        at, who = COUNTED.index(name), of[found]
        own = listed[who]
        counts = own if name not in UNKNOWN else ~own
        counted[:, at] += np.bincount(bucket_of[who[counts]], minlength=n_buckets).astype(np.uint32)
        if not own.all():
            of_unlisted[:, at] += np.bincount(who[~own], minlength=len(listed)).astype(np.uint32)

    for what, name in zip((EVENT, OBSERVED, DEATH), UNKNOWN, strict=True):
        count(name, (row == what) & ~listed[person], person)
    reversed_ = (until != NO_DAY) & (begin_day != NO_DAY) & (begin_day != UNDATED) & (until < begin_day)
    count("periods that end before they begin", reversed_ & (row == OBSERVED), person)
    count("events that end before they begin", reversed_ & (row == EVENT), person)
    other = np.flatnonzero(row != EVENT)
    few = {name: rows[name][order[other]] for name in ("row", "day", "until", "sex", "area")}
    persons = _describe_persons(few, person[other], len(pseudonym), reversed_[other])
    own = np.flatnonzero(row == EVENT)
    events = take_events(rows, order[own], person[own])
    of, birth, death = events["person"], persons["birth_day"], persons["death_day"]
    keep = ~events.pop("twice")
    count("duplicate events", ~keep, of)
    dated, day = events["day"] != UNDATED, events["day"].astype(np.int64)
    begin = np.flatnonzero(np.diff(events["person"], prepend=-1))
    start = np.zeros(len(pseudonym), np.int64)
    start[events["person"][begin]] = np.where(dated[begin], day[begin], 0)
    late = keep & dated & (day - start[events["person"]] > LONGEST_STEP)
    count("events more than 65,534 days after the person's first", late, of)
    keep &= ~late
    count("events without a day", keep & ~dated, of)
    born, died = birth[events["person"]], death[events["person"]]
    count("events before birth", keep & dated & (born != NO_DAY) & (day < born), of)
    count("events after death", keep & dated & (died != NO_DAY) & (day > died), of)
    events = {name: values[keep] for name, values in events.items()}
    persons |= {
        "pseudonym": pseudonym,
        "first_day": start.astype(np.int32),
        "n_events": np.bincount(events["person"], minlength=len(start)).astype(np.uint32),
        "bucket": bucket_of,
        "listed": listed,
        "counted": of_unlisted,
    }
    events["day_step"] = _step_days(events.pop("day"), events["person"])
    return Arrangement(persons, events, counted)


def _sort_by_pseudonym(pseudonym: npt.NDArray[np.uint64]) -> Ints:
    """The order of the sources stays among the rows of a person, which mostly follow each other already."""
    begin = np.flatnonzero(_differs(pseudonym))
    runs = pseudonym[begin]
    order = np.argsort(runs[:, 0], kind="stable")
    first, second = runs[order].T
    if ((first[1:] == first[:-1]) & (second[1:] != second[:-1])).any():
        order = np.lexsort((runs[:, 1], runs[:, 0]))
    length = np.diff(begin, append=len(pseudonym))[order]
    before = np.cumsum(length) - length
    return np.repeat(begin[order] - before, length) + np.arange(len(pseudonym))


def _differs(values: npt.NDArray[np.uint64]) -> Bools:
    """Whether a row of two numbers is another one than the row before."""
    new = np.ones(len(values), bool)
    new[1:] = (values[1:, 0] != values[:-1, 0]) | (values[1:, 1] != values[:-1, 1])
    return new


def _number_persons(pseudonym: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], Ints]:
    """Each of the sorted pseudonyms once, and for each row the place of its own."""
    new = _differs(pseudonym)
    return pseudonym[new], np.cumsum(new) - 1


def find_in(pseudonym: npt.NDArray[np.uint64], known: npt.NDArray[np.uint64]) -> Bools:
    """Which of the pseudonyms are among those that are known."""
    both = np.concatenate([known, pseudonym])
    held, person = _number_persons(both[order := _sort_by_pseudonym(both)])
    place = np.empty(len(both), np.int64)
    place[order] = person
    listed = np.zeros(len(held), bool)
    listed[place[: len(known)]] = True
    return listed[place[len(known) :]]


def _describe_persons(rows: Rows, person: Ints, n: int, reversed_: Bools) -> dict[str, npt.NDArray[Any]]:
    """Of several rows of one person: birth and sex of the first that knows it, area and death of the last."""
    held: dict[str, npt.NDArray[Any]] = {
        "birth_day": np.full(n, NO_DAY, np.int32), "death_day": np.full(n, NO_DAY, np.int32),
        "observed_from": np.full(n, UNDATED, np.int32), "observed_to": np.full(n, NO_DAY, np.int32),
        "sex": np.zeros(n, np.uint8), "area": np.zeros(n, np.uint16),
    }  # fmt: skip
    row = rows["row"]

    def chosen(name: str, found: Bools, first: bool) -> tuple[Ints, npt.NDArray[Any]]:
        at = np.flatnonzero(found)[:: -1 if first else 1]  # of several values for one person the last is kept
        return person[at], rows[name][at]

    is_dated = rows["day"] != NO_DAY
    for name, column, found, first in (
        ("birth_day", "day", (row == PERSON) & is_dated, True),
        ("sex", "sex", (row == PERSON) & (rows["sex"] > 0), True),
        ("area", "area", (row == PERSON) & (rows["area"] > 0), False),
        ("death_day", "day", (row == DEATH) & is_dated, False),
    ):  # fmt: skip
        of, values = chosen(column, found, first)
        held[name][of] = values
    period = (row == OBSERVED) & ~reversed_
    np.minimum.at(held["observed_from"], *chosen("day", period & is_dated, False))
    np.maximum.at(held["observed_to"], *chosen("until", period, False))
    held["observed_from"][held["observed_from"] == UNDATED] = NO_DAY
    return held


def _step_days(day: npt.NDArray[np.int32], person: Ints) -> npt.NDArray[np.uint16]:
    """Days since the person's event before."""
    step = np.diff(day.astype(np.int64), prepend=0)
    step[np.flatnonzero(np.diff(person, prepend=-1))] = 0
    step[day == UNDATED] = UNKNOWN_STEP
    return step.astype(np.uint16)
