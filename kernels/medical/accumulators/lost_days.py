# mypy: allow-untyped-defs, allow-untyped-calls
"""Days that persons lose from one day on: whole periods are marked where a run of them begins and ends.

So a run costs two numbers, however many periods there are, and the sum is made once, after the last block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engines import Engine, Traversal
from ..scan.strata import Strata

__all__ = ["add_whole_periods"]


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
    A person has the event in the first of four periods and is observed to the end of the third:

    >>> lost, event = np.zeros((1, 4), np.int64), np.array([[1, 0, 0, 0]])
    >>> add_whole_periods(Strata(period_edges=(0, 5, 7, 10, 20)), event, np.array([[0, 0, 0, -1]]), lost, "numba")
    >>> lost.tolist()
    [[0, 2, 3, 0]]
    """
    if strata.period_edges:
        length = np.diff(np.array(strata.period_edges, np.int64))
        flat = (array.reshape(-1) for array in (events, runs))
        _SUM_RUNS.on("numba" if engine == "cuda" else engine)(*flat, length, lost_days.reshape(-1))
