"""Rows become persons and events: as a plain loop over dicts has them, for rows of any kind in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.medical.records import DEATH, EVENT, OBSERVED, PERSON
from citytide.kernels.medical.events import NO_DAY, UNDATED, restore_days
from citytide.workflows.medical.records.arrangement import COUNTED, Arrangement, arrange_rows
from citytide.workflows.medical.records.rows import Rows

PSEUDONYMS = np.array([(5, 1), (5, 2), (2**52 + 3, 0), (2**53 - 1, 7)], np.uint64)  # of buckets 0, 0, 1 and 1
COLUMNS = {
    "row": "u1", "day": "i4", "until": "i4", "code": "u4", "kind": "u1", "value": "f4", "cost_fen": "i4",
    "facility": "u2", "sex": "u1", "area": "u2",
}  # fmt: skip
DAYS = st.sampled_from([-3, 0, 4, 5, 9])
EVENTS = st.tuples(
    st.integers(0, 3), st.just(EVENT), st.one_of(DAYS, st.just(UNDATED)), st.one_of(DAYS, st.just(NO_DAY)),
    st.integers(0, 2), st.integers(1, 2), st.sampled_from([np.nan, -1.5, 2.0]), st.sampled_from([-1, 0, 7]),
    st.integers(0, 1), st.just(0), st.just(0),
)  # fmt: skip
OTHERS = st.tuples(
    st.integers(0, 3), st.sampled_from([PERSON, OBSERVED, DEATH]), st.one_of(DAYS, st.just(NO_DAY)),
    st.one_of(DAYS, st.just(NO_DAY)), st.just(0), st.just(0), st.just(np.nan), st.just(-1), st.just(0),
    st.integers(0, 2), st.integers(0, 2),
)  # fmt: skip
ROWS = st.lists(st.one_of(EVENTS, OTHERS), max_size=30)


def lay_out(listed: list[tuple[Any, ...]]) -> Rows:
    who = np.array([row[0] for row in listed], np.int64)
    pseudonym = PSEUDONYMS[who].reshape(-1, 2)
    columns = {
        name: np.array([row[at] for row in listed], dtype) for at, (name, dtype) in enumerate(COLUMNS.items(), start=1)
    }
    return {"bucket": (pseudonym[:, 0] >> np.uint64(52)).astype(np.int32), "pseudonym": pseudonym, **columns}


def arrange_plainly(listed: list[tuple[Any, ...]], lists_persons: bool, known: set[int]) -> tuple[dict[int, Any], Any]:
    """By person: listed, birth, death, first and last day, sex, area, events, own counts; counts by bucket and name."""
    counted = {(who // 2, name): 0 for who in range(4) for name in COUNTED}
    persons: dict[int, Any] = {}
    for who in sorted({row[0] for row in listed}):
        own = [row for row in listed if row[0] == who]
        is_listed = not lists_persons or who in known or any(row[1] == PERSON for row in own)
        counts = dict.fromkeys(COUNTED, 0)
        listing = [row for row in own if row[1] == PERSON]
        births = [row[2] for row in listing if row[2] != NO_DAY]
        deaths = [row[2] for row in own if row[1] == DEATH and row[2] != NO_DAY]
        periods = [row for row in own if row[1] == OBSERVED]
        right = [row for row in periods if NO_DAY in row[2:4] or row[3] >= row[2]]
        counts["periods that end before they begin"] += len(periods) - len(right)
        begins = [row[2] for row in right if row[2] != NO_DAY]
        sexes, areas = [row[9] for row in listing if row[9]], [row[10] for row in listing if row[10]]
        birth, death = births[0] if births else NO_DAY, deaths[-1] if deaths else NO_DAY
        events = []
        for _, kind_of_row, day, until, code, kind, value, cost, facility, *_ in own:
            if kind_of_row != EVENT:
                continue
            lasts = day != UNDATED and until != NO_DAY
            counts["events that end before they begin"] += lasts and until < day
            n_days = until - day + 1 if lasts and until >= day else 0
            events.append((day, kind, code, n_days, np.inf if np.isnan(value) else value, cost, facility))
        kept = sorted(set(events))
        counts["duplicate events"] += len(events) - len(kept)
        for day, *_ in kept:
            counts["events without a day"] += day == UNDATED
            counts["events before birth"] += day != UNDATED and NO_DAY != birth > day
            counts["events after death"] += day != UNDATED and NO_DAY != death < day
        if is_listed:
            for name, n in counts.items():
                counted[who // 2, name] += n
            counts = dict.fromkeys(COUNTED, 0)
        else:
            for kind, name in ((EVENT, "events"), (OBSERVED, "periods"), (DEATH, "deaths")):
                n = counts[f"{name} of unknown persons"] = sum(row[1] == kind for row in own)
                counted[who // 2, f"{name} of unknown persons"] += n
        persons[who] = (
            is_listed, birth, death, min(begins, default=NO_DAY), max((row[3] for row in right), default=NO_DAY),
            sexes[0] if sexes else 0, areas[-1] if areas else 0, kept,
            [int(n) for n in counts.values()],
        )  # fmt: skip
    return persons, counted


def read_back(arranged: Arrangement) -> dict[int, Any]:
    persons, events = arranged.persons, arranged.events
    offset, day = restore_days(persons["n_events"], persons["first_day"], events["day_step"])
    told: dict[int, Any] = {}
    for at, pseudonym in enumerate(persons["pseudonym"].tolist()):
        own = slice(offset[at], offset[at + 1])
        columns = [events[name][own].tolist() for name in ("kind", "code", "n_days", "value", "cost_fen", "facility")]
        columns[3] = [np.inf if np.isnan(value) else value for value in columns[3]]
        names = ("birth_day", "death_day", "observed_from", "observed_to", "sex", "area")
        listed = [tuple(row) for row in zip(day[own].tolist(), *columns, strict=True)]
        own_counts = persons["counted"][at].tolist()
        who = PSEUDONYMS.tolist().index(pseudonym)
        told[who] = (bool(persons["listed"][at]), *(int(persons[name][at]) for name in names), listed, own_counts)
    return told


@given(ROWS, st.booleans(), st.sets(st.integers(0, 3)))
def test_rows_are_arranged_as_a_plain_loop_arranges_them(
    listed: list[tuple[Any, ...]], lists: bool, known: set[int]
) -> None:
    before = PSEUDONYMS[sorted(known)].reshape(-1, 2)
    arranged = arrange_rows(lay_out(listed), 0, 2, lists_persons=lists, known=before)
    persons, counts = arrange_plainly(listed, lists, known)
    assert read_back(arranged) == persons
    told = {(at, name): int(arranged.counted[at, n]) for at in range(2) for n, name in enumerate(COUNTED)}
    assert told == {key: int(n) for key, n in counts.items()}


@given(ROWS, st.randoms())
def test_order_of_events_in_the_sources_does_not_matter(listed: list[tuple[Any, ...]], random: Any) -> None:
    persons, events = [row for row in listed if row[1] != EVENT], [row for row in listed if row[1] == EVENT]
    mixed = random.sample(events, len(events))
    one, other = (arrange_rows(lay_out([*persons, *rows]), 0, 2, lists_persons=False) for rows in (events, mixed))
    assert read_back(one) == read_back(other) and (one.counted == other.counted).all()


def test_events_too_far_from_the_first_are_counted_and_left_out() -> None:
    days = (-30_000, 35_534, 35_535)
    rows = lay_out([(0, EVENT, day, NO_DAY, 0, 1, np.nan, -1, 0, 0, 0) for day in days])
    arranged = arrange_rows(rows, 0, 1, lists_persons=False)
    assert arranged.events["day_step"].tolist() == [0, 65_534]
    assert dict(zip(COUNTED, arranged.counted[0].tolist(), strict=True))[COUNTED[-1]] == 1


@pytest.mark.parametrize("until", [NO_DAY, 3, 70_000])
def test_duration_counts_both_days_and_has_a_largest_value(until: int) -> None:
    arranged = arrange_rows(lay_out([(2, EVENT, 3, until, 0, 1, 1.0, 5, 1, 0, 0)]), 1, 1, lists_persons=False)
    assert arranged.events["n_days"].tolist() == [{NO_DAY: 0, 3: 1, 70_000: 65_535}[until]]
