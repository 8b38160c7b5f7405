# mypy: allow-untyped-defs, allow-untyped-calls
"""The first event of each code, or group of codes, of each person: what most counts begin with.

On a core a stamp for each code says which person had it last, so that nothing is cleared between persons. On a GPU a
thread looks back through its person's events instead: persons have few.
"""

from __future__ import annotations

from ...engines import cuda, routine
from ..events import UNDATED
from .passes import Pass

__all__ = ["LIST_CHOSEN", "LIST_CODES", "LIST_GROUPS", "LIST_ON_DEVICE", "LIST_SINGLE"]


@routine
def list_codes(begin, end, offset, code, first_mark, stamp, start, stop, event, row):
    """List the first event of each code, with no choice of kinds and no groups. Lists have room for one more."""
    n = 0
    for p in range(begin, end):
        start[p] = n
        mark = first_mark + p
        for e in range(offset[p], offset[p + 1]):
            this = code[e]
            event[n] = e
            row[n] = this
            n += stamp[this] != mark
            stamp[this] = mark
        stop[p] = n


@routine
def list_single(begin, end, offset, code, kind, wanted, group_of, first_mark, stamp, start, stop, event, row):
    """List the first event of chosen kinds in each group, if no code has two. Lists have room for one more."""
    none = stamp.shape[0] - 1
    n = 0
    for p in range(begin, end):
        start[p] = n
        mark = first_mark + p
        stamp[none] = mark
        for e in range(offset[p], offset[p + 1]):
            this = group_of[code[e]] if wanted[kind[e]] else none
            event[n] = e
            row[n] = this
            n += stamp[this] != mark
            stamp[this] = mark
        stop[p] = n


@routine
def list_groups(begin, end, code_start, code_stop, code_event, code_row, group_of, first_mark, stamp, start, stop,
                event, row):  # fmt: skip
    """List the first event of each group out of those of its codes, if no code has two groups."""
    none = stamp.shape[0] - 1
    n = 0
    for p in range(begin, end):
        start[p] = n
        mark = first_mark + p
        stamp[none] = mark  # who has no group is never new: to branch on what chance decides costs more
        for at in range(code_start[p], code_stop[p]):
            this = group_of[code_row[at]]
            event[n] = code_event[at]
            row[n] = this
            n += stamp[this] != mark
            stamp[this] = mark
        stop[p] = n


@routine
def find_period(today, period, first_day, n_days, n_periods):
    """The period in which an event is to be the first, -1 outside all; ``n_periods`` for those without a day."""
    if n_days == 0:
        return 0
    if today == UNDATED:
        return n_periods
    since = today - first_day
    return period[since] if 0 <= since and since < n_days else -1


@routine
def list_chosen(begin, end, offset, code, kind, day, wanted, group_start, group, period, first_day, n_days,
                n_periods, first_mark, stamp, start, stop, event, row):  # fmt: skip
    """List the first event of chosen kinds in each group of codes, in each period if there are any."""
    n = 0
    for p in range(begin, end):
        start[p] = n
        for e in range(offset[p], offset[p + 1]):
            if not wanted[kind[e]]:
                continue
            span = find_period(day[e], period, first_day, n_days, n_periods)
            if span < 0:
                continue
            mark = (first_mark + p) * (n_periods + 1) + span
            for at in range(group_start[code[e]], group_start[code[e] + 1]):
                this = group[at]
                if stamp[this] != mark:
                    stamp[this] = mark
                    event[n] = e
                    row[n] = this
                    n += 1
        stop[p] = n


@routine
def has_earlier(p, e, this, span, offset, code, kind, day, wanted, group_start, group, period, first_day, n_days,
                n_periods):  # fmt: skip
    """Whether a person has an event of the group before ``e``, in the same period."""
    for before in range(offset[p], e):
        if wanted[kind[before]] and find_period(day[before], period, first_day, n_days, n_periods) == span:
            for at in range(group_start[code[before]], group_start[code[before] + 1]):
                if group[at] == this:
                    return True
    return False


def list_on_device(lanes, offset, code, kind, day, wanted, group_start, group, most, period, first_day, n_days,
                   n_periods, start, stop, event, row):  # fmt: skip
    """One thread's share: the firsts of one person, from a place of its own in the lists."""
    p = cuda.grid(2)[0]
    if p < lanes.shape[1]:
        n = offset[p] * most
        start[p] = n
        for e in range(offset[p], offset[p + 1]):
            span = find_period(day[e], period, first_day, n_days, n_periods)
            if wanted[kind[e]] and span >= 0:
                for at in range(group_start[code[e]], group_start[code[e] + 1]):
                    if not has_earlier(p, e, group[at], span, offset, code, kind, day, wanted, group_start, group,
                                       period, first_day, n_days, n_periods):  # fmt: skip
                        event[n] = e
                        row[n] = group[at]
                        n += 1
        stop[p] = n


LIST_CODES, LIST_SINGLE, LIST_CHOSEN = Pass(list_codes), Pass(list_single), Pass(list_chosen)
LIST_GROUPS = Pass(list_groups)
LIST_ON_DEVICE = Pass(list_chosen, list_on_device)
