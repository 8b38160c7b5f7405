# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""How pairs of codes are counted: person after person on a processor, a warp of threads a person on a GPU."""

from __future__ import annotations

from ..engines import Sweeps, Traversal, cuda, launch_shape, routine
from .events import UNDATED

__all__ = ["PAIRS", "PAIRS_ON_DEVICE"]

LANES = 32  # threads that count the pairs of one person


@routine
def count_triangle(code, first):
    """Each code before all that follow it. Rows are taken four at a time: that halves the time spent on short loops."""
    n = code.size
    at = 0
    while at + 4 <= n:
        a, b, c, d = code[at], code[at + 1], code[at + 2], code[at + 3]
        row_a, row_b, row_c, row_d = first[a], first[b], first[c], first[d]
        row_a[b] += 1
        row_a[c] += 1
        row_a[d] += 1
        row_b[c] += 1
        row_b[d] += 1
        row_c[d] += 1
        for later in code[at + 4 :]:  # an unsigned index of an array that is walked through: no test of its sign
            row_a[later] += 1
            row_b[later] += 1
            row_c[later] += 1
            row_d[later] += 1
        at += 4
    while at < n:
        row_a = first[code[at]]
        for later in code[at + 1 :]:
            row_a[later] += 1
        at += 1


def _count(offset, day, code, first, tie, undated, persons):
    """Return the first event out of order, or -1."""
    for person in range(offset.size - 1):
        begin, end = offset[person], offset[person + 1]
        days, codes = day[begin:end], code[begin:end]
        n_dated = 0
        has_tie = False
        for at in range(codes.size):
            if at > 0 and days[at] <= days[at - 1]:
                if days[at] < days[at - 1] or codes[at] <= codes[at - 1]:
                    return begin + at
                has_tie = True
            persons[codes[at]] += 1
            n_dated += days[at] < UNDATED
        count_triangle(codes[:n_dated], first)
        if has_tie:  # counted as one before the other, and taken back
            for at in range(1, n_dated):
                other = at - 1
                while other >= 0 and days[other] == days[at]:
                    first[codes[other], codes[at]] -= 1
                    tie[codes[other], codes[at]] += 1
                    other -= 1
        for at in range(n_dated, codes.size):
            here = codes[at]
            for there in codes[:at]:
                undated[min(here, there), max(here, there)] += 1
    return -1


def _count_on_device(offset, day, code, first, tie, undated, persons):
    """LANES threads take a person; codes that are too large are counted in the last place of ``persons``."""
    place = cuda.grid(2)[0]
    person, lane = place // LANES, place % LANES
    if person < offset.shape[0] - 1:
        begin, n = offset[person, 0], offset[person + 1, 0] - offset[person, 0]
        n_codes = first.shape[0]
        for pair in range(lane, n * n, LANES):
            one, other = begin + pair // n, begin + pair % n
            a, b = code[one], code[other]
            if a >= n_codes or b >= n_codes:
                cuda.atomic.add(persons, n_codes, 1)
            elif one == other:
                cuda.atomic.add(persons, a, 1)
            elif one < other:
                if day[other] == UNDATED:
                    cuda.atomic.add(undated, (min(a, b), max(a, b)), 1)
                elif day[one] < day[other]:
                    cuda.atomic.add(first, (a, b), 1)
                else:
                    cuda.atomic.add(tie, (a, b), 1)


PAIRS = Traversal(_count)
PAIRS_ON_DEVICE = Sweeps(gpu=_count_on_device, launch=lambda shape: launch_shape((1, LANES * shape[0])))
