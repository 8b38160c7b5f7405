"""A few persons written by hand, for examples and first tries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..events import NO_DAY, UNDATED, PersonEvents

__all__ = ["make_events"]

EVENT = {"day": UNDATED, "code": 0, "kind": 0, "n_days": 0, "cost_fen": -1}
DTYPES = {"day": "i4", "code": "u4", "kind": "u1", "n_days": "u2", "cost_fen": "i4"}


def make_events(persons: Sequence[Iterable[Sequence[int]]], **of_persons: Any) -> PersonEvents:
    """Events of persons.

    Parameters
    ----------
    persons
        For each person its events, in any order: (day, code), and then kind, n_days and cost_fen if they are known.
    **of_persons
        (person,) ``birth_day``, ``death_day``, ``observed_from``, ``observed_to``, ``sex`` and ``area``; days are
        ``NO_DAY`` and the others 0 where they are not given.

    Examples
    --------
    >>> events = make_events([[(9, 1), (3, 0)], []], sex=[1, 2])
    >>> events.offset.tolist(), events.day.tolist(), events.sex.tolist()
    ([0, 2, 2], [3, 9], [1, 2])
    """
    rows = [sorted((*event, *list(EVENT.values())[len(event) :]) for event in events) for events in persons]
    flat = np.array([event for events in rows for event in events], np.int64).reshape(-1, len(EVENT))
    n_persons, n_events = len(rows), len(flat)
    days = {
        name: np.array(of_persons.pop(name, [NO_DAY] * n_persons), np.int32)
        for name in ("birth_day", "death_day", "observed_from", "observed_to")
    }
    return PersonEvents(
        offset=np.cumsum([0, *(len(events) for events in rows)], dtype=np.int64),
        **{name: flat[:, at].astype(dtype) for at, (name, dtype) in enumerate(DTYPES.items())},
        value=np.full(n_events, np.nan, np.float32),
        facility=np.zeros(n_events, np.uint16),
        **days,
        sex=np.array(of_persons.pop("sex", [0] * n_persons), np.uint8),
        area=np.array(of_persons.pop("area", [0] * n_persons), np.uint32),
        pseudonym=np.stack([np.arange(n_persons, dtype=np.uint64), np.zeros(n_persons, np.uint64)], axis=1),
        **of_persons,
    )
