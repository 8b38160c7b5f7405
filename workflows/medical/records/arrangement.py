"""Rows of some buckets become persons and their events in the order of the store; what is wrong is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON
from ....kernels.medical.events import LONGEST_STEP, NO_DAY, UNDATED, UNKNOWN_STEP
from .rows import Rows

__all__ = ["COUNTED", "WRONG", "Arrangement", "arrange_rows"]

MOST_DAYS = 65_535  # of what lasts: more are stored as so many
WRONG = ("events before birth", "events after death")  # kept and counted: too many of them stop an import
COUNTED = (
    *WRONG, "events without a day", "duplicate events", "events of unknown persons",
    "periods of unknown persons", "deaths of unknown persons", "periods that end before they begin",
    "events that end before they begin", "events more than 65,534 days after the person's first",
)  # fmt: skip
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Arrangement:
    """Persons sorted by pseudonym, their events sorted within each, and counts by bucket."""

    persons: dict[str, npt.NDArray[Any]]
    """Person columns of the store, and ``bucket``."""
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
        Whether the sources list persons: rows of somebody else are then counted and left out.
    known
        (person, 2) pseudonyms that an earlier part of the store lists.
    """
    order = _sort_by_pseudonym(rows["pseudonym"])
    rows = {name: values[order] for name, values in rows.items()}
    pseudonym, person = _number_persons(rows["pseudonym"])
    bucket = (rows["bucket"] - first).astype(np.int64)
    counted = np.zeros((n_buckets, len(COUNTED)), np.uint32)

    def count(name: str, found: Bools, of: Ints = bucket) -> None:
        counted[:, COUNTED.index(name)] += np.bincount(of[found], minlength=n_buckets).astype(np.uint32)

    is_known = np.ones(len(pseudonym), bool)
    if lists_persons:
        is_known[:] = False
        is_known[person[rows["row"] == PERSON]] = True
        if known is not None and known.size:
            is_known |= _find_in(pseudonym, known)
        for row, name in ((EVENT, "events"), (OBSERVED, "periods"), (DEATH, "deaths")):
            count(f"{name} of unknown persons", (rows["row"] == row) & ~is_known[person])
    reversed_ = (rows["until"] != NO_DAY) & (rows["day"] != NO_DAY) & (rows["day"] != UNDATED)
    reversed_ &= (rows["until"] < rows["day"]) & is_known[person]
    count("periods that end before they begin", reversed_ & (rows["row"] == OBSERVED))
    count("events that end before they begin", reversed_ & (rows["row"] == EVENT))
    persons = _describe_persons(rows, person, len(pseudonym), reversed_)
    place = np.cumsum(is_known) - 1  # of those who are kept
    own = (rows["row"] == EVENT) & is_known[person]
    events = _take_events({name: values[own] for name, values in rows.items()}, place[person[own]])
    of, birth, death = bucket[own][events.pop("order")], persons["birth_day"][is_known], persons["death_day"][is_known]
    keep = ~events.pop("twice")
    count("duplicate events", ~keep, of)
    dated, day = events["day"] != UNDATED, events["day"].astype(np.int64)
    begin = np.flatnonzero(np.diff(events["person"], prepend=-1))
    start = np.zeros(int(is_known.sum()), np.int64)
    start[events["person"][begin]] = np.where(dated[begin], day[begin], 0)
    late = keep & dated & (day - start[events["person"]] > LONGEST_STEP)
    count("events more than 65,534 days after the person's first", late, of)
    keep &= ~late
    count("events without a day", keep & ~dated, of)
    born, died = birth[events["person"]], death[events["person"]]
    count("events before birth", keep & dated & (born != NO_DAY) & (day < born), of)
    count("events after death", keep & dated & (died != NO_DAY) & (day > died), of)
    events = {name: values[keep] for name, values in events.items()}
    persons = {name: values[is_known] for name, values in persons.items()}
    persons |= {
        "pseudonym": pseudonym[is_known],
        "first_day": start.astype(np.int32),
        "n_events": np.bincount(events["person"], minlength=len(start)).astype(np.uint32),
        "bucket": bucket[np.flatnonzero(np.diff(person, prepend=-1))][is_known],
    }
    events["day_step"] = _step_days(events.pop("day"), events["person"])
    return Arrangement(persons, events, counted)


def _sort_by_pseudonym(pseudonym: npt.NDArray[np.uint64]) -> Ints:
    return np.lexsort((pseudonym[:, 1], pseudonym[:, 0]))  # stable: the order of the sources stays


def _number_persons(pseudonym: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], Ints]:
    """Each of the sorted pseudonyms once, and for each row the place of its own."""
    new = np.ones(len(pseudonym), bool)
    new[1:] = (pseudonym[1:] != pseudonym[:-1]).any(axis=1)
    return pseudonym[new], np.cumsum(new) - 1


def _find_in(pseudonym: npt.NDArray[np.uint64], known: npt.NDArray[np.uint64]) -> Bools:
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


def _take_events(rows: Rows, person: Ints) -> dict[str, npt.NDArray[Any]]:
    """Events in their order, with ``order``, from which row each is, and ``twice``: all is as in the one before."""
    lasts = (rows["day"] != UNDATED) & (rows["until"] != NO_DAY) & (rows["until"] >= rows["day"])
    length = np.where(lasts, rows["until"].astype(np.int64) - rows["day"] + 1, 0)
    n_days = np.minimum(length, MOST_DAYS).astype(np.uint16)
    day = (rows["day"].astype(np.int64) - NO_DAY).astype(np.uint64)
    keys: list[npt.NDArray[Any]] = [(person.astype(np.uint64) << np.uint64(35)) | (day << np.uint64(3)) | rows["kind"]]
    keys.append((rows["code"].astype(np.uint64) << np.uint64(16)) | n_days)
    value, cost = _as_ordered(rows["value"]), (rows["cost_fen"].astype(np.int64) - NO_DAY).astype(np.uint64)
    keys.append((value << np.uint64(32)) | cost)
    keys.append(rows["facility"].astype(np.uint64))
    varied = [key for key in keys if key.size and (key != key[0]).any()]
    order = np.lexsort(varied[::-1]) if varied else np.arange(len(person))
    twice = np.zeros(len(order), bool)
    if len(order):
        twice[1:] = True
    for key in varied:
        own = key[order]
        twice[1:] &= own[1:] == own[:-1]
    columns = {name: rows[name] for name in ("day", "code", "kind", "value", "cost_fen", "facility")}
    taken = {name: values[order] for name, values in {**columns, "n_days": n_days, "person": person}.items()}
    return {**taken, "order": order, "twice": twice}


def _as_ordered(value: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Whole numbers in the order of float32, NaN last."""
    bits = value.view(np.uint32)
    negative = bits >> np.uint32(31) == 1
    return np.where(negative & ~np.isnan(value), ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)


def _step_days(day: npt.NDArray[np.int32], person: Ints) -> npt.NDArray[np.uint16]:
    """Days since the person's event before."""
    step = np.diff(day.astype(np.int64), prepend=0)
    step[np.flatnonzero(np.diff(person, prepend=-1))] = 0
    step[day == UNDATED] = UNKNOWN_STEP
    return step.astype(np.uint16)
