# mypy: allow-untyped-defs, allow-untyped-calls
"""The observed days of each person, split where the person comes into another stratum."""

from __future__ import annotations

from ...engines import cuda, routine
from ..events import NO_DAY
from .passes import Pass

__all__ = ["SPLIT_DAYS", "find_last_day"]


@routine
def find_last_day(p, observed_to, death_day):
    """The last day on which a person was observed and alive; ``NO_DAY`` if it is not known."""
    last = observed_to[p]
    return death_day[p] if death_day[p] != NO_DAY and death_day[p] < last else last


@routine
def end_run(run, n, run_stop):
    """Say of each segment from ``run`` on, -1 for none, that its run of whole periods ends before ``n``."""
    if run >= 0:
        for at in range(run, n):
            run_stop[at] = n
    return -1


@routine
def split_days(begin, end, observed_from, observed_to, death_day, washout_days, fixed, edge_day, n_bands, band_step,
               period, first_day, n_days, period_edge, room, start, stop, segment_day, segment_days, segment_stratum,
               run_stop):  # fmt: skip
    """List each person's segments in the order of their days. ``room``: places a person has, 0: one after another."""
    n = 0
    for p in range(begin, end):
        if room > 0:
            n = p * room
        start[p] = n
        if observed_from[p] != NO_DAY and observed_to[p] != NO_DAY:
            today = observed_from[p] + washout_days
            after = find_last_day(p, observed_to, death_day) + 1
            if n_days > 0:
                today = max(today, first_day)
                after = min(after, first_day + n_days)
            at = 0
            span = 0
            run = -1
            if today < after:
                while at < n_bands and edge_day[p, at] <= today:
                    at += 1
                if n_days > 0:
                    span = period[today - first_day]
            while today < after:
                until = after
                if at < n_bands and edge_day[p, at] < until:
                    until = edge_day[p, at]
                if n_days > 0 and period_edge[span + 1] < until:
                    until = period_edge[span + 1]
                segment_day[n] = today
                segment_days[n] = until - today
                segment_stratum[n] = fixed[p] + (at - 1 if at > 0 else n_bands) * band_step + span
                run_stop[n] = n
                if n_days > 0 and today == period_edge[span] and until == period_edge[span + 1]:
                    run = n if run < 0 else run
                else:
                    run = end_run(run, n, run_stop)
                n += 1
                today = until
                if at < n_bands and edge_day[p, at] == today:
                    at += 1
                    run = end_run(run, n, run_stop)
                if n_days > 0 and period_edge[span + 1] == today:
                    span += 1
            end_run(run, n, run_stop)
        stop[p] = n


def _gpu(lanes, observed_from, observed_to, death_day, washout_days, fixed, edge_day, n_bands, band_step, period,
         first_day, n_days, period_edge, room, start, stop, segment_day, segment_days, segment_stratum,
         run_stop):  # fmt: skip
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        split_days(p, p + 1, observed_from, observed_to, death_day, washout_days, fixed, edge_day, n_bands, band_step,
                   period, first_day, n_days, period_edge, room, start, stop, segment_day, segment_days,
                   segment_stratum, run_stop)  # fmt: skip


SPLIT_DAYS = Pass(split_days, _gpu)
