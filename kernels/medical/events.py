"""Events of persons as kernels take them: one person after another, in the order of their days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BUCKETS", "LONGEST_STEP", "NO_DAY", "UNDATED", "UNKNOWN_STEP", "PersonEvents", "restore_days"]

BUCKETS = 4096  # parts of all persons, by the first 12 bits of the pseudonym: a store's blocks are whole buckets
NO_DAY = -(2**31)  # a person's day (birth, death, observed from or to) that is not known
UNDATED = 2**31 - 1  # the day of an event without one: it stands after all others
LONGEST_STEP, UNKNOWN_STEP = 65_534, 65_535  # of uint16: days from one event to the next; the event has no day

Longs = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]


@dataclass(frozen=True)
class PersonEvents:
    """Persons, sorted by pseudonym, and their events, sorted by (day, kind, code, ...) within a person.

    Days count from 1970-01-01. ``sex`` is 0 unknown, 1 female, 2 male; ``area`` is a place in the store's list of
    areas, 0 unknown; ``code`` is a place in its vocabulary; ``kind`` is a place in
    ``citytide.datasets.medical.records.KINDS``.
    """

    offset: Longs
    """(person + 1,) where a person's events begin."""
    day: Days
    """(event,) ``UNDATED`` where it is not known."""
    code: npt.NDArray[np.uint32]
    kind: npt.NDArray[np.uint8]
    n_days: npt.NDArray[np.uint16]
    """(event,) how long what began lasts [d]; 0: not known, or no duration."""
    value: npt.NDArray[np.float32]
    """(event,) what was measured; NaN: nothing."""
    cost_fen: npt.NDArray[np.int32]
    """(event,) [0.01 CNY]; -1: not known."""
    facility: npt.NDArray[np.uint16]
    """(event,) 0: not known."""
    birth_day: Days
    """(person,) ``NO_DAY`` where it is not known, as for the three that follow."""
    death_day: Days
    observed_from: Days
    observed_to: Days
    """(person,) the last day on which the person was observed."""
    sex: npt.NDArray[np.uint8]
    area: npt.NDArray[np.uint32]
    pseudonym: npt.NDArray[np.uint64]
    """(person, 2) the 128 bits of a keyed hash, the first half first; persons are sorted by it."""
    listed: npt.NDArray[np.uint8] | None = None
    """(person,) 0: the sources list persons, and not this one so far. None: everybody counts."""

    @property
    def n_persons(self) -> int:
        return len(self.offset) - 1

    @property
    def bucket(self) -> npt.NDArray[np.uint16]:
        """(person,) which of ``BUCKETS``."""
        return (self.pseudonym[:, 0] >> np.uint64(52)).astype(np.uint16)


def restore_days(
    n_events: npt.NDArray[np.uint32], first_day: Days, day_step: npt.NDArray[np.uint16]
) -> tuple[Longs, Days]:
    """Offsets and days of events from how a store keeps them.

    Parameters
    ----------
    n_events
        (person,) how many events a person has.
    first_day
        (person,) day of a person's first event; any number where it has none or knows no day.
    day_step
        (event,) days since the person's event before; 0 for the first one; ``UNKNOWN_STEP``: its day is not known.

    Returns
    -------
    offset : (person + 1,) array of int64
    day : (event,) array of int32

    Examples
    --------
    >>> offset, day = restore_days(np.array([2, 0, 2]), np.array([10, 0, 7], "i4"), np.array([0, 5, 0, 65535], "u2"))
    >>> offset.tolist(), day.tolist()
    ([0, 2, 2, 4], [10, 15, 7, 2147483647])
    """
    offset = np.concatenate(([0], np.cumsum(n_events, dtype=np.int64)))
    step = np.where(day_step == UNKNOWN_STEP, 0, day_step).astype(np.int64)
    total = np.cumsum(step)
    has = np.flatnonzero(n_events)
    start = np.zeros(len(n_events), np.int64)
    start[has] = first_day[has] - total[offset[has]] + step[offset[has]]
    day = (total + np.repeat(start, n_events)).astype(np.int32)
    day[day_step == UNKNOWN_STEP] = UNDATED
    return offset, day
