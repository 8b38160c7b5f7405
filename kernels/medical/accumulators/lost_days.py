# mypy: allow-untyped-defs, allow-untyped-calls
"""Days that persons lose from one day on: whole periods are marked where a run of them begins and ends.

So a run costs two numbers, however many periods there are, and the sum is made once, after the last block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engines import Engine, Traversal
from ..scan.strata import Strata

__all__ = ["add_whole_periods", "has_runs"]

LEAST_PERIODS = 24  # with few periods adding to each of them costs less than marking runs


def has_runs(strata: Strata) -> bool:
    """Whether runs of whole periods are marked, instead of adding days to each period."""
    return len(strata.period_edges) > LEAST_PERIODS


def _sum_runs(events, runs, length, lost_days):
    """Within a band of age, sex and area periods follow each other; an event loses whole periods after its own."""
    n_periods = length.shape[0]
    for begin in range(0, lost_days.shape[0], n_periods):
        persons = 0
        for at in range(n_periods):
            persons += runs[begin + at]
            lost_days[begin + at] += persons * length[at]
            persons += events[begin + at]


_SUM_RUNS = Traversal(_sum_runs)


def add_whole_periods(strata: Strata, events: Any, runs: Any, lost_days: Any, engine: Engine) -> None:
    """Add the days of whole periods, marked by ``events`` and ``runs``, to ``lost_days``, all in host memory.

    Examples
    --------
    A person has the event in the first of 24 periods of two days and is observed to the end of the third:

    >>> lost, event, runs = np.zeros((3, 1, 24), np.int64)
    >>> event[0, 0], runs[0, 3] = 1, -1
    >>> add_whole_periods(Strata(period_edges=tuple(range(0, 50, 2))), event, runs, lost, "numba")
    >>> lost[0, :4].tolist()
    [0, 2, 2, 0]
    """
    if has_runs(strata):
        length = np.diff(np.array(strata.period_edges, np.int64))
        flat = (array.reshape(-1) for array in (events, runs))
        _SUM_RUNS.on("numba" if engine == "cuda" else engine)(*flat, length, lost_days.reshape(-1))
