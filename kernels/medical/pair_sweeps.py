# mypy: allow-untyped-defs, allow-untyped-calls
# (Numba infers the types of what it compiles, from the arrays it is handed)
"""How pairs of codes are counted: person after person on a processor, a block of threads a person on a GPU."""

from __future__ import annotations

from ..engines import Sweeps, Traversal, cuda
from .events import UNDATED

__all__ = ["PAIRS", "PAIRS_ON_DEVICE"]


def _count(offset, day, code, first, same, persons):
    """Ties go above the diagonal of ``same``, pairs without a day below it; the first event out of order, or -1."""
    for person in range(offset.size - 1):
        begin, end = offset[person], offset[person + 1]
        dated = begin
        for at in range(begin, end):
            if at > begin and (day[at] < day[at - 1] or (day[at] == day[at - 1] and code[at] <= code[at - 1])):
                return at
            persons[code[at]] += 1
            if day[at] < UNDATED:
                dated = at + 1
        without_day = code[dated:end]
        group = begin
        while group < dated:
            after = group + 1
            while after < dated and day[after] == day[group]:
                after += 1
            later = code[after:dated]
            for one in range(group, after):
                here = code[one]
                row = first[here]
                for there in later:  # an unsigned index of an array that is walked through: no test of its sign
                    row[there] += 1
                for there in code[one + 1 : after]:
                    same[here, there] += 1
                for there in without_day:
                    same[max(here, there), min(here, there)] += 1
            group = after
        for one in range(dated, end):
            for there in code[one + 1 : end]:
                same[there, code[one]] += 1
    return -1


def _count_on_device(offset, day, code, first, tie, undated, persons):
    """A block of threads takes a person; codes that are too large are counted in the last place of ``persons``."""
    person, lane = cuda.grid(2)
    if person < offset.shape[0] - 1:
        begin, n = offset[person, 0], offset[person + 1, 0] - offset[person, 0]
        n_codes = first.shape[0]
        for pair in range(lane, n * n, cuda.gridsize(2)[1]):
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
PAIRS_ON_DEVICE = Sweeps(gpu=_count_on_device)
