# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""The order of a person's events: by (day, kind, code, n_days, value, cost_fen, facility).

``value`` is compared as IEEE's total order has it (-0 before 0, NaN after all numbers), so that events which compare
equal are equal bit by bit: duplicates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engines import routine

__all__ = ["EventColumns", "compare", "merge_runs"]


class EventColumns(NamedTuple):
    """Columns of events, ``value`` as its bits."""

    day: Any
    kind: Any
    code: Any
    n_days: Any
    value: Any
    cost_fen: Any
    facility: Any


@routine
def rank_value(bits):
    """A float32's place in the total order, from its bits."""
    whole = np.int64(bits)
    return whole if whole < 2**31 else 2**31 - 1 - whole


@routine
def compare(events, one, other):
    """Less than 0 where ``one`` comes first, 0 where both are equal."""
    if events.day[one] != events.day[other]:
        return -1 if events.day[one] < events.day[other] else 1
    if events.kind[one] != events.kind[other]:
        return -1 if events.kind[one] < events.kind[other] else 1
    if events.code[one] != events.code[other]:
        return -1 if events.code[one] < events.code[other] else 1
    if events.n_days[one] != events.n_days[other]:
        return -1 if events.n_days[one] < events.n_days[other] else 1
    if events.value[one] != events.value[other]:
        return -1 if rank_value(events.value[one]) < rank_value(events.value[other]) else 1
    if events.cost_fen[one] != events.cost_fen[other]:
        return -1 if events.cost_fen[one] < events.cost_fen[other] else 1
    if events.facility[one] != events.facility[other]:
        return -1 if events.facility[one] < events.facility[other] else 1
    return 0


@routine
def merge_runs(events, here, there, bound, n_runs):
    """Merge sorted runs of ``here``, two and two, until one is left; return the array that holds it."""
    while n_runs > 1:
        n_merged = 0
        for run in range(0, n_runs, 2):
            low = bound[run]
            middle = bound[run + 1]
            high = bound[min(run + 2, n_runs)]
            left, right = low, middle
            for at in range(low, high):
                if right == high or (left < middle and compare(events, here[left], here[right]) <= 0):
                    there[at] = here[left]
                    left += 1
                else:
                    there[at] = here[right]
                    right += 1
            bound[n_merged] = low
            n_merged += 1
        bound[n_merged] = bound[n_runs]
        n_runs = n_merged
        here, there = there, here
    return here
