"""Events of persons counted on the device: whole numbers, which must be those of the host to the last one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ....kernels.device_arrays import place
from ....kernels.medical.accumulators.event_counts import EventCount
from ....kernels.medical.accumulators.incidence import Incidence
from ....kernels.medical.accumulators.prevalence import Prevalence
from ....kernels.medical.first import find_first_occurrences
from ....kernels.medical.pairs import count_pairs
from ....kernels.medical.scan.accumulator import Accumulator
from ....kernels.medical.scan.cuts import place_person_events
from ....kernels.medical.scan.one_pass import scan_events
from ....kernels.medical.scan.strata import Strata
from ...cases.medical.zipf_events import N_CODES, QUESTION, make_zipf_events
from .case import Case, Size, Work

__all__ = ["PERSONS"]

PAIR_BYTES, SCAN_BYTES = 8, 9  # an event's day and code, and in a scan its kind: read once at the least
make_events = lru_cache(maxsize=3)(make_zipf_events)  # ten million take many seconds, and both cases count them


def _pairs(size: Size) -> Work:
    events = make_events(size.n)
    first = find_first_occurrences(events.offset, events.day, events.code, N_CODES, engine=size.host)
    offset, day, code = (place(column) for column in first)

    def tell(counts: Any) -> dict[str, Any]:
        return dict(zip(counts._fields, counts, strict=True))

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            counts = count_pairs(offset, day, code, N_CODES)
        return tell(counts)

    n_firsts = len(first.first_code)
    return Work(
        go=go,
        answer=lambda steps: tell(count_pairs(*first, N_CODES, engine=size.host)),
        updates=n_firsts,
        n_bytes=PAIR_BYTES * n_firsts,
    )


def _scan(size: Size) -> Work:
    events = make_events(size.n)
    years = tuple(QUESTION["period_edges"].tolist())
    strata = Strata(tuple(QUESTION["age_edges"].tolist()), by_sex=True, period_edges=years)
    asked: dict[str, Accumulator] = {
        "prevalence": Prevalence(strata), "incidence": Incidence(strata, int(QUESTION["washout_days"])),
        "events": EventCount(strata),
    }  # fmt: skip
    there = place_person_events(events)

    def tell(tables: Any) -> dict[str, Any]:
        return {
            f"{name} {table}": values for name, found in tables.items() for table, values in found.items()
        }  # fmt: skip

    def go(steps: int) -> dict[str, Any]:
        for _ in range(steps):
            tables = scan_events(there, asked, N_CODES)
        return tell(tables)

    return Work(
        go=go,
        answer=lambda steps: tell(scan_events(events, asked, N_CODES, engine=size.host)),
        updates=len(events.day),
        n_bytes=SCAN_BYTES * len(events.day),
    )


def _case(kernel: str, build: Any, limit: str) -> Case:
    return Case(
        kernel, build, unit="events", sizes=(1000, 1_000_000, 10_000_000), simulated=(24, 48, 72), dtypes=("i4",),
        steps=4, bound={"i4": 0.0}, limit=limit,
    )  # fmt: skip


PERSONS = (
    _case("medical.count_pairs", _pairs, "additions to one table by many threads"),
    _case("medical.scan_events", _scan, "persons of uneven length, one a thread"),
)
