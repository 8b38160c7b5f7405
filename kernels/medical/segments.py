# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""Segments of a store of events as one: persons by pseudonym, and the events of each in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..engines import Engine, Traversal, choose_engine, routine
from .columns import check_columns
from .event_order import EventColumns, compare, merge_runs
from .events import NO_DAY, PersonEvents

__all__ = ["merge_segments"]


class PersonColumns(NamedTuple):
    """Columns of persons."""

    birth_day: Any
    death_day: Any
    observed_from: Any
    observed_to: Any
    sex: Any
    area: Any


@routine
def merge_person(persons, into, at, out):
    """Add what a segment knows of a person: first known birth and sex, last known death and area, longest span."""
    if out.birth_day[into] == NO_DAY:
        out.birth_day[into] = persons.birth_day[at]
    if out.sex[into] == 0:
        out.sex[into] = persons.sex[at]
    if persons.death_day[at] != NO_DAY:
        out.death_day[into] = persons.death_day[at]
    if persons.area[at] != 0:
        out.area[into] = persons.area[at]
    begin = persons.observed_from[at]
    if begin != NO_DAY and (out.observed_from[into] == NO_DAY or begin < out.observed_from[into]):
        out.observed_from[into] = begin
    out.observed_to[into] = max(out.observed_to[into], persons.observed_to[at])


def _merge(group: Any, order: Any, start: Any, events: EventColumns, persons: PersonColumns, most: int, offset: Any,
           out: EventColumns, merged: PersonColumns) -> int:  # fmt: skip
    one, two = np.empty(most, np.int64), np.empty(most, np.int64)
    bound = np.empty(order.size + 1, np.int64)
    n = 0
    for person in range(group.size - 1):
        n_runs = 0
        n_here = 0
        for member in range(group[person], group[person + 1]):
            at = order[member]
            merge_person(persons, person, at, merged)
            begin, end = start[at], start[at + 1]
            if n_runs == 0 or (n_here > 0 and begin < end and compare(events, one[n_here - 1], begin) > 0):
                bound[n_runs] = n_here  # else the run before goes on: segments mostly follow each other in time
                n_runs += 1
            for event in range(begin, end):
                one[n_here] = event
                n_here += 1
        bound[n_runs] = n_here
        found = merge_runs(events, one, two, bound, n_runs)
        for place in range(n_here):
            event = found[place]
            if place > 0 and compare(events, found[place - 1], event) == 0:
                continue
            out.day[n] = events.day[event]
            out.kind[n] = events.kind[event]
            out.code[n] = events.code[event]
            out.n_days[n] = events.n_days[event]
            out.value[n] = events.value[event]
            out.cost_fen[n] = events.cost_fen[event]
            out.facility[n] = events.facility[event]
            n += 1
        offset[person + 1] = n
    return n


MERGE = Traversal(_merge)


def merge_segments(segments: Sequence[PersonEvents], *, engine: Engine = "numba") -> PersonEvents:
    """Merge what several segments know of the same range of persons.

    Of a person the first birth day and sex that are known count, the last area and death day, the least
    ``observed_from`` and the greatest ``observed_to``. Events that are equal in all columns become one. Persons whom
    no segment lists (``listed`` is 0) are left out.

    Parameters
    ----------
    segments
        At least one, the oldest first, each sorted as ``PersonEvents`` says. A single one is returned as it is if it
        lists everybody.
    engine
        ``"numba"`` or ``"python"`` (uncompiled, for small arrays).

    Returns
    -------
    PersonEvents
        What one store of all their records would hold.

    Raises
    ------
    ValueError
        If there are no segments, one is not sorted by pseudonym with each person once, or columns of one
        do not fit each other.
    """
    if len(segments) < 2:
        if not segments:
            raise ValueError("segments must be at least one, got none")
        return _keep_listed(segments[0])
    for at, segment in enumerate(segments):
        _check(at, segment)
    events = EventColumns(*(_join(segments, name) for name in EventColumns._fields))
    events = events._replace(value=events.value.view(np.uint32))
    persons = PersonColumns(*(_join(segments, name) for name in PersonColumns._fields))
    pseudonym = _join(segments, "pseudonym")
    n_events = np.concatenate([np.diff(segment.offset) for segment in segments])
    start = np.concatenate(([0], np.cumsum(n_events))).astype(np.int64)
    order = np.argsort(pseudonym[:, 0], kind="stable")  # stable: a person's segments stay in their order
    halves = pseudonym[order]
    same = halves[1:, 0] == halves[:-1, 0]
    if (same & (halves[1:, 1] != halves[:-1, 1])).any():
        order = np.lexsort((pseudonym[:, 1], pseudonym[:, 0]))
        halves = pseudonym[order]
        same = (halves[1:] == halves[:-1]).all(axis=1)
    group = np.concatenate(([0], np.flatnonzero(~same) + 1, [len(order)])) if len(order) else np.zeros(1, np.int64)
    most = int(np.add.reduceat(n_events[order], group[:-1]).max()) if len(order) else 0
    n_persons = len(group) - 1
    offset = np.zeros(n_persons + 1, np.int64)
    out = EventColumns(*(np.empty_like(column) for column in events))
    known = [np.full(n_persons, 0 if name in ("sex", "area") else NO_DAY, column.dtype)
             for name, column in zip(PersonColumns._fields, persons, strict=True)]  # fmt: skip
    merged = PersonColumns(*known)
    n = MERGE.on(choose_engine(MERGE.engines, engine))(
        group.astype(np.int64), order, start, events, persons, most, offset, out, merged
    )
    columns = {name: column[:n] for name, column in out._asdict().items()}
    columns["value"] = columns["value"].view(np.float32)
    whole = PersonEvents(offset=offset, pseudonym=halves[group[:-1]], **columns, **merged._asdict())
    if all(segment.listed is None for segment in segments) or not n_persons:
        return whole
    listed = np.concatenate([_list_all(segment) for segment in segments])
    return _keep_listed(replace(whole, listed=np.maximum.reduceat(listed[order], group[:-1])))


def _list_all(segment: PersonEvents) -> npt.NDArray[np.uint8]:
    return np.ones(segment.n_persons, np.uint8) if segment.listed is None else segment.listed


def _keep_listed(events: PersonEvents) -> PersonEvents:
    """Without the persons who are not listed."""
    if events.listed is None or events.listed.all():
        return events
    person = events.listed != 0
    n_events = np.diff(events.offset)
    event = np.repeat(person, n_events)
    offset = np.concatenate(([0], np.cumsum(n_events[person]))).astype(np.int64)
    of_persons = {name: getattr(events, name)[person] for name in (*PersonColumns._fields, "pseudonym", "listed")}
    of_events = {name: getattr(events, name)[event] for name in EventColumns._fields}
    return PersonEvents(offset=offset, **of_events, **of_persons)


def _join(segments: Sequence[PersonEvents], name: str) -> npt.NDArray[Any]:
    return np.concatenate([np.ascontiguousarray(getattr(segment, name)) for segment in segments])


def _check(at: int, segment: PersonEvents) -> None:
    check_columns(segment, f" of segment {at}")
    first, second = segment.pseudonym[:, 0], segment.pseudonym[:, 1]
    rises = (first[1:] > first[:-1]) | ((first[1:] == first[:-1]) & (second[1:] > second[:-1]))
    if len(first) != segment.n_persons or not rises.all():
        raise ValueError(
            f"persons of a segment must be sorted by pseudonym, each once, got segment {at} with {segment.n_persons} "
            f"persons and {len(first)} pseudonyms, {int((~rises).sum())} of them out of order"
        )
