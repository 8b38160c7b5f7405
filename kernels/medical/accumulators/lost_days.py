# mypy: allow-untyped-defs, allow-untyped-calls
"""Days that persons lose from one day on: whole periods are marked where they begin and end, and summed once.

A run of whole periods costs two numbers, however many periods there are. What is left of a period is added as days.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engines import Engine, Traversal, routine
from ..scan.passes import add_to
from ..scan.strata import Strata

__all__ = ["add_whole_periods", "lose_days"]


@routine
def lose_days(segment, after, base, segment_day, segment_days, segment_stratum, run_stop, last_edge, lost_days, runs):
    """Add the days of a person's segments from ``segment`` to before ``after`` to the row that begins at ``base``."""
    while segment < after:
        until = run_stop[segment]
        if until > segment:
            add_to(runs, base + segment_stratum[segment], 1)
            if segment_day[until - 1] + segment_days[until - 1] < last_edge:
                add_to(runs, base + segment_stratum[until - 1] + 1, -1)
            segment = until
        else:
            add_to(lost_days, base + segment_stratum[segment], segment_days[segment])
            segment += 1


def _sum_runs(runs, length, lost_days):
    """Within a band of age, sex and area periods follow each other."""
    n_periods = length.shape[0]
    for begin in range(0, lost_days.shape[0], n_periods):
        persons = 0
        for at in range(n_periods):
            persons += runs[begin + at]
            lost_days[begin + at] += persons * length[at]


_SUM_RUNS = Traversal(_sum_runs)


def add_whole_periods(strata: Strata, runs: Any, lost_days: Any, engine: Engine) -> None:
    """Add the days of whole periods, marked in ``runs``, to ``lost_days``, both in host memory.

    Examples
    --------
    One person loses the second and the third of four periods:

    >>> lost = np.zeros((1, 4), np.int64)
    >>> add_whole_periods(Strata(period_edges=(0, 5, 7, 10, 20)), np.array([[0, 1, 0, -1]]), lost, "numba")
    >>> lost.tolist()
    [[0, 2, 3, 0]]
    """
    if strata.period_edges:
        length = np.diff(np.array(strata.period_edges, np.int64))
        _SUM_RUNS.on("numba" if engine == "cuda" else engine)(runs.reshape(-1), length, lost_days.reshape(-1))
